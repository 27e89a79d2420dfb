"""Images in the place of points, where few are in view: each at its point, in a frame of its class's colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from latent_explorer.views.plane.layer import KeptLayer, Window

SMALLEST, LARGEST = 20.0, 72.0  # pixels of the screen for an image's longer side
SHARE = 0.35  # of the window that the images may cover together
FRAME = 2.0  # pixels


@dataclass(frozen=True)
class Thumbnail:
    """One image: its point in plane coordinates, its pixels, and the colour of its class."""

    x: float
    y: float
    picture: QImage
    colour: str


class ThumbnailsLayer(KeptLayer):
    """All of one size, which depends on how many there are; the picture is kept while only the cursor moves."""

    def __init__(self) -> None:
        super().__init__()
        self.setZValue(20)
        self._thumbnails: tuple[Thumbnail, ...] = ()
        self._smooth = False

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._thumbnails)

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
        frame = FRAME * window.ratio
        painter = QPainter(picture)
        first = self._thumbnails[0].picture
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._smooth or size.width() < first.width())
        for one in self._thumbnails:
            x, y = one.x * window.scale[0] + window.shift[0], one.y * window.scale[1] + window.shift[1]
            corner = QPointF(round(x - size.width() / 2), round(y - size.height() / 2))
            inner = QRectF(corner, size)
            painter.fillRect(inner.adjusted(-frame, -frame, frame, frame), QColor(one.colour))
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
        if scale > 1 and not self._smooth:
            scale = math.floor(scale)
        return QSizeF(max(1, round(image.width() * scale)), max(1, round(image.height() * scale)))
