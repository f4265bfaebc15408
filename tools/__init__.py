"""Not shipped: the training of the embedded checkpoint, benchmarks, and what the docs quote of the program."""
