"""A colour -> the word that most people have for it.

Hue, saturation and lightness decide, as in https://en.wikipedia.org/wiki/HSL_and_HSV; the boundaries are set by eye.
"""

import colorsys

# Each hue in degrees up to which the name holds.
_HUES = (
    (15, "red"),
    (42, "orange"),
    (68, "yellow"),
    (165, "green"),
    (190, "turquoise"),
    (255, "blue"),
    (315, "purple"),
    (338, "pink"),
    (360, "red"),
)


def name_colour(red: int, green: int, blue: int) -> str:
    """The plain name of a colour given in levels of 0..255, with "light" or "dark" where it helps."""
    hue, lightness, saturation = colorsys.rgb_to_hls(red / 255, green / 255, blue / 255)
    chroma = max(red, green, blue) - min(red, green, blue)
    if chroma < 16 or saturation < 0.1:
        return _name_grey(lightness)
    if lightness < 0.06:
        return "black"
    name = next(name for limit, name in _HUES if hue * 360 <= limit)
    if name == "orange" and lightness < 0.4:
        return "dark brown" if lightness < 0.2 else "brown"
    if name == "red" and lightness > 0.7:
        return "pink"
    if lightness < 0.3:
        return f"dark {name}"
    return f"light {name}" if lightness > 0.7 else name


def _name_grey(lightness: float) -> str:
    for limit, name in ((0.08, "black"), (0.35, "dark grey"), (0.65, "grey"), (0.93, "light grey")):
        if lightness < limit:
            return name
    return "white"
