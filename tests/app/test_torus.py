"""A torus in the window: its points come again in every square, and a copy is pointed at and selected as the point itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint

from latent_explorer.core.plane.tiling import MOST
from latent_explorer.core.scene import Camera, Pin, Rows
from latent_explorer.core.types import ImageDataset
from latent_explorer.views.plane.pins import REACH
from latent_explorer.views.plane.pointed import PICK
from tests.app.conftest import Desk, make_model
from tests.app.test_selection import SHIFT, drag, selected
from tests.views.hand import Key, pixels_of, settle

SQUARE = np.array([2.0, -1.0])  # lower left corner of the one that is looked at
NEXT = SQUARE + np.array([1.0, 0.0])


@pytest.fixture(scope="module")
def torus_model(tmp_path_factory: pytest.TempPathFactory, digits: ImageDataset) -> Path:
    path = tmp_path_factory.mktemp("torus") / "torus.safetensors"
    make_model(path, digits, family="qlvm-torus", epochs=2, nodes=(8,))
    return path


@pytest.fixture
def away(desk: Desk, torus_model: Path) -> Desk:
    """The window looks at another square than the first."""
    desk.open(torus_model)
    look_at(desk, SQUARE[0] + 0.5, SQUARE[1] + 0.5, 1.2)
    desk.wait(lambda: desk.program.index.shown is not None)
    return desk


def look_at(desk: Desk, x: float, y: float, span: float) -> None:
    desk.session.set_scene(camera=Camera(x, y, span))
    desk.rest()


def points(desk: Desk) -> np.ndarray:
    codes = desk.slot.points
    assert codes is not None
    return codes.z.astype(float)


def lonely(desk: Desk) -> int:
    """A point inside the square that is farthest from all others, also across the ends."""
    found = points(desk)
    ways = found[:, None] - found
    apart = np.hypot(*(ways - np.rint(ways)).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    inner = ((found > 0.1) & (found < 0.75)).all(axis=1)  # beside what lies over the plane
    return int(np.where(inner, apart.min(axis=1), 0).argmax())


def copy_pixel(desk: Desk, row: int, square: np.ndarray = SQUARE) -> QPoint:
    x, y = (points(desk)[row] + square).tolist()
    return desk.window.plane.plane_to_pixel(x, y).toPoint()


def ring(desk: Desk) -> np.ndarray:
    hovered = desk.window.plane._hovered
    assert hovered.isVisible()
    return np.array([hovered.x(), hovered.y()])


def picture(layer: object) -> np.ndarray:
    """Opacity of a layer's kept picture, (H, W)."""
    image = layer._picture  # type: ignore[attr-defined]
    return pixels_of(image).astype(int).sum(axis=2)


def test_all_squares_look_alike(away: Desk) -> None:
    away.away()
    away.session.set_scene(layers=away.session.scene.layers.__class__(thumbnails=False))
    shown = []
    for x, y in ((0.5, 0.5), (2.5, -0.5), (-6.5, 4.5)):
        look_at(away, x, y, 1.2)
        away.window.grab()
        shown.append(picture(away.window.plane._points))
    assert (shown[0] > 0).mean() > 0.01
    for other in shown[1:]:
        assert (np.abs(other - shown[0]) > 40).mean() < 0.02  # points lie on eighths of a pixel


def test_the_ring_and_the_card_come_to_the_copy_under_the_pointer(away: Desk) -> None:
    row = lonely(away)
    away.hand.move(away.plane, copy_pixel(away, row) + QPoint(0, 3 * PICK))
    away.hand.move(away.plane, copy_pixel(away, row))
    assert away.program.hover.row == row
    assert ring(away) == pytest.approx(points(away)[row] + SQUARE)
    away.wait(away.window.plane.card.isVisible)
    card = away.window.plane.card.geometry()
    place = away.window.plane.viewport().mapTo(away.window.plane, copy_pixel(away, row))
    assert not card.contains(place) and card.adjusted(-60, -60, 60, 60).contains(place)
    # To the same point in the next square: the ring goes along.
    look_at(away, SQUARE[0] + 1.0, SQUARE[1] + 0.5, 2.2)
    for square in (SQUARE, NEXT):
        away.hand.move(away.plane, copy_pixel(away, row, square))
        assert away.program.hover.row == row
        assert ring(away) == pytest.approx(points(away)[row] + square)


def test_shift_and_click_on_a_copy_selects_the_point_and_rings_all_of_its_copies(away: Desk) -> None:
    row = lonely(away)
    drag(away, [copy_pixel(away, row)], SHIFT)
    assert selected(away) == [row]
    away.away()
    look_at(away, SQUARE[0] + 1.0, SQUARE[1] + 0.5, 2.2)
    away.window.grab()
    rings = away.window.plane._selected
    drawn, window = picture(rings), rings._window
    assert window is not None
    copies = points(away)[row] + np.array([(a, b) for a in range(-3, 9) for b in range(-5, 6)])
    places = np.rint(copies * window.scale + window.shift).astype(int)
    found = 0
    for column, line in places[((places > -12) & (places < (window.width + 12, window.height + 12))).all(axis=1)].tolist():
        around = slice(max(0, line - 12), line + 13), slice(max(0, column - 12), column + 13)
        found += bool(drawn[around].any())
        if 0 <= line < window.height and 0 <= column < window.width:
            assert drawn[around].any()
        drawn[around] = 0
    assert found >= 4
    assert not drawn.any()


@pytest.mark.parametrize("mode", ["rectangle", "lasso"])
def test_an_area_over_the_end_of_a_square_finds_the_points_of_both_sides(away: Desk, mode: str) -> None:
    plane = away.window.plane
    look_at(away, *NEXT.tolist(), 1.0)  # where four squares meet
    low, high = NEXT - 0.22, NEXT + 0.25
    corners = [(low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])]
    pixels = [plane.plane_to_pixel(x, y).toPoint() for x, y in corners]
    plane.modes.set_mode(mode)
    drag(away, [pixels[0], pixels[2]] if mode == "rectangle" else [*pixels, pixels[0]])
    way = points(away) + np.array([[[a, b]] for a in (0, -1) for b in (0, -1)])  # around a corner of the first square
    slack = 2 * plane.unit
    sure, perhaps = ((((way > -0.22 + e) & (way < 0.25 - e)).all(axis=2)).any(axis=0) for e in (slack, -slack))
    found = np.zeros(len(sure), bool)
    found[selected(away)] = True
    assert (found >= sure).all() and (found <= perhaps).all()
    sides = {tuple((points(away)[row] > 0.5).tolist()) for row in np.flatnonzero(found)}
    assert len(sides) >= 2, "the model's codes lie on one side only"


def test_few_points_are_images_where_they_are_looked_at(away: Desk) -> None:
    row = lonely(away)
    x, y = (points(away)[row] + SQUARE).tolist()
    look_at(away, x, y, 0.05)
    shown = away.window.plane._thumbnails
    assert any(one.row == row and (one.x, one.y) == pytest.approx((x, y)) for one in shown._thumbnails)
    pixel = copy_pixel(away, row) + QPoint(14, 14)  # on the image, beside the point
    away.hand.move(away.plane, pixel)
    assert away.program.hover.row == row
    assert away.window.plane._hovered._radius == pytest.approx(shown.reach)


def test_a_row_of_the_table_puts_the_probe_where_the_person_looks(away: Desk) -> None:
    row, camera = lonely(away), away.session.scene.camera
    away.away()
    away.window.selection.rowPicked.emit(row)
    away.rest()
    assert away.session.scene.camera == camera
    cursor = away.window.plane._cursor
    assert (cursor.x(), cursor.y()) == pytest.approx(points(away)[row] + SQUARE, abs=1e-6)
    assert ring(away) == pytest.approx(points(away)[row] + SQUARE)
    z = away.program.probe.where()
    assert z == pytest.approx(points(away)[row])
    away.window.plane.setFocus()
    away.hand.key(Key.Key_Right)
    settle()
    assert 0 < cursor.x() - points(away)[row][0] - SQUARE[0] < 0.1


def test_pins_and_the_trail_are_where_the_hand_is(away: Desk) -> None:
    plane = away.window.plane
    places = [SQUARE + np.array(place) for place in ((0.85, 0.4), (0.93, 0.45), (1.02, 0.5), (1.08, 0.55))]  # over an end
    away.hand.drag(away.plane, [plane.plane_to_pixel(*place.tolist()).toPoint() for place in places])
    dots = np.array([dot[:2] for dot in plane._trail._dots])
    np.testing.assert_allclose(dots, places[-len(dots) :], atol=2 * plane.unit)
    assert len(dots) >= 3
    away.away()
    plane.setFocus()
    away.hand.key(Key.Key_P)
    away.rest()
    places_of = markers(away)
    assert np.abs(places_of - places[-1]).max(axis=1).min() < 2 * plane.unit  # one stands where the hand was
    rest = (places_of - places[-1]) % 1.0
    assert np.minimum(rest, 1 - rest).max() < 2 * plane.unit  # and the others are its copies


def markers(desk: Desk) -> np.ndarray:
    """Where the tips of all pins' markers are, plane coordinates (n, 2)."""
    desk.rest()
    return np.array([(marker.x(), marker.y()) for marker in desk.window.plane._pins._markers.values()]).reshape(-1, 2)


def expected_markers(desk: Desk, *places: tuple[float, float]) -> set[tuple[float, float]]:
    """All copies whose tip is in the window."""
    left, bottom, width, height = desk.window.plane.window_rectangle()
    copies = [(round(x + a, 4), round(y + b, 4)) for x, y in places for a in range(-12, 13) for b in range(-12, 13)]
    return {(x, y) for x, y in copies if left <= x <= left + width and bottom <= y <= bottom + height}


def pin(desk: Desk, *places: tuple[float, float]) -> None:
    desk.session.set_scene(pins=tuple(Pin(place, number) for number, place in enumerate(places, start=1)))
    desk.rest()


def test_a_pin_is_marked_in_every_square_in_sight_and_nowhere_else(away: Desk) -> None:
    places = (0.3, 0.6), (0.97, 0.05)
    pin(away, *places)
    for x, y, span in ((2.5, -0.5, 1.2), (3.0, -1.0, 2.5), (0.5, 0.5, 0.4), (-4.2, 5.1, 6.0)):
        look_at(away, x, y, span)
        seen = {(round(a, 4), round(b, 4)) for a, b in markers(away).tolist()}
        assert seen >= expected_markers(away, *places)
        left, bottom, width, height = away.window.plane.window_rectangle()
        assert all(left - 1.5 < a < left + width + 1.5 and bottom - 1.5 < b < bottom + height + 1.5 for a, b in seen)
    look_at(away, 0.5, 0.5, 60.0)
    assert len(markers(away)) == 2 * MOST**2  # as many squares as points are drawn in
    pin(away)
    assert not len(markers(away))


def test_a_click_on_a_copy_of_a_pin_takes_the_probe_there_and_a_row_to_the_middle(away: Desk) -> None:
    plane, place = away.window.plane, np.array([0.45, 0.5])
    pin(away, (0.45, 0.5))
    look_at(away, *NEXT.tolist(), 2.6)
    for square in (SQUARE, NEXT, SQUARE - (0.0, 1.0)):
        tip = plane.plane_to_pixel(*(place + square).tolist()).toPoint()
        away.hand.click(away.plane, tip - QPoint(0, round(REACH)))
        away.away()
        away.rest()
        assert (plane._cursor.x(), plane._cursor.y()) == pytest.approx(tuple(place + square))
        assert away.session.scene.probe == (0.45, 0.5)
    look_at(away, *(SQUARE + 0.5).tolist(), 3.0)
    away.window.pins.pinPicked.emit(1)
    away.rest()
    assert (plane._cursor.x(), plane._cursor.y()) == pytest.approx(tuple(place + SQUARE))


def test_while_the_plane_moves_the_list_of_pins_stays_as_it_is(away: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    pin(away, (0.3, 0.6), (0.7, 0.1))
    panel, filled, marked = away.window.pins, [], []
    monkeypatch.setattr(panel, "set_pins", filled.append)
    monkeypatch.setattr(panel, "set_pictures", filled.append)
    monkeypatch.setattr(away.window.plane._pins, "_show", lambda: marked.append(0))
    for step in range(6):
        look_at(away, SQUARE[0] + 0.5 + 0.001 * step, SQUARE[1] + 0.5, 0.5)
    squares = len(marked)
    for step in range(6, 12):
        look_at(away, SQUARE[0] + 0.5 + 0.001 * step, SQUARE[1] + 0.5, 0.5)
    assert not filled
    assert len(marked) == squares  # the same squares are in sight
    away.session.set_scene(probe=(0.3, 0.6))  # which makes one current
    away.rest()
    assert not filled


@pytest.mark.parametrize("camera", [(2.5, -0.5), (-3.4, 7.2)])
def test_a_jump_goes_to_the_selected_group_across_an_end_near_where_the_person_looks(away: Desk, camera: tuple[float, float]) -> None:
    found = points(away)
    ways = found - np.rint(found)  # from the corner where four squares meet
    rows = np.flatnonzero((np.abs(ways) < 0.3).all(axis=1))
    assert len({tuple(signs) for signs in (ways[rows] > 0).tolist()}) >= 2, "the model's codes lie on one side only"
    look_at(away, *camera, 1.0)
    away.session.set_scene(selection=Rows(rows))
    away.rest()
    away.wish("selection_jump")
    away.rest()
    now = away.session.scene.camera
    assert max(abs(now.x - camera[0]), abs(now.y - camera[1])) <= 0.5 + 1e-6
    left, bottom, width, height = away.window.plane.window_rectangle()
    corner = np.rint([now.x, now.y])
    seen = ways[rows] + corner
    assert ((seen > (left, bottom)) & (seen < (left + width, bottom + height))).all()
    assert now.span < 0.95
