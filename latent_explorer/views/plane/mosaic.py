"""The decoder's picture of the plane, faintly under the points."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from latent_explorer.core.plane.sheet import Sheet
from latent_explorer.views.picture import wrap_words
from latent_explorer.views.plane.layer import KeptLayer, Window

PALE = 0.5  # on a light plane, colour pictures that fill their squares are drawn so much fainter


class MosaicLayer(KeptLayer):
    """Draws a sheet where its rectangle lies: made by others, it is only enlarged here, and the ink of grey pictures coloured."""

    def __init__(self) -> None:
        super().__init__()
        self._sheet: Sheet | None = None
        self._ink = QColor("#ffffff")
        self._opacity = 0.3
        self._smooth = False

    def set_sheet(self, sheet: Sheet | None) -> None:
        """What is drawn; None for nothing."""
        if sheet is not self._sheet:
            self._sheet = sheet
            self.forget()

    def set_look(self, opacity: float, smooth: bool, ink: str) -> None:
        """Opacity in 0..1, smooth or whole pixels, and the colour of the ink, "#rrggbb"."""
        if (QColor(ink), smooth) != (self._ink, self._smooth):
            self._ink, self._smooth = QColor(ink), smooth
            self.forget()
        if opacity != self._opacity:
            self._opacity = opacity
            self.update()

    def draw(self, window: Window) -> QImage | None:
        """The sheet where its rectangle lies."""
        sheet = self._sheet
        if sheet is None:
            return None
        left, bottom, width, height = sheet.rectangle
        corner = left * window.scale[0] + window.shift[0], bottom * window.scale[1] + window.shift[1]
        target = QRectF(*corner, width * window.scale[0], height * window.scale[1]).normalized()
        picture = self.cleared(window)
        painter = QPainter(picture)
        # Copied and not blended: a fifth of the time, and every pixel of the screen shows the one of the sheet that it lies in.
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._smooth)
        painter.drawImage(target, wrap_words(sheet.words))
        if sheet.grey and self._ink != Qt.GlobalColor.white:
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
            painter.fillRect(picture.rect(), self._ink)
        painter.end()
        return picture

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Put the sheet where its rectangle lies now."""
        if self._opacity > 0:
            pale = self._sheet is not None and self._sheet.full and self._ink.lightness() < 128
            painter.save()
            painter.setOpacity(self._opacity * (PALE if pale else 1.0))
            super().paint(painter, option, widget)
            painter.restore()
