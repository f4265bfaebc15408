"""HEIC, by whichever decoder a machine has. The bytes are real only where pillow-heif is installed to make them."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mlx_model.errors import InputError
from mlx_model.media import heic
from mlx_model.media.image_files import open_image
from tests.odd_files import TOLERANCE
from tests.picture_bytes import encode, iso_media, jpeg_turned, quarters

HEIC = iso_media(b"mif1", b"mif1", b"heic")

# Stands in for /usr/bin/sips: notes what it got and writes the picture that it was given to write.
SIPS = """#!{python}
import pathlib, sys
_, s, format, kind, source, out, target = sys.argv
assert (s, format, kind, out) == ("-s", "format", "tiff", "--out")
here = pathlib.Path(__file__).parent
(here / "got").write_bytes(pathlib.Path(source).read_bytes())
(here / "folder").write_text(str(pathlib.Path(target).parent))
answer = here / "answer.tiff"
if not answer.exists():
    sys.exit("Error: unable to render destination image")
pathlib.Path(target).write_bytes(answer.read_bytes())
"""


@pytest.fixture
def mac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Mac without pillow-heif; the folder of its sips."""
    sips = tmp_path / "sips"
    sips.write_text(SIPS.format(python=sys.executable), encoding="utf-8")
    sips.chmod(0o700)
    monkeypatch.setattr(heic, "SIPS", str(sips))
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    return tmp_path


def test_without_a_decoder_the_sentence_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(InputError, match=r"^photo\.heic is an HEIC picture, .* install the extra `heic`"):
        open_image(io.BytesIO(HEIC), "photo.heic")


def test_a_mac_converts_through_sips_and_turns_the_result_upright(mac: Path) -> None:
    on_its_side = encode(quarters().rotate(90, expand=True), "TIFF", tiffinfo={274: 6})
    (mac / "answer.tiff").write_bytes(on_its_side)
    image = open_image(io.BytesIO(HEIC), "photo.heic")
    assert image.tobytes() == quarters().tobytes()
    assert (mac / "got").read_bytes() == HEIC
    assert not Path((mac / "folder").read_text(encoding="utf-8")).exists()


def test_a_file_that_sips_refuses_is_refused_and_nothing_is_left(mac: Path) -> None:
    with pytest.raises(InputError, match=r"^photo\.heic is an HEIC picture that macOS could not convert"):
        open_image(io.BytesIO(HEIC), "photo.heic")
    assert not Path((mac / "folder").read_text(encoding="utf-8")).exists()


def test_a_sips_that_never_ends_is_ended(mac: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (mac / "sips").write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    monkeypatch.setattr(heic, "SIPS_SECONDS", 0.2)
    with pytest.raises(InputError, match="macOS could not convert"):
        open_image(io.BytesIO(HEIC), "photo.heic")


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"hevc"])
def test_a_damaged_heic_is_called_damaged_not_a_video(brand: bytes) -> None:
    pytest.importorskip("pillow_heif")
    with pytest.raises(InputError, match=r"is damaged or incomplete: its HEIC data"):
        open_image(io.BytesIO(iso_media(brand)), "photo.heic")


def test_a_real_heic_is_read_upright() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    on_its_side = Image.open(io.BytesIO(jpeg_turned(6)))
    image = open_image(io.BytesIO(encode(on_its_side, "HEIF", quality=95)))
    assert image.size == quarters().size
    difference = np.abs(np.asarray(image).astype(int) - np.asarray(quarters()))
    assert np.median(difference) <= TOLERANCE
