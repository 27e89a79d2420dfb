"""Undo and redo with real events: one gesture is one step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QSlider

from latent_explorer.app.features import undo as undo_feature
from latent_explorer.core.scene import Scene
from tests.app.conftest import Desk
from tests.app.test_selection import drag_box, ready  # noqa: F401  # a fixture
from tests.views.hand import Button, Key, Modifier, settle

CONTROL, SHIFT = Modifier.ControlModifier, Modifier.ShiftModifier


@pytest.fixture
def hand_rests(ready: Desk) -> Callable[[], None]:  # noqa: F811
    """As after a pause: what comes next is another gesture."""

    def rest() -> None:
        ready.program.undo._last = -1e9

    rest()
    return rest


def undo(desk: Desk) -> None:
    desk.window.plane.setFocus()
    desk.hand.key(Key.Key_Z, CONTROL)


def redo(desk: Desk) -> None:
    desk.hand.key(Key.Key_Z, CONTROL | SHIFT)


def steps(desk: Desk) -> int:
    return len(desk.program.undo._history._past)


def drag_slider(desk: Desk, name: str) -> None:
    slider = desk.window.findChild(QSlider, f"slider_{name}")
    assert slider is not None
    desk.window.raise_panel("layers")
    settle()
    part = (slider.value() - slider.minimum()) / (slider.maximum() - slider.minimum())
    middle, y = 6 + part * (slider.width() - 12), slider.height() / 2
    desk.hand.drag(slider, [(middle, y), *((x, y) for x in np.linspace(middle, slider.width() - 8, 12))])


def wheel(desk: Desk) -> None:
    for _ in range(5):
        desk.hand.wheel(desk.plane, desk.pixel(0.4, 0.6))


def pan(desk: Desk) -> None:
    desk.hand.drag(desk.plane, [desk.pixel(x, 0.5) for x in (0.3, 0.4, 0.5, 0.6)], Button.RightButton)


def probe_drag(desk: Desk) -> None:
    desk.hand.drag(desk.plane, [desk.pixel(x, 0.5) for x in (0.3, 0.4, 0.5, 0.6)])


def nudges(desk: Desk) -> None:
    desk.window.plane.setFocus()
    for _ in range(6):
        desk.hand.key(Key.Key_Right)


def fit(desk: Desk) -> None:
    desk.window.plane.setFocus()
    desk.hand.key(Key.Key_F)


GESTURES: dict[str, tuple[Callable[[Desk], None], str]] = {
    "wheel": (wheel, "camera"),
    "pan": (pan, "camera"),
    "fit": (fit, "camera"),
    "probe": (probe_drag, "probe"),
    "arrows": (nudges, "probe"),
    "slider": (lambda desk: drag_slider(desk, "point_size"), "layers"),
    "rectangle": (lambda desk: drag_box(desk, (0.3, 0.3), (0.6, 0.6)), "selection"),
}


@pytest.mark.parametrize("name", GESTURES)
def test_one_gesture_is_one_step_back_and_forward(ready: Desk, hand_rests: Callable[[], None], name: str) -> None:  # noqa: F811
    gesture, field = GESTURES[name]
    before, count = ready.session.scene, steps(ready)
    gesture(ready)
    after = ready.session.scene
    assert getattr(after, field) != getattr(before, field)
    assert steps(ready) == count + 1
    undo(ready)
    assert ready.session.scene == before
    redo(ready)
    assert ready.session.scene == after
    ready.hand.key(Key.Key_Z, CONTROL)
    ready.hand.key(Key.Key_Y, CONTROL)
    assert ready.session.scene == after


def test_what_is_seen_follows(ready: Desk) -> None:  # noqa: F811
    ready.hand.click(ready.plane, ready.pixel(0.3, 0.4))
    first = ready.session.scene.probe
    ready.hand.click(ready.plane, ready.pixel(0.7, 0.6))
    ready.away()
    undo(ready)
    assert ready.session.scene.probe == first
    ready.wait(lambda: ready.shows(first))
    pan(ready)
    camera = ready.session.scene.camera
    undo(ready)
    assert ready.window.plane.camera() != camera


def test_two_quick_presses_are_two_steps(ready: Desk, hand_rests: Callable[[], None]) -> None:  # noqa: F811
    states = [ready.session.scene]
    for x in (0.3, 0.5, 0.7):
        ready.hand.click(ready.plane, ready.pixel(x, 0.5))
        states.append(ready.session.scene)
    pan(ready)
    states.append(ready.session.scene)
    pan(ready)
    for state in states[::-1]:
        undo(ready)
        assert ready.session.scene == state


def test_a_double_click_fits_and_is_one_step(ready: Desk, hand_rests: Callable[[], None]) -> None:  # noqa: F811
    wheel(ready)
    hand_rests()
    before, count = ready.session.scene, steps(ready)
    ready.hand.double_click(ready.plane, ready.pixel(0.4, 0.4))
    assert ready.session.scene.camera != before.camera
    assert steps(ready) == count + 1
    undo(ready)
    assert ready.session.scene == before


def test_a_burst_ends_with_a_pause(ready: Desk, hand_rests: Callable[[], None]) -> None:  # noqa: F811
    first = ready.session.scene
    wheel(ready)
    hand_rests()
    second = ready.session.scene
    wheel(ready)
    for state in (second, first):
        undo(ready)
        assert ready.session.scene == state


def test_a_slider_held_still_for_long_is_one_step(ready: Desk, hand_rests: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(undo_feature, "BURST", 0.0)
    before, count = ready.session.scene, steps(ready)
    drag_slider(ready, "mosaic_opacity")
    assert steps(ready) == count + 1
    undo(ready)
    assert ready.session.scene == before
    ready.wait(lambda: not ready.program.undo._held.isActive())


def test_hovering_and_resizing_are_no_steps(ready: Desk) -> None:  # noqa: F811
    count = steps(ready)
    for x in np.linspace(0.2, 0.8, 12):
        ready.hand.move(ready.plane, ready.pixel(float(x), 0.5))
    ready.window.resize(1300, 900)
    settle()
    assert steps(ready) == count


def test_pins_classes_and_hiding_are_steps(ready: Desk, hand_rests: Callable[[], None]) -> None:  # noqa: F811
    states: list[Scene] = [ready.session.scene]
    selection = ready.program.selection

    def hide_a_class() -> None:
        ready.window.plane.hiddenClassesRequested.emit(frozenset({3}))

    for act in (ready.program.pins.add, lambda: drag_box(ready, (0.3, 0.3), (0.6, 0.6)), selection.show_only, selection.hide, hide_a_class):
        act()
        hand_rests()
        states.append(ready.session.scene)
    for state in states[-2::-1]:
        undo(ready)
        assert ready.session.scene == state
    for state in states[1:]:
        redo(ready)
        assert ready.session.scene == state


def test_the_menu_tells_both_ways(ready: Desk, hand_rests: Callable[[], None]) -> None:  # noqa: F811
    actions = {action.objectName(): action for action in ready.window.actions()}
    wheel(ready)
    assert actions["action_undo"].text() == "&Undo moving the view"
    undo(ready)
    assert actions["action_redo"].text() == "&Redo moving the view"
    assert actions["action_redo"].isEnabled()
    drag_box(ready, (0.3, 0.3), (0.6, 0.6))
    assert not actions["action_redo"].isEnabled()
    assert actions["action_undo"].text().startswith("&Undo selecting ")


def test_another_model_forgets_the_view_and_keeps_the_pins_steps(ready: Desk, models: dict[str, Path]) -> None:  # noqa: F811
    ready.program.pins.add()
    wheel(ready)
    ready.program.opening.open(models["other"])
    ready.wait(lambda: ready.slot.name == "other")
    ready.rest()
    camera = ready.session.scene.camera
    undo(ready)
    assert ready.session.scene.pins == ()
    assert ready.session.scene.camera == camera
    undo(ready)
    assert ready.session.scene.camera == camera


def test_an_offer_to_undo_goes_when_something_else_was_done(ready: Desk, hand_rests: Callable[[], None]) -> None:  # noqa: F811
    ready.program.pins.add()
    ready.program.pins.clear()
    assert ready.notice == "Pin 1 was removed."
    wheel(ready)
    assert not ready.notice


def test_a_key_that_stays_down_is_one_step(ready: Desk, hand_rests: Callable[[], None]) -> None:  # noqa: F811
    ready.window.plane.setFocus()
    before = ready.session.scene
    handle = ready.window.windowHandle()
    assert handle is not None
    for _ in range(8):
        QTest.keyPress(handle, Key.Key_Right, CONTROL)
    QTest.keyRelease(handle, Key.Key_Right, CONTROL)
    settle()
    undo(ready)
    assert ready.session.scene == before
