"""The decoded image: whole pixels, grey maps, any shape; and the words around it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from latent_explorer.core.palette import GREY_MAPS, apply_grey_map
from latent_explorer.views.image_view import ImageView, PixelView
from latent_explorer.views.place import PlaceText
from tests.views.hand import Ear, Hand, look, pixels_of, settle, texts


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[PixelView]:
    view = PixelView()
    qtbot.addWidget(view)
    Hand(view)
    yield view


SIZES = [
    # image (height, width, channels), widget (width, height), scale
    ((8, 8, 1), (100, 90), 11),
    ((8, 8, 1), (88, 300), 11),
    ((28, 28, 1), (280, 280), 10),
    ((28, 28, 1), (139, 280), 4),
    ((5, 4, 1), (61, 61), 12),
    ((3, 7, 3), (150, 120), 21),
    ((120, 200, 3), (410, 300), 2),
    ((1, 1, 1), (50, 40), 40),
]


@pytest.mark.parametrize(("shape", "size", "scale"), SIZES, ids=str)
def test_every_pixel_of_the_image_is_a_square_of_the_screen(
    view: PixelView, shape: tuple[int, int, int], size: tuple[int, int], scale: int
) -> None:
    image = random(*shape)
    view.resize(*size)
    view.set_image(image)
    target = view.target()
    assert (target.width(), target.height()) == (shape[1] * scale, shape[0] * scale)
    margins = target.left(), target.top(), size[0] - target.right() - 1, size[1] - target.bottom() - 1
    assert min(margins) >= 0
    assert abs(margins[0] - margins[2]) <= 1  # in the middle
    assert abs(margins[1] - margins[3]) <= 1
    shown = look(view)[target.top() : target.bottom() + 1, target.left() : target.right() + 1]
    expected = np.broadcast_to(image, (*shape[:2], 3)).repeat(scale, 0).repeat(scale, 1)
    np.testing.assert_array_equal(shown, expected)


def test_an_image_larger_than_its_place_is_shown_whole_and_in_proportion(view: PixelView) -> None:
    view.resize(100, 100)
    view.set_image(random(120, 200, 3))
    target = view.target()
    assert target.width() == 100
    assert target.height() == pytest.approx(60, abs=1)


def test_smooth_fills_the_place_and_blends(view: PixelView) -> None:
    image = np.zeros((2, 2, 1), np.uint8)
    image[:, 1] = 255
    view.resize(101, 101)
    view.set_image(image)
    assert len(np.unique(look(view)[50, 1:100])) == 2
    view.set_look(True, "grey")
    assert view.target().width() == 101
    assert len(np.unique(look(view)[50])) > 10


@pytest.mark.parametrize("grey_map", GREY_MAPS)
def test_grey_maps_colour_grey_images_and_leave_the_others(view: PixelView, grey_map: str) -> None:
    view.set_look(False, grey_map)
    grey, colour = random(4, 5, 1), random(4, 5, 3)
    view.set_image(grey)
    picture = view.picture()
    assert picture is not None
    np.testing.assert_array_equal(pixels_of(picture), apply_grey_map(grey, grey_map))
    view.set_image(colour)
    picture = view.picture()
    assert picture is not None
    np.testing.assert_array_equal(pixels_of(picture), colour)


def test_a_new_map_colours_the_image_that_is_shown(view: PixelView) -> None:
    image = random(4, 4, 1)
    view.set_image(image)
    view.set_look(False, "inverted")
    picture = view.picture()
    assert picture is not None
    np.testing.assert_array_equal(pixels_of(picture)[..., :1], 255 - image)


def test_without_an_image_it_says_why(view: PixelView) -> None:
    view.resize(200, 100)
    view.set_image(None)
    empty = look(view)
    assert len(np.unique(empty.reshape(-1, 3), axis=0)) == 1
    view.set_image(None, "The decoder is loading.")
    assert (look(view) != empty).any()
    assert view.picture() is None
    assert view.target().isEmpty()
    view.set_image(random(4, 4, 1))
    view.set_image(None)
    np.testing.assert_array_equal(look(view), empty)


def test_the_image_may_be_changed_in_place_afterwards(view: PixelView) -> None:
    image = random(4, 4, 1)
    before = image.copy()
    view.set_image(image)
    image[:] = 7
    picture = view.picture()
    assert picture is not None
    np.testing.assert_array_equal(pixels_of(picture)[..., :1], before)


# --- the panel ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[ImageView]:
    panel = ImageView()
    qtbot.addWidget(panel)
    panel.resize(320, 700)
    Hand(panel)
    yield panel


def test_the_panel_says_where_how_sure_and_how_fast(panel: ImageView) -> None:
    panel.set_place((0.5, -1.25), "3 codes within 0.1", -2.619)
    panel.set_decode(1.234, "digits dense")
    found = texts(panel)
    assert any("0.500, -1.250" in text.replace("−", "-") for text in found)
    assert "3 codes within 0.1" in found
    assert any(text.replace("−", "-") == "-2.62" for text in found)
    assert "1.23 ms" in found
    assert "digits dense" in found
    panel.set_place(None, "", None)
    panel.set_decode(None, "")
    assert not {"3 codes within 0.1", "1.23 ms"} & set(texts(panel))


def test_its_buttons_wish_when_there_is_an_image(panel: ImageView) -> None:
    ear, hand = Ear(panel, "copyRequested", "exportRequested"), Hand(panel)
    buttons = panel.findChildren(QPushButton)
    assert len(buttons) == 2
    for image, enabled in ((None, False), (random(8, 8, 1), True), (None, False)):
        panel.set_image(image)
        assert [button.isEnabled() for button in buttons] == [enabled, enabled]
        for button in buttons:
            hand.click(button)
    assert sorted(ear.names()) == ["copyRequested", "exportRequested"]


@pytest.mark.parametrize("shape", [(28, 28, 1), (8, 8, 1), (120, 200, 3), (200, 60, 3)], ids=str)
def test_the_image_has_the_room_it_needs(panel: ImageView, shape: tuple[int, int, int]) -> None:
    panel.set_image(random(*shape))
    look(panel)
    target = panel.pixels.target()
    assert panel.pixels.rect().contains(target)
    assert target.width() >= min(shape[1], panel.pixels.width()) * 0.9 or target.height() >= panel.pixels.height() * 0.9
    assert panel.rect().contains(panel.pixels.geometry())


def test_a_place_on_a_globe_has_latitude_and_longitude(panel: ImageView) -> None:
    assert "On the globe" not in texts(panel)
    panel.set_place((-0.6, 0.0, 0.8), "", None, globe=True)
    settle()
    assert "On the globe" in texts(panel) and "53.1° N, 180.0°" in texts(panel)
    panel.set_place(None, "", None, globe=True)
    assert "53.1° N, 180.0°" not in texts(panel)
    panel.set_place((0.5, 0.5, 0.5), "", None)
    settle()
    assert "On the globe" not in texts(panel)


def test_of_many_coordinates_the_planes_are_said(panel: ImageView) -> None:
    panel.set_place((0.5, -1.25, 2.0, 3.0), "", None, (3, 1))
    assert "z[3] 3.000, z[1] −1.250 of 4" in texts(panel)
    panel.resize(250, 700)
    panel.set_place((-1.0,) * 32, "", None, (22, 17))
    settle()
    head = panel.findChild(PlaceText)
    assert head is not None and head.fits()
