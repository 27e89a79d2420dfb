"""Tables as Parquet, some thousand rows at a time. Runs in a process of its own, see `core.files.apart`."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.data.tables.labels import LabelBook, NoClassesError
from latent_explorer.core.data.tables.layout import FLOAT, INT, OTHER, TEXT, Layout, lay_out
from latent_explorer.core.data.tables.table import MOST_INDEX, MOST_ROWS, Begin, Block, End, Piece, count_overflows, message_of, narrow
from latent_explorer.core.errors import DatasetError
from latent_explorer.core.files.apart import Message
from latent_explorer.core.files.gate import size_text

WHO = "The table"
ROWS = 1 << 16  # in a block, and fewer when its numbers would be larger than this:
BLOCK = 1 << 25  # bytes
LARGEST = 1 << 32  # bytes of a row group, decompressed, as its footer says


def messages(file: io.FileIO) -> Iterator[Message]:
    """The pieces of a table as messages."""
    return map(message_of, pieces(file))


def pieces(file: io.FileIO) -> Iterator[Piece]:
    """Read a table.

    Raises
    ------
    DatasetError
        It is none that can be shown.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    source = pq.ParquetFile(pa.PythonFile(file, mode="r"), pre_buffer=False)
    footer, schema = source.metadata, source.schema_arrow
    largest = max((footer.row_group(k).total_byte_size for k in range(footer.num_row_groups)), default=0)
    if footer.num_rows > MOST_ROWS:
        raise DatasetError(f"{WHO} has {footer.num_rows:,} rows, and at most {MOST_ROWS:,} can be opened; leave some out.")
    if largest > LARGEST:
        raise DatasetError(f"{WHO} has parts of {size_text(largest)}, more than {size_text(LARGEST)}; write it with smaller row groups.")
    layout = lay_out(schema.names, [_kind(kind) for kind in schema.types], WHO)
    try:
        yield from _read(source, layout, footer.num_rows)
    except NoClassesError as outcome:
        # Words are no values, even where all of them can be read as numbers.
        words = layout.label is not None and _kind(schema.types[layout.label]) == TEXT
        yield from _read(source, layout.without_classes(numbers=outcome.numbers and not words), footer.num_rows)


def _kind(kind: Any) -> str:
    from pyarrow import types

    if types.is_floating(kind) or types.is_decimal(kind):
        return FLOAT
    if types.is_integer(kind):
        return INT
    if types.is_boolean(kind):
        return TEXT  # true and false, as in CSV
    if types.is_dictionary(kind):
        return TEXT if _kind(kind.value_type) == TEXT else OTHER
    return TEXT if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind) else OTHER


def _read(source: Any, layout: Layout, rows: int) -> Iterator[Piece]:
    import pyarrow as pa
    import pyarrow.compute as pc

    book, done, overflowed = LabelBook(), 0, 0
    wanted = sorted(k for k in (*layout.coordinates, *layout.values, layout.index, layout.label) if k is not None)
    place = {k: where for where, k in enumerate(wanted)}
    yield Begin.of(layout, rows)
    most = max(1, min(ROWS, BLOCK // (8 * len(wanted))))
    for batch in source.iter_batches(most, columns=[source.schema_arrow.names[k] for k in wanted], use_threads=False):
        count = batch.num_rows

        def floats(column: int, batch: Any = batch) -> NDArray[np.float64]:
            values: NDArray[np.float64] = batch.column(place[column]).cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
            return values

        wide = np.empty((count, len(layout.coordinates)))
        for axis, k in enumerate(layout.coordinates):
            wide[:, axis] = floats(k)
        z = narrow(wide)
        overflowed += count_overflows(wide, z)
        columns = np.empty((len(layout.values), count), np.float32)
        for axis, k in enumerate(layout.values):
            columns[axis] = narrow(floats(k))
        index = labels = None
        if layout.index is not None:
            column = batch.column(place[layout.index])
            if column.null_count:
                raise DatasetError(f"{WHO} has no number in its column index in some of the rows from {done + 1:,} on; mend them.")
            try:
                index = column.cast(pa.int64()).to_numpy(zero_copy_only=False)
            except pa.ArrowInvalid as problem:  # unsigned, and larger
                raise DatasetError(f"{WHO} has a number above {MOST_INDEX:,} in its column index; mend or rename that column.") from problem
        if layout.label is not None:
            labels = _labels(batch.column(place[layout.label]), book, pa, pc)
        done += count
        yield Block(z, columns, index, labels, done / max(1, rows))
    book.check()
    yield End(tuple(book.texts), overflowed)


def _labels(column: Any, book: LabelBook, pa: Any, pc: Any) -> NDArray[np.int32]:
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.string())
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column)
    which = column.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    texts = [None if value is None else str(value) for value in column.dictionary.to_pylist()]
    return book.enter(["" if text == "nan" else text for text in texts], which)
