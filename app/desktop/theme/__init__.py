"""How the app looks: palettes as data, icons tinted from the palette, a few lines of style that Qt has no role for."""
