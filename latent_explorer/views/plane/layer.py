"""What all layers of the plane share: they cover the visible window and paint in pixels of the screen."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage, QPainter, QTransform
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from latent_explorer.views.picture import blank_picture
from latent_explorer.views.plotting import pg


class Layer(pg.GraphicsObject):
    """A picture over the whole visible window, repainted when the window moves.

    One that has nothing to show is hidden, so that Qt asks nothing of it: each question is a call into Python for every move of the
    mouse, and has to wait for the workers' threads.
    """

    def __init__(self) -> None:
        super().__init__()
        self._wanted = self._filled = True

    def set_wanted(self, wanted: bool) -> None:
        """Whether it is to be seen, where there is anything."""
        self._wanted = wanted
        self.setVisible(wanted and self._filled)

    def set_filled(self, filled: bool) -> None:
        """Whether there is anything to show."""
        if filled != self._filled:
            self._filled = filled
            self.setVisible(self._wanted and filled)

    def boundingRect(self) -> QRectF:  # Qt's name
        """The visible window, plane coordinates."""
        box = self.getViewBox()
        return QRectF() if box is None else QRectF(box.viewRect())

    def viewTransformChanged(self) -> None:  # pyqtgraph's name
        """The window moved or changed its size."""
        self.prepareGeometryChange()
        self.update()

    def changed(self) -> None:
        """What is shown has changed."""
        self.update()


def device_window(painter: QPainter, rectangle: QRectF) -> tuple[QTransform, QRectF, float]:
    """Plane to pixels of the widget, the rectangle in those pixels, and the screen's device pixel ratio.

    A layer paints its picture there after ``painter.resetTransform()``, so that Qt has nothing to scale.
    """
    transform = QTransform(painter.worldTransform())
    return transform, transform.mapRect(rectangle), painter.device().devicePixelRatio()


@dataclass(frozen=True)
class Window:
    """The visible window in device pixels: ``pixel = plane * scale + shift`` from its upper left corner.

    Parameters
    ----------
    scale, shift : (x, y)
    corner : (left, top)
        On the widget, in device pixels.
    width, height : int
        Device pixels; none when nothing is visible.
    ratio : float
        Device pixels in a pixel of the widget.
    """

    scale: tuple[float, float]
    shift: tuple[float, float]
    corner: tuple[int, int]
    width: int
    height: int
    ratio: float

    def rectangle(self, margin: float = 0.0) -> tuple[float, float, float, float]:
        """left, bottom, right, top of what it shows, plane units, with so many device pixels around."""
        left, right = sorted((end - self.shift[0]) / self.scale[0] for end in (-margin, self.width + margin))
        bottom, top = sorted((end - self.shift[1]) / self.scale[1] for end in (-margin, self.height + margin))
        return left, bottom, right, top


def window_of(painter: QPainter, rectangle: QRectF) -> Window:
    """The window that shows a rectangle of the plane."""
    transform, window, ratio = device_window(painter, rectangle)
    left, top = math.floor(window.left() * ratio), math.floor(window.top() * ratio)
    width, height = math.ceil(window.right() * ratio) - left, math.ceil(window.bottom() * ratio) - top
    scale = transform.m11() * ratio, transform.m22() * ratio
    shift = transform.dx() * ratio - left, transform.dy() * ratio - top
    return Window(scale, shift, (left, top), max(0, width), max(0, height), ratio)


class KeptLayer(Layer):
    """A layer whose picture of the window is kept until the window or what it shows has changed: most paints are of the cursor."""

    def __init__(self) -> None:
        super().__init__()
        self._picture: QImage | None = None
        self._window: Window | None = None

    def forget(self) -> None:
        """What is shown has changed."""
        self._window = None
        self.update()

    def show_picture(self, picture: QImage) -> None:
        """Another picture of the same window."""
        assert self._window is not None
        picture.setDevicePixelRatio(self._window.ratio)
        self._picture = picture
        self.update()

    def cleared(self, window: Window) -> QImage:
        """A picture of the window with nothing on it, in the memory of the one before where that has its size."""
        picture, _ = blank_picture(window.width, window.height, self._picture)
        picture.fill(0)
        return picture

    def draw(self, window: Window) -> QImage | None:
        """The picture of the window, of its size; None for nothing."""
        raise NotImplementedError  # each layer has its own; Qt's metaclass leaves no room for an abstract one

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Put the picture where the window is."""
        window = window_of(painter, self.boundingRect())
        if not window.width or not window.height:
            return
        if window != self._window:
            self._picture, self._window = self.draw(window), window
            if self._picture is not None:
                self._picture.setDevicePixelRatio(window.ratio)
        if self._picture is not None:
            painter.save()
            painter.resetTransform()
            painter.drawImage(QPointF(*window.corner) / window.ratio, self._picture)
            painter.restore()
