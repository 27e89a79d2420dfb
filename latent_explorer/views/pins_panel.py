"""The pins: a picture, a number and a name for each place that the person keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QListWidgetItem, QMenu, QPushButton, QVBoxLayout, QWidget

from latent_explorer.core.palette import apply_grey_map
from latent_explorer.core.types import Images
from latent_explorer.views.picture import to_qimage
from latent_explorer.views.pin_list import NUMBER, PICTURE, ROW, PinList, PinRow
from latent_explorer.views.plane.pins import plain_hint
from latent_explorer.views.text import plain_label


class PinsPanel(QWidget):
    """The list and its buttons.

    Signals
    -------
    pinPicked(number), addRequested(), removeRequested(number), clearRequested(), renameRequested(number, name)
    orderRequested(numbers), stepRequested(by)
    left() : the keyboard goes back to the plane.
    shown() : the panel has come to the front.
    """

    pinPicked = Signal(int)  # Qt's manner, here and below
    addRequested = Signal()
    removeRequested = Signal(int)
    clearRequested = Signal()
    renameRequested = Signal(int, str)
    orderRequested = Signal(object)
    stepRequested = Signal(int)
    left = Signal()
    shown = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures: dict[int, Images] = {}
        self._smooth, self._grey_map = False, "grey"
        self.seen = False
        self._current: int | None = None
        self._filling = False
        layout = self._layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 12)
        layout.setSpacing(8)
        self.list = PinList(self)
        self.list.itemClicked.connect(self._clicked)
        self.list.itemChanged.connect(self._renamed)
        self.list.itemSelectionChanged.connect(self._show_buttons)
        self.list.keyed.connect(self._keyed)
        self.list.left.connect(self.left)
        self.list.model().rowsMoved.connect(self._moved)
        self.list.customContextMenuRequested.connect(self._show_menu)
        layout.addWidget(self.list, 1)
        self._note = plain_label(wrap=True)
        self._note.setProperty("role", "muted")
        self._note.hide()
        layout.addWidget(self._note)
        row = self._buttons = QHBoxLayout()
        row.setSpacing(6)
        self._add, self._remove, self._clear = QPushButton("Pin"), QPushButton("Remove"), QPushButton("Clear")
        for button, name, hint in (
            (
                self._add,
                "Pin the probe's place",
                "Keep the place where the probe is held (P on the plane: the place under the pointer).",
            ),
            (self._remove, "Remove the selected pin", "Remove the selected pin (Delete). It can be taken back with Ctrl+Z."),
            (self._clear, "Remove all pins", "Remove all pins that are shown. It can be taken back with Ctrl+Z."),
        ):
            button.setAccessibleName(name)
            button.setToolTip(hint)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard to the plane
            row.addWidget(button)
        row.addStretch(1)
        layout.addLayout(row)
        self._add.clicked.connect(self.addRequested)
        self._remove.clicked.connect(self._remove_selected)
        self._clear.clicked.connect(self.clearRequested)
        self._show_buttons()

    # Orders

    def set_pins(self, rows: Sequence[PinRow]) -> None:
        """Show these pins, in this order."""
        self._filling = True
        before, place = self.list.currentNumber(), self.list.currentRow()
        numbers = [row.number for row in rows]
        fresh = numbers != self._numbers()
        if fresh:
            self.list.clear()
            for _ in rows:
                item = QListWidgetItem(self.list)
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        for k, row in enumerate(rows):
            item = self.list.item(k)
            item.setData(NUMBER, row.number)
            item.setData(ROW, row)
            item.setText(row.name)
            item.setToolTip(plain_hint(row.hint))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"Pin {row.number} {row.name}, z {row.place}")
            self._draw(item)
        if fresh and before in numbers:
            self._select(before)
        elif fresh and before is not None and rows and self.list.has_keyboard():
            self.list.setCurrentRow(min(place, len(rows) - 1))  # the row after the one that was removed
        self._filling = False
        self._pictures = {number: picture for number, picture in self._pictures.items() if number in numbers}
        self._show_buttons()

    def set_current(self, number: int | None) -> None:
        """The pin where the probe is held; only another one takes the keyboard along, where the list has it."""
        another, self._current = number not in (None, self._current), number
        if another or not self.list.has_keyboard():
            self._select(number)

    def set_shape(self, height: int, width: int) -> None:
        """Pixels of one picture, so that there is room for it before it comes."""
        self.list.set_shape(height, width)

    def set_pictures(self, pictures: Mapping[int, Images]) -> None:
        """Decoded images (H, W, C), uint8, by the pins' numbers; those of others are left out."""
        self._pictures = dict(pictures)
        self._draw_all()

    def set_look(self, smooth: bool, grey_map: str) -> None:
        """As the large image: smooth or whole pixels, and the map for grey ones."""
        if (smooth, grey_map) != (self._smooth, self._grey_map):
            self._smooth, self._grey_map = smooth, grey_map
            self.list.set_smooth(smooth)
            self._draw_all()

    def set_note(self, text: str) -> None:
        """What is to be said about pins that are not in the list."""
        self._note.setText(text)
        self._note.setVisible(bool(text))

    # Gestures

    def _numbers(self) -> list[int]:
        return [self.list.item(k).data(NUMBER) for k in range(self.list.count())]

    def _draw_all(self) -> None:
        self._filling = True
        for k in range(self.list.count()):
            self._draw(self.list.item(k))
        self._filling = False

    def _draw(self, item: QListWidgetItem) -> None:
        pixels = self._pictures.get(item.data(NUMBER))
        if pixels is not None and pixels.shape[2] == 1 and self._grey_map != "grey":
            pixels = apply_grey_map(pixels, self._grey_map)
        item.setData(PICTURE, None if pixels is None else to_qimage(pixels))

    def _select(self, number: int | None) -> None:
        numbers = self._numbers()
        if number in numbers:
            self.list.setCurrentRow(numbers.index(number))
        else:
            self.list.clearSelection()

    def _show_buttons(self) -> None:
        self._remove.setEnabled(bool(self.list.selectedItems()))
        self._clear.setEnabled(self.list.count() > 0)

    def _clicked(self, item: QListWidgetItem) -> None:
        self.pinPicked.emit(item.data(NUMBER))

    def _renamed(self, item: QListWidgetItem) -> None:
        if not self._filling and item.text() != item.data(ROW).name:
            self.renameRequested.emit(item.data(NUMBER), item.text())

    def _moved(self) -> None:
        self.orderRequested.emit(tuple(self._numbers()))

    def _remove_selected(self) -> None:
        for item in self.list.selectedItems():
            self.removeRequested.emit(item.data(NUMBER))

    def _keyed(self, what: str) -> None:
        """A key on the list."""
        number = self.list.currentNumber()
        if what == "add":
            self.addRequested.emit()
        elif what in ("next", "previous"):
            self.stepRequested.emit(1 if what == "next" else -1)
        elif number is None:
            return
        elif what == "pick":
            self.pinPicked.emit(number)
        elif what == "remove":
            self.removeRequested.emit(number)
        elif what in ("up", "down"):
            numbers = self._numbers()
            place = numbers.index(number)
            target = place + (1 if what == "down" else -1)
            if 0 <= target < len(numbers):
                numbers[place], numbers[target] = numbers[target], numbers[place]
                self.orderRequested.emit(tuple(numbers))

    def _show_menu(self, place: QPoint) -> None:
        index = self.list.indexAt(place)
        if index.isValid():
            self.list.setCurrentIndex(index)
        if self.list.selectedItems():
            self.row_menu().popup(self.list.viewport().mapToGlobal(place))

    def row_menu(self) -> QMenu:
        """What can be done with the selected pin."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("&Go there").triggered.connect(self._pick_selected)
        menu.addAction("Re&name").triggered.connect(self.list.edit_current)
        menu.addAction("&Remove").triggered.connect(self._remove_selected)
        return menu

    def _pick_selected(self) -> None:
        for item in self.list.selectedItems():
            self.pinPicked.emit(item.data(NUMBER))

    def set_seen(self, seen: bool) -> None:
        """Whether it is in front; then, whoever has pictures for it may bring them."""
        self.seen = seen
        if seen:
            self.shown.emit()

    def minimumSizeHint(self) -> QSize:  # Qt's name
        """Two pins, and no more width than the buttons need."""
        margins = self._layout.contentsMargins()
        width = margins.left() + margins.right()
        for button in (self._add, self._remove, self._clear):
            button.ensurePolished()  # the panel is hidden at first, and Qt dresses what is hidden only when it is shown
            width += button.minimumSizeHint().width() + self._buttons.spacing()
        return QSize(width, 150)

    def sizeHint(self) -> QSize:
        return QSize(280, 260)
