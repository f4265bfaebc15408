"""The embedded checkpoint: the pictures it learns from, its training, its export and its report card."""
