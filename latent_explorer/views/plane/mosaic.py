"""The decoder's picture of the plane, faintly under the points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from latent_explorer.views.picture import blank_picture, ink_picture, to_qimage
from latent_explorer.views.plane.layer import KeptLayer, Window

PALE = 0.5  # on a light plane, colour pictures are drawn so much fainter: dark grounds of theirs would make all of it grey


class MosaicLayer(KeptLayer):
    """Grey pictures are drawn as ink: the pixel's value is the opacity, so dark and light grounds both stay calm."""

    def __init__(self) -> None:
        super().__init__()
        self._pixels: NDArray[np.uint8] | None = None
        self._rectangle = (0.0, 0.0, 1.0, 1.0)
        self._ink = QColor("#ffffff")
        self._opacity = 0.3
        self._smooth = False
        self._sheet: QImage | None = None
        self._inked = False  # whether the sheet is that of the pixels

    def set_picture(self, pixels: NDArray[np.uint8] | None, rectangle: tuple[float, float, float, float] = (0, 0, 1, 1)) -> None:
        """A sheet (H, W, 1 or 3), uint8, that fills `rectangle` (left, bottom, width, height; plane units); None for none."""
        self._pixels, self._rectangle, self._inked = pixels, rectangle, False
        self.forget()

    def set_look(self, opacity: float, smooth: bool, ink: str) -> None:
        """Opacity in 0..1, smooth or whole pixels, and the colour of the ink, "#rrggbb"."""
        if QColor(ink) != self._ink:
            self._ink, self._inked = QColor(ink), False
            self.forget()
        if smooth != self._smooth:
            self._smooth = smooth
            self.forget()
        if opacity != self._opacity:
            self._opacity = opacity
            self.update()

    def draw(self, window: Window) -> QImage | None:
        """The sheet where its rectangle lies."""
        if self._pixels is None:
            return None
        if self._sheet is None or not self._inked:
            grey = self._pixels.shape[2] == 1
            self._sheet = ink_picture(self._pixels, self._ink, self._sheet) if grey else to_qimage(self._pixels)
            self._inked = True
        left, bottom, width, height = self._rectangle
        corner = left * window.scale[0] + window.shift[0], bottom * window.scale[1] + window.shift[1]
        target = QRectF(*corner, width * window.scale[0], height * window.scale[1]).normalized()
        picture, _ = blank_picture(window.width, window.height, self._picture)
        picture.fill(0)
        painter = QPainter(picture)
        # Copied and not blended: a fifth of the time, and every pixel of the screen shows the one of the sheet that it lies in.
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._smooth)
        painter.drawImage(target, self._sheet)
        painter.end()
        return picture

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Put the sheet where its rectangle lies now."""
        if self._opacity > 0:
            painter.save()
            coloured, light = self._pixels is not None and self._pixels.shape[2] != 1, self._ink.lightness() < 128
            painter.setOpacity(self._opacity * (PALE if coloured and light else 1.0))
            super().paint(painter, option, widget)
            painter.restore()
