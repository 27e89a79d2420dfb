"""The globe's rim and its lines of longitude and latitude, under the points, and the degrees of the lines, over them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter
from PySide6.QtWidgets import QGraphicsEllipseItem

from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.globe import degree_marks, graticule
from latent_explorer.views.plane.layer import KeptLayer, Window
from latent_explorer.views.plotting import pg
from latent_explorer.views.style import Theme

FAINT = 90  # of 255: the lines are there to tell how the globe lies, and not to be looked at
RIM = 0.95  # of the globe's radius: a line that ends farther out has its degrees beside the globe
RING = 12.0  # pixels from a crossing to its degrees: a probe at the crossing leaves them free
GAP = 4.0  # pixels between a line and its degrees
GROUND = 170  # of 255: points are seen through the ground of the words that lie over them


class DegreesLayer(KeptLayer):
    """Words at the lines."""

    def __init__(self) -> None:
        super().__init__()
        self.setZValue(15)  # over the points, under images, rings and pins
        self.marks: Sequence[tuple[float, float, str]] = ()
        self._text, self._ground, self._font = QColor(), QColor(), QFont()

    def set_marks(self, marks: Sequence[tuple[float, float, str]]) -> None:
        """Plane coordinates and words."""
        self.marks = marks
        self.forget()

    def set_look(self, text: str, ground: str, font: QFont) -> None:
        """Colours, and the interface's font."""
        self._text, self._ground, self._font = QColor(text), QColor(ground), font
        self._ground.setAlpha(GROUND)
        self.forget()

    def draw(self, window: Window) -> QImage | None:
        """Beside the globe at its rim, else to the upper right of the crossing that they are of."""
        picture = QImage(window.width, window.height, QImage.Format.Format_ARGB32_Premultiplied)
        picture.fill(Qt.GlobalColor.transparent)
        picture.setDevicePixelRatio(window.ratio)
        metrics = QFontMetricsF(self._font)
        painter = QPainter(picture)
        painter.setFont(self._font)
        painter.setPen(self._text)
        right, bottom = window.width / window.ratio, window.height / window.ratio
        for u, v, words in self.marks:
            x, y = ((place * window.scale[k] + window.shift[k]) / window.ratio for k, place in enumerate((u, v)))
            width, height = metrics.horizontalAdvance(words), metrics.height()
            if not (0 <= x <= right and 0 <= y <= bottom):
                continue
            radius = math.hypot(u, v)
            beside = radius > RIM
            if beside:  # the box stands outside where its line ends
                across, down = u / radius, -v / radius
                x, y = x + across * (GAP + width / 2) - width / 2, y + down * (GAP + height / 2) - height / 2
                box = QRectF(x, y, width, height)
            else:
                box = QRectF(x + RING, y - height - 1, width + GAP, height)
            box.moveLeft(min(max(box.left(), 0.0), right - box.width()))  # whole, also at the window's edge
            box.moveTop(min(max(box.top(), 0.0), bottom - box.height()))
            if not beside:
                painter.fillRect(box, self._ground)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
        painter.end()
        return picture


class GlobeLines:
    """Three items that come and go together."""

    def __init__(self, box: pg.ViewBox) -> None:
        self._rim = QGraphicsEllipseItem(-1.0, -1.0, 2.0, 2.0)
        self._lines = pg.PlotCurveItem(connect="finite")
        self.degrees = DegreesLayer()
        self._frame: PlaneFrame | None = None
        for item in (self._rim, self._lines, self.degrees):
            item.hide()
            box.addItem(item, ignoreBounds=True)

    def set_frame(self, frame: PlaneFrame) -> None:
        """The globe that is shown; gone where the plane is none."""
        shown = frame.kind == "sphere"
        if shown and (self._frame is None or not frame.same_as(self._frame)):
            self._frame = frame
            lines = graticule(frame)
            self._lines.setData(np.ascontiguousarray(lines[:, 0]), np.ascontiguousarray(lines[:, 1]))
            self.degrees.set_marks(degree_marks(frame))
        for item in (self._rim, self._lines, self.degrees):
            item.setVisible(shown)

    def set_theme(self, theme: Theme, font: QFont) -> None:
        """Quiet on both planes."""
        self._rim.setPen(pg.mkPen(theme.muted))
        faint = QColor(theme.muted)
        faint.setAlpha(FAINT)
        self._lines.setPen(pg.mkPen(faint))
        self.degrees.set_look(theme.muted, theme.plane, font)
