"""npz: numbers come out as they went in; nothing is unpickled, and no header is believed."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from latent_explorer.core.data.tables import npz
from latent_explorer.core.data.tables import table as tables
from latent_explorer.core.data.tables.table import Block
from latent_explorer.core.errors import DatasetError
from tests.core.data.tables.writing import read, read_npz

in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
FINITE = st.floats(-1000, 1000, width=32)


@in_one_folder
@given(
    z=hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.dtype(">f4")]), st.tuples(st.integers(1, 30), st.integers(2, 5)), elements=FINITE
    ),
    fortran=st.booleans(),
    block=st.integers(1, 12),
    data=st.data(),
)
def test_arrays_come_out_as_they_went_in(tmp_path: Path, z: np.ndarray, fortran: bool, block: int, data: st.DataObject) -> None:
    count = len(z)
    label = np.array(data.draw(st.lists(st.integers(-1, 9), min_size=count, max_size=count)), np.int64)
    index = np.array(data.draw(st.lists(st.integers(-(2**40), 2**40), min_size=count, max_size=count)), np.int64)
    error = data.draw(hnp.arrays(np.float16, count, elements=st.floats(-10, 10, width=16)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(npz, "ROWS", block)
        table = read_npz(tmp_path / "t.npz", z=np.asfortranarray(z) if fortran else z, label=label, index=index, error=error)
    codes = table.codes
    np.testing.assert_array_equal(codes.z, z.astype(np.float32))
    np.testing.assert_array_equal(codes.labels, label)
    np.testing.assert_array_equal(codes.index, index)
    np.testing.assert_array_equal(codes.columns["error"], error.astype(np.float32))


@pytest.mark.parametrize("names", [("x", "y"), ("z0", "z1"), ("first", "second")])
def test_two_arrays_are_coordinates(tmp_path: Path, names: tuple[str, str]) -> None:
    table = read_npz(tmp_path / "t.npz", **{names[0]: np.array([0.5, 1.5]), names[1]: np.array([2.5, 3.5])})
    assert table.codes.z.tolist() == [[0.5, 2.5], [1.5, 3.5]]
    assert table.coordinates == names


@pytest.mark.parametrize("words", [np.array(["b", "a", "b"]), np.array([b"b", b"a", b"b"])])
def test_words_are_classes(tmp_path: Path, words: np.ndarray) -> None:
    table = read_npz(tmp_path / "t.npz", z=np.ones((3, 2), np.float32), label=words)
    assert table.class_names == ("a", "b")
    assert table.codes.labels.tolist() == [1, 0, 1]


def test_bytes_and_flags_are_labels_too(tmp_path: Path) -> None:
    z = np.ones((3, 2), np.float32)
    assert read_npz(tmp_path / "t.npz", z=z, label=np.array([2, 0, 255], np.uint8)).codes.labels.tolist() == [2, 0, 255]
    assert read_npz(tmp_path / "t.npz", z=z, label=np.array([True, False, True])).codes.labels.tolist() == [1, 0, 1]
    assert read_npz(tmp_path / "t.npz", z=z, label=np.array([3.0, np.nan, 4.0])).codes.labels.tolist() == [3, -1, 4]


def test_many_distinct_numbers_are_values(tmp_path: Path) -> None:
    table = read_npz(tmp_path / "t.npz", z=np.ones((10_001, 2), np.float32), label=np.arange(10_001))
    assert not table.class_names
    assert table.codes.columns["label"][-1] == 10_000


def test_too_large_numbers_are_counted(tmp_path: Path) -> None:
    table = read_npz(tmp_path / "t.npz", z=np.array([[1e308, 0], [0, 0], [np.inf, 0]]))
    assert (table.missing, table.overflowed) == (2, 1)


class _Marker:
    """Unpickled, it leaves a file behind."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._path,)


def _raw(path: Path, name: str, header: str, body: bytes, **options: Any) -> Path:
    text = header.encode().ljust(117) + b"\n"
    with zipfile.ZipFile(path, "w", **options) as archive:
        archive.writestr(f"{name}.npy", b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + body)
    return path


def test_python_objects_are_refused_and_never_loaded(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    z = np.empty((3, 2), object)
    z[:] = _Marker(marker)
    np.savez(tmp_path / "t.npz", z=z)
    with pytest.raises(DatasetError, match="holds Python objects"):
        read(tmp_path / "t.npz")
    assert not marker.exists()
    _raw(tmp_path / "u.npz", "z", "{'descr': '|O', 'fortran_order': False, 'shape': (3, 2), }", pickle.dumps([_Marker(marker)] * 6))
    with pytest.raises(DatasetError):
        read(tmp_path / "u.npz")
    assert not marker.exists()


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (50000000000, 2), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-3, 2), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }",
        "{'descr': [('a', '<f4'), ('b', '<f4')], 'fortran_order': False, 'shape': (3,), }",
        "{'descr': '<c8', 'fortran_order': False, 'shape': (3, 1), }",
        "{'descr': '<M8[s]', 'fortran_order': False, 'shape': (3,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 2), }",
        "{'descr': '<f4'}",
        "[" * 100,
        "__import__('os').abort()",
    ],
)
def test_no_header_is_believed(tmp_path: Path, header: str) -> None:
    path = _raw(tmp_path / "t.npz", "z", header, bytes(24) if "(0, 2)" not in header else b"")
    with pytest.raises(DatasetError) as refused:
        read(path)
    assert str(refused.value).endswith(".") and "\n" not in str(refused.value)


def test_a_cut_or_changed_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    z = np.random.default_rng(0).standard_normal((200, 2)).astype(np.float32)
    np.savez_compressed(path, z=z)
    whole = path.read_bytes()
    for place in range(1, len(whole), 61):
        path.write_bytes(whole[:place])
        with pytest.raises(DatasetError):
            read(path)
        changed = bytearray(whole)
        changed[place] ^= 0x55
        path.write_bytes(changed)
        try:
            table = read(path)
        except DatasetError:
            continue
        np.testing.assert_array_equal(table.codes.z, z)  # what was changed is nothing that counts


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"z": np.zeros((3, 2)), "label": np.zeros(4, np.int64)}, "3 rows in z but 4 in label"),
        ({"a": np.zeros(3, np.int64)}, "needs two coordinate columns (x and y, z0 and z1, or two of decimals); it has a."),
        ({"images": np.zeros((3, 4, 4))}, "needs two coordinate columns"),
        ({"z": np.zeros((3, 2), np.complex64)}, "no numbers in its column z0"),
        ({"z": np.full((3, 2), np.nan)}, "no row that can be drawn"),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(tmp_path: Path, arrays: dict[str, np.ndarray], said: str) -> None:
    with pytest.raises(DatasetError) as refused:
        read_npz(tmp_path / "t.npz", **arrays)
    assert said in str(refused.value)


def test_odd_archives_are_refused(tmp_path: Path) -> None:
    array = io.BytesIO()
    np.save(array, np.zeros((3, 2)))
    path = tmp_path / "t.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for k in range(65):
            archive.writestr(f"{k}.npy", array.getvalue())
    with pytest.raises(DatasetError, match="65 files"):
        read(path)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "w") as archive:
        archive.writestr("z.npy", array.getvalue())
        archive.writestr("z.npy", array.getvalue())
    with pytest.raises(DatasetError, match="twice"):
        read(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("z.npy", array.getvalue())
    with pytest.raises(DatasetError, match="packed"):
        read(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(DatasetError, match="without numpy arrays"):
        read(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez_compressed(tmp_path / "t.npz", z=np.zeros((1 << 20, 2), np.float32))
    monkeypatch.setattr(npz, "LARGEST", 1 << 20)
    with pytest.raises(DatasetError, match="would unpack to"):
        read(tmp_path / "t.npz")


def test_a_table_stored_by_columns_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez_compressed(tmp_path / "t.npz", z=np.zeros((1000, 8), order="F"))
    held, table = 1000 * 8 * 8, 1000 * (4 * 8 + 16)
    monkeypatch.setattr(tables, "free_memory", lambda: held + table)
    assert len(read(tmp_path / "t.npz").codes.z) == 1000

    monkeypatch.setattr(tables, "free_memory", lambda: held + table - 1)
    monkeypatch.setattr(npz, "_Stream", None)  # nothing is unpacked
    with pytest.raises(DatasetError, match="of memory and"):
        read(tmp_path / "t.npz")


def test_wide_tables_come_in_blocks_of_few_rows(tmp_path: Path) -> None:
    z = np.arange(9000 * 1024, dtype=np.float32).reshape(9000, 1024)
    np.savez(tmp_path / "t.npz", z=z)
    with io.FileIO(tmp_path / "t.npz") as file:
        blocks = [piece.z for piece in npz.pieces(file, "The table") if isinstance(piece, Block)]
    assert max(block.nbytes for block in blocks) <= npz.BLOCK
    np.testing.assert_array_equal(np.concatenate(blocks), z)


def test_names_that_differ_only_in_case_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="has arrays named z and Z; rename one of them"):
        read_npz(tmp_path / "t.npz", z=np.zeros((3, 2)), Z=np.ones((3, 2)))


def test_an_index_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="has a number above 9,223,372,036,854,775,807 in its array index"):
        read_npz(tmp_path / "t.npz", z=np.zeros((2, 2)), index=np.array([2**63, 1], np.uint64))
