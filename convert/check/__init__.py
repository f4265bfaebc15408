"""The proof of a conversion: source and result side by side over a fixed set of pictures and texts."""
