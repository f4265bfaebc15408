"""What can be shown and asked, and the truth about it: things, texts, scenes, screens, clips. Knows no torch."""
