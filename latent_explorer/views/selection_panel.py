"""The selected points: how many, a table of them, and what can be done with all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QGridLayout, QHeaderView, QPushButton, QTableView, QVBoxLayout, QWidget

from latent_explorer.core.types import Images
from latent_explorer.views.glossary import explained
from latent_explorer.views.selection_table import CLASS, IMAGE, NUMBER, SIDE, VALUES, PictureDelegate, SelectedRows, SelectionModel
from latent_explorer.views.style import enlargement
from latent_explorer.views.text import LiveText

MARGIN = 12
ROOM = 10  # pixels beside the text of a cell
HEAD_ROOM = 22  # pixels beside the text of a head: its margins, and the sign of the order
LEAST = "0.0000"  # that a column of values has room for
# wish, button, term of the glossary
BUTTONS = (
    ("show_only", "Show only", "selection_show_only"),
    ("hide", "Hide", "selection_hide"),
    ("show_all", "Show all", "selection_show_all"),
    ("jump", "Jump to", "selection_jump"),
    ("export", "Export…", "selection_export"),
    ("clear", "Clear", "selection_clear"),
)


class _Table(QTableView):
    """A click takes no focus: the keyboard stays with the plane.

    Signals: keyed(str): "pick", "remove" or "left"; resized(): another width for its rows.
    """

    keyed = Signal(str)  # Qt's manner, here and below
    resized = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # Qt's name
        """The table's own keys; letters go on to the window."""
        keys = {
            Qt.Key.Key_Return: "pick", Qt.Key.Key_Enter: "pick",
            Qt.Key.Key_Delete: "remove", Qt.Key.Key_Backspace: "remove", Qt.Key.Key_Escape: "left",
        }  # fmt: skip
        moves = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Home, Qt.Key.Key_End)
        key = event.key()
        if key in keys:
            self.keyed.emit(keys[Qt.Key(key)])
        elif key in moves:
            super().keyPressEvent(event)
        else:
            event.ignore()

    def resizeEvent(self, event: QResizeEvent) -> None:  # Qt's name
        """Also where a scroll bar comes or goes."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.resized.emit()

    def minimumSizeHint(self) -> QSize:
        """As narrow as its panel."""
        return QSize(60, 80)


class SelectionPanel(QWidget):
    """The table and its buttons.

    Signals
    -------
    rowPicked(row), removeRequested(row) : of the codes: go there; take it from the selection.
    wish(str) : "show_only", "hide", "show_all", "jump", "export" or "clear".
    picturesWanted(list of rows) : decoded images for rows that are seen.
    left() : the keyboard goes back to the plane.
    """

    rowPicked = Signal(int)  # Qt's manner, here and below
    removeRequested = Signal(int)
    wish = Signal(str)
    picturesWanted = Signal(object)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MARGIN, 8, MARGIN, 12)
        layout.setSpacing(8)
        self._count = LiveText(muted=True)
        explained(self._count, "selected", "Selected points")
        layout.addWidget(self._count)
        self.model = SelectionModel(self)
        self.model.picturesWanted.connect(self.picturesWanted)
        table = self.table = _Table(self)
        table.setObjectName("selection_table")
        table.setAccessibleName("Selected points")
        table.setAccessibleDescription("Enter goes to the point, Delete takes it from the selection, Esc leads to the plane.")
        table.setModel(self.model)
        table.setItemDelegateForColumn(IMAGE, PictureDelegate(self.model, table))
        table.setFrameShape(QFrame.Shape.NoFrame)
        table.setShowGrid(False)
        table.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        table.setTabKeyNavigation(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setWordWrap(False)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        heads = table.horizontalHeader()
        heads.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        heads.setHighlightSections(False)
        heads.setTextElideMode(Qt.TextElideMode.ElideRight)  # else both ends of a long one are cut; its tooltip has all of it
        heads.setStretchLastSection(True)
        heads.setMinimumSectionSize(24)
        heads.setSortIndicator(NUMBER, Qt.SortOrder.AscendingOrder)
        table.setSortingEnabled(True)
        table.clicked.connect(self._clicked)
        table.keyed.connect(self._keyed)
        table.resized.connect(self._share)
        layout.addWidget(table, 1)
        self._grid = QGridLayout()
        self._grid.setSpacing(6)
        self._columns = 0
        self._buttons: dict[str, QPushButton] = {}
        for wish, text, term in BUTTONS:
            button = self._buttons[wish] = QPushButton(text)
            button.setObjectName(f"selection_{wish}")
            explained(button, term, text)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard to the plane
            button.clicked.connect(self._button_clicked)
        layout.addLayout(self._grid)
        self._place_buttons()
        self._size()

    # Orders

    def set_rows(self, shown: SelectedRows, hidden: int) -> None:
        """The selected points, and how many points cannot be seen."""
        before = self.model.shown
        self.model.set_rows(shown)
        heads = self.table.horizontalHeader()
        with QSignalBlocker(heads):  # what is shown is sorted already
            heads.setSortIndicator(*self.model.sorted_by)
        count = len(shown.rows)
        words = "1 point selected" if count == 1 else f"{count:,} points selected" if count else "Nothing selected"
        self._count.setText(words + (f" · {hidden:,} hidden" if hidden else ""))
        for wish in ("show_only", "hide", "jump", "export", "clear"):
            self._buttons[wish].setEnabled(count > 0)
        self._buttons["show_all"].setEnabled(hidden > 0)
        if shown is not before:
            self._size()

    def set_pictures(self, pictures: Mapping[int, Images]) -> None:
        """Decoded images by row."""
        self.model.set_pictures(pictures)

    def set_look(self, smooth: bool, grey_map: str) -> None:
        """How pictures look."""
        self.model.set_look(smooth, grey_map)

    def sort_by(self, head: str) -> None:
        """In the order of a column of values, the smallest first."""
        if head in self.model.shown.columns:
            self.table.sortByColumn(self.model.shown.heads.index(head, VALUES), Qt.SortOrder.AscendingOrder)
            self.table.scrollToTop()

    def set_current(self, row: int | None) -> None:
        """Mark a row of the codes; None for none."""
        place = None if row is None else self.model.place_of(row)
        if place is None:
            self.table.clearSelection()
        elif self.current_row() != row:
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            self.table.selectionModel().setCurrentIndex(self.model.index(place, NUMBER), flags)

    def current_row(self) -> int | None:
        """The marked row of the codes."""
        marked = self.table.selectionModel().selectedRows(NUMBER)
        return self.model.row_at(marked[0].row()) if marked else None

    def _size(self) -> None:
        """Rows and columns as the interface is large."""
        side = round(SIDE * enlargement(self))
        self.table.verticalHeader().setDefaultSectionSize(side + 4)
        self.table.setColumnWidth(IMAGE, side + 6)
        self.table.setColumnHidden(IMAGE, self.model.shown.noun != "Image")  # a table of codes has none
        self._share()

    def _share(self) -> None:
        """The table's width among its columns: where it is narrow, classes give way first, and then the heads of values."""
        shown, metrics = self.model.shown, self.fontMetrics()

        def room(texts: Iterable[str], around: int) -> int:
            return max((metrics.horizontalAdvance(text) for text in texts), default=0) + around

        largest = f"{int(shown.index.max(initial=0)):,}"
        numbers = max(room(("00,000", largest), ROOM), room((shown.noun,), HEAD_ROOM))
        columns = range(VALUES, len(shown.heads))
        least = {column: room((LEAST, *self.model.widest(column)), ROOM) for column in columns}
        wanted = {column: max(least[column], room((shown.heads[column],), HEAD_ROOM)) for column in columns}
        left = self.table.viewport().width() - self.table.columnWidth(IMAGE) - numbers
        classes = max(room(("Class",), HEAD_ROOM), room((max(shown.class_names, key=len, default=""),), ROOM))
        narrow = self.table.horizontalHeader().minimumSectionSize()
        self.table.setColumnWidth(NUMBER, numbers)
        self.table.setColumnWidth(CLASS, max(narrow, min(classes, left - sum(wanted.values()))))
        left -= self.table.columnWidth(CLASS)
        for column in columns:
            rest = sum(least[other] for other in columns if other > column)
            self.table.setColumnWidth(column, max(least[column], min(wanted[column], left - rest)))
            left -= self.table.columnWidth(column)

    # What the person does

    def _clicked(self, index: QModelIndex) -> None:
        self.rowPicked.emit(self.model.row_at(index.row()))

    def _keyed(self, what: str) -> None:
        row = self.current_row()
        if what == "left":
            self.left.emit()
        elif row is not None:
            (self.rowPicked if what == "pick" else self.removeRequested).emit(row)

    def _button_clicked(self) -> None:
        self.wish.emit(next(wish for wish, button in self._buttons.items() if button is self.sender()))

    def resizeEvent(self, event: QResizeEvent) -> None:  # Qt's names, here and below
        """The buttons stand in as many columns as there is room for."""
        super().resizeEvent(event)
        self._place_buttons()

    def _place_buttons(self) -> None:
        widest = max(button.sizeHint().width() for button in self._buttons.values()) + self._grid.spacing()
        room = self.width() - 2 * MARGIN
        columns = 3 if room + self._grid.spacing() >= 3 * widest else 2
        if columns != self._columns:
            self._columns = columns
            for place, button in enumerate(self._buttons.values()):
                self._grid.addWidget(button, place // columns, place % columns)

    def minimumSizeHint(self) -> QSize:
        """Small enough for a low window."""
        return QSize(200, 160)
