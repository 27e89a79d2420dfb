"""What lies over the field of an exact posterior: the encoder's place and ellipses, the mode, and the peaks of other parts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from latent_explorer.views.plane.layer import Layer
from latent_explorer.views.plotting import pg

ARM = 5.0  # pixels from the mode's cross to its ends
SMALL_ARM, FAINT = 3.5, 0.7  # of the crosses in other parts, and their opacity
DASHES = (9.0, 6.0)  # of the outer ellipse, pixels
BRIGHTER = 140  # percent, on a dark plane: a field may lie under the lines
HALO, LINE = 3.4, 1.6  # pixels
RING = 3.5  # pixels: radius of the encoder's place


class PosteriorLayer(Layer):
    """Lines in pixels of the screen, light on dark, so that they are seen on every ground."""

    def __init__(self) -> None:
        super().__init__()
        self.setZValue(45)  # over points and images, under the rings of pointer and probe
        self._paths: tuple[QPainterPath, ...] = ()
        self._mode: tuple[float, float] | None = None
        self._place: tuple[float, float] | None = None
        self._others: tuple[tuple[float, float], ...] = ()
        self._colour, self._ground = QColor("#2d6fe6"), QColor("#000000")

    @property
    def ellipses(self) -> int:
        """How many are drawn."""
        return len(self._paths)

    @property
    def mode(self) -> tuple[float, float] | None:
        """Where the cross is, plane coordinates."""
        return self._mode

    @property
    def place(self) -> tuple[float, float] | None:
        """Where the encoder's ring is, plane coordinates."""
        return self._place

    @property
    def others(self) -> tuple[tuple[float, float], ...]:
        """Where the small crosses are, plane coordinates."""
        return self._others

    def set_marks(
        self,
        mode: tuple[float, float] | None,
        ellipses: Sequence[NDArray[np.float64]] = (),
        place: tuple[float, float] | None = None,
        others: Sequence[tuple[float, float]] = (),
    ) -> None:
        """The mode, closed lines (n, 2), the outermost first, the encoder's place and the peaks of other parts, plane coordinates.

        No mode for nothing.
        """
        self._mode, self._place, self._others = mode, place, tuple(others)
        self._paths = tuple(pg.arrayToQPath(line[:, 0].copy(), line[:, 1].copy()) for line in ellipses)
        self.update()

    def set_colours(self, colour: str, ground: str) -> None:
        """Of the lines, and of the plane around them."""
        self._colour, self._ground = QColor(colour), QColor(ground)
        if self._ground.lightness() < 128:
            self._colour = self._colour.lighter(BRIGHTER)
        self.update()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Ellipses, then ring and crosses."""
        if self._mode is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        transform = painter.worldTransform()
        place = transform.map(QPointF(*self._mode))
        painter.save()
        painter.resetTransform()
        for number, path in enumerate(self._paths):
            outline = transform.map(path)
            for colour, width in ((self._ground, HALO), (self._colour, LINE)):
                pen = QPen(colour, width)
                if number == 0 and len(self._paths) > 1:
                    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
                    pen.setDashPattern([part / width for part in DASHES])
                painter.setPen(pen)
                painter.drawPath(outline)
        if self._place is not None:
            middle = transform.map(QPointF(*self._place))
            for colour, width in ((self._ground, HALO), (self._colour, LINE)):
                painter.setPen(QPen(colour, width))
                painter.drawEllipse(middle, RING, RING)
        painter.setOpacity(FAINT)
        for other in self._others:
            self._cross(painter, transform.map(QPointF(*other)), SMALL_ARM, 0.0)
        painter.setOpacity(1.0)
        self._cross(painter, place, ARM, 0.4)
        painter.restore()

    def _cross(self, painter: QPainter, middle: QPointF, arm: float, more: float) -> None:
        for colour, width in ((self._ground, HALO + 1), (self._colour, LINE + more)):
            painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            for way in (QPointF(arm, 0), QPointF(0, arm)):
                painter.drawLine(middle - way, middle + way)

    def boundingRect(self) -> QRectF:  # Qt's name
        """The visible window while there is something to see."""
        return super().boundingRect() if self._mode is not None else QRectF()
