"""A panel that scrolls up and down when the window is low, and never cuts its width."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget


class PanelArea(QScrollArea):
    """As wide as its content needs at least. Signals: roomChanged(), the room that it has or that the content needs."""

    roomChanged = Signal()  # Qt's manner

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._content = content
        self.setWidget(content)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """When the content's least size changes (another theme, a larger interface), the dock is told."""
        if watched is self._content and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
            self.roomChanged.emit()
        return bool(super().eventFilter(watched, event))

    def resizeEvent(self, event: QResizeEvent) -> None:  # Qt's name
        """Whoever shares the room hears of it."""
        super().resizeEvent(event)
        self.roomChanged.emit()

    def needed_height(self) -> int:
        """Of the content in the present width, in which its sentences are wrapped.

        A scroll bar that is seen counts: Qt takes it away only from content that fits beside it.
        """
        content = self._content
        return content.heightForWidth(self.viewport().width()) if content.hasHeightForWidth() else content.sizeHint().height()

    def minimumSizeHint(self) -> QSize:
        """The content's own least width, and room for the scroll bar."""
        return QSize(self._content.minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width(), 60)

    def sizeHint(self) -> QSize:
        """The content's."""
        return self._content.sizeHint()
