"""The selected points as a table: only rows that are seen are made, so that a million of them scroll as ten do."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QWidget

from latent_explorer.core.palette import apply_grey_map
from latent_explorer.core.types import Floats, Images, Labels
from latent_explorer.views.glossary import explain
from latent_explorer.views.picture import to_qimage
from latent_explorer.views.text import tip

Index = QModelIndex | QPersistentModelIndex
PICTURE = Qt.ItemDataRole.UserRole
KEPT = 2000  # pictures
AT_ONCE = 200  # pictures that are asked for together
SIDE = 30  # pixels of a picture's longer side, in an interface of the usual size
HINTS = {"Error": "error", "Squared error": "error", "Grey score": "grey_score", "log p(x), density": "exact_density"}  # of heads
ENDINGS = {", one draw": "one_draw"}  # the same by how heads end
IMAGE, NUMBER, CLASS, VALUES = range(4)  # the first columns; from the last on, values


def _none() -> Labels:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class SelectedRows:
    """What the table shows.

    Parameters
    ----------
    rows, index, labels : int64 array, shape (n,)
        Rows of the codes, numbers of the images in their data set, classes.
    class_names : tuple of str
    columns : mapping of str to float32 array (n,)
        Values by the name that the head shows.
    images : uint8 array (N, H, W, C) or None
        All images of the data set, where it is open: those of `index` are shown.
    noun : str
        What a point is: "Image", or "Row" of a table.
    """

    rows: Labels = field(default_factory=_none)
    index: Labels = field(default_factory=_none)
    labels: Labels = field(default_factory=_none)
    class_names: tuple[str, ...] = ()
    columns: Mapping[str, Floats] = field(default_factory=dict)
    images: Images | None = None
    noun: str = "Image"

    @property
    def heads(self) -> tuple[str, ...]:
        """Of all columns."""
        return ("", self.noun, "Class", *self.columns)

    def class_name(self, k: int) -> str:
        """Of the k-th row; "" for none."""
        label = int(self.labels[k])
        return "" if label < 0 else self.class_names[label] if label < len(self.class_names) else str(label)

    def key(self, column: int) -> NDArray[Any]:
        """What a column is sorted by, (n,)."""
        if column in (IMAGE, NUMBER):
            return self.index
        return self.labels if column == CLASS else list(self.columns.values())[column - VALUES]


def decimals_for(values: Floats) -> int | None:
    """How many all of a column (n,) have, so that they stand under each other: the largest has four digits.

    None where they would be too many or too large; whole numbers, as counts and years, have none.
    """
    known = values[np.isfinite(values)]
    largest = float(np.abs(known).max(initial=0.0))
    if largest >= 1e9 or 0 < largest < 1e-5:
        return None
    if bool((known == np.rint(known)).all()):
        return 0
    return max(0, 3 - math.floor(math.log10(largest)))


def short(value: float, decimals: int | None) -> str:
    """A number with so many decimals, or in four digits for None; nothing for none."""
    if not np.isfinite(value):
        return ""
    text = f"{value:.4g}" if decimals is None else f"{value:,.{decimals}f}"
    return text.replace("-", "−") if float(text.replace(",", "")) else text.removeprefix("-")  # no −0.00


class SelectionModel(QAbstractTableModel):
    """Sorted rows of `SelectedRows`. Signals: picturesWanted(list of rows of the codes), whose images are not there."""

    picturesWanted = Signal(object)  # Qt's manner

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.shown = SelectedRows()
        self._order = np.arange(0)
        self._sorted: tuple[int, Qt.SortOrder] = NUMBER, Qt.SortOrder.AscendingOrder
        self._sorted_name = ""  # of that column
        self._decimals: list[int | None] = []  # of columns of values
        self._pictures: OrderedDict[int, QImage] = OrderedDict()
        self._wanted: dict[int, None] = {}  # rows whose pictures were looked for in vain, in that order
        self._asking = False
        self._grey_map, self.smooth = "grey", False

    # Orders

    def set_rows(self, shown: SelectedRows) -> None:
        """Show these, in the order that was chosen last; of the same points only values may have come."""
        old = self.shown
        if shown is old:
            return
        same = shown.rows is old.rows and shown.heads == old.heads and shown.images is old.images
        if same:
            self.layoutAboutToBeChanged.emit()
        else:
            self.beginResetModel()
            if shown.images is not old.images:
                self.forget_pictures()
        self.shown = shown
        self._decimals = [decimals_for(values) for values in shown.columns.values()]
        self._arrange()
        if same:
            self.layoutChanged.emit()
        else:
            self.endResetModel()

    @property
    def sorted_by(self) -> tuple[int, Qt.SortOrder]:
        """Column and direction. A column of values that was chosen is known by its name: while there is none, numbers are in order."""
        column, order = self._sorted
        if column < VALUES:
            return column, order
        if self._sorted_name in self.shown.columns:
            return self.shown.heads.index(self._sorted_name, VALUES), order
        return NUMBER, Qt.SortOrder.AscendingOrder

    def set_look(self, smooth: bool, grey_map: str) -> None:
        """How pictures look."""
        if (smooth, grey_map) != (self.smooth, self._grey_map):
            self.smooth, self._grey_map = smooth, grey_map
            self.forget_pictures()

    def set_pictures(self, pictures: Mapping[int, Images]) -> None:
        """Decoded images by row of the codes, of those that were wanted."""
        for row, image in pictures.items():
            self._keep(row, image)
        self._repaint()

    def forget_pictures(self) -> None:
        """They are of another model or another look."""
        self._pictures.clear()
        self._wanted.clear()
        self._repaint()

    def _repaint(self) -> None:
        if len(self._order):
            self.dataChanged.emit(self.index(0, IMAGE), self.index(len(self._order) - 1, IMAGE), [PICTURE])

    def _keep(self, row: int, image: Images) -> QImage:
        mapped = apply_grey_map(image, self._grey_map) if image.shape[2] == 1 and self._grey_map != "grey" else image
        picture = self._pictures[row] = to_qimage(mapped)
        self._wanted.pop(row, None)
        while len(self._pictures) > KEPT:
            self._pictures.popitem(last=False)
        return picture

    def widest(self, column: int) -> tuple[str, ...]:
        """Of a column of values those texts that may be the widest: the least and the largest number."""
        values = self.shown.key(column)
        known = values[np.isfinite(values)]
        return tuple(short(float(end(known)), self._decimals[column - VALUES]) for end in (np.min, np.max)) if len(known) else ()

    # What the table asks

    def rowCount(self, parent: Index | None = None) -> int:  # Qt's names, here and below
        return 0 if parent is not None and parent.isValid() else len(self._order)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.shown.heads)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        head = self.shown.heads[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            term = HINTS.get(head) or next((term for ending, term in ENDINGS.items() if head.endswith(ending)), "")
            return (explain(term) if term else tip(head)) if section >= VALUES else None
        return head if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        k, column = int(self._order[index.row()]), index.column()
        if column == IMAGE:
            if role == Qt.ItemDataRole.AccessibleTextRole:
                return f"{self.shown.noun} {int(self.shown.index[k]):,}"
            return self._picture(k) if role == PICTURE else None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            if column == NUMBER:
                return f"{int(self.shown.index[k]):,}"
            if column == CLASS:
                return self.shown.class_name(k)
            return short(float(self.shown.key(column)[k]), self._decimals[column - VALUES])
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignHCenter if column == CLASS else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def _picture(self, k: int) -> QImage | None:
        row, shown = int(self.shown.rows[k]), self.shown
        picture = self._pictures.get(row)
        if picture is not None:
            self._pictures.move_to_end(row)
            return picture
        number = int(shown.index[k])
        if shown.images is not None and 0 <= number < len(shown.images):
            return self._keep(row, shown.images[number])
        if row not in self._wanted:
            if not self._asking:
                self._asking = True
                QTimer.singleShot(0, self._ask)  # not one by one: other rows of this paint want theirs too
            self._wanted[row] = None
        return None

    def _ask(self) -> None:
        self._asking = False
        self._wanted = dict.fromkeys(list(self._wanted)[-AT_ONCE:])  # what was scrolled past is asked for when it comes back
        if self._wanted:
            self.picturesWanted.emit(list(self._wanted))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.layoutAboutToBeChanged.emit()
        self._sorted, self._sorted_name = (column, order), self.shown.heads[column]
        self._arrange()
        self.layoutChanged.emit()

    def _arrange(self) -> None:
        """Rows in order: equal ones as their images come; those without a value last, either way."""
        column, order = self.sorted_by
        key = self.shown.key(column)
        down = order == Qt.SortOrder.DescendingOrder
        key = -key if down else key
        in_order = bool((key[1:] >= key[:-1]).all())  # as images mostly come; looking costs a hundredth of sorting
        self._order = np.arange(len(key)) if in_order else np.argsort(key, kind="stable")  # NaN last

    def row_at(self, place: int) -> int:
        """The row of the codes that stands at a place of the table."""
        return int(self.shown.rows[self._order[place]])

    def place_of(self, row: int) -> int | None:
        """Where a row of the codes stands; None when it is not selected."""
        found = np.flatnonzero(self.shown.rows[self._order] == row)
        return int(found[0]) if len(found) else None


class PictureDelegate(QStyledItemDelegate):
    """Paints a row's image, enlarged by whole pixels where there is room."""

    def __init__(self, model: SelectionModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:  # Qt's names
        super().paint(painter, option, index)
        picture: QImage | None = index.data(PICTURE)
        room = option.rect.adjusted(2, 2, -2, -2)
        if picture is None:
            painter.fillRect(room, option.palette.alternateBase())
            return
        scale = min(room.width() / picture.width(), room.height() / picture.height())
        if scale >= 1 and not self._model.smooth:
            scale = int(scale)
        target = QRect(0, 0, max(1, round(picture.width() * scale)), max(1, round(picture.height() * scale)))
        target.moveCenter(room.center())
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._model.smooth or scale < 1)
        painter.drawImage(target, picture)
        painter.restore()
