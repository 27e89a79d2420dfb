"""Images in the place of points, where few are in view: each at its point, in a frame of its class's colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from latent_explorer.views.plane.layer import KeptLayer, Window

SMALLEST, LARGEST = 26.0, 64.0  # pixels of the screen for an image's longer side
SHARE = 0.5  # of the window that the images would cover side by side; most lie apart or over each other
ROUNDED = 0.3  # of a whole number of pixels for each of an image's own that is made up, so that few images use their room
FRAME = 2.0  # pixels
DARK, LIGHT = QColor(8, 10, 13), QColor("#ffffff")


@dataclass(frozen=True)
class Thumbnail:
    """One image: its point in plane coordinates, its pixels, the colour of its class, and whether it is selected."""

    x: float
    y: float
    picture: QImage
    colour: str
    selected: bool = False


class ThumbnailsLayer(KeptLayer):
    """All of one size, which depends on how many there are; the picture is kept while only the cursor moves."""

    def __init__(self) -> None:
        super().__init__()
        self.setZValue(20)
        self._thumbnails: tuple[Thumbnail, ...] = ()
        self._smooth = False
        self._drawn = QSizeF(0, 0)  # pixels of the screen that the last image took

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._thumbnails)

    @property
    def reach(self) -> float:
        """Pixels of the screen from a point to the edge of its image, about; 0 without images."""
        return max(self._drawn.width(), self._drawn.height()) / 2 + 2 * FRAME if self._thumbnails else 0.0

    def set_thumbnails(self, thumbnails: Sequence[Thumbnail], smooth: bool) -> None:
        """Show these and no others."""
        if tuple(thumbnails) != self._thumbnails or smooth != self._smooth:
            self._thumbnails, self._smooth = tuple(thumbnails), smooth
            self.forget()

    def draw(self, window: Window) -> QImage | None:
        """Each image in its frame, over its point."""
        if not self._thumbnails:
            return None
        picture = QImage(window.width, window.height, QImage.Format.Format_ARGB32_Premultiplied)
        picture.fill(Qt.GlobalColor.transparent)
        size = self._size(window)
        self._drawn = size / window.ratio
        frame = FRAME * window.ratio
        painter = QPainter(picture)
        first = self._thumbnails[0].picture
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._smooth or size.width() < first.width())
        for one in self._thumbnails:
            x, y = one.x * window.scale[0] + window.shift[0], one.y * window.scale[1] + window.shift[1]
            corner = QPointF(round(x - size.width() / 2), round(y - size.height() / 2))
            inner = QRectF(corner, size)
            if one.selected:
                painter.fillRect(_around(inner, 2.5 * frame), DARK)
                painter.fillRect(_around(inner, 2 * frame), LIGHT)
            painter.fillRect(_around(inner, frame), QColor(one.colour))
            painter.drawImage(inner, one.picture)
        painter.end()
        return picture

    def _size(self, window: Window) -> QSizeF:
        """Device pixels of one image: whole ones for each of its own where it is enlarged."""
        image = self._thumbnails[0].picture
        longer = max(image.width(), image.height())
        area = SHARE * window.width * window.height / len(self._thumbnails)
        wish = min(max(math.sqrt(area), SMALLEST * window.ratio), LARGEST * window.ratio)
        scale = wish / longer
        if scale + ROUNDED > 1 and not self._smooth:
            scale = math.floor(scale + ROUNDED)
        return QSizeF(max(1, round(image.width() * scale)), max(1, round(image.height() * scale)))


def _around(rectangle: QRectF, edge: float) -> QRectF:
    return rectangle.adjusted(-edge, -edge, edge, edge)
