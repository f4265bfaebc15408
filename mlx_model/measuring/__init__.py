"""What a model costs, counted from shapes and measured on a few layers. Nothing here is on the way to an answer."""
