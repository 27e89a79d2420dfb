"""Opening a table as the program does: the format by its bytes, one sentence for what is none, memory near the arrays' size."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from latent_explorer.core.data.tables import table as tables
from latent_explorer.core.data.tables.reading import read_table, table_kind
from latent_explorer.core.errors import Cancelled, DatasetError
from latent_explorer.core.export.table import save_codes
from latent_explorer.core.types import Codes
from tests.core.data.tables.writing import read

ROWS = 1_000_000


def some_codes(count: int, dimensions: int) -> Codes:
    generator = np.random.default_rng(count)
    z = generator.standard_normal((count, dimensions)).astype(np.float32)
    return Codes("mean", z, generator.permutation(count).astype(np.int64), generator.integers(-1, 10, count))


@pytest.mark.parametrize("ending", ["csv", "npz"])
@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_what_encode_writes_opens_again_bit_for_bit(tmp_path: Path, ending: str, dimensions: int) -> None:
    codes = some_codes(300, dimensions)
    path = tmp_path / f"codes.{ending}"
    save_codes(path, codes)
    table = read(path)
    np.testing.assert_array_equal(table.codes.z.view(np.int32), codes.z.view(np.int32))
    np.testing.assert_array_equal(table.codes.index, codes.index)
    np.testing.assert_array_equal(table.codes.labels, codes.labels)
    assert not table.codes.columns
    assert table.notes == ""


def write_csv(path: Path, columns: pa.Table) -> None:
    pyarrow.csv.write_csv(columns, path)


WRITERS: dict[str, Callable[[Path, pa.Table], object]] = {
    "text": write_csv,
    "parquet": lambda path, columns: pyarrow.parquet.write_table(columns, path),
    "npz": lambda path, columns: np.savez(path, **{name: columns[name].to_numpy() for name in columns.column_names}),
}


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("name", ["table", "table.csv", "table.parquet", "table.npz", "table.safetensors"])
def test_the_bytes_tell_the_format_whatever_the_name(tmp_path: Path, kind: str, name: str) -> None:
    path = tmp_path / name
    WRITERS[kind](tmp_path / "written.npz", pa.table({"x": [0.5, 1.5], "y": [2.5, 3.5]}))
    (tmp_path / "written.npz").rename(path)
    assert table_kind(path) == kind
    assert read(path).codes.z.tolist() == [[0.5, 2.5], [1.5, 3.5]]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.safetensors", b"\x10\0\0\0\0\0\0\0{}"),
        ("a.png", b"\x89PNG\r\n\x1a\n"),
        ("a.pt", b"PK\x03\x04" + bytes(26) + b"archive/data.pkl"),
        ("a.pkl", b"\x80\x04abc"),
        ("a.html", b"<!doctype html><p>1,2"),
        ("a.bin", bytes(range(256))),
        ("a.txt", b"no separator here"),
        ("none", b""),
    ],
)
def test_what_is_no_table_is_left_to_others(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert table_kind(tmp_path / name) == ""


def test_what_cannot_be_read_is_no_table(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path, tmp_path / "absent.csv", tmp_path / "pipe.csv"):
        assert table_kind(path) == ""
        with pytest.raises(DatasetError, match=r"\.$"):
            read(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        ("x,y\n1,2\n".encode("utf-16"), "in UTF-16; save it as UTF-8"),
        (b"PAR1" + bytes(100) + b"PAR1", "is damaged"),
        (b"PK\x03\x04 and no more", "is damaged or cut"),
        (bytes(300), "is no table of codes"),
        (b"a,b\n1,2\n", "needs two coordinate columns (x and y, z0 and z1, or two of decimals); it has a, b."),
    ],
)
def test_a_refusal_names_the_file(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "my codes.csv"
    path.write_bytes(content)
    with pytest.raises(DatasetError) as refused:
        read(path)
    assert str(refused.value).startswith(f"The table {path} ")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_table_without_room_is_refused_before_it_takes_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_codes(tmp_path / "codes.npz", some_codes(1000, 2))
    monkeypatch.setattr(tables, "free_memory", lambda: 20_000)
    with pytest.raises(DatasetError, match="would take 24 kB of memory and 20 kB are free"):
        read(tmp_path / "codes.npz")
    monkeypatch.setattr(tables, "MOST_ROWS", 999)
    with pytest.raises(DatasetError, match="1,000 rows, and at most 999"):
        read(tmp_path / "codes.npz")


@pytest.mark.parametrize("ending", ["csv", "npz"])
def test_progress_rises_and_cancel_ends_it(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"codes.{ending}"
    save_codes(path, some_codes(300_000, 2))
    told: list[tuple[str, float]] = []
    table = read_table(path, lambda what, part: told.append((what, part)))
    assert [part for _, part in told] == sorted(part for _, part in told)
    assert told[-1] == ("300,000 rows", 1.0)
    assert len({part for _, part in told}) > 2
    assert len(table.codes.z) == 300_000

    def stop(what: str, part: float) -> None:
        if part:
            raise Cancelled

    with pytest.raises(Cancelled):
        read_table(path, stop)


MEASURE = """
import gc, resource, sys
import numpy as np
from latent_explorer.core.data.tables.reading import read_table
from latent_explorer.core.memory import free_memory
import latent_explorer.core.data.tables.npz
free_memory()

def peak():  # of this process; the highest of all that were its children comes apart
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))

before = peak()
codes = read_table(sys.argv[1], lambda what, part: None).codes
arrays = codes.z.nbytes + codes.index.nbytes + codes.labels.nbytes + sum(column.nbytes for column in codes.columns.values())
print(peak() - before, arrays, len(codes.z))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("kind", WRITERS)
def test_a_million_rows_take_little_more_memory_than_their_arrays(tmp_path: Path, kind: str) -> None:
    generator = np.random.default_rng(0)
    columns = {"x": generator.standard_normal(ROWS).astype(np.float32), "y": generator.standard_normal(ROWS).astype(np.float32)}
    columns |= {"label": generator.integers(0, 10, ROWS), "error": generator.standard_normal(ROWS).astype(np.float32)}
    WRITERS[kind](tmp_path / "table.npz", pa.table(columns))
    done = subprocess.run([sys.executable, "-c", MEASURE, tmp_path / "table.npz"], capture_output=True, text=True, check=True)
    taken, arrays, rows = map(int, done.stdout.split())
    assert rows == ROWS
    assert arrays == 28 * ROWS
    assert taken < arrays + 40e6, f"{taken / 1e6:.0f} MB for arrays of {arrays / 1e6:.0f} MB"
