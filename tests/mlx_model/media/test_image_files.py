"""Reading pictures: odd files give the right pixels, broken ones one sentence, and nothing hangs or leaks."""

import io
import os
import random
import warnings
from pathlib import Path

import pytest
from PIL import ImageFile

from mlx_model.errors import InputError
from mlx_model.media import image_files
from mlx_model.media.image_files import open_image
from tests.odd_files import ODD_FILES, OK, TOLERANCE
from tests.picture_bytes import RED, encode, jpeg_turned, noise, png, quarters

READABLE = [name for name, odd in ODD_FILES.items() if odd.outcome == OK]
REFUSED = [name for name, odd in ODD_FILES.items() if odd.outcome != OK]
FUZZED = ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "JPEG2000", "ICO", "PPM", "TGA"]


def assert_close(pixel: object, expected: tuple[int, int, int]) -> None:
    assert isinstance(pixel, tuple)
    assert max(abs(a - b) for a, b in zip(pixel, expected, strict=True)) <= TOLERANCE, f"{pixel} is not {expected}"


@pytest.mark.parametrize("name", READABLE)
def test_odd_but_readable_file_gives_the_right_pixels(name: str, tmp_path: Path) -> None:
    odd = ODD_FILES[name]
    image = open_image(odd.make(tmp_path))
    assert (image.mode, image.size) == ("RGB", odd.size)
    assert odd.pixels
    for place, colour in odd.pixels.items():
        assert_close(image.getpixel(place), colour)


@pytest.mark.parametrize("name", REFUSED)
def test_broken_file_is_refused_with_one_sentence_that_names_it(name: str, tmp_path: Path) -> None:
    odd = ODD_FILES[name]
    path = odd.make(tmp_path)
    with pytest.raises(InputError) as caught:
        open_image(path)
    message = str(caught.value)
    assert odd.outcome in message
    assert message.startswith(str(path))
    assert message.endswith(".") and "\n" not in message


def test_there_are_more_than_sixty_odd_files() -> None:
    assert len(ODD_FILES) > 60


@pytest.mark.parametrize("name", [name for name in REFUSED if "bomb" in name or "too large" in name])
def test_too_many_pixels_are_refused_before_any_is_decoded(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(self: ImageFile.ImageFile) -> None:
        pytest.fail("decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    with pytest.raises(InputError, match="megapixels"):
        open_image(ODD_FILES[name].make(tmp_path))


@pytest.mark.slow
def test_a_scan_of_a_hundred_megapixels_is_read_without_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "scan.png"
    path.write_bytes(png(12_000, 8_400, 1, 0, (b"\0" + b"\xff" * 1500) * 8400))
    image = open_image(path)
    assert image.size == (12_000, 8_400)
    assert image.getpixel((11_999, 8_399)) == (255, 255, 255)


def test_a_turned_picture_is_not_turned_again_by_whoever_asks_for_its_exif(tmp_path: Path) -> None:
    path = tmp_path / "turned.jpg"
    path.write_bytes(jpeg_turned(6))
    image = open_image(path)
    assert image.info == {}
    assert not dict(image.getexif())


def test_a_stream_is_read_like_a_file_and_named_as_asked() -> None:
    assert_close(open_image(io.BytesIO(encode(quarters(), "PNG"))).getpixel((2, 2)), RED)
    with pytest.raises(InputError, match=r"^standard input is damaged"):
        open_image(io.BytesIO(encode(noise(), "PNG")[:5000]), "standard input")
    with pytest.raises(InputError, match=r"^The picture is empty"):
        open_image(io.BytesIO(b""))


def test_a_stream_that_cannot_seek_is_read(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(encode(quarters(), "PNG"))
    with os.fdopen(reader, "rb") as stream:
        assert open_image(stream).size == (64, 48)


def test_a_path_with_a_nul_character_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be the name of a file"):
        open_image(Path("photo\0.png"))


def test_a_file_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)  # whoever runs the tests may be allowed everything
    with pytest.raises(InputError, match=r"may not be read \(Permission denied\)"):
        open_image(tmp_path / "secret.png")


def test_no_file_stays_open_after_good_and_bad_ones(tmp_path: Path) -> None:
    names = ["jpeg turned 6", "animated gif", "jpeg of two pictures", "png cut in half", "folder", "text", "png bomb"]
    paths = []
    for name in names:
        (folder := tmp_path / name).mkdir()
        paths.append(ODD_FILES[name].make(folder))
    before = len(os.listdir("/dev/fd"))
    for path in paths:
        try:
            open_image(path)
        except InputError:
            continue
    assert len(os.listdir("/dev/fd")) == before


def test_pillows_warnings_never_reach_the_user() -> None:
    with warnings.catch_warnings(record=True) as leaked:
        warnings.simplefilter("always")
        with pytest.raises(InputError):
            open_image(io.BytesIO(encode(noise(), "TIFF", compression="tiff_lzw")[:9000]))
    assert not leaked


@pytest.mark.parametrize("picture_format", FUZZED)
def test_any_change_to_a_file_gives_a_picture_or_one_sentence(
    picture_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_files, "MAX_PIXELS", 1_000_000)
    content = encode(quarters(), picture_format)
    for seed in range(60):
        try:
            assert open_image(io.BytesIO(mutated(content, random.Random(seed)))).mode == "RGB"
        except InputError as error:
            assert str(error).startswith("The picture ")


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Bytes changed (mostly in the header), some put in, some taken out, or the end cut off."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(min(len(changed), chance.choice([40, 200, len(changed)])))
        match chance.randrange(4):
            case 0 | 1:
                changed[at] = chance.randrange(256)
            case 2:
                changed[at:at] = chance.randbytes(chance.randint(1, 8))
            case 3:
                del changed[at : at + chance.randint(1, 8)]
    return bytes(changed if chance.random() < 0.7 else changed[: chance.randrange(1, len(changed))])
