"""Points as the plane paints them: colours by class, value and density with a bar that says the truth; many points; some left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from latent_explorer.core.errors import Cancelled
from latent_explorer.core.palette import NO_LABEL, class_colour, rgb
from latent_explorer.core.raster import bands
from latent_explorer.core.scene import Camera, Layers
from latent_explorer.views.plane import points as points_module
from latent_explorer.views.plane.plane_view import PlaneView
from latent_explorer.views.plane.points import PointsDrawing
from tests.views import hand
from tests.views.hand import Ear, Hand, close_to, pixels_of, settle

BARE = Layers(points=True, point_opacity=1.0, point_size=11.0, mosaic=False)


@pytest.fixture
def plane(qtbot: QtBot) -> Iterator[PlaneView]:
    plane = PlaneView()
    qtbot.addWidget(plane)
    plane.resize(640, 480)
    plane.set_layers(BARE)
    plane.modes.hide()
    Hand(plane)
    plane.set_camera(Camera(0.0, 0.0, 6.0))
    settle()
    yield plane


@pytest.fixture
def ear(plane: PlaneView) -> Ear:
    return Ear(plane, "pointsDrawingRequested")


def row_of(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points on a line, one for each value, and no labels."""
    places = np.stack([np.linspace(-2.5, 2.5, len(values)), np.zeros(len(values))], axis=1)
    return places, np.full(len(values), -1)


def colour_at(plane: PlaneView, x: float, y: float) -> tuple[int, int, int]:
    spot = plane.viewport().mapTo(plane, plane.plane_to_pixel(x, y))
    red, green, blue = hand.look(plane)[round(spot.y()), round(spot.x())].tolist()
    return red, green, blue


def like(colour: tuple[int, int, int], other: tuple[int, ...]) -> bool:
    """The most opaque point lets a trace of the ground through."""
    return max(abs(one - two) for one, two in zip(colour, other, strict=True)) <= 1


def bar_colour(plane: PlaneView, number: float) -> tuple[int, int, int]:
    """What the bar shows at a number, by its pixels."""
    bar = plane.points_bar
    picture = pixels_of(bar.grab().toImage().convertToFormat(QImage.Format.Format_RGB32))
    inside = bar.bar_rectangle()
    column = min(max(int(bar.place_of(number)), inside.left()), inside.right())
    red, green, blue = picture[inside.center().y(), column].tolist()
    return red, green, blue


def newest(ear: Ear) -> PointsDrawing:
    drawing = ear.of("pointsDrawingRequested")[-1][0]
    assert isinstance(drawing, PointsDrawing)
    return drawing


def finish(plane: PlaneView, ear: Ear) -> None:
    """As the worker does."""
    drawing = newest(ear)
    plane.take_points_picture(drawing, drawing.draw())
    settle()


# --- what colours say --------------------------------------------------------------------------------------------------------


def test_points_have_the_colours_that_the_bar_shows_for_their_values(plane: PlaneView) -> None:
    values = np.linspace(-3.0, 9.0, 9).astype(np.float32)
    places, labels = row_of(values)
    plane.set_codes(places, labels, {}, frozenset(), {"error": values, "other": values[::-1].copy()})
    plane.set_layers(replace(BARE, point_colour="error"))
    settle()
    bar = plane.points_bar.bar
    assert bar is not None and bar.title == "error"
    for value, (x, y) in zip(values, places, strict=True):
        shown, said = np.array(colour_at(plane, x, y)), np.array(bar_colour(plane, float(value)))
        assert np.abs(shown - said).max() <= 6, value  # a pixel of the bar is wider than a colour
    first = [colour_at(plane, *place) for place in places]
    plane.set_layers(replace(BARE, point_colour="other"))
    assert [colour_at(plane, *place) for place in places] == first[::-1]


def test_without_a_value_a_point_is_grey(plane: PlaneView) -> None:
    places, labels = row_of(np.zeros(3))
    plane.set_codes(places, labels, {}, frozenset(), {"kl": np.array([0.0, np.nan, 1.0])})
    plane.set_layers(replace(BARE, point_colour="kl"))
    assert like(colour_at(plane, *places[1]), rgb(NO_LABEL))
    assert "1 points have no value" in plane.points_bar.bar.note  # type: ignore[union-attr]


def test_by_class_there_is_no_bar_and_the_legend_has_the_colours(plane: PlaneView) -> None:
    places, labels = np.array([[-1.0, 0.0], [1.0, 0.0]]), np.array([0, 1])
    plane.set_codes(places, labels, {0: "a", 1: "b"}, frozenset(), {"kl": np.array([0.0, 1.0])})
    settle()
    for colour, bar in (("class", False), ("kl", True), ("density", True), ("unheard of", False), ("class", False)):
        plane.set_layers(replace(BARE, point_colour=colour))
        settle()
        hand.look(plane)
        assert plane.points_bar.isVisible() == bar, colour
        assert plane.legend.coloured != bar
        legend = pixels_of(plane.legend.grab().toImage())
        assert close_to(legend, rgb(class_colour(0)), 2).any() != bar
        assert like(colour_at(plane, -1.0, 0.0), rgb(class_colour(0))) != bar


def test_a_hidden_class_is_not_drawn_whatever_the_colours_say(plane: PlaneView) -> None:
    places, labels = np.array([[-1.0, 0.0], [1.0, 0.0]]), np.array([0, 1])
    plane.set_codes(places, labels, {0: "a", 1: "b"}, frozenset(), {"kl": np.array([0.0, 1.0])})
    ground = colour_at(plane, 0.0, 1.0)
    for colour in ("class", "kl", "density"):
        plane.set_layers(replace(BARE, point_colour=colour))
        plane.set_hidden(frozenset({1}))
        assert colour_at(plane, 1.0, 0.0) == ground
        assert colour_at(plane, -1.0, 0.0) != ground
        plane.set_hidden(frozenset())
        assert colour_at(plane, 1.0, 0.0) != ground


def test_density_has_the_first_colour_for_one_point_and_the_last_for_the_most(plane: PlaneView) -> None:
    places = np.array([[-1.0, 0.0], *[[1.0, 0.0]] * 40])
    plane.set_codes(places, np.zeros(41, np.int64), {0: "a"}, frozenset())
    plane.set_layers(replace(BARE, point_colour="density"))
    settle()
    bar = plane.points_bar.bar
    assert bar is not None
    assert [text for _, text in bar.ticks] == ["1", "10", "40"]
    assert like(colour_at(plane, -1.0, 0.0), tuple(bar.table[0].tolist()))
    assert like(colour_at(plane, 1.0, 0.0), tuple(bar.table[-1].tolist()))


def test_ten_thousand_classes(plane: PlaneView) -> None:
    labels = np.arange(10_000)
    places = np.random.default_rng(0).uniform(-2.8, 2.8, (10_000, 2))
    places[7777] = (2.9, 2.9)
    plane.set_codes(places, labels, {k: f"class {k}" for k in range(10_000)}, frozenset())
    plane.legend.hide()
    assert like(colour_at(plane, 2.9, 2.9), rgb(class_colour(7777)))


# --- some of them ------------------------------------------------------------------------------------------------------------


def test_only_those_that_are_visible_are_drawn(plane: PlaneView) -> None:
    places, labels = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), np.array([0, 1, 1])
    plane.set_codes(places, labels, {0: "a", 1: "b"}, frozenset())
    plane.legend.hide()
    ground = colour_at(plane, 0.0, -2.0)

    def drawn() -> list[bool]:
        return [colour_at(plane, *place) != ground for place in places]

    plane.set_visible(np.array([True, True, False]))
    assert drawn() == [True, True, False]
    plane.set_hidden(frozenset({0}))
    assert drawn() == [False, True, False]
    plane.set_visible(None)
    assert drawn() == [False, True, True]
    plane.set_hidden(frozenset())
    plane.set_visible(np.zeros(3, np.bool_))
    assert drawn() == [False] * 3
    with pytest.raises(ValueError, match="3 points"):
        plane.set_visible(np.ones(2, np.bool_))
    plane.set_codes(places, labels, {0: "a", 1: "b"}, frozenset())  # others: whom was that said of?
    plane.legend.hide()
    assert drawn() == [True] * 3


# --- many of them ------------------------------------------------------------------------------------------------------------


def crowd(plane: PlaneView, seed: int = 0, count: int = 400) -> np.ndarray:
    places = np.random.default_rng(seed).uniform(-2.5, 2.5, (count, 2))
    places[0] = (2.8, 2.8)
    plane.set_codes(places, np.zeros(count, np.int64), {0: "a"}, frozenset())
    settle()
    return places


def test_many_points_are_sorted_by_the_worker(plane: PlaneView, ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points_module, "SORTED_AT_ONCE", 100)
    places = crowd(plane)
    ground = colour_at(plane, 0.0, 2.9)
    assert colour_at(plane, *places[0]) == ground
    finish(plane, ear)
    assert like(colour_at(plane, *places[0]), rgb(class_colour(0)))
    asked = len(ear.of("pointsDrawingRequested"))
    plane.set_camera(Camera(0.5, 0.5, 5.5))  # from now on at once
    assert like(colour_at(plane, *places[0]), rgb(class_colour(0)))
    assert len(ear.of("pointsDrawingRequested")) == asked


def test_while_the_worker_sorts_others_the_points_before_are_gone(plane: PlaneView, ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    places = crowd(plane)
    assert like(colour_at(plane, *places[0]), rgb(class_colour(0)))
    monkeypatch.setattr(points_module, "SORTED_AT_ONCE", 100)
    others = places + 100.0
    plane.set_codes(others, np.zeros(400, np.int64), {0: "a"}, frozenset())
    settle()
    plane.set_camera(Camera(0.1, 0.0, 6.0))
    assert colour_at(plane, *places[0]) == colour_at(plane, 0.0, 2.9)


def test_other_colours_of_many_points_come_when_they_are_ready(plane: PlaneView, ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    places = crowd(plane)
    monkeypatch.setattr(points_module, "SORTED_AT_ONCE", 100)
    visible = np.ones(400, np.bool_)
    visible[0] = False
    plane.set_visible(visible)
    assert like(colour_at(plane, *places[0]), rgb(class_colour(0)))  # until then as before
    finish(plane, ear)
    assert not like(colour_at(plane, *places[0]), rgb(class_colour(0)))


def test_what_is_left_out_while_the_window_moves_comes_when_it_is_still(
    plane: PlaneView, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(plane)
    exact = hand.look(plane)
    asked = len(ear.of("pointsDrawingRequested"))
    monkeypatch.setattr(bands, "AT_ONCE", 150)
    plane.set_camera(Camera(0.5, 0.0, 6.0))
    settle()
    plane.set_camera(Camera(0.0, 0.0, 6.0))
    coarse = hand.look(plane)
    assert (coarse != exact).any()
    drawings = [drawing for (drawing,) in ear.of("pointsDrawingRequested")[asked:]]
    assert len(drawings) >= 2
    with pytest.raises(Cancelled):  # the window has moved on
        drawings[0].draw()
    finish(plane, ear)
    np.testing.assert_array_equal(hand.look(plane), exact)


def test_what_is_small_enough_needs_no_second_drawing(plane: PlaneView, ear: Ear) -> None:
    crowd(plane)
    plane.set_camera(Camera(0.5, 0.0, 6.0))
    settle()
    assert ear.of("pointsDrawingRequested") == []
