"""A small mark of constant size on the screen, its smooth edges drawn once: Qt takes a hundred times as long for them as for a picture."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPixmap, QTransform


class Stamp:
    """What `draw` draws around the origin, put down as often as it is wanted, to the nearest pixel of the screen. GUI thread.

    Parameters
    ----------
    draw : callable
        Draws the mark around (0, 0) in pixels of the screen; its painter smooths edges.
    reach : float
        Pixels of the screen from the origin within which all of it lies.
    """

    def __init__(self, draw: Callable[[QPainter], None], reach: float) -> None:
        self._draw, self._reach = draw, math.ceil(reach)
        self._picture: QPixmap | None = None

    def paint(self, painter: QPainter) -> None:
        """Put it where the painter's origin is."""
        transform = painter.worldTransform()
        self.paint_at(painter, QPointF(transform.dx(), transform.dy()))

    def paint_at(self, painter: QPainter, place: QPointF) -> None:
        """Put it at a place of the screen, in pixels of the widget, whatever the painter's transform is."""
        ratio = painter.device().devicePixelRatioF()
        if self._picture is None or self._picture.devicePixelRatio() != ratio:
            self._picture = self._drawn(ratio)
        corner = QPointF(round((place.x() - self._reach) * ratio) / ratio, round((place.y() - self._reach) * ratio) / ratio)
        before = painter.worldTransform()
        painter.setWorldTransform(QTransform())
        painter.drawPixmap(corner, self._picture)
        painter.setWorldTransform(before)

    def _drawn(self, ratio: float) -> QPixmap:
        side = math.ceil(2 * self._reach * ratio)
        picture = QPixmap(side, side)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(self._reach, self._reach)
        self._draw(painter)
        painter.end()
        return picture
