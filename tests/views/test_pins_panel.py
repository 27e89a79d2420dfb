"""The list of pins: what it shows, and what it wishes when a hand or the keyboard does something to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from latent_explorer.core.palette import apply_grey_map, rgb
from latent_explorer.views.pin_list import EMPTY, PICTURE, SIDE, PinList, PinRow
from latent_explorer.views.pins_panel import PinsPanel
from latent_explorer.views.style import DARK, LIGHT, Theme, palette_of
from tests.views.hand import Ear, Hand, Key, Modifier, close_to, look, pixels_of, settle, where

SIGNALS = (
    "pinPicked",
    "addRequested",
    "removeRequested",
    "clearRequested",
    "renameRequested",
    "orderRequested",
    "stepRequested",
    "left",
)
ROWS = (
    PinRow(1, "", "0.100, −0.200", "Pin 1\nz[0] 0.100   z[1] −0.200"),
    PinRow(2, "a loop", "1.000, 2.000"),
    PinRow(5, "<b>bold</b>", "−3.000, 0.000", off=True),
)


@dataclass
class Desk:
    panel: PinsPanel
    elsewhere: QPushButton
    hand: Hand
    ear: Ear

    @property
    def list(self) -> PinList:
        return self.panel.list

    def place(self, row: int) -> QPoint:
        return self.list.visualItemRect(self.list.item(row)).center()

    def click(self, row: int) -> None:
        self.hand.click(self.list.viewport(), self.place(row))

    def button(self, text: str) -> QPushButton:
        return next(button for button in self.panel.findChildren(QPushButton) if button.text() == text)

    def with_keyboard(self, row: int = 0) -> None:
        self.list.setFocus(Qt.FocusReason.TabFocusReason)
        self.list.setCurrentRow(row)
        self.ear.clear()

    @property
    def editor(self) -> QLineEdit | None:
        return next((field for field in self.list.findChildren(QLineEdit) if field.isVisible()), None)


@pytest.fixture(params=[DARK, LIGHT], ids=lambda theme: theme.name)
def theme(request: pytest.FixtureRequest) -> Theme:
    chosen: Theme = request.param
    return chosen


def make(qtbot: QtBot, theme: Theme) -> Desk:
    window = QWidget()
    qtbot.addWidget(window)
    window.setPalette(palette_of(theme))
    font = window.font()
    font.setPixelSize(13)
    window.setFont(font)
    column = QVBoxLayout(window)
    elsewhere, panel = QPushButton("elsewhere"), PinsPanel()
    column.addWidget(elsewhere)
    column.addWidget(panel)
    window.resize(280, 420)
    hand = Hand(window)
    panel.set_shape(8, 8)
    panel.set_pins(ROWS)
    elsewhere.setFocus()
    settle()
    return Desk(panel, elsewhere, hand, Ear(panel, *SIGNALS))


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[Desk]:
    yield make(qtbot, DARK)


# --- what is seen ------------------------------------------------------------------------------------------------------------


def rectangle(desk: Desk, row: int) -> np.ndarray:
    box = desk.list.visualItemRect(desk.list.item(row))
    return look(desk.list.viewport())[box.top() : box.bottom() + 1, box.left() : box.right() + 1]


def test_a_picture_is_enlarged_by_whole_pixels(desk: Desk) -> None:
    picture = np.zeros((8, 8, 1), np.uint8)
    picture[::2, ::2] = 255
    empty = rectangle(desk, 0)
    desk.panel.set_pictures({1: picture})
    seen = rectangle(desk, 0)
    left, top, right, bottom = (round(edge) for edge in where((seen != empty).any(axis=2)))
    scale = SIDE // 8
    assert (right - left, bottom - top) == pytest.approx((SIDE, SIDE), abs=1)
    shown = seen[top + scale // 2 : bottom : scale, left + scale // 2 : right : scale, 0]
    np.testing.assert_array_equal(shown[:8, :8], picture[..., 0])


def test_colours_and_grey_maps_as_the_large_image(desk: Desk) -> None:
    colour = np.zeros((8, 8, 3), np.uint8)
    colour[..., 0] = 250
    desk.panel.set_pictures({1: colour, 2: np.full((8, 8, 1), 200, np.uint8)})
    desk.panel.set_look(False, "inverted")
    first, second = (pixels_of(desk.list.item(k).data(PICTURE)) for k in (0, 1))
    np.testing.assert_array_equal(first, colour)
    np.testing.assert_array_equal(second[0, 0], np.broadcast_to(apply_grey_map(np.full((1, 1, 1), 200, np.uint8), "inverted")[0, 0], 3))


def test_pictures_stay_with_their_pins(desk: Desk) -> None:
    desk.panel.set_pictures({number: np.full((8, 8, 1), 20 * number, np.uint8) for number in (1, 2, 5)})
    desk.panel.set_pins([ROWS[2], ROWS[0]])
    assert [pixels_of(desk.list.item(k).data(PICTURE))[0, 0, 0] for k in (0, 1)] == [100, 20]


def test_every_row_is_painted_and_readable(qtbot: QtBot, theme: Theme) -> None:
    desk = make(qtbot, theme)
    for row in range(3):
        seen = rectangle(desk, row)
        words = seen[:, SIDE + 16 :]
        ground = np.array(rgb(theme.window))
        assert (np.abs(words.astype(int) - ground).max(axis=2) > 90).sum() > 60
    desk.panel.set_current(2)
    assert close_to(rectangle(desk, 1), rgb(theme.accent)).mean() > 0.3
    desk.panel.set_current(None)
    assert not close_to(rectangle(desk, 1), rgb(theme.accent)).any()


def test_rows_are_told_to_screen_readers_and_names_are_plain(desk: Desk) -> None:
    spoken = [desk.list.item(k).data(Qt.ItemDataRole.AccessibleTextRole) for k in range(3)]
    assert spoken[1] == "Pin 2 a loop, z 1.000, 2.000"
    assert desk.list.accessibleName() == "Pins"
    assert desk.list.item(0).toolTip() == "<qt>Pin 1<br>z[0] 0.100   z[1] −0.200</qt>"
    assert all(button.accessibleName() and button.toolTip() for button in desk.panel.findChildren(QPushButton))


def test_an_empty_list_says_what_it_is_for(desk: Desk) -> None:
    desk.panel.set_pins([])
    assert (look(desk.list.viewport()) != look(desk.list.viewport())[0, 0]).any(axis=2).sum() > 100
    assert "P" in EMPTY
    assert not desk.button("Clear").isEnabled()
    assert not desk.button("Remove").isEnabled()
    assert desk.button("Pin").isEnabled()


def test_a_note_is_there_only_when_there_is_something_to_say(desk: Desk) -> None:
    note = desk.panel._note
    assert not note.isVisible()
    desk.panel.set_note("2 more of models of another latent size.")
    settle()
    assert note.isVisible()
    desk.panel.set_note("")
    assert not note.isVisible()


# --- mouse -------------------------------------------------------------------------------------------------------------------


def test_a_click_picks_and_leaves_the_keyboard_where_it_is(desk: Desk) -> None:
    desk.click(1)
    assert desk.ear.heard == [("pinPicked", 2)]
    assert desk.elsewhere.hasFocus()


def test_buttons(desk: Desk) -> None:
    desk.hand.click(desk.button("Pin"))
    desk.click(2)
    desk.hand.click(desk.button("Remove"))
    desk.hand.click(desk.button("Clear"))
    assert desk.ear.heard == [("addRequested",), ("pinPicked", 5), ("removeRequested", 5), ("clearRequested",)]
    assert desk.elsewhere.hasFocus()


def test_a_double_click_lets_the_name_be_typed(desk: Desk) -> None:
    desk.hand.double_click(desk.list.viewport(), desk.place(0))
    editor = desk.editor
    assert editor is not None
    assert editor.text() == ""
    QTest.keyClicks(editor, "left loop")
    desk.hand.key(Key.Key_Return)
    assert desk.ear.of("renameRequested") == [(1, "left loop")]
    assert desk.ear.of("left") == [()]  # the keyboard was not on the list before


def test_what_is_typed_stays_while_the_row_changes(desk: Desk) -> None:
    """New pictures come twice a second while a model trains."""
    desk.hand.double_click(desk.list.viewport(), desk.place(0))
    assert desk.editor is not None
    desk.ear.clear()
    QTest.keyClicks(desk.editor, "lo")
    desk.panel.set_pictures({1: np.zeros((8, 8, 1), np.uint8)})
    desk.panel.set_pins([PinRow(1, "", "0.1, 0.1"), *ROWS[1:]])
    desk.panel.set_current(1)
    assert desk.editor is not None
    QTest.keyClicks(desk.editor, "op")
    desk.hand.key(Key.Key_Return)
    assert desk.ear.of("renameRequested") == [(1, "loop")]
    assert desk.ear.of("pinPicked") == []


def test_escape_leaves_a_name_as_it_was(desk: Desk) -> None:
    desk.hand.double_click(desk.list.viewport(), desk.place(1))
    assert desk.editor is not None
    QTest.keyClicks(desk.editor, "x")
    desk.hand.key(Key.Key_Escape)
    settle()
    assert desk.ear.of("renameRequested") == []
    assert desk.editor is None


def test_orders_are_no_wishes(desk: Desk) -> None:
    desk.panel.set_pins([PinRow(1, "renamed", "0, 0"), *ROWS[1:]])
    desk.panel.set_current(5)
    desk.panel.set_current(None)
    desk.panel.set_pictures({1: np.zeros((8, 8, 1), np.uint8)})
    desk.panel.set_pins([])
    assert desk.ear.heard == []


def test_a_row_can_be_dropped_elsewhere(desk: Desk) -> None:
    """What Qt does to the list's model when a row is dropped; a drag itself needs a real window system."""
    assert desk.list.dragDropMode() == PinList.DragDropMode.InternalMove
    desk.panel.set_pictures({number: np.full((8, 8, 1), 20 * number, np.uint8) for number in (1, 2, 5)})
    assert desk.list.model().moveRow(QModelIndex(), 0, QModelIndex(), 2)
    assert desk.ear.heard == [("orderRequested", (2, 1, 5))]
    desk.panel.set_pins([ROWS[1], ROWS[0], ROWS[2]])  # it is obeyed
    assert [pixels_of(desk.list.item(k).data(PICTURE))[0, 0, 0] for k in range(3)] == [40, 20, 100]


@pytest.mark.parametrize(("entry", "wish"), [("Go there", ("pinPicked", 2)), ("Remove", ("removeRequested", 2)), ("Rename", None)])
def test_the_context_menu(desk: Desk, entry: str, wish: tuple[object, ...] | None) -> None:
    desk.panel.set_current(2)
    menu = desk.panel.row_menu()
    next(action for action in menu.actions() if action.text().replace("&", "") == entry).trigger()
    menu.deleteLater()
    settle()
    if wish is None:
        assert desk.editor is not None
    else:
        assert desk.ear.heard == [wish]


# --- keyboard ----------------------------------------------------------------------------------------------------------------

KEYS = [
    (Key.Key_Return, Modifier.NoModifier, ("pinPicked", 2)),
    (Key.Key_Delete, Modifier.NoModifier, ("removeRequested", 2)),
    (Key.Key_Backspace, Modifier.NoModifier, ("removeRequested", 2)),
    (Key.Key_P, Modifier.NoModifier, ("addRequested",)),
    (Key.Key_BracketRight, Modifier.NoModifier, ("stepRequested", 1)),
    (Key.Key_PageUp, Modifier.NoModifier, ("stepRequested", -1)),
    (Key.Key_Up, Modifier.AltModifier, ("orderRequested", (2, 1, 5))),
    (Key.Key_Down, Modifier.AltModifier, ("orderRequested", (1, 5, 2))),
    (Key.Key_Escape, Modifier.NoModifier, ("left",)),
    (Key.Key_Space, Modifier.NoModifier, None),
    (Key.Key_X, Modifier.NoModifier, None),
]


@pytest.mark.parametrize(("key", "modifier", "wish"), KEYS, ids=[f"{key.name} {modifier.name}" for key, modifier, _ in KEYS])
def test_keys(desk: Desk, key: Key, modifier: Modifier, wish: tuple[object, ...] | None) -> None:
    desk.with_keyboard(1)
    desk.hand.key(key, modifier)
    assert desk.ear.heard == ([] if wish is None else [wish])


def test_tab_leads_to_the_list_and_the_arrows_through_it(desk: Desk) -> None:
    desk.hand.key(Key.Key_Tab)
    assert desk.list.hasFocus()
    for row in (0, 1, 2, 2):
        desk.hand.key(Key.Key_Home if row == 0 else Key.Key_Down)
        assert desk.list.currentRow() == row
    assert desk.ear.heard == []  # looking through the list moves nothing
    desk.hand.key(Key.Key_F2)
    assert desk.editor is not None
    desk.hand.key(Key.Key_Return)
    assert desk.list.hasFocus()
    assert desk.ear.of("left") == []


def test_at_the_ends_nothing_moves(desk: Desk) -> None:
    desk.with_keyboard(0)
    desk.hand.key(Key.Key_Up, Modifier.AltModifier)
    desk.with_keyboard(2)
    desk.hand.key(Key.Key_Down, Modifier.AltModifier)
    assert desk.ear.heard == []


def test_after_a_removal_the_keyboard_is_on_the_next_row(desk: Desk) -> None:
    desk.with_keyboard(1)
    desk.panel.set_pins([ROWS[0], ROWS[2]])
    desk.panel.set_current(None)
    assert desk.list.currentNumber() == 5
    desk.panel.set_pins([ROWS[0]])
    assert desk.list.currentNumber() == 1


def test_without_the_keyboard_the_selection_is_where_the_probe_is(desk: Desk) -> None:
    desk.panel.set_current(2)
    assert desk.list.currentNumber() == 2
    assert desk.button("Remove").isEnabled()
    desk.panel.set_pins([ROWS[1], ROWS[0], ROWS[2]])
    assert desk.list.currentNumber() == 2
    desk.panel.set_current(None)
    assert desk.list.currentNumber() is None
    assert not desk.button("Remove").isEnabled()


def test_names_are_short(desk: Desk) -> None:
    before = desk.panel.minimumSizeHint().width()
    desk.with_keyboard(0)
    desk.hand.key(Key.Key_F2)
    assert desk.editor is not None
    QTest.keyClicks(desk.editor, "w" * 100)
    desk.hand.key(Key.Key_Return)
    assert desk.ear.of("renameRequested") == [(1, "w" * 60)]
    desk.panel.set_pins([PinRow(1, "w" * 60, "0, 0"), *ROWS[1:]])
    assert desk.panel.minimumSizeHint().width() == before
