"""The two faces of Smolsight, command line and desktop, and the Qt-free modules that both share.

Thin: no model code and no decisions about tensors. MLX is imported inside the function that needs it, never here.
"""
