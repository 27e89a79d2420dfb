"""Images in the place of some points, where few are in view: each at its point, in a frame of its class's colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from latent_explorer.views.plane.layer import KeptLayer, Window

LONGER = 60.0  # pixels of the screen for an image's longer side
ROUNDED = 0.3  # of a whole number of pixels for each of an image's own that is made up, so that few images use their room
FRAME = 2.0  # pixels
ROOM = 5.0  # pixels between two images
DARK, LIGHT = QColor(8, 10, 13), QColor("#ffffff")


@dataclass(frozen=True)
class Thumbnail:
    """One image: its point in plane coordinates, its pixels, the colour of its class, whether it is selected, and its row of the codes."""

    x: float
    y: float
    picture: QImage
    colour: str
    selected: bool = False
    row: int = -1


def drawn_size(width: int, height: int, ratio: float = 1.0, *, smooth: bool = False) -> tuple[int, int]:
    """Device pixels that an image of so many pixels takes: whole ones for each of its own where it is enlarged."""
    scale = LONGER * ratio / max(width, height)
    if scale + ROUNDED > 1 and not smooth:
        scale = math.floor(scale + ROUNDED)
    return max(1, round(width * scale)), max(1, round(height * scale))


def taken_room(width: int, height: int) -> tuple[float, float]:
    """Pixels of the screen that such an image takes with its frame and the room around it; a selected one's frame is the widest."""
    across, up = drawn_size(width, height)
    return across + 5 * FRAME + ROOM, up + 5 * FRAME + ROOM


class ThumbnailsLayer(KeptLayer):
    """All of one size; the picture is kept while only the cursor moves."""

    def __init__(self) -> None:
        super().__init__()
        self.setZValue(20)
        self._thumbnails: tuple[Thumbnail, ...] = ()
        self._smooth = False
        self._drawn = QSizeF(0, 0)  # pixels of the screen that the last image took
        self.set_filled(False)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._thumbnails)

    @property
    def reach(self) -> float:
        """Pixels of the screen from a point to the edge of its image, about; 0 without images."""
        return max(self._drawn.width(), self._drawn.height()) / 2 + 2 * FRAME if self._thumbnails else 0.0

    def under(self, x: float, y: float, unit: float) -> Thumbnail | None:
        """The image that covers a place of the plane; ``unit`` is the size of a pixel there."""
        across, up = (side / 2 + FRAME for side in (self._drawn.width(), self._drawn.height()))
        return next((one for one in self._thumbnails if abs(one.x - x) <= across * unit and abs(one.y - y) <= up * unit), None)

    def stands_at(self, x: float, y: float) -> bool:
        """Whether the point there has an image."""
        return any(one.x == x and one.y == y for one in self._thumbnails)

    def set_thumbnails(self, thumbnails: Sequence[Thumbnail], smooth: bool) -> None:
        """Show these and no others."""
        if tuple(thumbnails) != self._thumbnails or smooth != self._smooth:
            self._thumbnails, self._smooth = tuple(thumbnails), smooth
            self.set_filled(bool(thumbnails))
            self.forget()

    def draw(self, window: Window) -> QImage | None:
        """Each image in its frame, over its point."""
        if not self._thumbnails:
            return None
        picture = QImage(window.width, window.height, QImage.Format.Format_ARGB32_Premultiplied)
        picture.fill(Qt.GlobalColor.transparent)
        image = self._thumbnails[0].picture
        size = QSizeF(*drawn_size(image.width(), image.height(), window.ratio, smooth=self._smooth))
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


def _around(rectangle: QRectF, edge: float) -> QRectF:
    return rectangle.adjusted(-edge, -edge, edge, edge)
