"""Tables as text: CSV with commas, semicolons or tabs. Runs in a process of its own, see `core.files.apart`.

The file is cut into blocks at line ends and each is given to pyarrow, so that progress is known, memory is bounded and a broken
row is told by its line.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from latent_explorer.core.data.tables.labels import LabelBook, NoClassesError, is_number, is_whole
from latent_explorer.core.data.tables.layout import FLOAT, INT, NUMBER, TEXT, lay_out
from latent_explorer.core.data.tables.table import Begin, Block, Counted, End, Piece, count_overflows, message_of, narrow
from latent_explorer.core.errors import DatasetError
from latent_explorer.core.files.apart import Message
from latent_explorer.core.files.gate import shown

WHO = "The table"
BLOCK = 1 << 22  # bytes
LONGEST_LINE = 1 << 20
SAMPLE = 200  # lines from which kinds of columns are told
BOM = b"\xef\xbb\xbf"
SEPARATORS = ",;\t"

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_DECIMAL_COMMA = re.compile(r"\s*[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?\s*", re.ASCII)
NOTHING = ("", "nan", "na", "n/a", "null", "none", "#n/a", "-nan")
MOST_SPACES = 100  # that stand for a missing value, as in columns that are padded to one width
_ROW = re.compile(r"Row #([0-9]+): (.*)", re.DOTALL)
_COLUMN = re.compile(r"In CSV column #([0-9]+):")


def could_be_text(head: bytes) -> bool:
    """Whether a file that begins so may be a table as text: one line that can be decoded, with a separator or one word."""
    line = head.removeprefix(BOM).lstrip(b"\r\n").splitlines()[:1]
    if not line or b"\0" in head:
        return False
    try:
        text = line[0].decode("utf-8")
    except UnicodeDecodeError:
        text = line[0].decode("latin-1")
    return all(c.isprintable() or c == "\t" for c in text) and any(separator in text for separator in SEPARATORS)


def messages(file: io.FileIO) -> Iterator[Message]:
    """The pieces of a table as messages."""
    return map(message_of, pieces(file))


def pieces(file: io.FileIO) -> Iterator[Piece]:
    """Read a table.

    Raises
    ------
    DatasetError
        It is none; the sentence names the line where one is broken.
    """
    reader = _Reader(file)
    yield from reader.count()
    try:
        yield from reader.read()
    except NoClassesError as outcome:
        reader.layout = reader.layout.without_classes(numbers=outcome.numbers)
        yield from reader.read()


class _Reader:
    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self._size = file.seek(0, io.SEEK_END)
        self._most_rows = 0
        head = self._lines_from(0, (SAMPLE + 1) * 1000)
        self._old_ends = b"\n" not in head and b"\r" in head  # of an old Mac
        lines = [line for line in _decoded(head.splitlines(), 1) if line.strip()]
        if not lines:
            raise DatasetError(f"{WHO} is empty; choose a file with column names and rows.")
        self._separator = max(SEPARATORS, key=_outside_quotes(lines[0]).count)
        try:
            names, *rows = csv.reader(lines, delimiter=self._separator)
        except csv.Error as problem:  # the only one that such lines can cause
            most = csv.field_size_limit()
            raise DatasetError(f"{WHO} has a value or a column name of more than {most:,} characters; leave that column out.") from problem
        if all(is_number(name) for name in names):
            raise DatasetError(f"{WHO} begins with numbers instead of column names; add a first line such as x,y.")
        rows = [row for row in rows if len(row) == len(names)]
        self._decimal_comma = self._separator != "," and any(_DECIMAL_COMMA.fullmatch(cell) for row in rows for cell in row)
        kinds = [_kind([self._plain(row[k]) for row in rows]) for k in range(len(names))]
        named = {"x", "y", *(f"z{k}" for k in range(len(names)))}
        kinds = [FLOAT if name.strip().lower() in named and kind == TEXT else kind for name, kind in zip(names, kinds, strict=True)]
        self.layout = lay_out(names, kinds, WHO)
        label = self.layout.label
        if label is not None and kinds[label] == FLOAT and not all(is_whole(self._plain(row[label]) or "0") for row in rows):
            self.layout = self.layout.without_classes(numbers=True)

    def _plain(self, cell: str) -> str:
        return cell.strip().replace(",", ".") if self._decimal_comma else cell.strip()

    def _lines_from(self, start: int, size: int) -> bytes:
        """Whole lines, as many as go into `size` bytes; the last one may have no end."""
        self._file.seek(start)
        data = _read(self._file, size)
        whole = data if start + len(data) >= self._size else data[: max(data.rfind(b"\n"), data.rfind(b"\r")) + 1]
        if data and not whole:
            raise DatasetError(f"{WHO} has a line of more than {size:,} bytes; it is no table that can be opened.")
        return whole.removeprefix(BOM) if start == 0 else whole

    def _blocks(self) -> Iterator[tuple[bytes, int]]:
        """Pieces of whole lines, and how many bytes have been read."""
        self._file.seek(0)
        rest, done = b"", 0
        while data := _read(self._file, BLOCK):
            done += len(data)
            if self._old_ends:
                data = data.replace(b"\r", b"\n")
            data = rest + data if done > len(data) else data.removeprefix(BOM)
            cut = data.rfind(b"\n") + 1
            rest = data[cut:]
            if len(rest) > LONGEST_LINE + BLOCK:
                raise DatasetError(f"{WHO} has a line of more than {LONGEST_LINE:,} bytes; it is no table that can be opened.")
            if cut:
                yield data[:cut], done
        if rest:
            yield rest, done

    def count(self) -> Iterator[Counted]:
        """Find out how many rows there are at most, before `read`; a word after each block shows that this goes on."""
        self._file.seek(0)
        end = b"\r" if self._old_ends else b"\n"
        rows = 0  # without the line of names, and with a last line that may have no end
        while data := _read(self._file, BLOCK):
            rows += data.count(end)
            yield Counted(rows)
        self._most_rows = rows

    def read(self) -> Iterator[Piece]:
        """All pieces, with the columns as they are laid out."""
        layout, book, line, overflowed = self.layout, LabelBook(), 0, 0
        yield Begin.of(layout, self._most_rows)
        for lines, done in self._blocks():
            rows, skipped = _after_names(lines) if line == 0 else (lines, 0)
            if rows.strip():
                block, large = self._block(rows, line + skipped, book, done / max(1, self._size))
                overflowed += large
                yield block
            line += lines.count(b"\n")
        book.check()
        yield End(tuple(book.texts), overflowed)

    def _block(self, data: bytes, first: int, book: LabelBook, part: float) -> tuple[Block, int]:
        """The rows of some lines, of which the first has the number `first` + 1."""
        import pyarrow as pa
        import pyarrow.csv

        layout = self.layout
        floats = (*layout.coordinates, *layout.values)
        types: dict[str, Any] = {str(k): pa.float64() for k in floats}
        if layout.index is not None:
            types[str(layout.index)] = pa.int64()
        if layout.label is not None:
            types[str(layout.label)] = pa.dictionary(pa.int32(), pa.string())
        names, broken = [str(k) for k in range(len(layout.names))], list[Any]()

        def refuse(row: Any) -> str:
            broken.append(row)
            return "error"

        try:
            table = pyarrow.csv.read_csv(
                pa.BufferReader(data),
                pyarrow.csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
                pyarrow.csv.ParseOptions(delimiter=self._separator, invalid_row_handler=refuse),
                pyarrow.csv.ConvertOptions(
                    column_types=types,
                    include_columns=list(types),
                    null_values=_spellings(),
                    strings_can_be_null=True,
                    decimal_point="," if self._decimal_comma else ".",
                ),
            )
        except pa.ArrowInvalid as problem:
            raise DatasetError(self._sentence(str(problem), broken, data, first)) from problem
        count = table.num_rows
        wide = np.empty((count, len(layout.coordinates)))
        for place, k in enumerate(layout.coordinates):
            wide[:, place] = table.column(str(k)).to_numpy()
        z = narrow(wide)
        large = count_overflows(wide, z)
        columns = np.empty((len(layout.values), count), np.float32)
        for place, k in enumerate(layout.values):
            columns[place] = narrow(table.column(str(k)).to_numpy())
        index = labels = None
        if layout.index is not None:
            column = table.column(str(layout.index))
            if column.null_count:
                row = int(column.is_null().to_numpy().argmax())
                raise DatasetError(f"{WHO} has no number in its column index on line {_line_of(row, data, first):,}; mend that line.")
            index = column.to_numpy().astype(np.int64)
        if layout.label is not None:
            which = table.column(str(layout.label)).combine_chunks()
            which = which.chunk(0) if isinstance(which, pa.ChunkedArray) else which
            labels = book.enter(which.dictionary.to_pylist(), which.indices.fill_null(-1).to_numpy())
        return Block(z, columns, index, labels, part), large

    def _sentence(self, problem: str, broken: list[Any], data: bytes, first: int) -> str:
        """What pyarrow says, with the line of the file."""
        row = _ROW.search(problem)
        where = f"line {_line_of(int(row[1]) - 1, data, first):,}" if row is not None else f"the lines from {first + 1:,} on"
        if broken:
            there = broken[0].actual_columns
            counts = f"{there} value{'' if there == 1 else 's'} instead of {broken[0].expected_columns}"
            return f"{WHO} is broken at {where}: it has {counts}; mend that line."
        if "UTF8" in problem:
            return f"{WHO} is not in UTF-8 at {where}; save it with that encoding."
        column = _COLUMN.search(problem)
        if column is None or row is None:
            return f"{WHO} is broken at {where} ({shown(problem.splitlines()[0])}); mend that line."
        name = shown(self.layout.names[int(column[1])])
        found = re.search(r"invalid value '(.*)'", row[2], re.DOTALL)
        value = shown(found[1]) if found is not None else "what stands there"
        whole = "whole number" if int(column[1]) == self.layout.index else "number"
        return f"{WHO} has no {whole} in its column {name} on {where} but {value!r}; mend that line."


def _read(file: io.FileIO, size: int) -> bytes:
    """So many bytes, fewer at the end only."""
    parts = []
    while size and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _after_names(data: bytes) -> tuple[bytes, int]:
    """What comes after the line of names, and how many lines were passed over."""
    skipped = 0
    while data:
        line, _, data = data.partition(b"\n")
        skipped += 1
        if line.strip():
            break
    return data, skipped


def _line_of(row: int, data: bytes, first: int) -> int:
    """The line of a row in its block, rows counted from 0: empty lines are no rows."""
    for number, line in enumerate(data.split(b"\n"), first + 1):
        if line.rstrip(b"\r"):
            if row == 0:
                return number
            row -= 1
    return first + 1


def _decoded(lines: list[bytes], first: int) -> Iterator[str]:
    for number, line in enumerate(lines[: SAMPLE + 1], first):
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError:
            raise DatasetError(f"{WHO} is not in UTF-8 at line {number:,}; save it with that encoding.") from None


def _outside_quotes(line: str) -> str:
    return "".join(line.split('"')[::2])


def _spellings() -> list[str]:
    """How missing values are written, also after a space, and as nothing but spaces."""
    words = {spelling for word in NOTHING for spelling in (word, word.upper(), word.capitalize(), word.replace("nan", "NaN"))}
    return [*words, *(f" {word}" for word in words if word), *(" " * count for count in range(1, MOST_SPACES + 1))]


def _kind(cells: list[str]) -> str:
    told = [cell for cell in cells if cell.lower() not in NOTHING]
    if any(not is_number(cell) for cell in told):
        return TEXT
    if not all(map(_WHOLE.fullmatch, told)):
        return FLOAT
    return INT if told and len(told) == len(cells) else NUMBER
