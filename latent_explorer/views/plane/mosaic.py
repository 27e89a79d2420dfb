"""The decoder's picture of the plane, faintly under the points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from latent_explorer.views.picture import blank_picture, ink_picture, light_picture, to_qimage
from latent_explorer.views.plane.layer import KeptLayer, Window

PALE = 0.5  # on a light plane, colour pictures that fill their squares are drawn so much fainter
BLACK, SAMPLE = 40, 5  # a channel below this is dark; of the pixels, every so many along both sides are looked at


def on_black(pixels: NDArray[np.uint8]) -> bool:
    """Whether colour pictures (H, W, 3) show something on a dark ground: most of their pixels are dark."""
    return bool((pixels[::SAMPLE, ::SAMPLE].max(axis=2) < BLACK).mean() > 0.5)


class MosaicLayer(KeptLayer):
    """Grey pictures are drawn as ink: the pixel's value is the opacity, so dark and light planes both stay calm.

    Colour pictures on a dark ground are drawn as light, which leaves their ground out for the same reason.
    """

    def __init__(self) -> None:
        super().__init__()
        self._pixels: NDArray[np.uint8] | None = None
        self._rectangle = (0.0, 0.0, 1.0, 1.0)
        self._ink = QColor("#ffffff")
        self._opacity = 0.3
        self._smooth = False
        self._sheet: QImage | None = None
        self._inked = False  # whether the sheet is that of the pixels
        self._full = False  # whether pictures fill their squares, grounds and all

    def set_picture(self, pixels: NDArray[np.uint8] | None, rectangle: tuple[float, float, float, float] = (0, 0, 1, 1)) -> None:
        """A sheet (H, W, 1 or 3), uint8, that fills `rectangle` (left, bottom, width, height; plane units); None for none."""
        self._pixels, self._rectangle, self._inked = pixels, rectangle, False
        self._full = pixels is not None and pixels.shape[2] != 1 and not on_black(pixels)
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
            self._sheet, self._inked = self._ink_sheet(self._pixels), True
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

    def _ink_sheet(self, pixels: NDArray[np.uint8]) -> QImage:
        if pixels.shape[2] == 1:
            return ink_picture(pixels, self._ink, self._sheet)
        return to_qimage(pixels) if self._full else light_picture(pixels, self._sheet)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Put the sheet where its rectangle lies now."""
        if self._opacity > 0:
            painter.save()
            painter.setOpacity(self._opacity * (PALE if self._full and self._ink.lightness() < 128 else 1.0))
            super().paint(painter, option, widget)
            painter.restore()
