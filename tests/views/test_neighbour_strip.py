"""The strip of what lies near: every image where and as it should be, for any shape, and words for each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from latent_explorer.core.palette import GREY_MAPS, apply_grey_map, class_colour, rgb
from latent_explorer.core.plane.neighbours import NEAREST
from latent_explorer.views.glossary import explain
from latent_explorer.views.image_view import ImageView
from latent_explorer.views.neighbour_strip import LEAST, Neighbour, NeighbourStrip
from tests.views.hand import Ear, Hand, close_to, look, settle

WORDS = tuple(Neighbour(k, f"class {k}", f"Image {k}") for k in range(NEAREST))


def random(count: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, *shape)).astype(np.uint8)


@pytest.fixture
def strip(qtbot: QtBot) -> Iterator[NeighbourStrip]:
    strip = NeighbourStrip()
    qtbot.addWidget(strip)
    strip.set_heading("Nearest images", "of the open data set")
    yield strip


SHAPES = [(8, 8, 1), (28, 28, 1), (28, 28, 3), (120, 200, 3), (200, 60, 3), (1, 1, 1), (3, 400, 1)]


@pytest.mark.parametrize("width", [120, 212, 292, 530])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_images_fit_and_are_enlarged_by_whole_pixels(strip: NeighbourStrip, shape: tuple[int, int, int], width: int) -> None:
    images = random(NEAREST, *shape)
    strip.set_neighbours(images, WORDS)
    strip.resize(width, strip.heightForWidth(width))
    Hand(strip)
    places = strip.places()
    assert LEAST <= len(places) <= NEAREST
    assert all(strip.rect().contains(place) for place in places)
    assert all(left.right() < right.left() for left, right in pairwise(places))
    assert len({(place.width(), place.height(), place.top()) for place in places}) == 1
    size = places[0].size()
    if size.width() >= shape[1]:
        scale = size.width() // shape[1]
        assert (size.width(), size.height()) == (shape[1] * scale, shape[0] * scale)
        picture = look(strip)
        for place, image in zip(places, images, strict=False):
            shown = picture[place.top() : place.bottom() + 1, place.left() : place.right() + 1]
            np.testing.assert_array_equal(shown, np.broadcast_to(image, (*shape[:2], 3)).repeat(scale, 0).repeat(scale, 1))
    else:  # in proportion, as far as pixels allow
        assert abs(size.height() - max(1, size.width() * shape[0] / shape[1])) <= 1


def test_as_many_as_fill_their_places(strip: NeighbourStrip) -> None:
    """28 pixels fit twice into 59, and only once into 44, where they would be stamps."""
    strip.set_neighbours(random(NEAREST, 28, 28, 1), WORDS)
    for width, count in ((292, 4), (300, 5), (360, 6), (200, 6)):
        strip.resize(width, 200)
        assert len(strip.places()) == count


@pytest.mark.parametrize("grey_map", GREY_MAPS)
def test_grey_maps_colour_grey_images_only(strip: NeighbourStrip, grey_map: str) -> None:
    strip.set_look(False, grey_map)
    for images in (random(NEAREST, 28, 28, 1), random(NEAREST, 28, 28, 3)):
        strip.set_neighbours(images, WORDS)
        strip.resize(212, strip.heightForWidth(212))
        Hand(strip)
        place = strip.places()[2]
        shown = look(strip)[place.top() : place.bottom() + 1, place.left() : place.right() + 1]
        np.testing.assert_array_equal(shown, apply_grey_map(images[2], grey_map) if images.shape[3] == 1 else images[2])


def test_every_image_has_its_class(strip: NeighbourStrip) -> None:
    images = np.zeros((3, 8, 8, 1), np.uint8)
    strip.set_neighbours(images, [Neighbour(0, "zero", "a"), Neighbour(-1, "", "b"), Neighbour(4, "four", "c")])
    strip.resize(300, strip.heightForWidth(300))
    Hand(strip)
    picture, places = look(strip), strip.places()
    for place, label, there in zip(places, (0, 1, 4), (True, False, True), strict=False):
        under = picture[place.bottom() + 2 :, place.left() : place.right() + 1]
        assert close_to(under, rgb(class_colour(label)), 4).any() == there
        assert (under != under[-1, -1]).any() == there  # nothing at all is written under one without a class


def test_fewer_neighbours_than_places_leave_the_others_empty(strip: NeighbourStrip) -> None:
    strip.set_neighbours(random(2, 8, 8, 3), WORDS[:2])
    strip.resize(300, strip.heightForWidth(300))
    Hand(strip)
    picture, places = look(strip), strip.places()
    third = picture[places[2].top() : places[2].bottom() + 1, places[2].left() : places[2].right() + 1]
    assert len(np.unique(third.reshape(-1, 3), axis=0)) == 1
    strip.set_neighbours(None)
    empty = look(strip)
    first = empty[places[0].top() : places[0].bottom() + 1, places[0].left() : places[0].right() + 1]
    assert len(np.unique(first.reshape(-1, 3), axis=0)) == 1


def test_each_image_explains_itself(strip: NeighbourStrip) -> None:
    strip.set_neighbours(random(NEAREST, 8, 8, 1), WORDS)
    strip.resize(300, strip.heightForWidth(300))
    Hand(strip)
    for place, words in zip(strip.places(), WORDS, strict=False):
        assert strip.hint_at(place.center()) == words.hint
    assert strip.hint_at(QPoint(2, 2)) == explain("nearest")


def test_new_images_of_the_same_shape_lay_out_nothing(qtbot: QtBot) -> None:
    panel, asked = ImageView(), []

    class Watch(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.LayoutRequest:
                asked.append(watched)
            return False

    outside = QWidget()
    qtbot.addWidget(outside)
    QVBoxLayout(outside).addWidget(panel)
    outside.resize(340, 900)
    Hand(outside)
    panel.nearest.set_neighbours(random(6, 28, 28, 1), WORDS)
    settle()
    watch = Watch()
    for widget in (outside, panel):
        widget.installEventFilter(watch)
    asked.clear()
    panel.nearest.set_neighbours(random(4, 28, 28, 1), WORDS[:4])
    panel.nearest.set_heading("Nearest codes, decoded", "images not on this computer")
    panel.nearest.set_neighbours(None)
    QApplication.processEvents()
    assert asked == []


# --- in the panel ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[ImageView]:
    panel = ImageView()
    qtbot.addWidget(panel)
    panel.resize(320, 900)
    Hand(panel)
    yield panel


@pytest.mark.parametrize("shape", [(28, 28, 1), (120, 200, 3), (200, 60, 3)], ids=str)
def test_a_low_panel_leaves_the_strip_out_before_the_image_shrinks(panel: ImageView, shape: tuple[int, int, int]) -> None:
    panel.set_image(random(1, *shape)[0])
    panel.nearest.set_neighbours(random(6, *shape), WORDS)
    ear, full = Ear(panel.nearest, "shown"), 0
    for height in range(1400, 300, -25):
        panel.resize(320, height)
        settle()
        full = max(full, panel.pixels.height())
        if panel.nearest.isVisible():
            assert panel.pixels.height() >= full - 1, height  # a rounded share
            assert panel.nearest.height() == panel.nearest.heightForWidth(panel.nearest.width())
            assert panel.rect().contains(panel.nearest.geometry())
    assert not panel.nearest.isVisible()
    assert ear.heard == []
    panel.resize(320, 1400)
    settle()
    assert panel.nearest.isVisible()
    assert ear.names() == ["shown"]


def test_images_of_another_shape_find_their_room(panel: ImageView) -> None:
    panel.set_image(random(1, 28, 28, 1)[0])
    panel.nearest.set_neighbours(random(6, 28, 28, 1), WORDS)
    settle()
    before = panel.nearest.height()
    panel.nearest.set_neighbours(random(6, 200, 60, 3), WORDS)
    settle()
    assert panel.nearest.height() == panel.nearest.heightForWidth(panel.nearest.width()) != before
