"""Pictures of whole folders with their captions: what was said, what a person made of it, what is written. No Qt."""
