"""One's own pictures: every kind of pixel comes out as it looks, and whatever else is in a file is refused in one sentence."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from latent_explorer.core.data import picture
from latent_explorer.core.data.picture import ENDINGS, FORMATS, MOST_PIXELS, MOST_SIDE, flat, messages, picture_kind, read_picture
from latent_explorer.core.errors import Cancelled, DatasetError

COLOURS = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[10, 20, 30], [200, 100, 50], [255, 255, 255]]], np.uint8)


@pytest.fixture(autouse=True)
def pillow_s_own_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader lifts it, in a process of its own; here it is put back."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)


def encoded(image: Image.Image, kind: str = "PNG", **more: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **more)
    return buffer.getvalue()


def read_here(data: bytes) -> tuple[list[int], np.ndarray] | None:
    """What the process would say of these bytes, in this one: size and colours; None for damaged ones."""
    words, arrays = list(messages(io.BytesIO(data)))[-1]  # type: ignore[arg-type]
    return (words["size"], flat(arrays[0])) if arrays else None


def pixels(image: Image.Image, kind: str = "PNG", **more: Any) -> np.ndarray:
    found = read_here(encoded(image, kind, **more))
    assert found is not None
    return found[1]


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "WEBP"])
def test_what_was_drawn_comes_out(kind: str) -> None:
    more = {"lossless": True} if kind == "WEBP" else {}
    image = Image.fromarray(COLOURS)
    data = encoded(image if kind != "GIF" else image.quantize(8), kind, **more)
    found = read_here(data)
    assert found is not None and found[0] == [3, 2]
    assert np.array_equal(found[1], COLOURS)


def test_a_photograph_is_nearly_what_it_was() -> None:
    ramp = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (32, 1))
    assert np.abs(pixels(Image.fromarray(ramp), "JPEG", quality=95).astype(int) - ramp[..., None]).max() < 8


def test_cmyk_is_made_red_green_and_blue() -> None:
    found = pixels(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95)  # no cyan: red
    assert found[8, 8, 0] > 240 and found[8, 8, 1:].max() < 15


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_camera_s_orientation_is_applied(orientation: int) -> None:
    # EXIF 2.32, tag 0x0112: where the stored row 0 and column 0 are to be seen.
    upright = {
        1: COLOURS,
        2: COLOURS[:, ::-1],
        3: COLOURS[::-1, ::-1],
        4: COLOURS[::-1],
        5: COLOURS.transpose(1, 0, 2),
        6: np.rot90(COLOURS, -1),
        7: COLOURS[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(COLOURS),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = read_here(encoded(Image.fromarray(COLOURS), exif=exif))
    assert found is not None
    assert found[0] == [upright.shape[1], upright.shape[0]]
    assert np.array_equal(found[1], upright)


@given(st.integers(0, 255), st.integers(64, 255))
def test_alpha_lies_over_black(alpha: int, level: int) -> None:
    drawn = np.full((4, 4, 4), 255, np.uint8)
    drawn[0, 0] = (level, level // 2 + 64, 255, alpha)
    expected = np.array([level, level // 2 + 64, 255]) * (alpha / 255)
    assert np.abs(flat(drawn)[0, 0] - expected).max() <= 0.5001
    assert (flat(drawn)[1:] == 255).all()


def test_dark_ink_on_a_transparent_ground_is_not_lost() -> None:
    drawn = np.zeros((6, 6, 4), np.uint8)
    drawn[2:4, 2:4, 3] = 255
    found = flat(drawn)
    assert (found[2:4, 2:4] == 0).all() and (found[0] == 255).all()
    drawn[2:4, 2:4, :3] = 200  # light ink is seen on black
    assert (flat(drawn)[2:4, 2:4] == 200).all() and (flat(drawn)[0] == 0).all()
    assert (flat(np.zeros((3, 3, 4), np.uint8)) == 0).all()  # nothing at all


def test_a_palette_with_a_transparent_colour() -> None:
    image = Image.new("P", (4, 2), 1)
    image.putpalette([9, 9, 9, 250, 200, 150])
    image.putpixel((0, 0), 0)
    found = pixels(image, transparency=0)
    assert found[0, 0].tolist() == [0, 0, 0] and found[1, 1].tolist() == [250, 200, 150]


def test_sixteen_bits_become_eight() -> None:
    levels = np.array([[0, 257, 257 * 100 + 100], [65535, 128, 129]], np.uint16)
    found = pixels(Image.fromarray(levels))
    assert found[..., 0].tolist() == [[0, 1, 100], [255, 0, 1]]
    assert (found == found[..., :1]).all()


def test_one_bit_and_grey_with_alpha() -> None:
    assert pixels(Image.new("1", (2, 2), 1)).tolist() == [[[255] * 3] * 2] * 2
    assert pixels(Image.new("LA", (1, 1), (200, 51))).tolist() == [[[40, 40, 40]]]


def test_of_a_film_the_first_frame_is_taken() -> None:
    frames = [Image.new("RGB", (5, 4), colour) for colour in ("red", "blue")]
    for kind in ("GIF", "WEBP"):
        more = {"lossless": True} if kind == "WEBP" else {}
        found = pixels(frames[0], kind, save_all=True, append_images=frames[1:], **more)
        assert np.abs(found.astype(int) - [255, 0, 0]).max() <= 1


@settings(max_examples=20)
@given(st.integers(1, 40), st.integers(1, 40))
def test_a_large_picture_is_made_smaller_with_its_sides_in_proportion(across: int, down: int) -> None:
    width, height = 61 * across, 61 * down
    found = read_here(encoded(Image.new("L", (width, height), 70)))
    assert found is not None and found[0] == [width, height]
    assert max(found[1].shape) == min(MOST_SIDE, max(width, height)) and (found[1] == 70).all()
    scale = max(found[1].shape[:2]) / max(width, height)
    assert abs(found[1].shape[0] - scale * height) <= 1 and abs(found[1].shape[1] - scale * width) <= 1


SAMPLES = {
    kind: encoded(Image.fromarray(np.random.default_rng(3).integers(0, 255, (9, 7, 3), np.uint8)), FORMATS[kind]) for kind in FORMATS
}


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_damaged_bytes_are_pixels_or_are_called_damaged(kind: str, data: st.DataObject) -> None:
    bad = bytearray(SAMPLES[kind])
    for _ in range(data.draw(st.integers(0, 4))):
        bad[data.draw(st.integers(12, len(bad) - 1))] = data.draw(st.integers(0, 255))
    bad = bad[: data.draw(st.integers(12, len(bad)))] + data.draw(st.binary(max_size=20))
    if picture.sniff(bytes(bad[:512])) != kind:
        return
    found = list(messages(io.BytesIO(bytes(bad))))  # type: ignore[arg-type]
    assert 1 <= len(found) <= 2
    for words, arrays in found:
        assert not arrays or (arrays[0].dtype == np.uint8 and max(arrays[0].shape) <= MOST_SIDE)
        assert words or not arrays


# From a file, in the process of its own


def is_refusal(text: str, path: Path) -> bool:
    return text.startswith("The ") and path.name in text and text.endswith(".") and "\n" not in text and "Error" not in text


def test_a_file_is_read_by_what_it_is_and_not_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "drawing.txt"
    path.write_bytes(encoded(Image.fromarray(COLOURS)))
    assert picture_kind(path) == "png"
    asked: list[int] = []
    found = read_picture(path, lambda: asked.append(1))
    assert np.array_equal(found.pixels, COLOURS) and (found.name, found.width, found.height) == ("drawing.txt", 3, 2)
    assert asked


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def bomb(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"<html>no picture</html>", "no PNG"),
        (b"%!PS-Adobe-3.0 EPSF", "no PNG"),
        (b"\x80\x04cos\nsystem", "no PNG"),
        (SAMPLES["png"][:60], "damaged"),
        (bomb(100_000, 100_000), "million"),
        (bomb(MOST_PIXELS + 1, 1), "million"),
    ],
    ids=["empty", "html", "postscript", "pickle", "cut", "bomb", "wide"],
)
def test_what_is_no_picture_is_refused_in_one_sentence(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(content)
    with pytest.raises(DatasetError) as refused:
        read_picture(path)
    assert reason in str(refused.value) and is_refusal(str(refused.value), path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_what_is_no_file_does_not_hang(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, tmp_path / "absent.png"):
        assert picture_kind(path) == ""
        with pytest.raises(DatasetError) as refused:
            read_picture(path)
        assert is_refusal(str(refused.value), path)


def test_reading_can_be_cancelled(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(SAMPLES["png"])

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        read_picture(path, stop)


def test_every_format_has_its_endings() -> None:
    assert {"jpg" if kind == "jpeg" else kind for kind in FORMATS} <= set(ENDINGS)
