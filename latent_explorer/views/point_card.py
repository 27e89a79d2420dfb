"""What is known of the point under the pointer: its image, what the decoder makes of its code, and its numbers."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from latent_explorer.views.style import enlargement
from latent_explorer.views.text import plain_label

SIDE = 84  # pixels for a picture's longer side, in an interface of the usual size
SMALL = 430  # pixels of the shorter side of a plane on which the card says less, so that it hides less
SMALL_SIDE, SMALL_LINES = 42, 2
GAP = 14  # pixels from the point to the card
WIDEST = 260


@dataclass(frozen=True)
class CardContent:
    """One point in pictures and words.

    Parameters
    ----------
    title : str
        Class and number of the image.
    lines : tuple of str
        What else is known, one thing in a line.
    image, decoded : QImage or None
        The image itself, where its data set is open; the decoder's picture of its code, when it has come.
    note : str
        Why the image is not there.
    smooth : bool
        How enlarged pictures look.
    """

    title: str
    lines: tuple[str, ...] = ()
    image: QImage | None = None
    decoded: QImage | None = None
    note: str = ""
    smooth: bool = False


class _Picture(QWidget):
    """One picture, enlarged by whole pixels where there is room; an empty field until it comes."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._picture: QImage | None = None
        self._smooth, self._shape, self._side = False, (1, 1), SIDE
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_picture(self, picture: QImage | None, shape: tuple[int, int], smooth: bool) -> None:
        self._picture, self._smooth = picture, smooth
        if shape != self._shape:
            self._shape = shape
            self.updateGeometry()
        self.update()

    def set_side(self, side: int) -> None:
        if side != self._side:
            self._side = side
            self.updateGeometry()

    def sizeHint(self) -> QSize:  # Qt's names, here and below
        width, height = self._shape
        scale = self._side * enlargement(self) / max(width, height)
        if scale >= 1:
            scale = int(scale)
        return QSize(max(1, round(width * scale)), max(1, round(height * scale)))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._picture is None:
            painter.fillRect(self.rect(), self.palette().alternateBase())
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._smooth or self.width() < self._picture.width())
        painter.drawImage(QRectF(self.rect()), self._picture)


class PointCard(QFrame):
    """Lies beside a point; the mouse does not feel it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("point_card")
        self.setProperty("role", "card")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.content: CardContent | None = None
        self._small = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(4)
        pictures = self._pictures = QGridLayout()
        pictures.setHorizontalSpacing(10)
        pictures.setVerticalSpacing(2)
        self._image, self._decoded = _Picture(self), _Picture(self)
        self._image_word, self._decoded_word = plain_label("image"), plain_label("decoded")
        for column, (picture, word) in enumerate(((self._image, self._image_word), (self._decoded, self._decoded_word))):
            word.setProperty("role", "muted")
            pictures.addWidget(picture, 0, column)
            pictures.addWidget(word, 1, column, Qt.AlignmentFlag.AlignHCenter)
        pictures.setColumnStretch(2, 1)
        layout.addLayout(pictures)
        self._title, self._lines, self._note = plain_label(), plain_label(), plain_label(wrap=True)
        self._note.setProperty("role", "muted")
        for label in (self._title, self._lines, self._note):
            layout.addWidget(label)
        self.hide()

    def set_content(self, content: CardContent) -> None:
        """Show this."""
        self.content = content
        known = content.image or content.decoded
        shape = (known.width(), known.height()) if known is not None else (1, 1)
        self._image.set_picture(content.image, shape, content.smooth)
        self._decoded.set_picture(content.decoded, shape, content.smooth)
        for picture, word, there in (
            (self._image, self._image_word, content.image is not None),
            (self._decoded, self._decoded_word, known is not None),
        ):
            picture.set_side(SMALL_SIDE if self._small else SIDE)
            picture.setVisible(there)
            word.setVisible(there and not self._small)
        self._title.setText(content.title)
        self._lines.setText("\n".join(content.lines[: SMALL_LINES if self._small else None]))
        self._lines.setVisible(bool(content.lines))
        self._note.setText(content.note)
        self._note.setVisible(bool(content.note) and not self._small)
        self.setAccessibleName(content.title)
        self.setAccessibleDescription(" ".join((*content.lines, content.note)))

    def show_beside(self, point: QPointF, room: QRect) -> None:
        """Above a pixel of the parent where there is room, else below it, else at its side; never over it. In a small room it is small."""
        small = min(room.width(), room.height()) < SMALL * enlargement(self)
        if small != self._small and self.content is not None:
            self._small = small
            self.set_content(self.content)
        wish = self.sizeHint()
        width = min(max(wish.width(), 1), WIDEST if self._note.isVisibleTo(self) else wish.width())
        layout = self.layout()
        assert layout is not None
        height = layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else wish.height()
        self.resize(width, height)
        self.move(place_beside(point.toPoint(), QSize(width, height), room))
        self.show()
        self.raise_()


def place_beside(point: QPoint, size: QSize, room: QRect) -> QPoint:
    """The corner of a card of this size, near a point and within the room as far as it can be, that leaves the point free."""
    left = min(max(point.x() - size.width() // 2, room.left()), max(room.left(), room.right() + 1 - size.width()))
    top = min(max(point.y() - size.height() // 2, room.top()), max(room.top(), room.bottom() + 1 - size.height()))
    if point.y() - GAP - size.height() >= room.top():
        return QPoint(left, point.y() - GAP - size.height())
    if point.y() + GAP + size.height() <= room.bottom() + 1:
        return QPoint(left, point.y() + GAP)
    if point.x() + GAP + size.width() <= room.right() + 1:
        return QPoint(point.x() + GAP, top)
    return QPoint(point.x() - GAP - size.width(), top)
