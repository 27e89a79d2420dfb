"""A slider for one latent coordinate, and the mark that says whether the model uses it."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QSlider, QStyle, QStyleOptionSlider, QWidget

FINE = 100  # steps in one unit of z
ARROW, PAGE = 5, 50  # steps for an arrow key and for a page key
REACH = 4.0  # units of z: every slider goes at least so far, and as far as the codes
FARTHEST = 1e5


class AxisSlider(QSlider):
    """Goes where it is clicked, leaves the wheel to the panel, shows where the mean of the codes lies.

    Signals: coordinateMoved(float) by the person; releaseRequested() by a double-click, Delete or Backspace.
    """

    coordinateMoved = Signal(float)  # Qt's manner, here and below
    releaseRequested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard to the plane
        self.setSingleStep(ARROW)
        self.setPageStep(PAGE)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._mean = 0.0
        self.valueChanged.connect(self._moved)

    def set_coordinate(self, value: float, low: float, high: float, mean: float) -> None:
        """Where it stands, the smallest and the largest code, and their mean. A slider in the hand stays as it is."""
        if self.isSliderDown():
            return
        lowest, highest = (min(max(edge, -FARTHEST), FARTHEST) for edge in (min(low, -REACH, value), max(high, REACH, value)))
        self.blockSignals(True)
        self.setRange(math.floor(lowest * FINE), math.ceil(highest * FINE))
        self.setValue(round(min(max(value, lowest), highest) * FINE))
        self.blockSignals(False)
        if mean != self._mean:
            self._mean = mean
            self.update()

    def _moved(self, value: int) -> None:
        self.coordinateMoved.emit(value / FINE)

    def minimumSizeHint(self) -> QSize:  # Qt's name, here and below
        """Narrow panels stay usable."""
        return QSize(56, super().minimumSizeHint().height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The handle comes to the pointer, and is in the hand from there on."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._follow(event.position())
            event.accept()
        else:
            event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The handle follows."""
        if self.isSliderDown():
            self._follow(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The hand lets go."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(False)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Back to the mean."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.releaseRequested.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete is the keyboard's double-click; arrows, page keys, Home and End are Qt's."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.releaseRequested.emit()
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The panel scrolls; a slider that moved meanwhile would change the picture unasked."""
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The slider, and a notch at the mean."""
        painter = QPainter(self)
        painter.setPen(QPen(self.palette().placeholderText().color(), 1.5))
        x, middle = self._place(self._mean * FINE), self.height() / 2
        painter.drawLine(QPointF(x, middle - 8), QPointF(x, middle + 8))
        painter.end()
        super().paintEvent(event)

    def _groove(self) -> tuple[float, float]:
        """Left end and length of the way of the handle's middle."""
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        handle = self.style().subControlRect(QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, self).width()
        return handle / 2, max(1.0, self.width() - handle)

    def _place(self, value: float) -> float:
        left, length = self._groove()
        return left + length * (value - self.minimum()) / max(1, self.maximum() - self.minimum())

    def _follow(self, position: QPointF) -> None:
        left, length = self._groove()
        part = min(max((position.x() - left) / length, 0.0), 1.0)
        self.setValue(round(self.minimum() + part * (self.maximum() - self.minimum())))


class ActiveMark(QWidget):
    """A full disc for an active unit, a ring for an inactive one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._active = False
        self.setFixedSize(10, 10)

    @property
    def active(self) -> bool:
        """What it shows."""
        return self._active

    def set_active(self, active: bool) -> None:
        """Disc or ring."""
        self.setAccessibleName("active" if active else "inactive")
        if active != self._active:
            self._active = active
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # Qt's name
        """The disc in the accent's colour, the ring in the quieter text's."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._active:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.palette().highlight())
            painter.drawEllipse(QRectF(1, 1, 8, 8))
        else:
            painter.setPen(QPen(self.palette().placeholderText().color(), 1.3))
            painter.drawEllipse(QRectF(2, 2, 6, 6))
