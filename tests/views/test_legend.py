"""The class legend: a click hides, a double-click isolates; its first click is undone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from latent_explorer.core.palette import class_colour, rgb
from latent_explorer.views.plane import legend as legend_module
from latent_explorer.views.plane.legend import MAX_ROWS, Legend
from latent_explorer.views.style import DARK, palette_of
from tests.views.hand import Ear, Hand, Key, Modifier, close_to, look, settle, texts

NAMES = {0: "zero", 1: "one", 2: "<b>two</b>", 5: "five"}


class Desk:
    """A legend that is obeyed, as the plane's feature does."""

    def __init__(self, qtbot: QtBot, classes: dict[int, str]) -> None:
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.window.setPalette(palette_of(DARK))
        self.window.resize(300, 700)
        self.legend = Legend(self.window)
        self.legend.hide()  # as on the plane, before there is a model
        self.classes = classes
        self.legend.set_classes(classes)
        self.hidden: frozenset[int] = frozenset()
        self.ear = Ear(self.legend, "hiddenClassesRequested")
        self.legend.hiddenClassesRequested.connect(self._obey)
        self.hand = Hand(self.window)
        self.legend.adjustSize()
        settle()

    def _obey(self, hidden: frozenset[int]) -> None:
        self.hidden = hidden
        self.legend.set_hidden(hidden)

    def row(self, label: int) -> QWidget:
        name = f"Class {self.classes[label]}"
        return next(child for child in self.legend.findChildren(QWidget) if child.accessibleName() == name)

    def click(self, label: int) -> None:
        self.hand.click(self.row(label))

    def double_click(self, label: int) -> None:
        self.hand.double_click(self.row(label))


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[Desk]:
    yield Desk(qtbot, NAMES)


CLICK, DOUBLE = Desk.click, Desk.double_click
STORIES = [
    ("a click hides", [(CLICK, 1)], {1}),
    ("a second click shows again", [(CLICK, 1), (CLICK, 1)], set()),
    ("clicks add up", [(CLICK, 1), (CLICK, 5), (CLICK, 0)], {0, 1, 5}),
    ("all can be hidden", [(CLICK, 0), (CLICK, 1), (CLICK, 2), (CLICK, 5)], {0, 1, 2, 5}),
    ("a double-click shows only it", [(DOUBLE, 2)], {0, 1, 5}),
    ("a double-click again shows all", [(DOUBLE, 2), (DOUBLE, 2)], set()),
    ("and again only it", [(DOUBLE, 2), (DOUBLE, 2), (DOUBLE, 2)], {0, 1, 5}),
    ("another double-click moves on", [(DOUBLE, 2), (DOUBLE, 5)], {0, 1, 2}),
    ("of a hidden class too", [(CLICK, 2), (DOUBLE, 2)], {0, 1, 5}),
    ("whatever was hidden before", [(CLICK, 0), (CLICK, 2), (DOUBLE, 1)], {0, 2, 5}),
    ("isolated by hand, then all", [(CLICK, 0), (CLICK, 1), (CLICK, 5), (DOUBLE, 2)], set()),
    ("a click after a double-click hides as ever", [(DOUBLE, 2), (CLICK, 2)], {0, 1, 2, 5}),
    ("a click on another after a double-click shows it", [(DOUBLE, 2), (CLICK, 0)], {1, 5}),
]


@pytest.mark.parametrize(("steps", "hidden"), [story[1:] for story in STORIES], ids=[story[0] for story in STORIES])
def test_clicks(desk: Desk, steps: list[tuple[object, int]], hidden: set[int]) -> None:
    for act, label in steps:
        act(desk, label)  # type: ignore[operator]
    assert desk.hidden == hidden


def test_a_double_click_undoes_its_first_click(desk: Desk) -> None:
    desk.double_click(0)
    assert desk.ear.of("hiddenClassesRequested") == [(frozenset({0}),), (frozenset({1, 2, 5}),)]


def test_a_press_that_is_carried_away_does_nothing(desk: Desk) -> None:
    desk.hand.press(desk.row(0))
    desk.hand.release(desk.row(5))
    assert desk.ear.heard == []


def test_hidden_is_an_order_not_a_wish(desk: Desk) -> None:
    desk.legend.set_hidden(frozenset({0, 1}))
    assert desk.ear.heard == []
    desk.click(0)
    assert desk.hidden == {1}


def test_rows_show_the_colour_of_their_class_and_whether_it_is_hidden(desk: Desk) -> None:
    def filled(label: int) -> int:
        return int(close_to(look(desk.row(label)), rgb(class_colour(label)), 4).sum())

    before = {label: filled(label) for label in NAMES}
    assert min(before.values()) > 20
    desk.hand.move(desk.window, (280, 690))
    desk.click(5)
    desk.hand.move(desk.window, (280, 690))
    assert filled(5) < before[5] / 2
    assert filled(0) == before[0]


def test_names_are_plain_text(qtbot: QtBot) -> None:
    """Were the name read as markup, "<b>i</b>" would look like a bold i."""
    marked, bold = Desk(qtbot, {0: "<b>i</b>", 1: "b"}), Desk(qtbot, {0: "i", 1: "b"})
    assert marked.row(0).sizeHint().width() > bold.row(0).sizeHint().width() + 20


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_classes_need_no_legend(qtbot: QtBot, count: int) -> None:
    assert not Desk(qtbot, {label: str(label) for label in range(count)}).legend.isVisible()


def test_other_classes_replace_the_rows(desk: Desk) -> None:
    desk.legend.set_classes({0: "cat", 7: "dog"})
    settle()
    desk.classes = {0: "cat", 7: "dog"}
    assert [row.accessibleName() for row in rows_of(desk) if row.isVisible()] == ["Class cat", "Class dog"]
    desk.double_click(7)
    assert desk.hidden == {0}


def rows_of(desk: Desk) -> list[QWidget]:
    return [child for child in desk.legend.findChildren(QWidget) if child.accessibleName().startswith("Class ")]


def test_of_many_classes_all_can_be_reached(qtbot: QtBot) -> None:
    """EMNIST has 47: the legend keeps to its room and scrolls."""
    many = Desk(qtbot, {label: f"class {label}" for label in range(47)})
    many.legend.set_room(500)
    many.legend.adjustSize()
    settle()
    assert len(rows_of(many)) == 47
    assert many.legend.height() == 500
    many.double_click(3)
    assert many.hidden == frozenset(range(47)) - {3}
    many.double_click(3)
    assert many.hidden == frozenset()
    last = many.row(46)
    assert last.visibleRegion().isEmpty()
    many.hand.wheel(many.row(3), notches=-40)
    assert not last.visibleRegion().isEmpty()
    assert all(row.visibleRegion().boundingRect().right() == row.rect().right() for row in rows_of(many) if row.visibleRegion())
    many.click(46)
    assert many.hidden == {46}


def test_the_keyboard_scrolls_to_its_row(qtbot: QtBot) -> None:
    many = Desk(qtbot, {label: f"class {label}" for label in range(47)})
    many.legend.set_room(300)
    many.legend.adjustSize()
    settle()
    many.row(0).setFocus()
    many.hand.key(Key.Key_End)
    assert focused() == "Class class 46"
    assert many.row(46).visibleRegion().boundingRect() == many.row(46).rect()


def test_beyond_hundreds_it_says_how_many_more(qtbot: QtBot) -> None:
    many = Desk(qtbot, {label: str(label) for label in range(MAX_ROWS + 1234)})
    assert len(rows_of(many)) == MAX_ROWS
    assert "and 1,234 more" in texts(many.legend)
    many.legend.set_classes({0: "a", 1: "b"})
    assert texts(many.legend) == []


def test_long_names_do_not_widen_the_legend(qtbot: QtBot) -> None:
    long = Desk(qtbot, {0: "x" * 500, 1: "b"})
    assert long.legend.width() < 220
    assert np.ptp(look(long.row(0)).reshape(-1, 3), axis=0).max() > 50


# --- the keyboard ------------------------------------------------------------------------------------------------------------


def with_keyboard(desk: Desk) -> Ear:
    """Tab leads to the legend."""
    for _ in range(2):
        if focused() != "Class zero":
            desk.hand.key(Key.Key_Tab)
    assert focused() == "Class zero"
    return Ear(desk.legend, "hiddenClassesRequested", "classJumpRequested", "left")


def focused() -> str:
    widget = QApplication.focusWidget()
    return "" if widget is None else widget.accessibleName()


def test_tab_meets_the_legend_once_and_the_arrows_go_through_it(desk: Desk) -> None:
    after = QPushButton("after", desk.window)
    after.show()
    with_keyboard(desk)
    seen = []
    for key in (Key.Key_Down, Key.Key_Down, Key.Key_Down, Key.Key_Down, Key.Key_Up, Key.Key_Home, Key.Key_Up, Key.Key_End):
        desk.hand.key(key)
        seen.append(focused().removeprefix("Class "))
    assert seen == ["one", "<b>two</b>", "five", "five", "<b>two</b>", "zero", "zero", "five"]
    desk.hand.key(Key.Key_Tab)
    assert after.hasFocus()
    desk.hand.key(Key.Key_Tab, Modifier.ShiftModifier)
    assert focused() == "Class five"  # where it was


@pytest.mark.parametrize(
    ("keys", "hidden"),
    [
        ([Key.Key_Space], {0}),
        ([Key.Key_Return], {0}),
        ([Key.Key_Space, Key.Key_Down, Key.Key_Enter], {0, 1}),
        ([Key.Key_Space, Key.Key_Space], set()),
        (["only"], {1, 2, 5}),
        (["only", "only"], set()),
        ([Key.Key_End, "only", Key.Key_Space], {0, 1, 2, 5}),
    ],
    ids=str,
)
def test_keys_hide_and_isolate(desk: Desk, keys: list[object], hidden: set[int]) -> None:
    with_keyboard(desk)
    for key in keys:
        if isinstance(key, Key):
            desk.hand.key(key)
        else:
            desk.hand.key(Key.Key_Return, Modifier.ShiftModifier)
    assert desk.hidden == hidden


def test_the_row_with_the_keyboard_is_seen_and_says_whether_it_is_hidden(desk: Desk) -> None:
    row, before = desk.row(1), look(desk.row(1))
    with_keyboard(desk)
    desk.hand.key(Key.Key_Down)
    assert (look(row) != before).any(axis=2).sum() > row.width()  # a frame around it
    assert row.accessibleDescription() == "shown"
    desk.hand.key(Key.Key_Space)
    assert row.accessibleDescription() == "hidden"


def test_a_click_takes_no_focus(desk: Desk) -> None:
    field = QPushButton("elsewhere", desk.window)
    field.show()
    field.setFocus()
    desk.click(1)
    assert field.hasFocus()


def test_jumping_to_a_class(desk: Desk) -> None:
    ear = with_keyboard(desk)
    desk.hand.key(Key.Key_Down)
    desk.hand.key(Key.Key_J)
    desk.hand.key(Key.Key_5)
    assert ear.of("classJumpRequested") == [(1,), (5,)]
    assert focused() == "Class five"
    desk.hand.key(Key.Key_Escape)
    assert ear.of("left") == [()]


@pytest.mark.parametrize(
    ("typed", "jumps"),
    [("7", [7]), ("14", [1, 14]), ("46", [4, 46]), ("99", [9, 9]), ("473", [4, 7, 3]), ("123", [1, 12, 3])],
)
def test_digits_count_together_beyond_ten_classes(qtbot: QtBot, typed: str, jumps: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    many = Desk(qtbot, {label: f"class {label}" for label in range(47)})
    monkeypatch.setattr(legend_module, "monotonic", lambda: 10.0)  # all in the same moment
    many.hand.key(Key.Key_Tab)
    ear = Ear(many.legend, "classJumpRequested")
    for digit in typed:
        many.hand.key(Key(Key.Key_0 + int(digit)))
    assert [label for (label,) in ear.of("classJumpRequested")] == jumps


def test_digits_that_come_slowly_count_alone(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    many = Desk(qtbot, {label: f"class {label}" for label in range(47)})
    moments = iter((10.0, 10.0 + 1.5 * legend_module.DIGITS_TOGETHER))
    monkeypatch.setattr(legend_module, "monotonic", lambda: next(moments))
    many.hand.key(Key.Key_Tab)
    ear = Ear(many.legend, "classJumpRequested")
    many.hand.key(Key.Key_1)
    many.hand.key(Key.Key_4)
    assert ear.of("classJumpRequested") == [(1,), (4,)]
    assert focused() == "Class class 4"


def test_keys_that_mean_nothing_here_are_left_to_the_plane(desk: Desk) -> None:
    with_keyboard(desk)
    for key in (Key.Key_Left, Key.Key_F, Key.Key_Plus, Key.Key_P):
        event = QKeyEvent(QEvent.Type.KeyPress, key, Modifier.NoModifier)
        QApplication.sendEvent(desk.row(0), event)
        assert not event.isAccepted()
