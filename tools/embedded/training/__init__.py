"""How it is learned: exhibits of the world as batches, what a step learns from, and the run that takes the steps."""
