"""Holding the probe, its trail, and the keyboard's way to both, with real events on the real window."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QCheckBox, QDockWidget, QWidget

from latent_explorer.core.plane.trail import MOST
from latent_explorer.views.plane.keys import COARSE, FINE, STEP
from latent_explorer.views.plane.trail import TrailLayer
from tests.app.conftest import Desk
from tests.views.hand import Ear, Hand, Key, Modifier, settle


@pytest.fixture
def ear(opened: Desk) -> Ear:
    return Ear(opened.window.plane, "planePointPicked", "planePointHeld")


def trail(desk: Desk) -> np.ndarray:
    """Plane coordinates of the dots that are drawn, oldest first."""
    layer = next(item for item in desk.window.plane.scene().items() if isinstance(item, TrailLayer))
    return np.array([dot[:2] for dot in layer._dots]).reshape(-1, 2) if layer.isVisible() else np.zeros((0, 2))


def drag(desk: Desk, start: tuple[float, float] = (0.2, 0.3), end: tuple[float, float] = (0.8, 0.6), count: int = 150) -> None:
    parts = np.linspace(0, 1, count)[:, None]
    desk.hand.drag(desk.plane, [desk.pixel(*place) for place in np.array(start) * (1 - parts) + np.array(end) * parts])


# --- holding -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["model", "layers", "image"])
def test_the_held_place_comes_back_when_the_pointer_goes_to_a_panel_that_floats_over_the_plane(opened: Desk, ear: Ear, name: str) -> None:
    dock = opened.window.findChild(QDockWidget, f"dock_{name}")
    assert dock is not None
    opened.hand.click(opened.plane, opened.pixel(0.7, 0.3))
    held = opened.session.scene.probe
    dock.setFloating(True)
    dock.resize(220, 200)
    dock.move(opened.plane.mapToGlobal(QPoint(120, 120)))
    over = Hand(dock)
    opened.hand.move(opened.plane, opened.pixel(0.8, 0.8))
    hover = opened.under(ear)
    opened.wait(lambda: opened.shows(hover))
    over.move(dock, QPoint(100, 100))
    opened.wait(lambda: opened.shows(held))
    assert opened.session.scene.probe == held
    over.click(dock.widget() or dock, QPoint(5, 60))  # what is clicked there is not the plane
    assert opened.session.scene.probe == held
    dock.setFloating(False)
    settle()


def test_a_drag_that_ends_over_a_panel_holds_where_it_ended(opened: Desk, ear: Ear) -> None:
    opened.hand.move(opened.plane, opened.pixel(0.5, 0.5))
    opened.hand.press(opened.plane, opened.pixel(0.5, 0.5))
    target = opened.window.image
    place = QPoint(target.width() // 2, 30)
    opened.hand.move(target, place)
    opened.hand.release(target, place)
    held = opened.session.scene.probe
    assert held == pytest.approx(opened.under(ear))
    opened.away()
    opened.wait(lambda: opened.shows(held))


def test_enter_holds_as_a_click_does(opened: Desk, ear: Ear) -> None:
    opened.window.plane.setFocus()
    opened.hand.move(opened.plane, opened.pixel(0.3, 0.7))
    opened.hand.key(Key.Key_Return)
    hover = opened.under(ear)
    assert opened.session.scene.probe == pytest.approx(hover)
    opened.away()
    opened.wait(lambda: opened.shows(hover))


def test_the_pointer_takes_the_probe_back_after_the_keyboard_had_it(opened: Desk, ear: Ear) -> None:
    opened.hand.move(opened.plane, opened.pixel(0.3, 0.7))
    opened.window.plane.setFocus()
    opened.hand.key(Key.Key_2)
    centre = opened.session.scene.probe
    opened.wait(lambda: opened.shows(centre))
    opened.hand.key(Key.Key_Plus)  # the probe stays, though the plane moves under the pointer
    opened.rest()
    assert opened.shows(centre)
    opened.hand.move(opened.plane, opened.pixel(0.32, 0.7))
    opened.wait(lambda: opened.shows(opened.under(ear)))


def test_jumping_to_where_the_probe_is_held_shows_it(opened: Desk) -> None:
    opened.window.plane.setFocus()
    opened.hand.key(Key.Key_2)
    centre = opened.session.scene.probe
    opened.hand.move(opened.plane, opened.pixel(0.2, 0.2))
    opened.rest()
    opened.hand.key(Key.Key_2)
    opened.wait(lambda: opened.shows(centre))


# --- the trail ---------------------------------------------------------------------------------------------------------------


def test_a_drag_leaves_a_trail_and_a_move_does_not(opened: Desk, ear: Ear) -> None:
    for x in np.linspace(0.2, 0.8, 30):
        opened.hand.move(opened.plane, opened.pixel(float(x), 0.5))
    assert len(trail(opened)) == 0
    ear.clear()
    drag(opened)
    dots = trail(opened)
    assert 10 < len(dots) <= MOST
    picked = np.array([place[1:] for place in ear.of("planePointPicked")])
    assert np.abs(dots[:, None] - picked[None]).sum(axis=2).min(axis=1).max() < 1e-9  # only where the probe has been
    steps = np.hypot(*np.diff(dots, axis=0).T)
    assert steps.min() > opened.session.scene.camera.span / 100
    assert np.hypot(*(dots[-1] - picked[-1])) < opened.session.scene.camera.span / 40


def test_a_click_ends_the_trail(opened: Desk) -> None:
    drag(opened)
    assert len(trail(opened))
    opened.hand.click(opened.plane, opened.pixel(0.5, 0.5))
    assert len(trail(opened)) == 0


def test_the_trail_is_bounded(opened: Desk) -> None:
    for _ in range(6):
        opened.window.plane.setFocus()
        for _ in range(12):
            opened.hand.key(Key.Key_Right, Modifier.ShiftModifier)
    assert len(trail(opened)) == MOST


@pytest.mark.parametrize(("modifier", "step", "presses"), [(Modifier.NoModifier, FINE, 40), (Modifier.ShiftModifier, COARSE, 6)])
def test_arrows_leave_a_trail(opened: Desk, modifier: Modifier, step: float, presses: int) -> None:
    opened.hand.click(opened.plane, opened.pixel(0.4, 0.5))
    opened.away()
    x, y = opened.session.scene.probe or (0.0, 0.0)
    for _ in range(presses):
        opened.hand.key(Key.Key_Right, modifier)
    dots, length = trail(opened), presses * step * opened.session.scene.camera.span
    assert dots[0] == pytest.approx((x, y))
    assert 4 < len(dots) <= presses + 1
    assert dots[-1, 0] == pytest.approx(x + length, abs=opened.session.scene.camera.span / 80)
    assert (np.diff(dots[:, 0]) > 0).all()
    assert dots[:, 1] == pytest.approx(y)


def test_arrows_from_another_place_begin_another_trail(opened: Desk) -> None:
    opened.window.plane.setFocus()
    for _ in range(4):
        opened.hand.key(Key.Key_Up, Modifier.ShiftModifier)
    opened.hand.move(opened.plane, opened.pixel(0.8, 0.2))
    opened.hand.key(Key.Key_Up, Modifier.ShiftModifier)
    opened.hand.key(Key.Key_Up, Modifier.ShiftModifier)
    assert len(trail(opened)) == 3
    opened.hand.key(Key.Key_1)  # a jump leaves none
    assert len(trail(opened)) == 0


def test_escape_clears_the_trail_and_only_then_leaves_full_screen(opened: Desk) -> None:
    opened.window.plane.setFocus()
    opened.hand.key(Key.Key_F11)
    for _ in range(4):
        opened.hand.key(Key.Key_Up, Modifier.ShiftModifier)
    held = opened.session.scene.probe
    assert len(trail(opened))
    opened.hand.key(Key.Key_Escape)
    assert len(trail(opened)) == 0
    assert opened.window.isFullScreen()
    assert opened.session.scene.probe == held
    opened.hand.key(Key.Key_Escape)
    assert not opened.window.isFullScreen()
    assert opened.window.isVisible()


def test_escape_closes_a_message_before_it_leaves_full_screen(opened: Desk) -> None:
    opened.window.plane.setFocus()
    opened.hand.key(Key.Key_F11)
    opened.session.notice("Something happened.")
    settle()
    opened.hand.key(Key.Key_Escape)
    assert not opened.notice
    assert opened.window.isFullScreen()
    opened.hand.key(Key.Key_Escape)
    assert not opened.window.isFullScreen()


def test_the_trail_can_be_switched_off(opened: Desk) -> None:
    drag(opened)
    opened.window.raise_panel("layers")
    settle()
    box = next(box for box in opened.window.layers.findChildren(QCheckBox) if box.text() == "Trail")
    assert box.isChecked()
    opened.hand.click(box, (8, box.height() / 2))
    assert not opened.session.scene.layers.trail
    assert len(trail(opened)) == 0
    drag(opened)
    assert len(trail(opened)) == 0
    opened.hand.click(box, (8, box.height() / 2))
    assert len(trail(opened)) == 0  # what was not recorded is not shown
    drag(opened)
    assert len(trail(opened))


# --- the keyboard ------------------------------------------------------------------------------------------------------------


def test_the_legend_by_keyboard(opened: Desk) -> None:
    """From the plane by Tab; hide, show only, jump; and back by Esc."""
    plane, hand = opened.window.plane, opened.hand
    plane.setFocus()
    for _ in range(40):
        hand.key(Key.Key_Tab)
        row = opened.window.focusWidget()
        if isinstance(row, QWidget) and row.accessibleName().startswith("Class"):
            break
    assert row is not None
    assert row.accessibleName() == "Class 0"
    hand.key(Key.Key_Down)
    hand.key(Key.Key_Space)
    assert opened.session.scene.hidden_classes == {1}
    hand.key(Key.Key_Return, Modifier.ShiftModifier)
    assert opened.session.scene.hidden_classes == set(range(10)) - {1}
    hand.key(Key.Key_J)
    centre = opened.session.scene.probe
    assert centre is not None
    hand.key(Key.Key_Right)  # what the legend does not know is the plane's
    assert opened.session.scene.probe == pytest.approx((centre[0] + FINE * opened.session.scene.camera.span, centre[1]))
    hand.key(Key.Key_Escape)
    assert plane.hasFocus()
    assert opened.session.scene.hidden_classes == set(range(10)) - {1}


def test_the_plane_by_keyboard(opened: Desk) -> None:
    opened.window.plane.setFocus()
    camera = opened.session.scene.camera
    opened.hand.key(Key.Key_Right, Modifier.ControlModifier)
    assert opened.session.scene.camera.x == pytest.approx(camera.x + STEP * camera.span)
    opened.hand.key(Key.Key_Plus)
    assert opened.session.scene.camera.span < camera.span
    opened.hand.key(Key.Key_Home)
    points = opened.slot.codes["mean"].z
    left, bottom, width, height = opened.window.plane.window_rectangle()
    assert ((points >= (left, bottom)) & (points <= (left + width, bottom + height))).all()
