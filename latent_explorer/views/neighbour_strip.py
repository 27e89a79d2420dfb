"""A strip of small images: what lies nearest to the probe, with the class of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QImage, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from latent_explorer.core.palette import apply_grey_map, class_colour
from latent_explorer.core.plane.neighbours import NEAREST
from latent_explorer.core.plane.tiles import assemble
from latent_explorer.core.types import Images
from latent_explorer.views.glossary import explain
from latent_explorer.views.pace import Pace
from latent_explorer.views.picture import to_qimage

LEAST = 4  # images side by side; `NEAREST` at most
FULL = 0.75  # of its place an image should fill, else fewer and larger ones are shown
TALLEST = 1.25  # height of an image's place by its width
GAP, DOT_GAP = 4, 3
REPAINT = 80  # milliseconds from one set of images to the next, at least: sooner nobody can compare them


@dataclass(frozen=True)
class Neighbour:
    """Words for one image: label and name of its class ("" for none), and a sentence for the tooltip."""

    label: int
    name: str
    hint: str


class NeighbourStrip(QWidget):
    """One widget that paints everything, so that a new set of images asks for no layout. Signals: shown(), roomChanged()."""

    shown = Signal()
    roomChanged = Signal()  # Qt's manner

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("nearest_images")
        self.setToolTip(explain("nearest"))
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._heading, self._note = "", ""
        self._shape = (1, 1)
        self._names: tuple[str, ...] = ()
        self._images: NDArray[np.uint8] | None = None
        self._sheet: QImage | None = None
        self._neighbours: tuple[Neighbour, ...] = ()
        self._smooth, self._grey_map = False, "grey"
        self._planned: tuple[object, tuple[int, QSize]] = None, (LEAST, QSize(1, 1))
        self._pace = Pace(self, REPAINT)

    def set_heading(self, heading: str, note: str) -> None:
        """What the images are, in a few words, and where they come from."""
        if (heading, note) != (self._heading, self._note):
            self._heading, self._note = heading, note
            self.update()

    def set_shape(self, height: int, width: int) -> None:
        """Pixels of one image, so that the room for it is there before it."""
        if (height, width) != self._shape:
            self._shape = height, width
            self.updateGeometry()
            self.update()
            self.roomChanged.emit()

    def set_class_names(self, names: Sequence[str]) -> None:
        """All names that may stand under an image: fewer images are shown where long ones would be cut."""
        if tuple(names) != self._names:
            self._names = tuple(names)
            self.updateGeometry()
            self.update()
            self.roomChanged.emit()

    def set_neighbours(self, images: Images | None, neighbours: Sequence[Neighbour] = ()) -> None:
        """Images (n, H, W, C), uint8, nearest first, and words for each; or none."""
        self._images, self._neighbours = images, tuple(neighbours)
        if images is not None:
            self.set_shape(*images.shape[1:3])
        self._draw()

    def set_look(self, smooth: bool, grey_map: str) -> None:
        """As the large image: smooth or whole pixels, and the map for grey ones."""
        if (smooth, grey_map) != (self._smooth, self._grey_map):
            self._smooth, self._grey_map = smooth, grey_map
            self._draw()

    def spoken(self) -> str:
        """For screen readers, which ask."""
        return f"{self._heading} ({self._note}): " + ("; ".join(neighbour.hint for neighbour in self._neighbours) or "none")

    def _draw(self) -> None:
        self._sheet = None
        self._pace.update()

    def _pictures(self) -> QImage | None:
        """All images side by side, made when they are painted."""
        if self._sheet is None and self._images is not None and len(self._images):
            sheet = assemble(self._images, len(self._images))
            grey = sheet.shape[2] == 1 and self._grey_map != "grey"
            self._sheet = to_qimage(apply_grey_map(sheet, self._grey_map) if grey else sheet)
        return self._sheet

    # Room

    def _plan(self, width: int) -> tuple[int, QSize]:
        """How many images lie side by side in a width, and their size: as many as fill their places well."""
        key = width, self._shape, self._smooth, self.devicePixelRatioF(), self._names, self.font().key()
        if key != self._planned[0]:
            fills = {count: self._scaled(width, count) for count in range(NEAREST, LEAST - 1, -1)}
            shares = {count: size.width() * count / max(1, width) for count, size in fills.items()}
            longest = max((self.fontMetrics().horizontalAdvance(name) for name in self._names), default=0) + self._dot() + DOT_GAP
            words = {count: min(1.0, (width / count - GAP) / longest) for count in fills}
            good = (count for count in fills if shares[count] >= FULL and words[count] >= 1)
            count = next(good, max(fills, key=lambda count: shares[count] * words[count]))
            self._planned = key, (count, fills[count])
        return self._planned[1]

    def _scaled(self, width: int, count: int) -> QSize:
        """Size of one of `count` images in a width: whole pixels of the screen where it is enlarged."""
        height, wide = self._shape
        ratio = self.devicePixelRatioF()
        room = max(1.0, (width - (count - 1) * GAP) / count) * ratio
        scale = min(room / wide, TALLEST * room / height)
        if scale >= 1 and not self._smooth:
            scale = int(scale)
        return QSize(max(1, int(wide * scale / ratio)), max(1, int(height * scale / ratio)))

    def _dot(self) -> int:
        """Diameter of a class's mark."""
        return round(self.fontMetrics().height() * 0.5)

    def _line(self) -> int:
        return max(self.fontMetrics().height(), self.fontMetrics().lineSpacing())

    def places(self) -> list[QRect]:
        """Where the images are painted, as many as there are room and neighbours for."""
        count, size = self._plan(self.width())
        gap = max(0, min(3 * GAP, (self.width() - count * size.width()) // max(1, count - 1)))
        top = 2 * self._line() + GAP
        return [QRect(k * (size.width() + gap), top, size.width(), size.height()) for k in range(count)]

    def hasHeightForWidth(self) -> bool:  # Qt's names, here and below
        return True

    def heightForWidth(self, width: int) -> int:
        """Two lines of words, the images, and a line with their classes."""
        return 3 * self._line() + GAP + self._plan(width)[1].height() + GAP // 2

    def sizeHint(self) -> QSize:
        return QSize(240, self.heightForWidth(self.width()))

    def minimumSizeHint(self) -> QSize:
        """None: the panel leaves the strip out before it makes anything else smaller."""
        return QSize(0, 0)

    # Events

    def paintEvent(self, event: QPaintEvent) -> None:
        """The heading, the images, and under each the colour and name of its class; empty places while there are none."""
        painter = QPainter(self)
        line, (height, width) = self._line(), self._shape
        for row, (words, ink) in enumerate(((self._heading, self.palette().windowText()), (self._note, self.palette().placeholderText()))):
            painter.setPen(ink.color())
            fitting = self.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, self.width())
            painter.drawText(QRect(0, row * line, self.width(), line), int(Qt.AlignmentFlag.AlignVCenter), fitting)
        reduced = self._plan(self.width())[1].width() * self.devicePixelRatioF() < width
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._smooth or reduced)
        sheet = self._pictures()
        for number, place in enumerate(self.places()):
            if sheet is None or number >= len(self._neighbours):
                painter.fillRect(place, self.palette().base())
                continue
            painter.drawImage(QRectF(place), sheet, QRectF(number * width, 0, width, height))
            self._write_class(painter, place, self._neighbours[number])

    def _write_class(self, painter: QPainter, place: QRect, neighbour: Neighbour) -> None:
        if not neighbour.name:
            return
        metrics, side = self.fontMetrics(), self._dot()
        room = self.width() // self._plan(self.width())[0] - GAP - side - DOT_GAP
        name = metrics.elidedText(neighbour.name, Qt.TextElideMode.ElideRight, max(room, place.width() - side - DOT_GAP))
        wide = side + DOT_GAP + metrics.horizontalAdvance(name)
        left, top = place.left() + max(0, (place.width() - wide) // 2), place.bottom() + 1 + GAP // 2
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(class_colour(neighbour.label)))
        painter.drawEllipse(left, top + (self._line() - side) // 2, side, side)
        painter.restore()
        painter.setPen(self.palette().windowText().color())
        painter.drawText(QRect(left + side + DOT_GAP, top, room + place.width(), self._line()), int(Qt.AlignmentFlag.AlignVCenter), name)

    def hint_at(self, position: QPoint) -> str:
        """The sentence for the image under a place, else for the whole strip."""
        for place, neighbour in zip(self.places(), self._neighbours, strict=False):
            if place.adjusted(0, 0, 0, self._line()).contains(position):
                return neighbour.hint
        return self.toolTip()

    def event(self, event: QEvent) -> bool:
        """A tooltip of its own for each image."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.hint_at(event.pos()), self)
            return True
        return bool(super().event(event))

    def showEvent(self, event: QShowEvent) -> None:
        """There is room now: whoever knows what lies near may say so."""
        super().showEvent(event)
        self.shown.emit()
