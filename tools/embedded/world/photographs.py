"""Made-up "photographs" that show nothing of this world: pictures to decline.

Four kinds, after what cameras mostly meet: surfaces beside one another, a few lit bodies before a smooth ground, small
print, many small spots. All get one light, a little blur and a camera's noise. No real photograph is used.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from tools.embedded.world.textures import clouds, paint_surface

RGB = tuple[int, int, int]


def paint_photograph(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """One photograph of any kind; a quarter of them without colours."""
    picture = KINDS[rng.choice(len(KINDS), p=SHARES)](rng, width, height)
    light = 0.55 + 0.75 * clouds(rng, width, height, 2, 1)[..., None]
    pixels = np.asarray(picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.2))), dtype=np.float32) * light
    if rng.random() < 0.25:
        pixels = np.broadcast_to(pixels.mean(axis=-1, keepdims=True), pixels.shape)
    pixels = pixels + rng.normal(0, rng.uniform(0, 8), pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def paint_surfaces(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """Two to six surfaces in soft-edged shapes."""
    picture = paint_surface(rng, width, height, natural_colour(rng), rng.uniform(0.2, 0.7))
    for _ in range(rng.integers(1, 6)):
        surface = paint_surface(rng, width, height, natural_colour(rng), rng.uniform(0.1, 0.7))
        picture.paste(surface, (0, 0), soft_shape(rng, width, height))
    return picture


def paint_bodies(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """One to four round bodies, shaded from one side and faintly mottled, before a smooth ground that may be dark."""
    ground = natural_colour(rng) if rng.random() < 0.6 else (int(rng.integers(0, 40)),) * 3
    picture = paint_smooth(rng, width, height, ground, 0.15)
    side = rng.uniform(0, 2 * np.pi)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    for _ in range(rng.integers(1, 5)):
        x, y = rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.9) * height
        wide, tall = rng.uniform(0.1, 0.6, 2) * min(width, height)
        ragged = rng.uniform(0, 0.5) * (clouds(rng, width, height, 3, 4) - 0.5)
        across, down = (columns - x) / wide, (rows - y) / tall
        distance = np.hypot(across, down) + ragged
        shade = np.clip(0.75 - 0.5 * (across * np.cos(side) + down * np.sin(side)), 0.05, 1.3)[..., None]
        body = np.asarray(paint_smooth(rng, width, height, natural_colour(rng), 0.3), dtype=np.float32) * shade
        mask = 255 / (1 + np.exp(np.clip(rng.uniform(8, 60) * (distance - 1), -30, 30)))
        picture.paste(
            Image.fromarray(body.clip(0, 255).astype(np.uint8)), (0, 0), Image.fromarray(mask.astype(np.uint8))
        )
    return picture


def paint_print(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """A page of print too small for this world: rows of strokes in word lengths."""
    paper = int(rng.integers(120, 256))
    picture = paint_smooth(rng, width, height, (paper, paper, int(paper * rng.uniform(0.85, 1))), 0.2)
    pen, tall = ImageDraw.Draw(picture), int(rng.integers(3, 9))
    ink = (int(rng.integers(0, 90)),) * 3
    for y in range(int(rng.integers(0, 6)), height, int(tall * rng.uniform(1.5, 2.2))):
        x = rng.uniform(0, 8)
        while x < width * rng.uniform(0.85, 1):
            for _ in range(rng.integers(2, 9)):
                lean, top = rng.uniform(-1, 1), rng.uniform(-0.4, 0.2) * tall
                pen.line((x, y + top, x + lean, y + tall), ink, 1)
                if rng.random() < 0.6:
                    pen.line((x, y + tall * rng.random(), x + 0.5 * tall, y + tall * rng.random()), ink, 1)
                x += 0.62 * tall
            x += 0.5 * tall
    return picture


def paint_spots(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """Stars, pebbles, cells: dozens of small round spots of about one size."""
    dark = rng.random() < 0.5
    ground = (int(rng.integers(0, 30)),) * 3 if dark else natural_colour(rng)
    picture = paint_smooth(rng, width, height, ground, 0.2)
    pen, size = ImageDraw.Draw(picture), rng.uniform(1, 0.08 * min(width, height))
    base = natural_colour(rng)
    for _ in range(rng.integers(20, 160)):
        x, y, reach = rng.uniform(0, width), rng.uniform(0, height), size * rng.uniform(0.3, 1.6)
        flat, bright = rng.uniform(0.5, 1), rng.uniform(0.6, 1.5)
        fill = tuple(int(min(255, channel * bright)) for channel in base)
        pen.ellipse((x - reach, y - flat * reach, x + reach, y + flat * reach), (fill[0], fill[1], fill[2]))
    return picture


KINDS: tuple[Callable[[np.random.Generator, int, int], Image.Image], ...] = (
    paint_surfaces,
    paint_bodies,
    paint_print,
    paint_spots,
)
SHARES = (0.3, 0.4, 0.12, 0.18)


def paint_smooth(rng: np.random.Generator, width: int, height: int, rgb: RGB, depth: float) -> Image.Image:
    """One colour with slow changes of light."""
    field = clouds(rng, width, height, rng.uniform(2, 4), int(rng.integers(1, 4)))
    relief = (field - field.mean())[..., None] * depth * 255
    return Image.fromarray((np.array(rgb, dtype=np.float32) + relief).clip(0, 255).astype(np.uint8))


def natural_colour(rng: np.random.Generator) -> RGB:
    """A colour as things outdoors and in rooms have it: rarely pure, often brown, grey or green."""
    grey = rng.uniform(30, 220)
    red, green, blue = (int(channel) for channel in np.clip(grey + rng.normal(0, 35, 3), 0, 255))
    return (red, green, blue)


def soft_shape(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """A mask: what lies beyond a horizon, or a blob with a ragged edge."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    ragged = clouds(rng, width, height, 3, 4) - 0.5
    if rng.random() < 0.4:
        slope = rng.normal(0, 0.2)
        distance = rows / height - rng.uniform(0.2, 0.8) + slope * columns / width
    else:
        x, y, reach = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0.15, 0.5)
        stretch = rng.uniform(0.5, 2)
        distance = reach - np.hypot((columns - x) / width * stretch, (rows - y) / height / stretch)
    sharp = rng.uniform(8, 80)
    steep = np.clip(sharp * (distance + rng.uniform(0, 0.4) * ragged), -30, 30)
    mask = 255 / (1 + np.exp(-steep))
    return Image.fromarray(mask.astype(np.uint8))
