"""The line that a hand draws around points: a rectangle or a lasso, on the plane and over all layers."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsObject, QStyleOptionGraphicsItem, QWidget

from latent_explorer.core.plane.selecting import Area, Box, Loop

DARK, LIGHT, FILL = QColor(10, 12, 16, 210), QColor("#ffffff"), QColor(45, 111, 230, 40)
EDGE = 4  # pixels around the line that are painted anew with it
FINEST = 2.0  # pixels from one corner of a lasso to the next, at least


class BandLayer(QGraphicsObject):
    """Follows the hand from its press to its release."""

    def __init__(self) -> None:
        super().__init__()
        self.setZValue(110)
        self.setVisible(False)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self._kind = ""
        self._corners: list[QPointF] = []
        self._unit = 1.0  # plane units of one pixel

    @property
    def active(self) -> bool:
        """Whether a hand is drawing."""
        return bool(self._kind)

    def begin(self, kind: str, place: QPointF, unit: float) -> None:
        """A press, plane coordinates: "rectangle" or "lasso"; `unit` is how long one pixel of the screen is there."""
        self.prepareGeometryChange()
        self._kind, self._corners, self._unit = kind, [place], unit
        self.setVisible(True)

    def reach(self, place: QPointF) -> None:
        """The hand has moved."""
        self.prepareGeometryChange()
        last = self._corners[-1]
        if self._kind == "rectangle":
            self._corners = [self._corners[0], place]
        elif max(abs(place.x() - last.x()), abs(place.y() - last.y())) >= FINEST * self._unit:
            self._corners.append(place)
        self.update()

    def stop(self) -> None:
        """The hand has let go, or has thought better of it."""
        self._kind = ""
        self.setVisible(False)

    def area(self) -> Area:
        """What the line goes around."""
        if self._kind == "lasso":
            return Loop(np.array([(corner.x(), corner.y()) for corner in self._corners]))
        area = self.extent()
        return Box((area.left(), area.top(), area.right(), area.bottom()))

    def extent(self) -> QRectF:
        """Of what was drawn, plane coordinates."""
        x, y = [corner.x() for corner in self._corners], [corner.y() for corner in self._corners]
        return QRectF(QPointF(min(x), min(y)), QPointF(max(x), max(y)))

    def boundingRect(self) -> QRectF:  # Qt's name
        """Plane coordinates."""
        if not self._corners:
            return QRectF()
        edge = EDGE * self._unit
        return self.extent().adjusted(-edge, -edge, edge, edge)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """A dashed light line in a dark one, of constant width on the screen; a lasso is closed as it will be."""
        path = QPainterPath()
        if self._kind == "lasso":
            path.addPolygon(self._corners)
            path.closeSubpath()
            path.setFillRule(Qt.FillRule.WindingFill)
        else:
            path.addRect(self.extent())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, self._kind == "lasso")
        painter.fillPath(path, FILL)
        for colour, width, style in ((DARK, 2.6, Qt.PenStyle.SolidLine), (LIGHT, 1.2, Qt.PenStyle.DashLine)):
            pen = QPen(colour, width, style)
            pen.setCosmetic(True)
            painter.setPen(pen)
            painter.drawPath(path)
