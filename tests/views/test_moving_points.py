"""Codes that move by themselves: drawn elsewhere, shown when they are drawn, and never in the place of something newer."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from latent_explorer.core.errors import Cancelled
from latent_explorer.core.palette import class_colour, rgb
from latent_explorer.core.scene import Camera, Layers
from latent_explorer.views.plane.plane_view import PlaneView
from latent_explorer.views.plane.points import PointsDrawing
from tests.views.hand import Ear, Hand, close_to, look, settle, where

BARE = Layers(points=True, point_opacity=1.0, point_size=11.0, mosaic=False)
LABELS = np.array([1, 2], np.int64)
HOME = np.array([[-1.0, 0.0], [1.0, 0.0]])
AWAY = np.array([[-1.0, 0.8], [1.0, -0.8]])
FARTHER = np.array([[-0.4, -0.8], [0.4, 0.8]])


@pytest.fixture
def plane(qtbot: QtBot) -> Iterator[PlaneView]:
    plane = PlaneView()
    qtbot.addWidget(plane)
    plane.resize(500, 400)
    plane.set_layers(BARE)
    plane.modes.hide()
    Hand(plane)
    plane.set_camera(Camera(0.0, 0.0, 4.0))
    plane.set_codes(HOME, LABELS, {1: "one", 2: "two"}, frozenset())
    plane.legend.hide()
    settle()
    yield plane


@pytest.fixture
def ear(plane: PlaneView) -> Ear:
    return Ear(plane, "pointsDrawingRequested")


def newest(ear: Ear) -> PointsDrawing:
    drawing = ear.of("pointsDrawingRequested")[-1][0]
    assert isinstance(drawing, PointsDrawing)
    return drawing


def seen(plane: PlaneView) -> np.ndarray:
    """Where the two points are painted, plane coordinates; NaN for one that is not."""
    picture, places = look(plane), []
    for label in LABELS:
        found = close_to(picture, rgb(class_colour(int(label))), 2)
        if not found.any():
            places.append((np.nan, np.nan))
            continue
        left, top, right, bottom = where(found)
        zero, one = plane.plane_to_pixel(0.0, 0.0), plane.plane_to_pixel(1.0, 1.0)
        x, y = (left + right) / 2, (top + bottom) / 2
        places.append(((x - zero.x()) / (one.x() - zero.x()), (y - zero.y()) / (one.y() - zero.y())))
    return np.array(places)


def near(places: np.ndarray, wanted: np.ndarray) -> bool:
    return bool(np.abs(places - wanted).max() < 0.03)


def test_the_picture_before_stays_until_the_new_one_is_drawn(plane: PlaneView, ear: Ear) -> None:
    assert near(seen(plane), HOME)
    plane.move_codes(AWAY)
    assert near(seen(plane), HOME)
    drawing = newest(ear)
    plane.take_points_picture(drawing, drawing.draw())
    gc.collect()
    assert near(seen(plane), AWAY)


def test_it_is_the_picture_that_the_window_itself_draws(plane: PlaneView, ear: Ear) -> None:
    plane.move_codes(AWAY)
    drawing = newest(ear)
    plane.take_points_picture(drawing, drawing.draw())
    elsewhere = look(plane)
    plane.set_codes(AWAY, LABELS, {1: "one", 2: "two"}, frozenset())
    plane.legend.hide()
    np.testing.assert_array_equal(look(plane), elsewhere)


def test_an_older_picture_never_takes_the_place_of_a_newer_one(plane: PlaneView, ear: Ear) -> None:
    plane.move_codes(AWAY)
    first = newest(ear)
    plane.move_codes(FARTHER)
    second = newest(ear)
    plane.take_points_picture(first, first.draw())  # a slow machine shows what it can
    assert near(seen(plane), AWAY)
    plane.take_points_picture(second, second.draw())
    plane.take_points_picture(first, first.draw())
    assert near(seen(plane), FARTHER)


def test_what_the_person_does_is_drawn_at_once_and_overtakes(plane: PlaneView, ear: Ear) -> None:
    plane.move_codes(AWAY)
    drawing = newest(ear)
    plane.set_camera(Camera(0.2, 0.1, 5.0))
    assert near(seen(plane), AWAY)
    with pytest.raises(Cancelled):  # nobody waits for the window before
        drawing.draw()
    plane.move_codes(FARTHER)
    drawing = newest(ear)
    plane.set_hidden(frozenset({1}))
    plane.take_points_picture(drawing, drawing.draw())  # before the next paint
    assert np.isnan(seen(plane)[0]).all()
    plane.take_points_picture(drawing, drawing.draw())  # and after it
    assert np.isnan(seen(plane)[0]).all()
    assert near(seen(plane)[1], FARTHER[1])


def test_hidden_classes_stay_hidden_while_codes_move(plane: PlaneView, ear: Ear) -> None:
    plane.set_hidden(frozenset({2}))
    settle()
    plane.move_codes(AWAY)
    drawing = newest(ear)
    plane.take_points_picture(drawing, drawing.draw())
    places = seen(plane)
    assert near(places[0], AWAY[0])
    assert np.isnan(places[1]).all()


def test_nothing_is_asked_for_while_points_are_not_shown(plane: PlaneView, ear: Ear) -> None:
    plane.set_layers(Layers(points=False, mosaic=False, point_opacity=1.0, point_size=11.0))
    settle()
    plane.move_codes(AWAY)
    assert ear.of("pointsDrawingRequested") == []
    plane.set_layers(BARE)
    assert near(seen(plane), AWAY)
