"""When a window can be seen."""

from __future__ import annotations

import shiboken6
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from latent_explorer.views.first_paint import FirstPaint
from tests.views.hand import settle

WATCHDOG = 60_000


class Canvas(QWidget):
    """Counts its paintings."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.paintings = 0

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), 0xFF0000)
        self.paintings += 1


def test_it_tells_once_after_the_first_painting_of_all(qtbot: QtBot) -> None:
    window = Canvas()
    qtbot.addWidget(window)
    child = Canvas(window)
    window.resize(200, 100)
    child.resize(50, 50)
    told: list[tuple[int, int]] = []
    first = FirstPaint(window)
    first.painted.connect(lambda: told.append((window.paintings, child.paintings)))
    settle()
    assert told == []  # nobody has seen it yet
    window.show()
    qtbot.waitUntil(lambda: bool(told), timeout=WATCHDOG)
    assert told[0][0] >= 1
    assert told[0][1] >= 1
    for _ in range(3):
        window.repaint()
        settle()
    assert len(told) == 1


def test_it_does_not_wait_for_ever_and_still_tells_once(qtbot: QtBot) -> None:
    window = Canvas()
    qtbot.addWidget(window)
    told: list[int] = []
    FirstPaint(window, patience=1).painted.connect(lambda: told.append(window.paintings))
    qtbot.waitUntil(lambda: bool(told), timeout=WATCHDOG)
    window.show()
    qtbot.waitUntil(lambda: window.paintings > 0, timeout=WATCHDOG)
    settle()
    assert told == [0]


def test_it_goes_with_its_widget(qtbot: QtBot) -> None:
    """Also between the painting and the telling."""
    window = Canvas()
    window.resize(200, 100)
    told: list[bool] = []
    FirstPaint(window).painted.connect(lambda: told.append(True))
    window.grab()
    assert window.paintings == 1
    shiboken6.delete(window)
    settle()
    assert told == []
