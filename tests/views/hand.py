"""Hands and eyes for tests: events enter where the window system puts them, pictures leave as arrays.

An event goes to the window, not to a widget: Qt itself finds the widget under it, grabs the mouse, tells enter and leave, makes
double-clicks of clicks, and moves the focus. So a widget that lies over another one, or a button that takes the focus, shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent, QImage, QWindow
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from latent_explorer.views.text import LiveText

Place = QPoint | QPointF | tuple[float, float]
Button, Key, Modifier = Qt.MouseButton, Qt.Key, Qt.KeyboardModifier
PLAIN = Modifier.NoModifier


class Hand:
    """A mouse and a keyboard at one window."""

    def __init__(self, window: QWidget) -> None:
        self.window = window
        window.show()
        window.activateWindow()
        assert QTest.qWaitForWindowExposed(window)
        settle()

    def _handle(self) -> QWindow:
        handle = self.window.windowHandle()
        assert handle is not None
        return handle

    def _at(self, widget: QWidget, place: Place | None) -> QPoint:
        if place is None:
            point = widget.rect().center()
        elif isinstance(place, QPoint):
            point = place
        else:
            point = (place if isinstance(place, QPointF) else QPointF(*place)).toPoint()
        assert widget.window() is self.window
        return widget.mapTo(self.window, point)

    def move(self, widget: QWidget, place: Place | None = None) -> None:
        QTest.mouseMove(self._handle(), self._at(widget, place))
        settle()

    def press(self, widget: QWidget, place: Place | None = None, button: Button = Button.LeftButton, modifier: Modifier = PLAIN) -> None:
        QTest.mousePress(self._handle(), button, modifier, self._at(widget, place))
        settle()

    def release(self, widget: QWidget, place: Place | None = None, button: Button = Button.LeftButton, modifier: Modifier = PLAIN) -> None:
        QTest.mouseRelease(self._handle(), button, modifier, self._at(widget, place))
        settle()

    def click(self, widget: QWidget, place: Place | None = None, button: Button = Button.LeftButton) -> None:
        """Moves there first, as a hand does; never the second half of a double-click."""
        self.move(widget, place)
        self.press(widget, place, button)
        self.release(widget, place, button)

    def double_click(self, widget: QWidget, place: Place | None = None, button: Button = Button.LeftButton) -> None:
        """Press, release, press, release in quick succession."""
        self.move(widget, place)
        QTest.mouseDClick(self._handle(), button, PLAIN, self._at(widget, place))
        settle()

    def drag(self, widget: QWidget, places: Iterable[Place], button: Button = Button.LeftButton) -> None:
        """Press at the first place, move over the others, release at the last."""
        first, *others = places
        self.move(widget, first)
        self.press(widget, first, button)
        for place in others:
            QTest.mouseMove(self._handle(), self._at(widget, place))
        settle()
        self.release(widget, others[-1], button)

    def wheel(self, widget: QWidget, place: Place | None = None, notches: float = 1.0) -> None:
        QTest.wheelEvent(self._handle(), QPointF(self._at(widget, place)), QPoint(0, round(120 * notches)))
        settle()

    def key(self, key: Key, modifier: Modifier = PLAIN) -> None:
        QTest.keyClick(self._handle(), key, modifier)
        settle()

    def hold_key(self, key: Key) -> None:
        QTest.keyPress(self._handle(), key)
        settle()

    def let_key_go(self, key: Key) -> None:
        QTest.keyRelease(self._handle(), key)
        settle()

    def drop(self, widget: QWidget, data: QMimeData) -> bool:
        """Carries something over a widget and lets it go there; whether anybody took it."""
        place, handle = self._at(widget, None), self._handle()
        arguments = Qt.DropAction.CopyAction, data, Button.LeftButton, PLAIN
        taken = False
        for carried in (QDragEnterEvent(place, *arguments), QDragMoveEvent(place, *arguments)):
            carried.setAccepted(taken)  # who took it on entering need not say so at every move
            QApplication.sendEvent(handle, carried)
            taken = carried.isAccepted()
            if not taken:
                QApplication.sendEvent(handle, QDragLeaveEvent())
                settle()
                return False
        dropped = QDropEvent(QPointF(place), *arguments)
        QApplication.sendEvent(handle, dropped)
        settle()
        return dropped.isAccepted()

    def type(self, field: QWidget, text: str) -> None:
        """Replaces what stands in a field, as a person would."""
        self.click(field)
        self.key(Key.Key_A, Modifier.ControlModifier)
        self.key(Key.Key_Delete)
        for letter in text:
            QTest.keyClick(self._handle(), letter)
        settle()


class Ear:
    """Writes down in order what some signals say."""

    def __init__(self, thing: Any, *names: str) -> None:
        self.heard: list[tuple[Any, ...]] = []
        for name in names:
            getattr(thing, name).connect(self._writer(name))

    def _writer(self, name: str) -> Any:
        return lambda *values: self.heard.append((name, *values))

    def names(self) -> list[str]:
        return [name for name, *_ in self.heard]

    def of(self, name: str) -> list[tuple[Any, ...]]:
        """What one signal said."""
        return [tuple(values) for who, *values in self.heard if who == name]

    def clear(self) -> None:
        self.heard.clear()


def settle() -> None:
    """All that is to be done at once: events, layouts, paints, deletions."""
    for _ in range(3):
        QApplication.processEvents()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # as an event loop does; None: to all


def texts(widget: QWidget) -> list[str]:
    """All that can be read in a widget's labels, whether or not it is in front; empty ones are left out."""
    labels = [*widget.findChildren(QLabel), *widget.findChildren(LiveText)]
    return [label.text() for label in labels if label.text() and label.isVisibleTo(widget)]


def pixels_of(picture: QImage) -> NDArray[np.uint8]:
    """Red, green, blue of a picture: uint8 (H, W, 3)."""
    image = picture.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def look(widget: QWidget) -> NDArray[np.uint8]:
    """What a widget shows: uint8 (H, W, 3)."""
    settle()
    return pixels_of(widget.grab().toImage())


def where(mask: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of what is true, in pixels from the corner; right and bottom are exclusive."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    assert len(rows), "nothing there"
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def close_to(pixels: NDArray[np.uint8], colour: tuple[int, int, int], within: int = 8) -> NDArray[np.bool_]:
    """Which pixels have about this colour."""
    result: NDArray[np.bool_] = (np.abs(pixels.astype(int) - colour) <= within).all(axis=-1)
    return result
