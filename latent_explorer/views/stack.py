"""Docks one above the other: each as high as its content needs, and the last one has the rest."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow

from latent_explorer.views.panel_area import PanelArea


class Stack(QObject):
    """Follows what the panels need, and the window's height, until the person moves a border or a panel.

    Signals: borderPressed(), of any panel of the window.
    """

    _asked = Signal()  # Qt's manner
    borderPressed = Signal()

    def __init__(self, window: QMainWindow, docks: tuple[QDockWidget, ...]) -> None:
        super().__init__(window)
        self._window = window
        self._panels: list[tuple[QDockWidget, PanelArea]] = []
        self.following = self._waiting = False
        self._asked.connect(self._share, Qt.ConnectionType.QueuedConnection)  # when Qt has laid out what has changed
        for dock in docks:
            area = dock.widget()
            assert isinstance(area, PanelArea)
            self._panels.append((dock, area))
            area.roomChanged.connect(self._ask)
            dock.topLevelChanged.connect(self.leave)
        window.installEventFilter(self)

    def follow(self) -> None:
        """Share the height, now and from now on."""
        self.following = True
        self._ask()

    def leave(self) -> None:
        """The heights are as somebody wants them."""
        self.following = False

    def _ask(self) -> None:
        if self.following and not self._waiting:
            self._waiting = True
            self._asked.emit()

    def _share(self) -> None:
        self._waiting = False
        seen = [(dock, area) for dock, area in self._panels if dock.isVisible()]
        if not self.following or not seen:
            return
        docks, heights = [dock for dock, _ in seen], [dock.height() for dock, _ in seen]
        needs = [dock.height() - area.height() + area.needed_height() for dock, area in seen[:-1]]
        if needs != heights[:-1]:
            self._window.resizeDocks(docks, [*needs, max(1, sum(heights) - sum(needs))], Qt.Orientation.Vertical)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # Qt's name
        """A press on the window itself is one on a border: all else is covered."""
        pressed = event.type() == QEvent.Type.MouseButtonPress
        if pressed and isinstance(event, QMouseEvent) and self._window.childAt(event.position().toPoint()) is None:
            self.leave()
            self.borderPressed.emit()
        return bool(super().eventFilter(watched, event))
