"""The decoder's picture of the plane, faintly under the points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from latent_explorer.views.picture import to_qimage
from latent_explorer.views.plane.layer import Layer, device_window


class MosaicLayer(Layer):
    """Grey pictures are drawn as ink: the pixel's value is the opacity, so dark and light grounds both stay calm."""

    def __init__(self) -> None:
        super().__init__()
        self._pixels: NDArray[np.uint8] | None = None
        self._rectangle = QRectF()
        self._ink = QColor("#ffffff")
        self._opacity = 0.3
        self._smooth = False
        self._picture: QImage | None = None

    def set_picture(self, pixels: NDArray[np.uint8] | None, rectangle: tuple[float, float, float, float] = (0, 0, 1, 1)) -> None:
        """A sheet (H, W, 1 or 3), uint8, that fills `rectangle` (left, bottom, width, height; plane units); None for none."""
        self._pixels, self._rectangle = pixels, QRectF(*rectangle)
        self._picture = None
        self.update()

    def set_look(self, opacity: float, smooth: bool, ink: str) -> None:
        """Opacity in 0..1, smooth or whole pixels, and the colour of the ink, "#rrggbb"."""
        if QColor(ink) != self._ink:
            self._ink, self._picture = QColor(ink), None
        self._opacity, self._smooth = opacity, smooth
        self.update()

    def _draw(self, pixels: NDArray[np.uint8]) -> QImage:
        if pixels.shape[2] == 1:
            inked = np.empty((*pixels.shape[:2], 4), np.uint8)
            inked[..., :3] = (self._ink.red(), self._ink.green(), self._ink.blue())
            inked[..., 3] = pixels[..., 0]
            pixels = inked
        return to_qimage(pixels).convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Put the sheet where its rectangle lies now."""
        if self._pixels is None or self._opacity <= 0:
            return
        if self._picture is None:
            self._picture = self._draw(self._pixels)
        _, target, _ = device_window(painter, self._rectangle)
        painter.save()
        painter.resetTransform()
        painter.setOpacity(self._opacity)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._smooth)
        painter.drawImage(target, self._picture)
        painter.restore()
