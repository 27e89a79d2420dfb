"""What changes fast is repainted at once, then now and then, and at last as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from latent_explorer.views import text as text_module
from latent_explorer.views.pace import Pace
from latent_explorer.views.text import LiveText
from tests.views.hand import settle

LONG = 3_600_000  # milliseconds: does not pass within a test


class Painted(QWidget):
    """Writes down what it shows whenever it is painted."""

    def __init__(self) -> None:
        super().__init__()
        self.value = 0
        self.seen: list[int] = []

    def paintEvent(self, event: QPaintEvent) -> None:
        self.seen.append(self.value)


@pytest.fixture
def widget(qtbot: QtBot) -> Iterator[Painted]:
    widget = Painted()
    qtbot.addWidget(widget)
    widget.show()
    settle()
    widget.seen.clear()
    yield widget


def test_the_first_change_is_painted_at_once_and_the_next_ones_wait(widget: Painted) -> None:
    pace = Pace(widget.update, LONG, widget)
    for value in range(1, 50):
        widget.value = value
        pace.ask()
        settle()
    assert widget.seen == [1]
    assert not pace.settled


def test_the_last_change_is_always_painted(widget: Painted, qtbot: QtBot) -> None:
    pace = Pace(widget.update, 20, widget)
    for value in range(1, 200):
        widget.value = value
        pace.ask()
        settle()
    qtbot.waitUntil(lambda: widget.seen[-1] == 199, timeout=20_000)
    assert widget.seen == sorted(set(widget.seen))
    assert len(widget.seen) < 199
    assert pace.settled


def test_nothing_is_painted_without_a_change(widget: Painted, qtbot: QtBot) -> None:
    pace = Pace(widget.update, 1, widget)
    pace.ask()
    qtbot.waitUntil(lambda: not pace._rest.isActive(), timeout=20_000)
    settle()
    assert widget.seen == [0]


def test_a_live_text_says_at_once_what_it_paints_later(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_module, "REPAINT", LONG)
    painted: list[str] = []

    class Watched(LiveText):
        def paintEvent(self, event: QPaintEvent) -> None:
            super().paintEvent(event)
            painted.append(self.text())

    text = Watched("a sample")
    qtbot.addWidget(text)
    text.show()
    settle()
    painted.clear()
    for k in range(30):
        text.setText(str(k))
        settle()
        assert text.text() == text.spoken() == str(k)
    assert painted == ["0"]
