"""The sheet of gestures: it tells every key there is, and fits small screens."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QScrollArea
from pytestqt.qtbot import QtBot

from latent_explorer.views.axis_slider import AxisSlider
from latent_explorer.views.dialogs.gestures import GESTURES, GestureSheet
from latent_explorer.views.main_window import MainWindow
from latent_explorer.views.plane.keys import LETTERS
from tests.views.hand import Ear, Hand, Key, settle

WORDS = {"Ctrl++": "Ctrl + plus", "Ctrl+=": "Ctrl + plus", "Ctrl+-": "Ctrl + minus"}  # easier to read than signs


@pytest.fixture
def sheet(qtbot: QtBot) -> Iterator[GestureSheet]:
    sheet = GestureSheet()
    qtbot.addWidget(sheet)
    yield sheet


def told() -> set[str]:
    """Every key that the sheet names."""
    parts = {part.strip() for _, entries in GESTURES for gesture, _ in entries for part in re.split("[;,]", gesture)}
    for part in list(parts):
        if found := re.fullmatch(r"(Ctrl\+)(\d) to Ctrl\+(\d)", part):
            parts |= {f"{found[1]}{number}" for number in range(int(found[2]), int(found[3]) + 1)}
    return parts


def test_every_shortcut_of_the_window_is_told(qtbot: QtBot) -> None:
    window = MainWindow()
    qtbot.addWidget(window, before_close_func=lambda window: setattr(window, "may_close", True))
    shortcuts = {key.toString() for action in window.actions() for key in action.shortcuts()}
    assert len(shortcuts) > 12
    assert {WORDS.get(key, key) for key in shortcuts} - told() == set()


def test_every_letter_of_the_plane_is_told() -> None:
    assert {key.name.removeprefix("Key_") for key in LETTERS} - told() == set()


SLIDER = [
    # key, its name on the sheet, where it takes a slider from 1.00 between -4 and 4
    (Key.Key_Left, "Left and right", 0.95),
    (Key.Key_Right, "Left and right", 1.05),
    (Key.Key_Down, "down and up", 0.95),
    (Key.Key_Up, "down and up", 1.05),
    (Key.Key_PageDown, "Page Down", 0.5),
    (Key.Key_PageUp, "Page Up", 1.5),
    (Key.Key_Home, "Home", -4.0),
    (Key.Key_End, "End", 4.0),
]


@pytest.mark.parametrize(("key", "name", "there"), SLIDER, ids=str)
def test_what_is_told_of_a_slider_is_so(qtbot: QtBot, key: Key, name: str, there: float) -> None:
    entries = dict(next(entries for title, entries in GESTURES if title == "Slice, on a slider"))
    assert any(name in keys.split(", ") for keys in entries)
    slider = AxisSlider()
    qtbot.addWidget(slider)
    slider.set_coordinate(1.0, -1.0, 1.0, 0.0)
    ear = Ear(slider, "coordinateMoved", "releaseRequested")
    hand = Hand(slider)
    slider.setFocus()
    hand.key(key)
    assert ear.of("coordinateMoved") == [(pytest.approx(there),)]
    for release in (Key.Key_Delete, Key.Key_Backspace):
        hand.key(release)
    hand.double_click(slider)
    assert len(ear.of("releaseRequested")) == 3


def test_nothing_is_told_twice() -> None:
    for title, entries in GESTURES:
        gestures = [gesture for gesture, _ in entries]
        assert len(set(gestures)) == len(gestures), title


def test_it_is_whole_within_the_screen_and_scrolls_by_keys(sheet: GestureSheet) -> None:
    hand = Hand(sheet)
    settle()
    room = QGuiApplication.primaryScreen().availableSize()
    assert sheet.width() <= room.width()
    assert sheet.height() <= room.height()
    area = sheet.findChild(QScrollArea)
    assert area is not None
    assert area.verticalScrollBar().maximum() > 0  # so much is told that it has to
    hand.key(Key.Key_PageDown)
    assert area.verticalScrollBar().value() > 0
    sheet.resize(sheet.minimumSizeHint())
    settle()
    for label in area.widget().findChildren(QLabel):
        assert label.width() <= area.viewport().width()
        assert label.heightForWidth(label.width()) <= label.height(), label.text()
    hand.key(Key.Key_Escape)
    assert not sheet.isVisible()
