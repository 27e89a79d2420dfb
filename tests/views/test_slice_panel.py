"""The panel of a slice: lists, sliders, marks; and what its parts do by themselves."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QMainWindow, QPushButton, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.slices import Slice, Spread, frame_of, spread_of
from latent_explorer.views.axis_slider import ActiveMark, AxisSlider
from latent_explorer.views.optional_dock import OptionalDock
from latent_explorer.views.place import PlaceText, all_words, place_words
from latent_explorer.views.slice_panel import ROWS, SlicePanel
from tests.views.hand import Ear, Hand, Key, look, settle, texts

SIGNALS = ("axesRequested", "coordinateRequested", "releaseRequested", "meanRequested", "spreadRequested")


def spread(scales: list[float], mean: float = 0.0, seed: int = 0) -> Spread:
    """Of codes with just these standard deviations."""
    z = np.random.default_rng(seed).standard_normal((200, len(scales)))
    return spread_of((z - z.mean(0)) / z.std(0) * scales + mean)


FIVE = spread([0.5, 0.02, 1.5, 1.0, 0.05], 0.25)  # 2 and 3 vary most, then 0; 4 and 1 are inactive


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[SlicePanel]:
    panel = SlicePanel()
    panel.resize(280, 420)
    qtbot.addWidget(panel)
    yield panel


@pytest.fixture
def hand(panel: SlicePanel) -> Hand:
    panel.set_slice("a model", frame_of(5, FIVE), FIVE, frozenset())
    return Hand(panel)


@pytest.fixture
def ear(panel: SlicePanel) -> Ear:
    return Ear(panel, *SIGNALS)


def sliders(panel: SlicePanel) -> list[AxisSlider]:
    """From the top."""
    found = [slider for slider in panel.findChildren(AxisSlider) if slider.isVisibleTo(panel)]
    return sorted(found, key=lambda slider: slider.mapTo(panel, QPoint(0, 0)).y())


def names(panel: SlicePanel) -> list[str]:
    return [slider.accessibleName() for slider in sliders(panel)]


def box(panel: SlicePanel, name: str) -> QComboBox:
    found = panel.findChild(QComboBox, f"slice_{name}")
    assert found is not None
    return found


def push(panel: SlicePanel, name: str) -> QPushButton:
    found = panel.findChild(QPushButton, f"slice_{name}")
    assert found is not None
    return found


# --- what it shows -----------------------------------------------------------------------------------------------------------


def test_the_rows_are_the_other_axes_and_the_liveliest_is_first(hand: Hand, panel: SlicePanel) -> None:
    assert [box(panel, name).currentText() for name in "xy"] == ["z[2]", "z[3]"]
    assert names(panel) == ["z[0]", "z[4]", "z[1]"]
    assert [slider.value() for slider in sliders(panel)] == [25, 25, 25]
    said = texts(panel)
    assert said.count("0.250") == 3
    words = "3 of 5 units are active; these two vary most. The points are projected: they lie off this slice."
    order = " Sliders: the most varying first."
    assert words + order in said
    assert "3 others" in said
    marks = [mark for mark in panel.findChildren(ActiveMark) if mark.isVisibleTo(panel)]
    marks.sort(key=lambda mark: mark.mapTo(panel, QPoint(0, 0)).y())
    assert [mark.active for mark in marks] == [True, False, False]
    assert [slider.accessibleDescription() for slider in sliders(panel)] == ["active", "inactive", "inactive"]
    assert "0.25 (variance) around 0.250" in sliders(panel)[0].toolTip()


def test_while_a_model_trains_no_order_is_claimed(hand: Hand, panel: SlicePanel) -> None:
    """Rows keep their places then."""
    panel.set_slice("a model", frame_of(5, FIVE), FIVE, frozenset(), in_training=True)
    assert not any("varying first" in text for text in texts(panel))


def test_an_active_unit_can_be_told_without_its_colour(hand: Hand, panel: SlicePanel) -> None:
    """A disc and a ring differ in their middle."""
    marks = {mark.active: mark for mark in panel.findChildren(ActiveMark)}
    middles = {active: look(mark)[4:6, 4:6].astype(int) for active, mark in marks.items()}
    ground = look(marks[True])[0, 0].astype(int)
    assert np.abs(middles[True] - ground).max() > 40
    assert np.abs(middles[False] - ground).max() < 40


def test_orders_are_no_wishes(hand: Hand, panel: SlicePanel, ear: Ear) -> None:
    for frame, held in ((PlaneFrame.axes(1, 0, FIVE.mean), ()), (PlaneFrame.axes(1, 0, FIVE.mean + 2), (3,)), (frame_of(5, FIVE), ())):
        panel.set_slice("a model", frame, FIVE, frozenset(held))
        settle()
    assert ear.heard == []


def test_sliders_reach_all_codes_and_four_at_least(hand: Hand, panel: SlicePanel) -> None:
    z = np.random.default_rng(1).standard_normal((50, 4)) * [1, 1, 3, 0.1]
    z[0, 2], z[1, 2] = -11.3, 7.25
    wide = spread_of(z)
    panel.set_slice("another", PlaneFrame.axes(0, 1, wide.mean), wide, frozenset())
    ranges = {slider.accessibleName(): (slider.minimum(), slider.maximum()) for slider in sliders(panel)}
    assert ranges == {"z[2]": (-1130, 725), "z[3]": (-400, 400)}
    far = PlaneFrame.axes(0, 1, [0, 0, 20.0, 0])
    panel.set_slice("another", far, wide, frozenset({2}))  # such as by a jump to a far point
    assert sliders(panel)[0].maximum() == sliders(panel)[0].value() == 2000


def test_far_codes_do_no_harm(hand: Hand, panel: SlicePanel) -> None:
    huge = spread_of(np.array([[0, 0, -1e38], [1, 1, 1e38]], np.float32))
    panel.set_slice("huge", PlaneFrame.axes(0, 1, huge.mean), huge, frozenset())
    assert sliders(panel)[0].maximum() == 10_000_000


def test_the_words_follow_the_axes(hand: Hand, panel: SlicePanel) -> None:
    panel.set_slice("a model", PlaneFrame.axes(0, 2, FIVE.mean), FIVE, frozenset())
    assert any(text.startswith("3 of 5 units are active. The points") for text in texts(panel))
    assert push(panel, "most").isEnabled()
    assert not push(panel, "mean").isEnabled()
    panel.set_slice("a model", PlaneFrame.axes(3, 2, FIVE.mean), FIVE, frozenset({1}))
    assert not push(panel, "most").isEnabled()
    assert push(panel, "mean").isEnabled()


def test_many_rows_come_on_request(hand: Hand, panel: SlicePanel) -> None:
    many = spread(list(np.linspace(2, 0.1, 300)))
    panel.set_slice("many", frame_of(300, many), many, frozenset())
    assert names(panel) == [f"z[{axis}]" for axis in range(2, 2 + ROWS)]
    assert len(panel.findChildren(AxisSlider)) == ROWS  # not one more is made
    assert push(panel, "more").text() == f"Show {ROWS} more of {298 - ROWS}"
    push(panel, "more").click()
    assert len(sliders(panel)) == 2 * ROWS
    panel.set_slice("a model", frame_of(5, FIVE), FIVE, frozenset())
    assert names(panel) == ["z[0]", "z[4]", "z[1]"]
    assert not push(panel, "more").isVisibleTo(panel)
    panel.set_slice("many", frame_of(300, many), many, frozenset())
    assert len(sliders(panel)) == ROWS


def test_while_it_trains_rows_change_places_only_with_what_is_active(hand: Hand, panel: SlicePanel) -> None:
    frame = PlaneFrame.axes(0, 1, np.zeros(4))
    first, other = spread([1, 1, 0.5, 0.6]), spread([1, 1, 0.6, 0.5])
    panel.set_slice("run", frame, first, frozenset(), in_training=True)
    assert names(panel) == ["z[3]", "z[2]"]
    panel.set_slice("run", frame, other, frozenset(), in_training=True)
    assert names(panel) == ["z[3]", "z[2]"]
    collapsed = spread([1, 1, 0.6, 0.01])
    panel.set_slice("run", frame, collapsed, frozenset(), in_training=True)
    assert names(panel) == ["z[2]", "z[3]"]
    panel.set_slice("run", frame, first, frozenset(), in_training=True)
    panel.set_slice("run", frame, other, frozenset())  # the run has ended
    assert names(panel) == ["z[2]", "z[3]"]


def test_rows_stay_while_one_is_in_the_hand(hand: Hand, panel: SlicePanel) -> None:
    first = sliders(panel)[0]
    hand.press(first, QPoint(first.width() // 2, first.height() // 2))
    value = first.value()
    turned = spread([0.01, 0.3, 1.5, 1.0, 0.9], 0.25)
    panel.set_slice("a model", frame_of(5, FIVE, Slice((2, 3))), turned, frozenset())
    assert names(panel) == ["z[0]", "z[4]", "z[1]"]
    assert first.value() == value
    hand.release(first, QPoint(first.width() // 2, first.height() // 2))


# --- what a person does ------------------------------------------------------------------------------------------------------


def test_a_click_and_a_drag_are_told_in_units_of_z(hand: Hand, panel: SlicePanel, ear: Ear) -> None:
    slider = sliders(panel)[1]
    middle = slider.height() // 2
    hand.drag(slider, [QPoint(round(slider.width() * part), middle) for part in (0.25, 0.5, 0.9)])
    told = ear.of("coordinateRequested")
    assert [axis for axis, _ in told] == [4] * 3
    values = [value for _, value in told]
    assert values == pytest.approx([-2.0, 0.0, 3.3], abs=0.35)  # the sliders go from -4 to 4
    assert all(value == round(value, 2) for value in values)
    assert ear.names() == ["coordinateRequested"] * 3
    hand.drag(slider, [QPoint(0, middle), QPoint(-80, middle)])
    assert ear.of("coordinateRequested")[-1] == (4, -4.0)


def test_other_buttons_of_the_mouse_move_nothing(hand: Hand, panel: SlicePanel, ear: Ear) -> None:
    hand.click(sliders(panel)[0], QPoint(5, 8), Qt.MouseButton.MiddleButton)
    hand.wheel(sliders(panel)[0], None, -2)
    assert ear.heard == []


def test_what_takes_a_slider_back(hand: Hand, panel: SlicePanel, ear: Ear) -> None:
    slider = sliders(panel)[0]
    slider.setFocus()
    for key in (Key.Key_Delete, Key.Key_Backspace):
        hand.key(key)
    hand.double_click(slider, QPoint(slider.width() // 2, slider.height() // 2))
    assert ear.of("releaseRequested") == [(0,)] * 3
    panel.set_slice("a model", frame_of(5, FIVE, Slice().hold(0, 1.0)), FIVE, frozenset({0}))
    hand.click(push(panel, "mean"))
    assert ear.of("meanRequested") == [()]


def test_keys_on_a_slider(hand: Hand, panel: SlicePanel, ear: Ear) -> None:
    slider = sliders(panel)[0]
    slider.setFocus()
    for key in (Key.Key_Right, Key.Key_Left, Key.Key_PageUp, Key.Key_Home, Key.Key_End):
        hand.key(key)
    assert [round(value, 2) for _, value in ear.of("coordinateRequested")] == [0.3, 0.25, 0.75, -4.0, 4.0]


def test_lists_and_buttons_for_the_axes(hand: Hand, panel: SlicePanel, ear: Ear) -> None:
    for name, rows, wanted in (("x", (Key.Key_Down,), (0, 3)), ("y", (Key.Key_Down,), (2, 0))):
        box(panel, name).setFocus()
        for key in rows:
            hand.key(key)
        assert ear.of("axesRequested")[-1] == wanted  # the other list's axis is passed by
        panel.set_slice("a model", frame_of(5, FIVE), FIVE, frozenset())
    hand.click(push(panel, "swap"))
    assert ear.of("axesRequested")[-1] == (3, 2)
    panel.set_slice("a model", PlaneFrame.axes(0, 1, FIVE.mean), FIVE, frozenset())
    hand.click(push(panel, "most"))
    assert ear.of("spreadRequested") == [()]


def test_all_can_be_reached_by_tab_from_top_to_bottom(hand: Hand, panel: SlicePanel) -> None:
    many = spread(list(np.linspace(2, 0.1, 40)))
    panel.set_slice("many", frame_of(40, many, Slice((5, 6)).hold(0, 1.0)), many, frozenset({0}))
    box(panel, "x").setFocus()
    seen: list[str] = []
    while (widget := QApplication.focusWidget()) is not None and widget.objectName() not in seen:
        seen.append(widget.objectName())
        hand.key(Key.Key_Tab)
    buttons = ["slice_swap", "slice_most", "slice_principal", "slice_points", "slice_mean"]
    assert seen[:7] == ["slice_x", "slice_y", *buttons]
    assert seen[7:] == [*(f"slice_slider_{int(name[2:-1])}" for name in names(panel)), "slice_more"]


def test_everything_has_a_name_and_a_word(hand: Hand, panel: SlicePanel) -> None:
    parts: list[QWidget] = [*sliders(panel), *panel.findChildren(QPushButton), *(box(panel, name) for name in "xy")]
    assert len(parts) >= 9
    for part in parts:
        assert part.accessibleName() or (isinstance(part, QPushButton) and part.text())
        assert len(part.toolTip()) > 20
    for label in panel.findChildren(QLabel):
        if label.text() in ("x", "y"):
            assert label.buddy() is box(panel, label.text())


# --- a place in words --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("z", "axes", "words"),
    [
        ((0.5,), None, "0.500"),
        ((0.5, -1.25), (0, 1), "0.500, −1.250"),
        ((0.5, -1.25, 3.0), None, "0.500, −1.250, 3.000"),
        ((0.5, -1.25, 3.0), (2, 1), "z[2] 3.000, z[1] −1.250"),
        (tuple(float(k) for k in range(32)), None, "0.000, 1.000, … of 32"),
        (tuple(float(k) for k in range(32)), (30, 2), "z[30] 30.000, z[2] 2.000"),
    ],
)
def test_a_place_in_few_words(z: tuple[float, ...], axes: tuple[int, int] | None, words: str) -> None:
    assert place_words(z, axes) == words


def test_the_tooltip_names_all_coordinates(qtbot: QtBot) -> None:
    text = PlaceText()
    qtbot.addWidget(text)
    text.setToolTip("The code.")
    z = tuple(0.25 * k for k in range(20))
    text.set_place(z, "some words")
    text.show()
    QApplication.sendEvent(text, QHelpEvent(QEvent.Type.ToolTip, QPoint(2, 2), text.mapToGlobal(QPoint(2, 2))))
    assert QToolTip.text() == "The code.\n" + all_words(z)
    assert all(f"z[{k}] {0.25 * k:.3f}" in QToolTip.text() for k in range(20))
    assert len(all_words(z).splitlines()) == 3
    QToolTip.hideText()


# --- a dock that comes and goes ----------------------------------------------------------------------------------------------


def test_a_dock_that_is_not_wanted_stays_away(qtbot: QtBot) -> None:
    window = QMainWindow()
    window.setCentralWidget(QLabel("middle"))
    qtbot.addWidget(window)
    dock = OptionalDock("Some", window)
    dock.setObjectName("dock_some")
    dock.setWidget(QLabel("content"))
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
    window.show()
    dock.show()
    assert dock.isHidden()
    assert not dock.toggleViewAction().isVisible()
    assert dock.set_wanted(True)
    assert dock.isVisible() and dock.toggleViewAction().isVisible()
    with_it = window.saveState()
    assert not dock.set_wanted(True)
    dock.set_wanted(False)
    assert dock.isHidden()
    window.restoreState(with_it)
    assert dock.isHidden()  # a remembered layout does not bring it
    dock.set_wanted(True)
    dock.close()
    dock.set_wanted(False)
    assert not dock.set_wanted(True)
    assert dock.isHidden()  # closed by the person
    dock.toggleViewAction().trigger()
    assert dock.isVisible()
    dock.set_wanted(False)
    assert not dock.set_wanted(True, shown=False)
    assert dock.isHidden()
    dock.come_back()
    assert dock.isVisible()
    dock.hide()
    dock.come_back()
    assert dock.isHidden()
