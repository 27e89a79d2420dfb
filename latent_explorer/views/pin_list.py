"""The list of pins: rows that are painted, not built, and the keys that work on them."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontInfo, QImage, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QFrame,
    QLineEdit,
    QListWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from latent_explorer.views.plane.pins import PinMark, paint_badge

NUMBER, ROW, PICTURE = (Qt.ItemDataRole.UserRole + k for k in range(3))
SIDE = 64  # pixels at most for a picture, in an interface of the usual size
USUAL_FONT = 13
GAP = 8
LONGEST = 60  # letters of a name
EMPTY = "No pins yet. P keeps the place of the probe."

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class PinRow:
    """What stands in one row: number, name ("" for none), z in a few words, a tooltip, and whether it lies off the plane."""

    number: int
    name: str
    place: str
    hint: str = ""
    off: bool = False


class _RowPainter(QStyledItemDelegate):
    """Picture, badge and name, place."""

    def __init__(self, pins: PinList) -> None:
        super().__init__(pins)
        self._list = pins
        self.shape, self.smooth = (1, 1), False
        self.from_list = False  # whether the keyboard was on the list when a name was begun to be typed

    def picture_size(self) -> QSize:
        """Whole pixels of the screen where it is enlarged, as large as fits."""
        height, width = self.shape
        ratio = self._list.devicePixelRatioF()
        room = SIDE * QFontInfo(self._list.font()).pixelSize() / USUAL_FONT * ratio
        scale = room / max(height, width)
        if scale >= 1 and not self.smooth:
            scale = int(scale)
        return QSize(max(1, round(width * scale / ratio)), max(1, round(height * scale / ratio)))

    def _line(self) -> int:
        metrics = self._list.fontMetrics()
        return max(metrics.height(), metrics.lineSpacing())

    def _words(self, area: QRect) -> tuple[QRect, QRect, QRect]:
        """Where badge, name and place stand in a row."""
        line = self._line() + 4
        left = area.left() + GAP // 2 + max(self.picture_size().width(), SIDE // 2) + GAP
        top = area.top() + (area.height() - 2 * line) // 2
        badge = QRect(left, top, line, line)
        return badge, QRect(left + line + 4, top, area.right() - left - line - 4, line), QRect(left, top + line, area.right() - left, line)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # Qt's names, here and below
        return QSize(120, max(self.picture_size().height(), 2 * (self._line() + 4)) + GAP)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: PinRow | None = index.data(ROW)
        area, palette, state = option.rect, option.palette, option.state
        if row is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        selected = bool(state & QStyle.StateFlag.State_Selected)
        if selected or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.highlight() if selected else palette.midlight())
            painter.drawRoundedRect(area.adjusted(0, 1, -1, -1), 4, 4)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(palette.text().color())
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.adjusted(0, 1, -1, -1), 4, 4)
        size = self.picture_size()
        picture = QRect(area.left() + GAP // 2, area.top() + (area.height() - size.height()) // 2, size.width(), size.height())
        image: QImage | None = index.data(PICTURE)
        if image is None:
            painter.fillRect(picture, palette.alternateBase())
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.smooth or picture.width() < image.width())
            painter.drawImage(picture, image)
        badge, name, place = self._words(area)
        mark = PinMark(row.number, 0.0, 0.0, off=row.off, current=False)
        middle, light = QPointF(badge.center()) + QPointF(0.5, 0.5), palette.base().color().lightness() > 128
        paint_badge(painter, middle, badge.width() * 0.42, mark, accent=palette.highlight().color(), light=light)
        painter.setFont(option.font)
        metrics, left = painter.fontMetrics(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.setPen((palette.highlightedText() if selected else palette.text()).color())
        painter.drawText(name, left, metrics.elidedText(row.name or f"Pin {row.number}", Qt.TextElideMode.ElideRight, name.width()))
        painter.setPen((palette.highlightedText() if selected else palette.placeholderText()).color())
        painter.drawText(place, left, metrics.elidedText(row.place, Qt.TextElideMode.ElideRight, place.width()))
        painter.restore()

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        self.from_list = self._list.hasFocus()
        editor = QLineEdit(parent)
        editor.setMaxLength(LONGEST)
        editor.setPlaceholderText(f"Pin {index.data(NUMBER)}")
        editor.setAccessibleName(f"Name of pin {index.data(NUMBER)}")
        return editor

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """What has been typed stays, whatever comes for the row meanwhile, such as a newer picture."""
        if isinstance(editor, QLineEdit) and not editor.isModified():
            super().setEditorData(editor, index)

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        _, name, _ = self._words(option.rect)
        height = editor.sizeHint().height()
        editor.setGeometry(name.left() - 4, name.center().y() - height // 2, name.width(), height)


class PinList(QListWidget):
    """Signals: keyed(str): "pick", "remove", "add", "next", "previous", "up" or "down"; left(): the keyboard goes elsewhere.

    A click takes no focus: the keyboard stays with the plane, where Delete removes the pin that was clicked, too.
    """

    keyed = Signal(str)  # Qt's manner
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pins")
        self.setAccessibleName("Pins")
        self.setAccessibleDescription("Enter goes there, F2 renames, Delete removes, Alt with up or down moves, Esc leads to the plane.")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        self._rows = _RowPainter(self)
        self.setItemDelegate(self._rows)

    def set_shape(self, height: int, width: int) -> None:
        """Pixels of one picture."""
        if (height, width) != self._rows.shape:
            self._rows.shape = height, width
            self.scheduleDelayedItemsLayout()

    def set_smooth(self, smooth: bool) -> None:
        """Smooth pictures, or whole pixels."""
        self._rows.smooth = smooth
        self.scheduleDelayedItemsLayout()

    def currentNumber(self) -> int | None:  # as Qt's currentRow
        """The number of the row that the keyboard is on."""
        selected = self.selectedItems()
        return int(selected[0].data(NUMBER)) if selected else None

    def has_keyboard(self) -> bool:
        """Whether the keyboard is on a row, or in the field for its name."""
        return self.hasFocus() or self.state() == QAbstractItemView.State.EditingState

    def edit_current(self) -> None:
        """Let the name be typed."""
        for item in self.selectedItems():
            self.editItem(item)

    def minimumSizeHint(self) -> QSize:
        """As narrow as its panel."""
        return QSize(60, 60)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The list's own keys; the others go on to the window."""
        key, alt = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        words = {
            Qt.Key.Key_Return: "pick", Qt.Key.Key_Enter: "pick", Qt.Key.Key_Delete: "remove", Qt.Key.Key_Backspace: "remove",
            Qt.Key.Key_P: "add", Qt.Key.Key_BracketRight: "next", Qt.Key.Key_BracketLeft: "previous",
            Qt.Key.Key_PageDown: "next", Qt.Key.Key_PageUp: "previous",
        }  # fmt: skip
        if self.state() == QAbstractItemView.State.EditingState:
            event.accept()  # Enter, which the field lets through
        elif alt and key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.keyed.emit("up" if key == Qt.Key.Key_Up else "down")
        elif event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.MetaModifier):
            event.ignore()
        elif key in words:
            self.keyed.emit(words[Qt.Key(key)])
        elif key == Qt.Key.Key_F2:
            self.edit_current()
        elif key == Qt.Key.Key_Escape:
            self.left.emit()
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End):
            super().keyPressEvent(event)
        else:
            event.ignore()

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        """The keyboard goes back to where it was; Tab ends the typing, too, and does not begin it in the next row."""
        super().closeEditor(editor, QAbstractItemDelegate.EndEditHint.NoHint)
        if not self._rows.from_list:
            self.left.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """An empty list says what it is for."""
        super().paintEvent(event)
        if not self.count():
            painter = QPainter(self.viewport())
            painter.setPen(self.palette().placeholderText().color())
            painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, EMPTY)
