"""Lines where a field has round values: with the field under the points, and those around an exact posterior's regions over them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QTransform

from latent_explorer.core.plane.field import PlaneField
from latent_explorer.views.plane.layer import KeptLayer, Window
from latent_explorer.views.plotting import pg
from latent_explorer.views.style import DARK, Theme

OPACITY = 0.8  # of the lines
HALO, HALO_OPACITY = 3.4, 0.55  # pixels of the screen, of the ground around lines that lie over points


class Contours:
    """Paints the lines of the finest of some fields that fills the window; their paths are kept."""

    def __init__(self) -> None:
        self._paths: tuple[PlaneField, list[QPainterPath]] | None = None

    def paint(self, painter: QPainter, window: Window, fields: Sequence[PlaneField], colour: QColor, opacity: float, width: float) -> None:
        """Lines of a width in device pixels, 0 for one of them, the thinnest."""
        (x, y), (dx, dy) = window.scale, window.shift
        shown = (-dx / x, (window.height - dy) / y, window.width / x, -window.height / y)
        field = next((field for field in reversed(fields) if field.covers(shown)), fields[0])
        if self._paths is None or self._paths[0] is not field:
            self._paths = field, [_path(contour.points, contour.joined) for contour in field.contours]
        pen = QPen(colour)
        pen.setCosmetic(True)
        if width:  # which Qt strokes through a filled outline, far more slowly than lines of one pixel
            pen.setWidthF(width)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setOpacity(opacity)
        painter.setPen(pen)
        painter.setTransform(QTransform(x, 0, 0, y, dx, dy))
        for path in self._paths[1]:
            painter.drawPath(path)


class RegionLines(KeptLayer):
    """The contours of an exact posterior, over the points: light on dark, so that they are seen on every ground."""

    def __init__(self) -> None:
        super().__init__()
        self.setZValue(44)  # over points and images, under the encoder's ellipses
        self._fields: tuple[PlaneField, ...] = ()
        self._contours = Contours()
        self._theme = DARK
        self.set_filled(False)

    def set_fields(self, fields: Sequence[PlaneField], theme: Theme) -> None:
        """The fields whose lines are drawn, the lowest first; none for nothing."""
        same = len(fields) == len(self._fields) and all(one is two for one, two in zip(fields, self._fields, strict=True))
        if same and theme is self._theme:
            return
        self._fields, self._theme = tuple(fields), theme
        self.set_filled(bool(fields))
        self.forget()

    def draw(self, window: Window) -> QImage | None:
        """The lines on a fainter line of the ground."""
        if not self._fields:
            return None
        picture = self.cleared(window)
        painter = QPainter(picture)
        ground, colour = QColor(self._theme.plane), QColor(self._theme.text)
        self._contours.paint(painter, window, self._fields, ground, HALO_OPACITY, HALO * window.ratio)
        self._contours.paint(painter, window, self._fields, colour, OPACITY, 0.0)
        painter.end()
        return picture


def _path(points: NDArray[np.float64], joined: NDArray[np.bool_]) -> QPainterPath:
    """Lines in plane coordinates."""
    path: QPainterPath = pg.arrayToQPath(points[:, 0].copy(), points[:, 1].copy(), connect=joined.astype(np.int32), finiteCheck=False)
    return path
