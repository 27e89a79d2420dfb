"""What the plane wishes when a hand does something to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QSize
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QHBoxLayout, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from latent_explorer.core.scene import Camera
from latent_explorer.views.plane.keys import COARSE, FINE, STEP, STRIDE
from latent_explorer.views.plane.pins import REACH, PinMark
from latent_explorer.views.plane.plane_view import ZOOM_PER_NOTCH, PlaneView
from tests.views.hand import Button, Ear, Hand, Key, Modifier, settle

SLOT = 7
SIGNALS = (
    "planePointPicked",
    "planePointHeld",
    "holdUndone",
    "pointerLeft",
    "nudgeRequested",
    "classJumpRequested",
    "fitRequested",
    "escapePressed",
    "holdRequested",
    "pinRequested",
    "pinPicked",
    "pinStepRequested",
    "pinRemovalRequested",
    "trailClearRequested",
)


@dataclass
class Desk:
    """A plane in a window, with a label beside it and a button that must not be pressed by accident."""

    plane: PlaneView
    outside: QLabel
    hand: Hand
    ear: Ear

    def pixel(self, x: float, y: float) -> QPoint:
        """Where a fraction of the plot lies, in pixels of the viewport; (0, 0) is the lower left corner."""
        left, bottom, width, height = self.plane.window_rectangle()
        return self.plane.plane_to_pixel(left + x * width, bottom + y * height).toPoint()

    def picked(self) -> tuple[float, float]:
        """The place that was picked last."""
        slot, x, y = self.ear.of("planePointPicked")[-1]
        assert slot == SLOT
        return x, y

    def under(self, pixel: QPoint) -> tuple[float, float]:
        """The place under a pixel, asked by moving there."""
        self.hand.move(self.plane.viewport(), pixel + QPoint(1, 0))
        self.hand.move(self.plane.viewport(), pixel)
        return self.picked()

    @property
    def unit(self) -> float:
        """Plane units of one pixel."""
        left, bottom, width, _ = self.plane.window_rectangle()
        ends = self.plane.plane_to_pixel(left, bottom), self.plane.plane_to_pixel(left + width, bottom)
        return width / (ends[1].x() - ends[0].x())

    def mode(self, name: str) -> None:
        button = self.plane.findChild(QAbstractButton, f"mode_{name}")
        assert button is not None
        self.hand.click(button)


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[Desk]:
    window = QWidget()
    qtbot.addWidget(window)
    row = QHBoxLayout(window)
    plane, outside = PlaneView(), QLabel("outside")
    row.addWidget(plane, 1)
    row.addWidget(outside)
    window.resize(760, 520)
    hand = Hand(window)
    plane.set_slot(SLOT)
    plane.set_camera(Camera(0.5, -0.25, 6.0))
    hand.move(outside)
    plane.setFocus()
    settle()
    yield Desk(plane, outside, hand, Ear(plane, *SIGNALS))


# --- probing -----------------------------------------------------------------------------------------------------------------


def test_moving_picks_the_place_under_the_pointer(desk: Desk) -> None:
    left, bottom, width, height = desk.plane.window_rectangle()
    for x, y in ((0.2, 0.2), (0.8, 0.3), (0.5, 0.9)):
        found = desk.under(desk.pixel(x, y))
        assert found == pytest.approx((left + x * width, bottom + y * height), abs=desk.unit)
    assert set(desk.ear.names()) == {"planePointPicked"}


def test_a_click_picks_and_holds(desk: Desk) -> None:
    place = desk.pixel(0.3, 0.6)
    desk.hand.click(desk.plane.viewport(), place)
    assert desk.ear.names()[-2:] == ["planePointPicked", "planePointHeld"]
    assert desk.ear.of("planePointHeld") == [(SLOT, *desk.picked())]


def test_a_drag_picks_every_place_without_a_threshold_and_holds_the_last(desk: Desk) -> None:
    start = desk.pixel(0.3, 0.3)
    places = [start + QPoint(step, step // 2) for step in range(0, 40)]  # one pixel at a time
    desk.hand.drag(desk.plane.viewport(), places)
    picked = desk.ear.of("planePointPicked")
    assert len(picked) >= len(places)
    xs = [x for _, x, _ in picked[-len(places) + 1 :]]
    assert np.diff(xs) == pytest.approx(desk.unit, rel=0.01)
    held = desk.ear.of("planePointHeld")
    assert held == [(SLOT, *desk.picked())]
    assert desk.under(places[-1]) == pytest.approx(held[0][1:])


def test_a_drag_goes_on_beyond_the_plot(desk: Desk) -> None:
    """The button is held, so the plane keeps the mouse."""
    desk.hand.drag(desk.plane.viewport(), [desk.pixel(0.9, 0.5), desk.pixel(0.95, 0.5), desk.pixel(1.05, 0.5)])
    left, _, width, _ = desk.plane.window_rectangle()
    names = desk.ear.names()
    assert "pointerLeft" not in names[: names.index("planePointHeld")]
    assert desk.ear.of("planePointHeld")[0][1] == pytest.approx(left + 1.05 * width, abs=desk.unit)


def test_leaving_the_plane_is_told(desk: Desk) -> None:
    desk.hand.move(desk.plane.viewport(), desk.pixel(0.5, 0.5))
    desk.ear.clear()
    desk.hand.move(desk.outside)
    assert set(desk.ear.names()) == {"pointerLeft"}


@pytest.mark.parametrize("part", ["axis", "bar"])
def test_what_lies_on_or_beside_the_plot_is_not_the_plane(desk: Desk, part: str) -> None:
    desk.hand.move(desk.plane.viewport(), desk.pixel(0.5, 0.5))
    desk.ear.clear()
    if part == "axis":
        desk.hand.move(desk.plane.viewport(), QPoint(4, desk.pixel(0, 0.5).y()))
    else:
        desk.hand.move(desk.plane.modes)
    assert set(desk.ear.names()) == {"pointerLeft"}


def test_a_press_beside_the_plot_holds_nothing(desk: Desk) -> None:
    desk.hand.click(desk.plane.viewport(), QPoint(4, desk.pixel(0, 0.5).y()))
    assert "planePointHeld" not in desk.ear.names()


def test_a_double_click_fits_and_takes_the_first_clicks_hold_back(desk: Desk) -> None:
    desk.hand.double_click(desk.plane.viewport(), desk.pixel(0.4, 0.4))
    order = [name for name in desk.ear.names() if name != "planePointPicked"]
    assert order == ["planePointHeld", "holdUndone", "fitRequested"]
    desk.ear.clear()
    desk.hand.click(desk.plane.viewport(), desk.pixel(0.6, 0.6))  # and the next click holds again
    assert desk.ear.of("planePointHeld")


def test_a_double_click_where_nothing_was_held_takes_nothing_back(desk: Desk) -> None:
    desk.mode("pan")
    desk.ear.clear()
    desk.hand.double_click(desk.plane.viewport(), desk.pixel(0.4, 0.4))
    assert "planePointHeld" not in desk.ear.names()
    assert "holdUndone" not in desk.ear.names()
    assert desk.ear.names().count("fitRequested") == 1


@pytest.mark.parametrize("button", [Button.RightButton, Button.MiddleButton])
def test_other_buttons_neither_hold_nor_fit(desk: Desk, button: Button) -> None:
    desk.hand.click(desk.plane.viewport(), desk.pixel(0.4, 0.4), button)
    desk.hand.double_click(desk.plane.viewport(), desk.pixel(0.6, 0.4), button)
    assert not {"planePointHeld", "holdUndone", "fitRequested"} & set(desk.ear.names())


def test_escape_stops_a_drag(desk: Desk) -> None:
    viewport = desk.plane.viewport()
    desk.hand.move(viewport, desk.pixel(0.4, 0.4))
    desk.hand.press(viewport, desk.pixel(0.4, 0.4))
    desk.hand.key(Key.Key_Escape)
    desk.hand.release(viewport, desk.pixel(0.5, 0.4))
    assert not {"planePointHeld", "escapePressed"} & set(desk.ear.names())
    desk.hand.key(Key.Key_Escape)  # now there is none to stop
    assert desk.ear.of("escapePressed")
    assert desk.plane.window().isVisible()


# --- panning -----------------------------------------------------------------------------------------------------------------


def pan_with(button: Button) -> Callable[[Desk, list[QPoint]], None]:
    return lambda desk, places: desk.hand.drag(desk.plane.viewport(), places, button)


def pan_with_space(desk: Desk, places: list[QPoint]) -> None:
    desk.hand.hold_key(Key.Key_Space)
    desk.hand.drag(desk.plane.viewport(), places)
    desk.hand.let_key_go(Key.Key_Space)


def pan_with_the_mode(desk: Desk, places: list[QPoint]) -> None:
    desk.mode("pan")
    desk.hand.drag(desk.plane.viewport(), places)
    desk.mode("probe")


def pan_twice_in_quick_succession(desk: Desk, places: list[QPoint]) -> None:
    """A second press soon after a first click is a double-click to Qt; it pans all the same."""
    viewport = desk.plane.viewport()
    desk.hand.double_click(viewport, places[0], Button.RightButton)
    for kind in (QEvent.Type.MouseButtonDblClick, QEvent.Type.MouseMove, QEvent.Type.MouseButtonRelease):
        place = QPointF(places[0]) if kind == QEvent.Type.MouseButtonDblClick else QPointF(places[-1])
        held = Button.NoButton if kind == QEvent.Type.MouseButtonRelease else Button.RightButton
        cause = Button.NoButton if kind == QEvent.Type.MouseMove else Button.RightButton
        QApplication.sendEvent(viewport, QMouseEvent(kind, place, viewport.mapToGlobal(place), cause, held, Modifier.NoModifier))
    settle()


@pytest.mark.parametrize(
    "pan",
    [pan_with(Button.MiddleButton), pan_with(Button.RightButton), pan_with_space, pan_with_the_mode, pan_twice_in_quick_succession],
    ids=["middle", "right", "Space", "mode", "double press"],
)
def test_panning_moves_the_plane_by_just_the_dragged_distance(desk: Desk, pan: Callable[[Desk, list[QPoint]], None]) -> None:
    start = desk.pixel(0.4, 0.5)
    places = [start, start + QPoint(3, -2), start + QPoint(60, -31), start + QPoint(83, 41)]
    before, camera = desk.under(start), desk.plane.camera()
    desk.ear.clear()
    cameras = Ear(desk.plane, "cameraPicked")
    pan(desk, places)
    assert desk.under(places[-1]) == pytest.approx(before, abs=1e-9)  # what lay under the hand still does
    after = desk.plane.camera()
    assert after.span == pytest.approx(camera.span)
    assert (after.x - camera.x, after.y - camera.y) == pytest.approx((-83 * desk.unit, 41 * desk.unit), rel=0.02)
    assert cameras.of("cameraPicked")[-1] == (after,)
    assert "planePointHeld" not in desk.ear.names()


def test_space_presses_no_button_and_lets_go_with_the_focus(desk: Desk) -> None:
    elsewhere = QPushButton("chrome", desk.plane.window())
    pressed = Ear(elsewhere, "clicked")
    elsewhere.show()
    desk.mode("probe")  # a click on the bar, which keeps the focus where it is
    assert desk.plane.hasFocus()
    desk.hand.hold_key(Key.Key_Space)
    elsewhere.setFocus()  # the key's release will go there
    settle()
    desk.hand.let_key_go(Key.Key_Space)
    camera = desk.plane.camera()
    desk.hand.drag(desk.plane.viewport(), [desk.pixel(0.3, 0.3), desk.pixel(0.5, 0.5)])
    assert desk.plane.camera() == camera
    assert desk.ear.of("planePointHeld")
    assert pressed.heard == []


# --- zooming -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("notches", [1, -1, 3, 0.25, -0.125], ids=str)
@pytest.mark.parametrize("place", [(0.5, 0.5), (0.1, 0.85), (0.95, 0.05)], ids=str)
def test_the_wheel_zooms_at_the_pointer(desk: Desk, notches: float, place: tuple[float, float]) -> None:
    pixel = desk.pixel(*place)
    before, span = desk.under(pixel), desk.plane.camera().span
    desk.hand.wheel(desk.plane.viewport(), pixel, notches)
    assert desk.under(pixel) == pytest.approx(before, abs=1e-9)
    assert desk.plane.camera().span == pytest.approx(span * ZOOM_PER_NOTCH**-notches)


def test_plus_and_minus_zoom_at_the_centre(desk: Desk) -> None:
    camera = desk.plane.camera()
    desk.hand.key(Key.Key_Plus)
    assert desk.plane.camera().span == pytest.approx(camera.span / ZOOM_PER_NOTCH)
    desk.hand.key(Key.Key_Minus)
    after = desk.plane.camera()
    assert (after.span, after.x, after.y) == pytest.approx((camera.span, camera.x, camera.y), abs=2 * desk.unit)


def test_zooming_has_ends(desk: Desk) -> None:
    for notches in (400, -400):
        for _ in range(5):
            desk.hand.wheel(desk.plane.viewport(), desk.pixel(0.5, 0.5), notches / 5)
        camera = desk.plane.camera()
        assert np.isfinite([camera.x, camera.y, camera.span]).all()
        assert 1e-6 < camera.span < 1e5


# --- keys --------------------------------------------------------------------------------------------------------------------

SPAN = 6.0
KEYS = [
    (Key.Key_Left, None, ("nudgeRequested", -SPAN * FINE, 0.0)),
    (Key.Key_Right, None, ("nudgeRequested", SPAN * FINE, 0.0)),
    (Key.Key_Up, None, ("nudgeRequested", 0.0, SPAN * FINE)),
    (Key.Key_Down, None, ("nudgeRequested", 0.0, -SPAN * FINE)),
    (Key.Key_Left, Modifier.ShiftModifier, ("nudgeRequested", -SPAN * COARSE, 0.0)),
    (Key.Key_Up, Modifier.ShiftModifier, ("nudgeRequested", 0.0, SPAN * COARSE)),
    (Key.Key_Home, None, ("fitRequested",)),
    (Key.Key_F, None, ("fitRequested",)),
    (Key.Key_0, None, ("classJumpRequested", 0)),
    (Key.Key_7, None, ("classJumpRequested", 7)),
    (Key.Key_9, None, ("classJumpRequested", 9)),
    (Key.Key_3, Modifier.KeypadModifier, ("classJumpRequested", 3)),
    (Key.Key_Return, None, ("holdRequested",)),
    (Key.Key_P, None, ("pinRequested",)),
    (Key.Key_BracketRight, None, ("pinStepRequested", 1)),
    (Key.Key_PageUp, None, ("pinStepRequested", -1)),
    (Key.Key_Delete, None, ("pinRemovalRequested",)),
    (Key.Key_V, None, None),
    (Key.Key_Escape, None, ("escapePressed",)),
    (Key.Key_Space, None, None),
    (Key.Key_A, None, None),
    (Key.Key_F, Modifier.ControlModifier, None),
    (Key.Key_0, Modifier.ControlModifier, None),  # the normal size of the interface
]


@pytest.mark.parametrize(("key", "modifier", "wish"), KEYS, ids=[f"{key.name}{'' if m is None else m.name}" for key, m, _ in KEYS])
def test_keys(desk: Desk, key: Key, modifier: Modifier | None, wish: tuple[object, ...] | None) -> None:
    desk.hand.key(key, modifier or Modifier.NoModifier)
    assert len(desk.ear.heard) == (0 if wish is None else 1)
    if wish is not None:
        name, *values = desk.ear.heard[0]
        assert name == wish[0]
        assert values == pytest.approx(list(wish[1:]))


def test_what_is_done_once_does_not_repeat_while_the_key_stays_down(desk: Desk) -> None:
    for key, times in ((Key.Key_P, 1), (Key.Key_Right, 3)):
        desk.ear.clear()
        for repeated in (False, True, True):
            QApplication.sendEvent(desk.plane, QKeyEvent(QEvent.Type.KeyPress, key, Modifier.NoModifier, "", repeated))
        assert len(desk.ear.heard) == times


@pytest.mark.parametrize("how", ["Ctrl", "Space"])
def test_arrows_move_the_plane(desk: Desk, how: str) -> None:
    camera = desk.plane.camera()
    if how == "Space":
        desk.hand.hold_key(Key.Key_Space)
    modifier = Modifier.ControlModifier if how == "Ctrl" else Modifier.NoModifier
    desk.hand.key(Key.Key_Right, modifier)
    desk.hand.key(Key.Key_Up, modifier | Modifier.ShiftModifier)
    after = desk.plane.camera()
    moved = pytest.approx((camera.x + STEP * camera.span, camera.y + STRIDE * camera.span, camera.span))
    assert (after.x, after.y, after.span) == moved
    assert desk.ear.heard == []
    desk.hand.let_key_go(Key.Key_Space)
    desk.hand.key(Key.Key_Right)
    assert desk.plane.camera() == after
    assert desk.ear.names() == ["nudgeRequested"]


def test_the_modes_have_keys(desk: Desk) -> None:
    for key, mode in ((Key.Key_H, "pan"), (Key.Key_H, "pan"), (Key.Key_V, "probe")):
        desk.hand.key(key)
        assert desk.plane.modes.mode == mode
        checked = [name for name in ("probe", "pan") if desk.plane.findChild(QAbstractButton, f"mode_{name}").isChecked()]  # type: ignore[union-attr]
        assert checked == [mode]


def test_every_button_of_the_bar_tells_its_key(desk: Desk) -> None:
    for name, key in (("probe", "V"), ("pan", "H"), ("fit", "F"), ("pin", "P")):
        button = desk.plane.findChild(QAbstractButton, f"mode_{name}")
        assert button is not None
        assert re.search(rf"\b{key}\b", button.toolTip()), name
        assert button.accessibleName()


def test_the_bar_keeps_its_words_while_there_is_room(desk: Desk) -> None:
    pin = desk.plane.findChild(QAbstractButton, "mode_pin")
    assert pin is not None
    desk.plane.set_codes(np.zeros((2, 2)), np.array([0, 1]), {0: "a", 1: "b"}, frozenset())
    widths = []
    for width in (800, 380, 800):
        desk.plane.window().resize(width, 400)
        settle()
        widths.append(pin.width())
        assert desk.plane.viewport().geometry().contains(desk.plane.modes.geometry())
        assert not desk.plane.modes.geometry().intersects(desk.plane.legend.geometry())
    assert widths[1] < widths[0] == widths[2]


def test_the_pin_button_asks_for_a_pin(desk: Desk) -> None:
    desk.mode("pin")
    assert desk.ear.of("pinRequested") == [()]
    assert desk.plane.modes.mode == "probe"


# --- the pointer at rest -----------------------------------------------------------------------------------------------------


def test_when_the_plane_moves_under_a_resting_pointer_the_probe_is_where_the_pointer_is(desk: Desk) -> None:
    pixel = desk.pixel(0.7, 0.2)
    for move in (
        lambda: desk.hand.key(Key.Key_Plus),
        lambda: desk.hand.key(Key.Key_Left, Modifier.ControlModifier),
        lambda: desk.plane.set_camera(Camera(1.0, 2.0, 3.0)),
    ):
        before = desk.under(pixel)
        desk.ear.clear()
        move()
        after = desk.picked()
        assert after != pytest.approx(before, abs=desk.unit)
        assert after == pytest.approx(desk.under(pixel), abs=1e-9)


def test_but_not_when_the_keyboard_has_the_probe(desk: Desk) -> None:
    desk.under(desk.pixel(0.7, 0.2))
    for key in (Key.Key_Right, Key.Key_3, Key.Key_BracketLeft):
        desk.under(desk.pixel(0.7, 0.2))
        desk.hand.key(key)
        desk.ear.clear()
        desk.hand.key(Key.Key_Plus)
        assert desk.ear.heard == []


def test_nor_when_it_has_left(desk: Desk) -> None:
    desk.under(desk.pixel(0.7, 0.2))
    desk.hand.move(desk.outside)
    desk.ear.clear()
    desk.hand.key(Key.Key_Plus)
    desk.plane.set_camera(Camera(1.0, 2.0, 3.0))
    assert desk.ear.heard == []


# --- pins --------------------------------------------------------------------------------------------------------------------


def head(desk: Desk, x: float, y: float) -> QPoint:
    """The middle of the head of a marker at (x, y)."""
    return (desk.plane.plane_to_pixel(x, y) - QPointF(0, REACH)).toPoint()


@pytest.fixture
def pinned(desk: Desk) -> Desk:
    desk.plane.set_pins([PinMark(1, 0.0, 0.0), PinMark(2, 1.5, -1.0, "<b>plain</b>")])
    settle()
    return desk


def test_a_click_on_a_marker_picks_the_pin_and_holds_nothing_else(pinned: Desk) -> None:
    pinned.hand.click(pinned.plane.viewport(), head(pinned, 1.5, -1.0))
    assert pinned.ear.of("pinPicked") == [(2, 1.5, -1.0)]
    assert "planePointHeld" not in pinned.ear.names()
    pinned.hand.click(pinned.plane.viewport(), pinned.plane.plane_to_pixel(1.5, -1.0).toPoint() + QPoint(0, 3))
    assert len(pinned.ear.of("pinPicked")) == 1
    assert len(pinned.ear.of("planePointHeld")) == 1


def test_a_drag_that_begins_on_a_marker_is_a_drag(pinned: Desk) -> None:
    start = head(pinned, 0.0, 0.0)
    pinned.hand.drag(pinned.plane.viewport(), [start, start + QPoint(30, 20), start])
    assert pinned.ear.of("pinPicked") == []
    assert len(pinned.ear.of("planePointHeld")) == 1


def test_a_double_click_on_a_marker_takes_the_first_click_back(pinned: Desk) -> None:
    pinned.hand.double_click(pinned.plane.viewport(), head(pinned, 0.0, 0.0))
    order = [name for name in pinned.ear.names() if name != "planePointPicked"]
    assert order == ["pinPicked", "holdUndone", "fitRequested"]


def test_while_panning_a_marker_is_not_in_the_way(pinned: Desk) -> None:
    pinned.hand.key(Key.Key_H)
    pinned.hand.click(pinned.plane.viewport(), head(pinned, 0.0, 0.0))
    assert "pinPicked" not in pinned.ear.names()


def test_markers_go_with_the_plane(pinned: Desk) -> None:
    pinned.plane.set_camera(Camera(0.2, 0.1, 2.0))
    pinned.hand.click(pinned.plane.viewport(), head(pinned, 0.0, 0.0))
    pinned.plane.set_pins([PinMark(2, 0.5, 0.5)])
    pinned.hand.click(pinned.plane.viewport(), head(pinned, 0.0, 0.0))  # it is gone
    pinned.hand.click(pinned.plane.viewport(), head(pinned, 0.5, 0.5))  # and this one has moved
    assert pinned.ear.of("pinPicked") == [(1, 0.0, 0.0), (2, 0.5, 0.5)]


# --- gestures and Esc --------------------------------------------------------------------------------------------------------


def test_a_gesture_begins_with_the_press_and_ends_with_release_or_escape(desk: Desk) -> None:
    ear, viewport = Ear(desk.plane, "gestureBegan", "gestureEnded", "planePointPicked", "planePointHeld"), desk.plane.viewport()
    desk.hand.drag(viewport, [desk.pixel(0.3, 0.3), desk.pixel(0.4, 0.4)])
    names = ear.names()
    began, ended = names.index("gestureBegan"), names.index("gestureEnded")
    assert names[began + 1] == "planePointPicked"
    assert names[ended - 1] == "planePointHeld"
    ear.clear()
    desk.hand.press(viewport, desk.pixel(0.5, 0.5))
    desk.hand.key(Key.Key_Escape)
    desk.hand.release(viewport, desk.pixel(0.6, 0.6))
    assert [name for name in ear.names() if name.startswith("gesture")] == ["gestureBegan", "gestureEnded"]
    ear.clear()
    desk.hand.drag(viewport, [desk.pixel(0.3, 0.3), desk.pixel(0.4, 0.4)], Button.RightButton)
    assert not [name for name in ear.names() if name.startswith("gesture")]


def test_escape_clears_the_trail_before_it_means_anything_else(desk: Desk) -> None:
    desk.plane.set_trail(np.array([(0.0, 0.0), (0.5, 0.5)]))
    desk.hand.key(Key.Key_Escape)
    assert desk.ear.names() == ["trailClearRequested"]
    desk.plane.set_trail(np.zeros((0, 2)))
    desk.hand.key(Key.Key_Escape)
    assert desk.ear.names() == ["trailClearRequested", "escapePressed"]


def test_keys_of_others_are_left_to_them(desk: Desk) -> None:
    for key in (Key.Key_D, Key.Key_F5, Key.Key_Tab):
        event = QKeyEvent(QEvent.Type.KeyPress, key, Modifier.NoModifier)
        desk.plane.keyPressEvent(event)
        assert not event.isAccepted()


# --- geometry ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(760, 520), (1600, 400), (420, 900)], ids=str)
def test_both_axes_have_the_same_scale_and_y_goes_up(desk: Desk, size: tuple[int, int]) -> None:
    desk.plane.window().resize(*size)
    desk.plane.set_camera(Camera(0.0, 0.0, 4.0))
    for change in (QSize(0, 0), QSize(60, -40), QSize(-120, 90)):  # and keep it whatever the window becomes
        desk.plane.window().resize(desk.plane.window().size() + change)
        settle()
        zero, right, up = (desk.plane.plane_to_pixel(x, y) for x, y in ((0, 0), (2, 0), (0, 2)))
        across, along = right.x() - zero.x(), zero.y() - up.y()
        assert across > 50
        assert along == pytest.approx(across, abs=1.5)
        assert (right.y(), up.x()) == pytest.approx((zero.y(), zero.x()), abs=1)


@pytest.mark.parametrize("size", [(760, 520), (1600, 400), (420, 900)], ids=str)
def test_a_camera_that_is_set_is_the_camera(desk: Desk, size: tuple[int, int]) -> None:
    desk.plane.window().resize(*size)
    settle()
    for camera in (Camera(1.5, -2.0, 3.0), Camera(0.0, 0.0, 0.01), Camera(-100.0, 40.0, 500.0)):
        desk.plane.set_camera(camera)
        settle()
        found = desk.plane.camera()
        assert (found.x, found.y, found.span) == pytest.approx((camera.x, camera.y, camera.span), rel=1e-6, abs=1e-6 * camera.span)
        left, bottom, width, height = desk.plane.window_rectangle()
        assert (left + width / 2, bottom + height / 2) == pytest.approx((camera.x, camera.y), rel=1e-6, abs=1e-6 * camera.span)
        assert min(width, height) == pytest.approx(camera.span)


def test_the_overlays_stay_on_the_plane(desk: Desk) -> None:
    desk.plane.set_codes(np.zeros((2, 2)), np.array([0, 1]), {0: "a", 1: "b"}, frozenset())
    for size in ((760, 520), (1200, 800), (500, 400)):
        desk.plane.window().resize(*size)
        settle()
        ground = desk.plane.viewport().geometry()
        boxes = [QRect(desk.plane.modes.geometry()), QRect(desk.plane.legend.geometry())]
        assert all(ground.contains(box) for box in boxes)
        assert not any(a.intersects(b) for a, b in pairwise(boxes))


def test_the_legend_fits_its_classes_whatever_was_shown_before(desk: Desk) -> None:
    sizes = []
    for names in (("a", "b"), ("a much longer name", "b", "c"), ("x", "y"), ("only one",), ("a", "b")):
        labels = np.arange(len(names))
        desk.plane.set_codes(np.zeros((len(names), 2)), labels, dict(enumerate(names)), frozenset())
        settle()
        legend = desk.plane.legend
        assert legend.isVisible() == (len(names) > 1)
        rows = [child for child in legend.findChildren(QWidget) if child.isVisible()]
        assert all(child.height() >= child.sizeHint().height() and legend.rect().contains(child.geometry()) for child in rows)
        sizes.append((legend.width(), legend.height()))
    assert sizes[1][0] > sizes[0][0]
    assert sizes[1][1] > sizes[0][1]
    assert sizes[0] == sizes[4]
