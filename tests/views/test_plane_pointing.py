"""What pointing draws on the plane: outline of the selection, ring, line and images, pixel by pixel."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF
from pytestqt.qtbot import QtBot

from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.selecting import Box, Loop, Spot
from latent_explorer.core.plane.tiling import cells_in
from latent_explorer.core.scene import Camera, Layers
from latent_explorer.views.picture import to_qimage
from latent_explorer.views.plane import selection as layer
from latent_explorer.views.plane.plane_view import PlaneView
from latent_explorer.views.plane.pointed import PICK
from latent_explorer.views.plane.thumbnails import FRAME, Thumbnail, drawn_size, taken_room
from tests.views.hand import Ear, Hand, Key, Modifier, close_to, look, pixels_of, settle, where

SHIFT, CONTROL, ALT = Modifier.ShiftModifier, Modifier.ControlModifier, Modifier.AltModifier
NOWHERE = np.zeros((0, 2))


@pytest.fixture
def plane(qtbot: QtBot) -> Iterator[PlaneView]:
    plane = PlaneView()
    qtbot.addWidget(plane)
    plane.resize(620, 560)
    plane.set_layers(Layers())
    Hand(plane)
    plane.set_camera(Camera(0.0, 0.0, 4.0))
    settle()
    yield plane


def pixel(plane: PlaneView, x: float, y: float) -> QPointF:
    return QPointF(plane.viewport().mapTo(plane, QPoint(0, 0))) + plane.plane_to_pixel(x, y)


def changed(plane: PlaneView, before: np.ndarray) -> np.ndarray:
    """What is drawn now and was not before: true where pixels differ."""
    found: np.ndarray = (look(plane) != before).any(axis=-1)
    return found


@pytest.mark.parametrize("many", [False, True], ids=["few", "many"])
def test_a_selected_point_has_a_ring_around_it_and_stays_to_be_seen(plane: PlaneView, monkeypatch: pytest.MonkeyPatch, many: bool) -> None:
    if many:
        monkeypatch.setattr(layer, "FEW", 0)
    before = look(plane)
    plane.set_selection(np.array([[0.5, 0.25], [np.nan, 0.0], [1e300, 0.0], [900.0, 0.0]]))
    ring = changed(plane, before)
    left, top, right, bottom = where(ring)
    centre = pixel(plane, 0.5, 0.25)
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((centre.x(), centre.y()), abs=1.2)
    assert 9 <= right - left <= 19
    assert not ring[round(centre.y()), round(centre.x())]
    plane.set_selection(NOWHERE)
    assert not changed(plane, before).any()


def test_few_and_many_look_alike(plane: PlaneView, monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.random.Generator(np.random.PCG64(0)).normal(0, 0.6, (150, 2))
    before = look(plane)
    plane.set_selection(points)
    few = changed(plane, before)
    monkeypatch.setattr(layer, "FEW", 0)
    plane.set_selection(points.copy())
    many = changed(plane, before)
    assert (few & many).sum() > 0.6 * (few | many).sum()  # the smooth one has a softer edge


def test_of_very_many_some_are_left_out_while_the_window_moves(plane: PlaneView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer, "FEW", 0)
    monkeypatch.setattr(layer, "MANY", 20)
    plane.set_selection(np.random.Generator(np.random.PCG64(0)).normal(0, 0.8, (200, 2)))
    whole = look(plane)
    plane.set_camera(Camera(0.1, 0.0, 4.0))
    look(plane)
    plane.set_camera(Camera(0.0, 0.0, 4.0))
    assert (look(plane) != whole).any()
    qtbot.waitUntil(lambda: bool((look(plane) == whole).all()))
    assert not plane._selected._still.isActive()


def test_a_selection_of_many_points_is_drawn_in_every_square_of_a_torus_and_needs_no_copy_of_them(plane: PlaneView) -> None:
    points = (np.random.Generator(np.random.PCG64(0)).normal(0.5, 0.06, (30_000, 2)) % 1.0).astype(np.float32)
    plane.set_shape(PlaneFrame.torus())
    plane.set_camera(Camera(0.0, 0.0, 8.0))
    plane.set_selection(points, points[:9000] * 0.5)
    tracemalloc.start()
    try:
        look(plane)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 16 * len(points) * 64 / 2  # bytes; all copies at once would take that twice
    drawn = pixels_of(plane._selected._picture).any(axis=2)
    window = plane._selected._window
    assert window is not None
    cells = cells_in(window.rectangle(0.0))
    assert len(cells) >= 64
    for x, y in cells:
        column, row = (round((at + 0.5) * scale + shift) for at, scale, shift in zip((x, y), window.scale, window.shift, strict=True))
        if 20 < column < window.width - 20 and 20 < row < window.height - 20:
            assert drawn[row - 20 : row + 20, column - 20 : column + 20].any()
            edge = round(abs(window.scale[0]) / 2)
            if column + edge < window.width:
                assert not drawn[row - 4 : row + 4, column + edge - 1].any()  # between two squares


def test_the_ring_of_the_point_under_the_pointer(plane: PlaneView) -> None:
    before = look(plane)
    plane.set_hover((-0.5, 0.5), "#36c6bd")
    ring = look(plane)
    centre = pixel(plane, -0.5, 0.5)
    left, top, right, bottom = where((ring != before).any(axis=-1))
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((centre.x(), centre.y()), abs=1)
    assert close_to(ring, (0x36, 0xC6, 0xBD)).sum() > 20
    plane.set_hover(None)
    assert not changed(plane, before).any()


@pytest.mark.parametrize(("modifier", "kind"), [(SHIFT, Box), (SHIFT | CONTROL, Loop)], ids=["rectangle", "lasso"])
def test_a_line_is_drawn_on_the_way_and_an_area_said_at_its_end(plane: PlaneView, modifier: Modifier, kind: type) -> None:
    hand, ear = Hand(plane), Ear(plane, "areaPicked", "planePointHeld", "handDown")
    places = [plane.plane_to_pixel(*place).toPoint() for place in ((-1.0, -1.0), (0.8, -0.9), (0.9, 0.7), (-0.2, 1.0))]
    hand.move(plane.viewport(), places[0])
    before = look(plane)
    hand.press(plane.viewport(), places[0], modifier=modifier)
    for place in places[1:]:
        hand.move(plane.viewport(), place)
    left, top, right, bottom = where(changed(plane, before))
    corner, other = pixel(plane, -1.0, 1.0), pixel(plane, -0.2 if kind is Box else 0.9, -1.0)
    assert (left, top) == pytest.approx((corner.x(), corner.y()), abs=4)
    assert (right, bottom) == pytest.approx((other.x(), other.y()), abs=4)
    hand.release(plane.viewport(), places[-1], modifier=modifier)
    ((area, how),) = ear.of("areaPicked")
    assert isinstance(area, kind)
    assert how == "replace"
    if isinstance(area, Box):
        assert area.window == pytest.approx((-1.0, -1.0, -0.2, 1.0), abs=0.01)
    else:
        assert area.corners[0] == pytest.approx((-1.0, -1.0), abs=0.01)
        assert area.corners[-1] == pytest.approx((-0.2, 1.0), abs=0.01)
    assert ear.of("planePointHeld") == []
    assert not plane._band.isVisible()


def test_a_click_that_shakes_is_a_click(plane: PlaneView) -> None:
    hand, ear = Hand(plane), Ear(plane, "areaPicked")
    place = plane.plane_to_pixel(0.2, 0.2).toPoint()
    for modifier, how in ((SHIFT, "replace"), (SHIFT | ALT, "remove"), (SHIFT | CONTROL, "replace")):
        ear.clear()
        hand.press(plane.viewport(), place, modifier=modifier)
        hand.move(plane.viewport(), place + QPoint(2, -1))
        hand.release(plane.viewport(), place + QPoint(2, -1), modifier=modifier)
        ((area, said),) = ear.of("areaPicked")
        assert isinstance(area, Spot)
        assert said == how
        assert area.radius == pytest.approx(PICK * plane.camera().span / min(plane._box.width(), plane._box.height()))


def test_a_line_that_leaves_the_plot_stays_at_its_edge(plane: PlaneView) -> None:
    hand, ear = Hand(plane), Ear(plane, "areaPicked")
    start = plane.plane_to_pixel(0.0, 0.0).toPoint()
    hand.move(plane.viewport(), start)
    hand.press(plane.viewport(), start, modifier=SHIFT)
    hand.move(plane.viewport(), (5, 5))
    hand.release(plane.viewport(), (5, 5), modifier=SHIFT)
    ((area, _),) = ear.of("areaPicked")
    left, bottom, _, height = plane.window_rectangle()
    assert isinstance(area, Box)
    assert area.window == pytest.approx((left, 0.0, 0.0, bottom + height), abs=5 * plane.unit)


def test_escape_stops_the_line(plane: PlaneView) -> None:
    hand, ear = Hand(plane), Ear(plane, "areaPicked", "selectionClearRequested")
    plane.set_selected(True)
    start = plane.plane_to_pixel(0.0, 0.0).toPoint()
    hand.press(plane.viewport(), start, modifier=SHIFT)
    hand.move(plane.viewport(), start + QPoint(50, 50))
    hand.key(Key.Key_Escape)
    hand.release(plane.viewport(), start + QPoint(50, 50), modifier=SHIFT)
    assert ear.heard == []
    hand.key(Key.Key_Escape)
    assert ear.names() == ["selectionClearRequested"]


@pytest.mark.parametrize("width", [620, 330])
def test_the_bar_never_lies_under_the_legend(plane: PlaneView, width: int) -> None:
    plane.set_codes(np.zeros((3, 2)), np.arange(3), {k: f"class {k}" for k in range(3)}, frozenset())
    plane.resize(width, 400)
    plane.set_selected(True)
    settle()
    assert not plane.modes.geometry().intersects(plane.legend.geometry())
    shown = [button for button in plane.modes._buttons.values() if button.isVisible()]
    assert len(shown) == 9
    plane.set_selected(False)
    assert sum(button.isVisible() for button in plane.modes._buttons.values()) == 6


def test_images_stand_at_their_points_and_selected_ones_have_a_light_frame(plane: PlaneView) -> None:
    picture = to_qimage(np.full((4, 4, 3), (10, 200, 30), np.uint8))
    plane.set_codes(np.array([[0.5, 0.0], [-0.5, 0.0]]), np.array([0, 1]), {0: "a", 1: "b"}, frozenset())
    plane.set_thumbnails([Thumbnail(0.5, 0.0, picture, "#ff0000", row=7), Thumbnail(-0.5, 0.0, picture, "#0000ff", selected=True, row=3)])
    shown = look(plane)
    left, top, right, bottom = where(close_to(shown, (10, 200, 30)))
    a, b = pixel(plane, -0.5, 0.0), pixel(plane, 0.5, 0.0)
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx(((a.x() + b.x()) / 2, a.y()), abs=1.5)
    side = bottom - top
    assert side % 4 == 0  # whole pixels for each of its own
    assert close_to(shown, (255, 0, 0)).any() and close_to(shown, (0, 0, 255)).any()
    light = where(
        close_to(shown, (255, 255, 255)) & (np.arange(shown.shape[1]) < (a.x() + b.x()) / 2) & (np.arange(len(shown)) > 120)[:, None]
    )
    assert light[2] - light[0] == side + 8
    assert plane.image_under(0.5, 0.0) == 7 and plane.image_under(-0.5 + 0.49 * side * plane.unit, 0.0) == 3
    assert plane.image_under(0.0, 0.9) is None
    plane.set_thumbnails([])
    assert plane.image_under(0.5, 0.0) is None


@pytest.mark.parametrize(
    ("shape", "drawn"), [((28, 28), (56, 56)), ((8, 8), (56, 56)), ((64, 32), (64, 32)), ((200, 100), (60, 30))], ids=str
)
def test_images_take_whole_pixels_where_they_are_enlarged(shape: tuple[int, int], drawn: tuple[int, int]) -> None:
    assert drawn_size(*shape) == drawn
    room = taken_room(*shape)
    assert room[0] > drawn[0] + 2 * 2.5 * FRAME and room[1] > drawn[1] + 2 * 2.5 * FRAME  # the widest frame
