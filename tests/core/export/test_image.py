from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from latent_explorer.core.errors import ExportError
from latent_explorer.core.export.grid import grid_axis, grid_points
from latent_explorer.core.export.image import KEY, MAX_PIXELS, check_size, image_metadata, save_png, sheet, short, to_png


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_short_decimals_give_the_same_float32(value: float) -> None:
    assert np.float32(json.loads(json.dumps(short(value)))) == np.float32(value)


def test_short_decimals_are_short() -> None:
    assert json.dumps([short(np.float32(v)) for v in (0.1, -1.0, 1 / 3)]) == "[0.1, -1.0, 0.33333334]"


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("scale", [1, 5])
def test_each_pixel_becomes_a_square(channels: int, scale: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (4, 6, channels), dtype=np.uint8)
    picture = opened(to_png(image, scale=scale))
    assert picture.size == (6 * scale, 4 * scale)
    assert picture.mode == ("L" if channels == 1 else "RGB")
    pixels = np.asarray(picture).reshape(4 * scale, 6 * scale, channels)
    for dy in range(scale):
        for dx in range(scale):
            assert np.array_equal(pixels[dy::scale, dx::scale], image)


def test_the_file_remembers_point_and_model(tmp_path: Path) -> None:
    z = np.array([0.1, -2.5], np.float32)
    metadata = image_metadata(z, "ein Modell, schön", "ab" * 32, "vae")
    save_png(tmp_path / "a.png", np.zeros((2, 2, 1), np.uint8), metadata=metadata)
    with Image.open(tmp_path / "a.png") as picture:
        assert set(picture.text) == {KEY}
        found = json.loads(picture.text[KEY])
    assert found == metadata
    assert list(found) == ["schema", "z", "model", "family", "version"]
    assert found["z"] == [0.1, -2.5]
    assert found["model"] == {"name": "ein Modell, schön", "hash": "ab" * 32}
    assert [tmp_path / "a.png"] == list(tmp_path.iterdir())


def test_a_strip_remembers_all_points() -> None:
    assert image_metadata(np.array([[0.1, 1], [2, 3]], np.float32), "m", "h", "vae")["z"] == [[0.1, 1], [2, 3]]


def test_no_metadata_no_chunk() -> None:
    assert opened(to_png(np.zeros((2, 2, 3), np.uint8))).info == {}


@pytest.mark.parametrize("scale", [0, -1, 65])
def test_a_scale_out_of_range_is_refused(scale: int) -> None:
    with pytest.raises(ExportError, match="from 1 to 64"):
        to_png(np.zeros((2, 2, 1), np.uint8), scale=scale)


def test_a_huge_picture_is_refused_before_it_is_made() -> None:
    check_size(1 << 13, MAX_PIXELS >> 13, 1)
    with pytest.raises(ExportError, match="choose a smaller scale"):
        check_size(1 << 13, (MAX_PIXELS >> 13) + 1, 1)
    with pytest.raises(ExportError, match="choose a smaller scale"):
        to_png(np.zeros((1024, 1024, 3), np.uint8), scale=64)


def test_what_is_no_picture_is_a_bug() -> None:
    with pytest.raises(ValueError, match="uint8"):
        to_png(np.zeros((2, 2, 1), np.float32))  # type: ignore[arg-type]  # on purpose
    with pytest.raises(ValueError, match="uint8"):
        to_png(np.zeros((2, 2, 4), np.uint8))


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="folder does not exist"):
        save_png(tmp_path / "no" / "a.png", np.zeros((2, 2, 1), np.uint8))


def test_sheet_goes_row_by_row() -> None:
    images = np.arange(5, dtype=np.uint8).repeat(6).reshape(5, 2, 3, 1) + 1
    page = sheet(images, 2)
    assert page.shape == (6, 6, 1)
    assert page[::2, ::3, 0].tolist() == [[1, 2], [3, 4], [5, 0]]
    spaced = sheet(images, 2, gap=1)
    assert spaced.shape == (8, 7, 1)
    assert spaced[::3, ::4, 0].tolist() == [[1, 2], [3, 4], [5, 0]]
    assert not spaced[2].any() and not spaced[:, 3].any()


def test_grid_points_read_from_the_top_left() -> None:
    points = grid_points(grid_axis(3, "plane"))
    assert points.dtype == np.float32
    assert points.tolist() == [[x, y] for y in (3, 0, -3) for x in (-3, 0, 3)]
    assert grid_axis(1, "plane").tolist() == [0]


def test_the_prior_grid_has_equal_shares() -> None:
    from scipy.stats import norm

    np.testing.assert_allclose(norm.cdf(grid_axis(20, "prior")), (np.arange(20) + 0.5) / 20, atol=1e-6)
