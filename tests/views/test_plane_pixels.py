"""What the plane paints, looked at pixel by pixel."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from latent_explorer.core.palette import NO_LABEL, class_colour, rgb
from latent_explorer.core.plane.sheet import sheet_of
from latent_explorer.core.scene import Camera, Layers
from latent_explorer.views.plane.layer import KeptLayer, Window
from latent_explorer.views.plane.mosaic import MosaicLayer
from latent_explorer.views.plane.plane_view import PlaneView
from latent_explorer.views.plane.points import PointsLayer
from latent_explorer.views.style import DARK, LIGHT, Theme
from tests.views import hand
from tests.views.hand import close_to, settle, where
from tests.views.planes import bare_plane

BARE = Layers(points=True, point_opacity=1.0, point_size=11.0, mosaic=True, mosaic_opacity=1.0)


@pytest.fixture
def plane(qtbot: QtBot, theme: Theme) -> Iterator[PlaneView]:
    yield bare_plane(qtbot, theme, BARE)


def points(plane: PlaneView, *places: tuple[float, float, int], hidden: frozenset[int] = frozenset()) -> None:
    """Codes at (x, y) with a label, without a legend."""
    table = np.array(places, np.float64).reshape(-1, 3)
    labels = table[:, 2].astype(np.int64)
    classes = {int(label): str(label) for label in np.unique(labels)[:1]} if len(table) else {}
    plane.set_codes(table[:, :2], labels, {**classes, int(labels.max(initial=0)): "last"}, hidden)
    plane.legend.hide()
    settle()


def middle(mask: np.ndarray) -> tuple[float, float]:
    """Of what is true, in pixels, where the centre of the first pixel is (0.5, 0.5)."""
    left, top, right, bottom = where(mask)
    return (left + right) / 2, (top + bottom) / 2


def spot(plane: PlaneView, x: float, y: float) -> tuple[float, float]:
    """Where a place should be, in pixels of the widget."""
    pixel = plane.viewport().mapTo(plane, plane.plane_to_pixel(x, y))
    return pixel.x(), pixel.y()


def look(plane: PlaneView) -> np.ndarray:
    """The plot alone: what lies around it is green, as nothing else here."""
    picture = hand.look(plane)
    x, y, width, height = plane.window_rectangle()
    (left, top), (right, bottom) = spot(plane, x, y + height), spot(plane, x + width, y)
    inside = np.full_like(picture, (0, 255, 0))
    part = np.s_[round(top) + 1 : round(bottom) - 1, round(left) + 1 : round(right) - 1]
    inside[part] = picture[part]
    return inside


# --- points ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", [0, 3, 9, 17])
@pytest.mark.parametrize("place", [(0.3, -0.2), (-1.1, 1.2), (1.9, -1.6)], ids=str)
def test_a_point_is_painted_where_it_lies_in_the_colour_of_its_class(plane: PlaneView, place: tuple[float, float], label: int) -> None:
    points(plane, (*place, label))
    shown = close_to(look(plane), rgb(class_colour(label)), 2)
    assert middle(shown) == pytest.approx(spot(plane, *place), abs=1.0)
    left, top, right, bottom = where(shown)
    assert 8 <= right - left <= 12
    assert 8 <= bottom - top <= 12


def test_a_point_without_a_label_is_grey(plane: PlaneView) -> None:
    points(plane, (0.5, 0.5, -1))
    assert middle(close_to(look(plane), rgb(NO_LABEL), 2)) == pytest.approx(spot(plane, 0.5, 0.5), abs=1.0)


def test_points_stay_on_their_places_when_the_camera_moves(plane: PlaneView) -> None:
    points(plane, (1.0, 1.0, 2))
    for camera in (Camera(0.0, 0.0, 3.0), Camera(1.3, 0.9, 1.0), Camera(0.0, 0.0, 40.0)):
        plane.set_camera(camera)
        assert middle(close_to(look(plane), rgb(class_colour(2)), 2)) == pytest.approx(spot(plane, 1.0, 1.0), abs=1.0)
    plane.set_camera(Camera(10.0, 0.0, 3.0))
    assert not close_to(look(plane), rgb(class_colour(2)), 2).any()


def test_points_that_are_no_numbers_harm_nobody(plane: PlaneView) -> None:
    points(plane, (np.nan, 0.0, 1), (0.0, np.inf, 1), (0.5, 0.5, 2))
    picture = look(plane)
    assert not close_to(picture, rgb(class_colour(1)), 2).any()
    assert close_to(picture, rgb(class_colour(2)), 2).any()


def test_a_hidden_class_vanishes_and_comes_back(plane: PlaneView) -> None:
    points(plane, (-1.0, 0.0, 1), (1.0, 0.0, 2))

    def seen() -> tuple[bool, bool]:
        picture = look(plane)
        one, two = (bool(close_to(picture, rgb(class_colour(label)), 2).any()) for label in (1, 2))
        return one, two

    assert seen() == (True, True)
    plane.set_hidden(frozenset({1}))
    assert seen() == (False, True)
    plane.set_hidden(frozenset({1, 2}))
    assert seen() == (False, False)
    plane.set_hidden(frozenset())
    assert seen() == (True, True)
    points(plane, (-1.0, 0.0, 1), (1.0, 0.0, 2), hidden=frozenset({2}))
    assert seen() == (True, False)


def test_size_and_opacity_of_points(plane: PlaneView) -> None:
    points(plane, (0.0, 0.0, 6))
    colour = rgb(class_colour(6))
    small = close_to(look(plane), colour, 2).sum()
    plane.set_layers(replace(BARE, point_size=16.0))
    assert close_to(look(plane), colour, 2).sum() > 1.5 * small
    plane.set_layers(replace(BARE, point_opacity=0.3))
    faint = look(plane)[tuple(round(v) for v in spot(plane, 0.0, 0.0)[::-1])].astype(int)
    ground = look(plane)[tuple(round(v) for v in spot(plane, 0.5, 0.5)[::-1])].astype(int)
    np.testing.assert_allclose(faint, 0.7 * ground + 0.3 * np.array(colour), atol=4)
    plane.set_layers(replace(BARE, points=False))
    assert not close_to(look(plane), colour, 2).any()


def test_nothing_to_draw_is_drawn_without_complaint(plane: PlaneView, theme: Theme) -> None:
    points(plane)
    plane.set_mosaic(None)
    x, y = spot(plane, 0.0, 0.0)
    assert tuple(look(plane)[round(y), round(x)]) == rgb(theme.plane)


# --- mosaic ------------------------------------------------------------------------------------------------------------------


def sheet(bright: tuple[int, int], rows: int = 3, columns: int = 4, cell: tuple[int, int] = (8, 8)) -> np.ndarray:
    """Dark pictures but for one, which is counted from the upper left."""
    pixels = np.zeros((rows * cell[0], columns * cell[1], 1), np.uint8)
    row, column = bright
    pixels[row * cell[0] : (row + 1) * cell[0], column * cell[1] : (column + 1) * cell[1]] = 255
    return pixels


@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("bright", [(0, 0), (0, 3), (2, 0), (1, 2)], ids=str)
def test_the_mosaic_lies_under_the_points_and_upright(plane: PlaneView, theme: Theme, bright: tuple[int, int], smooth: bool) -> None:
    left, bottom, width, height = -1.2, -1.4, 3.2, 2.4  # cells of 0.8 x 0.8
    plane.set_layers(replace(BARE, smooth=smooth))
    plane.set_mosaic(sheet_of(sheet(bright), (left, bottom, width, height)))
    row, column = bright
    corner = spot(plane, left + 0.8 * column, bottom + height - 0.8 * row)
    opposite = spot(plane, left + 0.8 * (column + 1), bottom + height - 0.8 * (row + 1))
    found = where(close_to(look(plane), rgb(theme.ink), 40))
    assert found == pytest.approx((*corner, *opposite), abs=6.0 if smooth else 1.5)  # smoothing reaches half a pixel of the sheet
    # A code in the middle of that cell is painted in the middle of its picture.
    points(plane, (left + 0.8 * (column + 0.5), bottom + height - 0.8 * (row + 0.5), 2))
    dot = middle(close_to(look(plane), rgb(class_colour(2)), 2))
    assert dot == pytest.approx(((found[0] + found[2]) / 2, (found[1] + found[3]) / 2), abs=3.0 if smooth else 1.5)


def test_a_coloured_mosaic_keeps_its_colours_and_directions(plane: PlaneView, theme: Theme) -> None:
    red, green, blue, yellow = (250, 20, 30), (30, 240, 10), (20, 30, 250), (240, 250, 10)
    pixels = np.array([[red, green], [blue, yellow]], np.uint8).repeat(6, 0).repeat(6, 1)
    plane.set_mosaic(sheet_of(pixels, (-1.0, -1.0, 2.0, 2.0)))
    picture = look(plane)
    for colour, place in ((red, (-0.5, 0.5)), (green, (0.5, 0.5)), (blue, (-0.5, -0.5)), (yellow, (0.5, -0.5))):
        x, y = spot(plane, *place)
        share = 1.0 if theme is DARK else 0.5  # a light plane stays light
        seen = share * np.array(colour) + (1 - share) * np.array(rgb(theme.plane))
        assert tuple(picture[round(y), round(x)]) == pytest.approx(tuple(seen), abs=3)


def test_the_dark_ground_of_colour_images_is_left_out(plane: PlaneView, theme: Theme) -> None:
    """Drawn, it would make a light plane grey all over."""
    orange, dim = (250, 150, 40), (100, 50, 20)
    pixels = np.zeros((12, 12, 3), np.uint8)
    pixels[2:6, 2:6], pixels[6:10, 6:10] = orange, dim
    plane.set_mosaic(sheet_of(pixels, (-1.2, -1.2, 2.4, 2.4)))
    picture = look(plane)
    ground = np.array(rgb(theme.plane))
    for colour, place in ((orange, (-0.4, 0.4)), (dim, (0.4, -0.4)), ((0, 0, 0), (0.8, 0.8))):
        x, y = spot(plane, *place)
        seen = np.array(colour) + (1 - max(colour) / 255) * ground
        assert tuple(picture[round(y), round(x)]) == pytest.approx(tuple(seen), abs=3), place


def test_the_mosaic_moves_with_the_plane_and_fades_as_asked(plane: PlaneView, theme: Theme) -> None:
    plane.set_mosaic(sheet_of(np.full((4, 4, 1), 255, np.uint8), (0.0, 0.0, 1.0, 1.0)))
    ink, ground = np.array(rgb(theme.ink)), np.array(rgb(theme.plane))
    for camera, opacity in ((Camera(0.0, 0.0, 4.0), 1.0), (Camera(0.7, 0.4, 2.0), 0.3), (Camera(0.5, 0.5, 9.0), 0.6)):
        plane.set_camera(camera)
        plane.set_layers(replace(BARE, mosaic_opacity=opacity))
        inside = close_to(look(plane), tuple((opacity * ink + (1 - opacity) * ground).round()), 3)
        assert where(inside) == pytest.approx((*spot(plane, 0.0, 1.0), *spot(plane, 1.0, 0.0)), abs=1.5)
    for layers in (replace(BARE, mosaic=False), replace(BARE, mosaic_opacity=0.0)):
        plane.set_layers(layers)
        x, y = spot(plane, 0.5, 0.5)
        assert tuple(look(plane)[round(y), round(x)]) == rgb(theme.plane)
    plane.set_layers(BARE)
    plane.set_mosaic(None)
    assert tuple(look(plane)[round(y), round(x)]) == rgb(theme.plane)


def test_whole_pixels_of_the_mosaic_are_each_where_they_belong(plane: PlaneView, theme: Theme) -> None:
    """Noise, enlarged by a crooked factor: every pixel of the screen shows the pixel of the sheet that its middle lies in."""
    sheet = np.random.default_rng(3).integers(0, 2, (90, 120, 1)).astype(np.uint8) * 255
    left, bottom, width, height = -1.5, -1.3, 3.6, 2.7
    plane.set_mosaic(sheet_of(sheet, (left, bottom, width, height)))
    picture = close_to(look(plane), rgb(theme.ink), 40)
    box, to_pixels = plane.getPlotItem().getViewBox(), plane.viewportTransform()
    corners = (QPointF(left, bottom), QPointF(left + width, bottom + height))
    (x0, y1), (x1, y0) = (to_pixels.map(QPointF(box.mapViewToScene(corner))).toTuple() for corner in corners)
    rows, columns = np.arange(math.ceil(y0) + 1, math.floor(y1) - 1), np.arange(math.ceil(x0) + 1, math.floor(x1) - 1)
    row, column = (rows + 0.5 - y0) / (y1 - y0) * 90, (columns + 0.5 - x0) / (x1 - x0) * 120
    expected = sheet[row.astype(int)][:, column.astype(int), 0] == 255
    assert (picture[rows][:, columns] == expected).mean() > 0.99  # a middle may lie right on a border


def test_the_mosaic_takes_the_themes_ink(plane: PlaneView, theme: Theme) -> None:
    plane.set_mosaic(sheet_of(np.full((4, 4, 1), 255, np.uint8), (-0.5, -0.5, 1.0, 1.0)))
    other = LIGHT if theme is DARK else DARK
    plane.set_theme(other)
    x, y = (round(value) for value in spot(plane, 0.0, 0.0))
    assert tuple(look(plane)[y, x]) == pytest.approx(rgb(other.ink), abs=2)
    x, y = (round(value) for value in spot(plane, 1.0, 1.0))
    assert tuple(look(plane)[y, x]) == rgb(other.plane)


# --- cursor ------------------------------------------------------------------------------------------------------------------


def changed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    difference: np.ndarray = (before != after).any(axis=-1)
    return difference


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("place", [(0.0, 0.0), (-1.3, 1.1)], ids=str)
def test_the_cursor_is_a_ring_around_its_place(plane: PlaneView, place: tuple[float, float], held: bool) -> None:
    before = look(plane)
    plane.set_cursor(place, held)
    after = look(plane)
    ring = changed(before, after)
    assert middle(ring) == pytest.approx(spot(plane, *place), abs=1.5)
    left, top, right, bottom = where(ring)
    assert 14 <= right - left <= 40  # on the screen, whatever the zoom
    assert abs((right - left) - (bottom - top)) <= 1
    x, y = (round(value) for value in spot(plane, *place))
    assert ring[y - 3 : y + 4, x - 3 : x + 4].any() == held  # the dot says that it rests there
    plane.set_cursor(None)
    assert not changed(before, look(plane)).any()


def test_the_cursor_moves_without_leaving_traces_and_keeps_its_size(plane: PlaneView) -> None:
    before = look(plane)
    sizes = set()
    for place, span in (((0.0, 0.0), 4.0), ((1.0, 1.0), 4.0), ((1.0, 1.0), 40.0)):
        plane.set_camera(Camera(0.3, -0.2, span))
        plane.set_cursor(None)
        before = look(plane)
        plane.set_cursor(place)
        left, top, right, bottom = where(changed(before, look(plane)))
        sizes.add((right - left, bottom - top))
        assert QPointF((left + right) / 2, (top + bottom) / 2).toTuple() == pytest.approx(spot(plane, *place), abs=1.5)
    assert max(max(size) for size in sizes) - min(min(size) for size in sizes) <= 2


def test_the_cursor_can_be_seen_on_every_ground(plane: PlaneView) -> None:
    """Light and dark at once, so that it stands out from white, from black and from the points."""
    plane.set_mosaic(sheet_of(np.array([[0, 255]], np.uint8)[..., None].repeat(4, 0), (-2.0, -2.0, 4.0, 4.0)))
    for place in ((-1.0, 0.0), (1.0, 0.0)):
        before = look(plane).astype(int).sum(axis=-1)
        plane.set_cursor(place)
        difference = np.abs(look(plane).astype(int).sum(axis=-1) - before)
        assert difference.max() > 300
        plane.set_cursor(None)


def test_only_what_has_changed_is_drawn_anew(plane: PlaneView, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    for layer in (PointsLayer, MosaicLayer):
        original = layer.draw

        def draw(self: KeptLayer, window: Window, original: Any = original) -> QImage | None:
            drawn.append(type(self).__name__)
            picture: QImage | None = original(self, window)
            return picture

        monkeypatch.setattr(layer, "draw", draw)

    def after() -> list[str]:
        settle()
        found, drawn[:] = sorted(drawn), []
        return found

    points(plane, (0, 0, 1), (1, 1, 2))
    plane.set_mosaic(sheet_of(sheet((1, 1)), (-1.0, -1.0, 2.0, 2.0)))
    assert set(after()) == {"MosaicLayer", "PointsLayer"}
    for place in ((0.1, 0.2), (0.4, -0.3), None):
        plane.set_cursor(place)
        assert after() == []
    plane.set_mosaic(sheet_of(sheet((0, 0)), (-1.0, -1.0, 2.0, 2.0)))
    assert after() == ["MosaicLayer"]
    plane.set_layers(replace(BARE, mosaic_opacity=0.5))
    assert after() == []
    points(plane, (0, 0, 1), (1, 0.5, 2))
    assert after() == ["PointsLayer"]
    plane.set_camera(Camera(0.2, 0.1, 3.0))
    assert after() == ["MosaicLayer", "PointsLayer"]
