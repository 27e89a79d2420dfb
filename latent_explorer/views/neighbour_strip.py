"""A strip of small images: what lies nearest to the probe, with the class of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QImage, QMouseEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from latent_explorer.core.palette import apply_grey_map, class_colour
from latent_explorer.core.plane.neighbours import NEAREST
from latent_explorer.core.plane.tiles import assemble
from latent_explorer.core.types import Images
from latent_explorer.views.glossary import explain
from latent_explorer.views.pace import Pace
from latent_explorer.views.picture import to_qimage
from latent_explorer.views.text import tip

LEAST = 4  # images side by side; `NEAREST` at most
FULL = 0.75  # of its place an image should fill, else fewer and larger ones are shown
TALLEST = 1.25  # height of an image's place by its width
GAP, DOT_GAP = 4, 3
KEPT = 400  # drawn names of classes
REPAINT = 80  # milliseconds from one set of images to the next, at least: sooner nobody can compare them


@dataclass(frozen=True)
class Neighbour:
    """Words for one image: label and name of its class ("" for none), and a sentence for the tooltip."""

    label: int
    name: str
    hint: str


class NeighbourStrip(QWidget):
    """One widget that paints everything, so that a new set of images asks for no layout.

    Signals: shown(), roomChanged(), picked(number) of an image that was clicked, from 0 on.
    """

    shown = Signal()
    picked = Signal(int)
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
        self._drawn_size = QSize()
        self._labels: dict[tuple[object, ...], QImage] = {}
        self._planned: tuple[object, tuple[int, QSize]] = None, (LEAST, QSize(1, 1))
        self._pace = Pace(self._repaint, REPAINT, self)

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
        """Images (n, H, W, C), uint8, nearest first, and words for each; or none. The same array again is not painted again."""
        before, self._neighbours = self._neighbours, tuple(neighbours)
        if images is None and before != self._neighbours:
            self._forget()  # there are only words to show
        if images is self._images and (images is None) == (self._sheet is None):
            return
        self._images = images
        if images is not None:
            self.set_shape(*images.shape[1:3])
        self._forget()

    def set_look(self, smooth: bool, grey_map: str) -> None:
        """As the large image: smooth or whole pixels, and the map for grey ones."""
        if (smooth, grey_map) != (self._smooth, self._grey_map):
            self._smooth, self._grey_map = smooth, grey_map
            self._forget()

    def spoken(self) -> str:
        """For screen readers, which ask."""
        return f"{self._heading} ({self._note}): " + ("; ".join(neighbour.hint for neighbour in self._neighbours) or "none")

    def _forget(self) -> None:
        self._sheet = None
        self._pace.ask()

    @property
    def settled(self) -> bool:
        """Whether what was given last is on the screen."""
        return self._pace.settled

    def _repaint(self) -> None:
        self.update(0, 2 * self._line(), self.width(), self.height())  # the words above stay

    def _drawn(self, images: NDArray[np.uint8], size: QSize) -> QImage:
        """The images side by side, each of a size in pixels of the screen: painting them is then mere copying."""
        height, width = self._shape
        sheet = assemble(images, len(images))
        if sheet.shape[2] == 1 and self._grey_map != "grey":
            sheet = apply_grey_map(sheet, self._grey_map)
        if size.width() % width == 0 and size.height() % height == 0 and not self._smooth:
            sheet = sheet.repeat(size.height() // height, 0).repeat(size.width() // width, 1)
            return to_qimage(sheet).convertToFormat(QImage.Format.Format_RGB32)
        picture = QImage(size.width() * len(images), size.height(), QImage.Format.Format_RGB32)
        painter = QPainter(picture)
        for number in range(len(images)):  # one by one: smoothed together, each would have a trace of its neighbours
            one = to_qimage(sheet[:, number * width : (number + 1) * width])
            smoothed = one.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
            painter.drawImage(number * size.width(), 0, smoothed)
        painter.end()
        return picture

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
        line, ratio, places = self._line(), self.devicePixelRatioF(), self.places()
        if event.rect().top() < 2 * line:
            self._write_words(painter, line)
        size = QSize(round(places[0].width() * ratio), round(places[0].height() * ratio))
        if self._images is not None and len(self._images) and (self._sheet is None or size != self._drawn_size):
            self._sheet, self._drawn_size = self._drawn(self._images, size), size
            self._sheet.setDevicePixelRatio(ratio)
        for number, place in enumerate(places):
            if self._sheet is None or number >= len(self._neighbours):
                painter.fillRect(place, self.palette().base())
            else:
                painter.drawImage(place.topLeft(), self._sheet, QRect(number * size.width(), 0, size.width(), size.height()))
            if number < len(self._neighbours) and self._neighbours[number].name:
                label = self._label(self._neighbours[number], place.width())
                shift = (place.width() - label.width() / ratio) / 2
                painter.drawImage(QPointF(place.left() + max(0.0, round(shift)), place.bottom() + 1 + GAP // 2), label)

    def _write_words(self, painter: QPainter, line: int) -> None:
        for row, (words, ink) in enumerate(((self._heading, self.palette().windowText()), (self._note, self.palette().placeholderText()))):
            painter.setPen(ink.color())
            fitting = self.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, self.width())
            painter.drawText(QRect(0, row * line, self.width(), line), int(Qt.AlignmentFlag.AlignVCenter), fitting)

    def _label(self, neighbour: Neighbour, width: int) -> QImage:
        """The mark and name of a class, kept: they are the same at every move of the mouse."""
        ratio, metrics, side = self.devicePixelRatioF(), self.fontMetrics(), self._dot()
        ink = self.palette().windowText().color()
        room = max(self.width() // self._plan(self.width())[0] - GAP, width) - side - DOT_GAP
        key = neighbour.label, neighbour.name, room, self.font().key(), ink.rgba(), ratio
        if key not in self._labels:
            name = metrics.elidedText(neighbour.name, Qt.TextElideMode.ElideRight, room)
            picture = QImage(
                QSize(math.ceil((side + DOT_GAP + metrics.horizontalAdvance(name) + 1) * ratio), math.ceil(self._line() * ratio)),
                QImage.Format.Format_ARGB32_Premultiplied,
            )
            picture.setDevicePixelRatio(ratio)
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            painter.setFont(self.font())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(class_colour(neighbour.label)))
            painter.drawEllipse(0, (self._line() - side) // 2, side, side)
            painter.setPen(ink)
            left = side + DOT_GAP
            painter.drawText(QRect(left, 0, picture.width(), self._line()), int(Qt.AlignmentFlag.AlignVCenter), name)
            painter.end()
            if len(self._labels) >= KEPT:
                self._labels.clear()
            self._labels[key] = picture
        return self._labels[key]

    def number_at(self, position: QPoint) -> int | None:
        """Which image, with its class, lies under a place."""
        for number, (place, _) in enumerate(zip(self.places(), self._neighbours, strict=False)):
            if place.adjusted(0, 0, 0, self._line()).contains(position):
                return number
        return None

    def hint_at(self, position: QPoint) -> str:
        """The sentence for the image under a place, else for the whole strip."""
        number = self.number_at(position)
        return self.toolTip() if number is None else tip(self._neighbours[number].hint)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on an image picks it; the keyboard stays with the plane, where S does the same for the nearest."""
        number = self.number_at(event.position().toPoint())
        if number is not None and event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(number)

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
