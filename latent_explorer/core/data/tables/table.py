"""A table of codes: how the readers hand it over, block by block, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.data.tables.labels import classes_of
from latent_explorer.core.data.tables.layout import Layout
from latent_explorer.core.errors import DatasetError
from latent_explorer.core.far import FARTHEST
from latent_explorer.core.files.apart import Message
from latent_explorer.core.files.gate import size_text
from latent_explorer.core.memory import free_memory
from latent_explorer.core.types import Codes, Floats

MOST_ROWS = 100_000_000
MOST_INDEX = 2**63 - 1
CHUNK = 1 << 20  # rows that are looked at together once all are there

Progress = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class Begin:
    """What will come: at most so many rows. It may come again when what was read so far is to be forgotten."""

    rows: int
    coordinates: tuple[str, ...]
    columns: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    index: bool = False
    label: bool = False
    held: int = 0  # bytes that the reader keeps in this process, beside the table

    @classmethod
    def of(cls, layout: Layout, rows: int, held: int = 0) -> Begin:
        """For columns that are laid out."""
        coordinates, columns, left_out = map(layout.named, (layout.coordinates, layout.values, layout.left_out))
        return cls(rows, coordinates, columns, left_out, layout.index is not None, layout.label is not None, held)


@dataclass(frozen=True)
class Counted:
    """A word from a reader that goes through a long file before it can say what will come."""

    rows: int  # so far


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows: z float32 (n, d); columns float32 (c, n); index int64 (n,) and numbers of labels int32 (n,) where there are any."""

    z: Floats
    columns: Floats
    index: NDArray[np.int64] | None
    labels: NDArray[np.int32] | None
    part: float  # of all that is to be read, 0..1


@dataclass(frozen=True, eq=False)
class End:
    """Texts of the labels by their numbers, and how many rows had coordinates too large for float32."""

    texts: tuple[str, ...] = ()
    overflowed: int = 0


Piece = Counted | Begin | Block | End


@dataclass(frozen=True, eq=False)
class Table:
    """Codes without a model.

    ``missing`` rows have a coordinate that is NaN, infinite or too large, ``far`` ones lie beyond `FARTHEST`: both keep their
    place in the codes and are not drawn. ``left_out`` are columns that are neither numbers nor classes.
    """

    codes: Codes
    class_names: tuple[str, ...]
    coordinates: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    missing: int = 0
    overflowed: int = 0
    far: int = 0

    @property
    def notes(self) -> str:
        """What a person should know, in sentences; "" for nothing."""
        told = []
        if self.missing:
            large = f" ({self.overflowed:,} of them too large)" if self.overflowed else ""
            told.append(f"{_rows(self.missing)} no finite place{large} and {_are(self.missing)} not drawn.")
        if self.far:
            told.append(f"{_rows(self.far)} a place beyond {FARTHEST:,.0f} and {_are(self.far)} not drawn.")
        if self.left_out:
            some = ", ".join(self.left_out[:3]) + (f" and {len(self.left_out) - 3:,} more" if len(self.left_out) > 3 else "")
            told.append(f"Not read, since they hold neither numbers nor classes: {some}.")
        return " ".join(told)


def _rows(count: int) -> str:
    return "1 row has" if count == 1 else f"{count:,} rows have"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def narrow(values: NDArray[np.floating]) -> Floats:
    """As float32; what is too large becomes infinite, without a warning."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def count_overflows(wide: NDArray[np.floating], z: Floats) -> int:
    """How many rows of coordinates were finite before they became float32."""
    if not np.isinf(z).any():
        return 0
    return int((np.isfinite(wide) & np.isinf(z)).any(axis=1).sum())


def _largest(z: Floats) -> Floats:
    """Largest size of each row's coordinates (n, d), NaN where one is; numpy is slow along rows as short as these."""
    found = np.abs(z[:, 0])
    for axis in range(1, z.shape[1]):
        np.maximum(found, np.abs(z[:, axis]), out=found)
    return found


class _Arrays:
    """Memory for all rows, filled block by block."""

    def __init__(self, begin: Begin, who: str) -> None:
        rows, self.begin = begin.rows, begin
        if rows > MOST_ROWS:
            raise DatasetError(f"{who} has {rows:,} rows, and at most {MOST_ROWS:,} can be opened; leave some out.")
        needed = rows * (4 * len(begin.coordinates) + 4 * len(begin.columns) + 16) + begin.held
        if needed > free_memory():
            raise DatasetError(
                f"{who} would take {size_text(needed)} of memory and {size_text(free_memory())} are free; close other programs or leave out"
                f" rows or columns."
            )
        self.z = np.empty((rows, len(begin.coordinates)), np.float32)
        self.columns = [np.empty(rows, np.float32) for _ in begin.columns]
        self.index = np.empty(rows, np.int64)
        self.labels = np.empty(rows, np.int64)
        self.count = 0

    def take(self, block: Block) -> None:
        start, stop = self.count, self.count + len(block.z)
        self.z[start:stop] = block.z
        for column, values in zip(self.columns, block.columns, strict=True):
            column[start:stop] = values
        self.index[start:stop] = np.arange(start, stop) if block.index is None else block.index
        self.labels[start:stop] = -1 if block.labels is None else block.labels
        self.count = stop

    def table(self, end: End, who: str) -> Table:
        """All of it, without the rows that did not come."""
        count, begin = self.count, self.begin
        if not count:
            raise DatasetError(f"{who} has no rows under its column names; choose a file with at least one.")
        names: tuple[str, ...] = ()
        if end.texts:
            labels, names = classes_of(end.texts)
            labels = np.append(labels, -1)
            for rows in _chunks(count):
                self.labels[rows] = labels[self.labels[rows]]
        missing = far = 0
        for rows in _chunks(count):
            away = _largest(self.z[rows])
            finite = np.isfinite(away)
            missing += int(len(away) - finite.sum())
            far += int((away[finite] > FARTHEST).sum())
        if missing + far == count:
            raise DatasetError(f"{who} has no row that can be drawn: its coordinates are empty, infinite or beyond {FARTHEST:,.0f}.")
        z, index, labels, columns = _fit(self.z, count), _fit(self.index, count), _fit(self.labels, count), self.columns
        values = {name: _fit(column, count) for name, column in zip(begin.columns, columns, strict=True)}
        codes = Codes("table", z, index, labels, values)
        return Table(codes, names, begin.coordinates, begin.left_out, missing, end.overflowed, far)


def _fit(array: NDArray[Any], count: int) -> NDArray[Any]:
    """The first rows; what comes after them was never touched, so it takes no memory."""
    return array[:count] if count > len(array) // 2 else array[:count].copy()


def _chunks(count: int) -> Iterator[slice]:
    return (slice(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK))


def assemble(pieces: Iterable[Piece], who: str, progress: Progress) -> Table:
    """A table from what a reader hands over.

    Raises
    ------
    DatasetError
        There are too many rows, none at all or none to draw.
    """
    arrays: _Arrays | None = None
    for piece in pieces:
        if isinstance(piece, Begin):
            arrays = _Arrays(piece, who)
        elif isinstance(piece, Counted):
            progress(f"counting rows: {piece.rows:,}", 0.0)
        elif isinstance(piece, Block):
            assert arrays is not None
            arrays.take(piece)
            progress(f"{arrays.count:,} rows", piece.part)
        else:
            assert arrays is not None
            return arrays.table(piece, who)
    raise AssertionError("a reader ends with End")


# For the way through a pipe (core.files.apart)


def message_of(piece: Piece) -> Message:
    """Words and arrays."""
    if isinstance(piece, Counted):
        return {"counted": piece.rows}, []
    if isinstance(piece, Begin):
        return {"begin": [piece.rows, piece.coordinates, piece.columns, piece.left_out, piece.index, piece.label]}, []
    if isinstance(piece, End):
        return {"end": [piece.texts, piece.overflowed]}, []
    optional = [array for array in (piece.index, piece.labels) if array is not None]
    told = {"block": piece.part, "index": piece.index is not None, "labels": piece.labels is not None}
    return told, [piece.z, piece.columns, *optional]


def piece_of(message: Message) -> Piece:
    """The piece again."""
    words, arrays = message
    if "counted" in words:
        return Counted(int(words["counted"]))
    if "begin" in words:
        rows, coordinates, columns, left_out, index, label = words["begin"]
        return Begin(int(rows), tuple(coordinates), tuple(columns), tuple(left_out), bool(index), bool(label))
    if "end" in words:
        texts, overflowed = words["end"]
        return End(tuple(texts), int(overflowed))
    z, columns, *optional = arrays
    index = optional.pop(0) if words["index"] else None
    labels = optional.pop(0) if words["labels"] else None
    return Block(z, columns, index, labels, float(words["block"]))
