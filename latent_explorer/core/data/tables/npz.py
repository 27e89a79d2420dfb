"""Tables as npz: named arrays in a zip, read without ever unpickling and never more than their headers say."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from latent_explorer.core.data.tables.labels import LabelBook, NoClassesError
from latent_explorer.core.data.tables.layout import FLOAT, INT, OTHER, TEXT, Layout, lay_out
from latent_explorer.core.data.tables.table import MOST_INDEX, MOST_ROWS, Begin, Block, End, Piece, count_overflows, narrow
from latent_explorer.core.errors import DatasetError
from latent_explorer.core.files.gate import shown, size_text

MOST_MEMBERS = 64
LARGEST = 1 << 36  # bytes of all members, decompressed
MOST_DIMENSIONS = 4096  # of z
WIDEST = 4 * 1024  # bytes of one text
ROWS = 1 << 17  # in a block, and fewer when it would be larger than this:
BLOCK = 1 << 24  # bytes
PIECE = 1 << 20  # bytes of a whole array that are unpacked at once

_DAMAGED = "is damaged or cut ({}); copy or download it again"
_TYPES = {"f": FLOAT, "i": INT, "u": INT, "b": INT, "U": TEXT, "S": TEXT}


@dataclass(frozen=True)
class _Member:
    """One array in the archive, as its header says."""

    name: str
    entry: zipfile.ZipInfo
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool
    start: int  # bytes of the header

    @property
    def row(self) -> int:
        """Bytes of one row."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize

    @property
    def held(self) -> int:
        """Bytes that must lie in memory all at once: of an array stored by columns, all of them."""
        return self.shape[0] * self.row if self.fortran and math.prod(self.shape[1:]) > 1 else 0

    @property
    def kind(self) -> str:
        return _TYPES.get(self.dtype.kind, OTHER)


def pieces(file: io.FileIO, who: str) -> Iterator[Piece]:
    """Read a table.

    Raises
    ------
    DatasetError
        It is none, or damaged, or holds Python objects among its coordinates.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            layout, columns = _columns(archive, who)
            try:
                yield from _read(archive, layout, columns, who)
            except NoClassesError as outcome:
                words = layout.label is not None and columns[layout.label][0].kind == TEXT
                yield from _read(archive, layout.without_classes(numbers=outcome.numbers and not words), columns, who)
    except (DatasetError, MemoryError):
        raise
    except Exception as problem:  # whatever foreign bytes provoke in zipfile or zlib
        raise DatasetError(f"{who} {_DAMAGED.format(type(problem).__name__)}.") from problem


def _members(archive: zipfile.ZipFile, who: str) -> list[_Member]:
    """All arrays, after a look at the archive's list and at each header; nothing is unpacked beyond that."""
    entries = [entry for entry in archive.infolist() if entry.filename.endswith(".npy")]
    if len(archive.infolist()) > MOST_MEMBERS:
        raise DatasetError(f"{who} holds {len(archive.infolist()):,} files, and a table has at most {MOST_MEMBERS}; leave some out.")
    if not entries:
        raise DatasetError(f"{who} is a zip without numpy arrays; choose a file written by numpy.savez.")
    whole = sum(entry.file_size for entry in entries)
    if whole > LARGEST:
        raise DatasetError(f"{who} would unpack to {size_text(whole)}, and at most {size_text(LARGEST)} can be opened.")
    names = [entry.filename for entry in entries]
    if len(set(names)) < len(names) or len({entry.header_offset for entry in entries}) < len(entries):
        raise DatasetError(f"{who} lists an array twice, as no program writes it; choose another file.")
    found = []
    for entry in entries:
        if entry.flag_bits & 1:
            raise DatasetError(f"{who} is encrypted; unpack it and save its arrays without a password.")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DatasetError(f"{who} is packed in a way that numpy does not use; save it again with numpy.savez.")
        found.append(_member(archive, entry, who))
    return found


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, who: str) -> _Member:
    name = entry.filename.removesuffix(".npy")
    with archive.open(entry) as data:
        head = io.BytesIO(data.read(npy.MAGIC_LEN + 4 + 10_000))
    try:
        version = npy.read_magic(head)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        shape, fortran, dtype = read(head)
    except Exception as problem:  # numpy reads the header as Python's literals, and raises what tokenizing them raises
        raise DatasetError(f"{who} holds something under {shown(name)} that is no numpy array; save it again.") from problem
    sound = all(n >= 0 for n in shape) and math.prod(shape) * dtype.itemsize == entry.file_size - head.tell()
    if not sound and not dtype.hasobject:
        raise DatasetError(f"{who} {_DAMAGED.format(f'{shown(name)} has another size than it says')}.")
    return _Member(name, entry, dtype, tuple(shape), bool(fortran), head.tell())


def _columns(archive: zipfile.ZipFile, who: str) -> tuple[Layout, list[tuple[_Member, int]]]:
    """What the columns mean, and the member and the part of it that each is."""
    columns: list[tuple[_Member, int]] = []
    names: list[str] = []
    members: dict[str, _Member] = {}
    for member in _members(archive, who):
        other = members.setdefault(member.name.lower(), member)
        if other is not member:
            raise DatasetError(f"{who} has arrays named {shown(other.name)} and {shown(member.name)}; rename one of them.")
    z = members.get("z")
    if z is not None and z.dtype.hasobject:
        raise DatasetError(f"{who} holds Python objects, which can run code when they are opened; save z as numbers.")
    if z is not None and len(z.shape) == 2 and 1 <= z.shape[1] <= MOST_DIMENSIONS:
        names += [f"z{k}" for k in range(z.shape[1])]
        columns += [(z, k) for k in range(z.shape[1])]
    for member in members.values():
        if len(member.shape) == 1 and member is not z:
            names.append(member.name)
            columns.append((member, 0))
    kinds = [OTHER if member.dtype.hasobject or member.dtype.itemsize > WIDEST else member.kind for member, _ in columns]
    layout = lay_out(names if columns else list(members), kinds if columns else [OTHER] * len(members), who)
    used = [columns[k][0] for k in (*layout.coordinates, *layout.values, layout.label, layout.index) if k is not None]
    odd = next((member for member in used if member.shape[0] != used[0].shape[0]), None)
    if odd is not None:
        raise DatasetError(f"{who} has {used[0].shape[0]:,} rows in {shown(used[0].name)} but {odd.shape[0]:,} in {shown(odd.name)}.")
    return layout, columns


def _read(archive: zipfile.ZipFile, layout: Layout, columns: list[tuple[_Member, int]], who: str) -> Iterator[Piece]:
    count = columns[layout.coordinates[0]][0].shape[0]
    if count > MOST_ROWS:
        raise DatasetError(f"{who} has {count:,} rows, and at most {MOST_ROWS:,} can be opened; leave some out.")
    used = {columns[k][0] for k in (*layout.coordinates, *layout.values, layout.label, layout.index) if k is not None}
    # Whoever takes this finds out whether there is memory for it, before anything is unpacked.
    yield Begin.of(layout, count, held=sum(member.held for member in used))
    book, overflowed = LabelBook(), 0
    most = max(1, min(ROWS, BLOCK // max(1, sum(member.row for member in used))))
    streams = {member.name: _Stream(archive, member) for member in used}
    try:
        for start in range(0, count, most):
            rows = min(most, count - start)
            blocks = {name: stream.rows(rows) for name, stream in streams.items()}

            def column(k: int, blocks: dict[str, NDArray[Any]] = blocks) -> NDArray[Any]:
                member, part = columns[k]
                return blocks[member.name][:, part]

            wide = np.stack([column(k) for k in layout.coordinates], axis=1)
            z = narrow(wide)
            overflowed += count_overflows(wide, z)
            values = np.empty((len(layout.values), rows), np.float32)
            for place, k in enumerate(layout.values):
                values[place] = narrow(column(k))
            index = None if layout.index is None else _index(column(layout.index), who)
            labels = None if layout.label is None else _labels(column(layout.label), book)
            yield Block(z, values, index, labels, (start + rows) / count)
    finally:
        for stream in streams.values():
            stream.close()
    book.check()
    yield End(tuple(book.texts), overflowed)


def _index(values: NDArray[Any], who: str) -> NDArray[np.int64]:
    if values.dtype.kind == "u" and int(values.max()) > MOST_INDEX:
        raise DatasetError(f"{who} has a number above {MOST_INDEX:,} in its array index; mend or rename that array.")
    return values.astype(np.int64)


def _labels(values: NDArray[Any], book: LabelBook) -> NDArray[np.int32]:
    if values.dtype.kind in "iub":
        return book.enter_whole(values.astype(np.int64))
    distinct, which = np.unique(values, return_inverse=True)
    texts = [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in distinct.tolist()]
    return book.enter(["" if text == "nan" else text for text in texts], which)


class _Stream:
    """Rows of one array, unpacked as they are asked for; an array stored by columns is unpacked whole."""

    def __init__(self, archive: zipfile.ZipFile, member: _Member) -> None:
        self._member = member
        self._width = math.prod(member.shape[1:])
        self._file: IO[bytes] = archive.open(member.entry)
        self._take(member.start)
        self._whole: NDArray[Any] | None = None
        self._next = 0
        if member.held:
            flat = np.empty(member.held, np.uint8)
            for place in range(0, len(flat), PIECE):  # zipfile makes a copy of whatever is read at once
                piece = flat[place : place + PIECE]
                if self._file.readinto(piece) < len(piece):  # type: ignore[attr-defined]  # typeshed's IO has none
                    raise EOFError
            self._whole = flat.view(member.dtype).reshape(member.shape, order="F")

    def _take(self, size: int) -> bytes:
        data = self._file.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def rows(self, count: int) -> NDArray[Any]:
        """The next rows, (count, width)."""
        self._next += count
        if self._whole is not None:
            return self._whole[self._next - count : self._next]
        return np.frombuffer(self._take(count * self._member.row), self._member.dtype).reshape(count, self._width)

    def close(self) -> None:
        self._file.close()
