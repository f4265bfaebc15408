"""What the reference implementation makes of the same inputs: writes the numbers that tests/parity compares with."""
