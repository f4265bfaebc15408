"""What comes of a run: the folder that ships, what it gets right through the product, and the paper's findings."""
