"""Arrays to pictures of Qt, pixel by pixel."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage

from latent_explorer.views.picture import blank_picture, from_qimage, to_qimage, wrap_words

pytestmark = pytest.mark.usefixtures("qapp")


def colours(image: QImage) -> np.ndarray:
    """Asked of Qt one by one: no knowledge of strides or formats."""
    return np.array([[QColor(image.pixelColor(x, y)).getRgb() for x in range(image.width())] for y in range(image.height())])


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


def expected(array: np.ndarray) -> np.ndarray:
    """Red, green, blue and alpha."""
    array = array[..., None] if array.ndim == 2 else array
    full = np.full((*array.shape[:2], 4), 255)
    full[..., : 3 if array.shape[2] == 1 else array.shape[2]] = array
    return full


@pytest.mark.parametrize("height", [1, 5])
@pytest.mark.parametrize("width", [1, 2, 3, 5, 7, 8, 13])  # Qt pads rows to four bytes
@pytest.mark.parametrize("channels", [(), (1,), (3,), (4,)], ids=["plain", "grey", "colour", "alpha"])
def test_every_pixel_is_in_its_place(height: int, width: int, channels: tuple[int, ...]) -> None:
    array = random(height, width, *channels)
    if channels == (4,):
        array[..., 3] |= 1  # Qt tells no colour of a pixel that is wholly transparent
    np.testing.assert_array_equal(colours(to_qimage(array)), expected(array))


@pytest.mark.parametrize(
    "view",
    [
        random(5, 14, 3)[:, ::2],
        random(5, 7, 3)[::-1],
        random(5, 7, 3)[..., ::-1],
        random(7, 5, 3).transpose(1, 0, 2),
        random(5, 7, 4)[..., :3],
        random(7, 5).T,
        np.broadcast_to(random(1, 7, 1), (5, 7, 1)),
    ],
    ids=["every second", "upside down", "mirrored channels", "turned", "part", "turned grey", "broadcast"],
)
def test_arrays_in_any_order_of_memory(view: np.ndarray) -> None:
    assert not view.flags.c_contiguous
    np.testing.assert_array_equal(colours(to_qimage(view)), expected(view))


def test_a_read_only_array_is_taken() -> None:
    array = random(3, 3, 1)
    array.setflags(write=False)
    np.testing.assert_array_equal(colours(to_qimage(array)), expected(array))


def test_the_picture_outlives_and_ignores_its_array() -> None:
    array = random(64, 63, 3)
    before = array.copy()
    picture = to_qimage(array)
    array[:] = 0
    del array
    gc.collect()
    np.testing.assert_array_equal(colours(picture), expected(before))


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4), np.float32),
        np.zeros((4, 4, 3), np.int64),
        np.zeros((4, 4), bool),
        np.zeros((4, 4, 1), np.int8),
        np.zeros(16, np.uint8),
        np.zeros((1, 4, 4, 1), np.uint8),
        np.zeros((0, 4), np.uint8),
        np.zeros((4, 0, 3), np.uint8),
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((4, 4, 5), np.uint8),
        np.zeros((4, 4, 0), np.uint8),
    ],
    ids=lambda array: f"{array.dtype} {array.shape}",
)
def test_anything_else_is_refused(array: np.ndarray) -> None:
    with pytest.raises(ValueError, match="picture"):
        to_qimage(array)


@pytest.mark.parametrize("width", [1, 3, 8])
def test_a_blank_picture_is_drawn_by_its_words(width: int) -> None:
    picture, words = blank_picture(width, 5)
    assert words.shape == (5, width)
    chosen = np.random.default_rng(1).integers(0, 256, (5, width, 4))
    chosen[..., 3] |= 1
    red, green, blue, alpha = np.moveaxis(chosen.astype(np.uint32), 2, 0)
    words[:] = alpha << 24 | red * alpha // 255 << 16 | green * alpha // 255 << 8 | blue * alpha // 255
    found = colours(picture)
    np.testing.assert_array_equal(found[..., 3], chosen[..., 3])
    assert (np.abs(found - chosen)[..., :3] * chosen[..., 3:] <= 2 * 255).all()  # a level of the product


def test_a_picture_that_has_the_size_is_drawn_over() -> None:
    before, words = blank_picture(6, 4)
    words[:] = 0xFF102030
    before.setDevicePixelRatio(2.0)  # would enlarge what is painted into it
    again, words = blank_picture(6, 4, before)
    assert again is before
    assert again.devicePixelRatio() == 1.0
    assert (words == 0xFF102030).all()
    for width, height in ((6, 5), (5, 4)):
        assert blank_picture(width, height, before)[0] is not before
    assert blank_picture(6, 4, to_qimage(random(4, 6, 3)))[0].format() == QImage.Format.Format_ARGB32_Premultiplied


def test_a_copy_of_a_picture_keeps_its_pixels_when_that_is_drawn_over() -> None:
    picture, words = blank_picture(3, 3)
    words[:] = 0xFF102030
    copy = QImage(picture)  # shares the memory until one of them is written
    _, words = blank_picture(3, 3, picture)
    words[:] = 0xFF405060
    assert colours(copy)[0, 0].tolist() == [0x10, 0x20, 0x30, 255]
    assert colours(picture)[0, 0].tolist() == [0x40, 0x50, 0x60, 255]


def test_wrapped_words_are_the_pictures_pixels() -> None:
    words = np.array([[0xFF102030, 0x80402010], [0, 0xFFFFFFFF]], np.uint32)
    picture = wrap_words(words)
    assert colours(picture)[0, 0].tolist() == [0x10, 0x20, 0x30, 255]
    assert colours(picture)[1].tolist() == [[0, 0, 0, 0], [255, 255, 255, 255]]
    for wrong in (words.astype(np.int32), words[:, ::-1], words.T[:0]):
        with pytest.raises(ValueError):
            wrap_words(wrong)


@pytest.mark.parametrize("width", [1, 3, 5, 8])
@pytest.mark.parametrize("channels", [(), (3,), (4,)], ids=["grey", "colour", "alpha"])
def test_a_picture_of_qt_comes_back_as_it_was(width: int, channels: tuple[int, ...]) -> None:
    array = random(4, width, *channels)
    np.testing.assert_array_equal(from_qimage(to_qimage(array), 100), expected(array))


def test_a_large_picture_of_qt_comes_back_smaller_and_an_empty_one_not_at_all() -> None:
    found = from_qimage(to_qimage(np.full((30, 200), 90, np.uint8)), 50)
    assert found.shape[1] == 50 and abs(found.shape[0] - 7.5) <= 1 and (found[..., :3] == 90).all()
    with pytest.raises(ValueError, match="nothing"):
        from_qimage(QImage(), 50)
