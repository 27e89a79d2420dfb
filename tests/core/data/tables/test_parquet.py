"""Parquet: numbers come out as they went in, whatever types and row groups they lay in."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from latent_explorer.core.data.tables import parquet
from latent_explorer.core.errors import DatasetError
from latent_explorer.core.files.apart import MOST_BYTES
from tests.core.data.tables.writing import read, read_parquet

in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
FINITE = st.floats(-1000, 1000, width=32)


@in_one_folder
@given(
    rows=st.lists(st.tuples(FINITE, FINITE, st.integers(-1, 9), st.one_of(st.none(), FINITE)), min_size=1, max_size=40),
    kind=st.sampled_from([pa.float32(), pa.float64()]),
    group=st.integers(1, 50),
    block=st.integers(1, 30),
)
def test_columns_come_out_as_they_went_in(tmp_path: Path, rows: list[Any], kind: pa.DataType, group: int, block: int) -> None:
    x, y, label, error = zip(*rows, strict=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, "ROWS", block)
        table = read_parquet(
            tmp_path / "t.parquet",
            {"x": pa.array(x, kind), "y": pa.array(y, kind), "label": pa.array(label, pa.int16()), "error": pa.array(error, pa.float64())},
            row_group_size=group,
        )
    np.testing.assert_array_equal(table.codes.z, np.array([x, y], np.float32).T)
    np.testing.assert_array_equal(table.codes.labels, label)
    np.testing.assert_array_equal(table.codes.columns["error"], np.array(error, np.float32))


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())])
def test_words_of_any_type_are_classes(tmp_path: Path, kind: pa.DataType) -> None:
    words = pa.array(["b", None, "a"], pa.string()).cast(kind)
    table = read_parquet(tmp_path / "t.parquet", {"x": [0.5, 1.5, 2.5], "y": [0.5, 1.5, 2.5], "species": words})
    assert table.class_names == ("a", "b")
    assert table.codes.labels.tolist() == [1, -1, 0]


def test_what_is_neither_numbers_nor_classes_is_left_out_and_told(tmp_path: Path) -> None:
    columns = {"x": [0.5], "y": [1.5], "when": pa.array([0], pa.timestamp("s")), "pixels": [[1, 2]], "index": [7], "price": [3]}
    table = read_parquet(tmp_path / "t.parquet", columns)
    assert table.left_out == ("when", "pixels")
    assert "when, pixels" in table.notes
    assert table.codes.index.tolist() == [7]
    assert table.codes.columns["price"].tolist() == [3]


def test_too_large_numbers_are_counted(tmp_path: Path) -> None:
    table = read_parquet(tmp_path / "t.parquet", {"x": [1e308, 0.5, None], "y": [0.5, 0.5, 0.5]})
    assert (table.missing, table.overflowed) == (2, 1)


def test_many_words_are_left_out_and_many_numbers_are_values(tmp_path: Path) -> None:
    count = 10_001
    columns = {"x": np.full(count, 0.5), "y": np.full(count, 0.5)}
    assert read_parquet(tmp_path / "t.parquet", {**columns, "file": [f"{k}.png" for k in range(count)]}).left_out == ("file",)
    assert read_parquet(tmp_path / "t.parquet", {**columns, "label": np.arange(count)}).codes.columns["label"][-1] == count - 1


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"a": [1], "b": ["x"]}, "needs two coordinate columns (x and y, z0 and z1, or two of decimals); it has a, b."),
        ({"x": ["1"], "y": [2.0]}, "no numbers in its column x"),
        ({"x": pa.array([], pa.float64()), "y": pa.array([], pa.float64())}, "has no rows"),
        ({"x": [1.0], "y": [1.0], "index": pa.array([None], pa.int64())}, "no number in its column index"),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(tmp_path: Path, columns: dict[str, Any], said: str) -> None:
    with pytest.raises(DatasetError) as refused:
        read_parquet(tmp_path / "t.parquet", columns)
    assert said in str(refused.value)


def test_a_cut_file_is_refused_by_the_program(tmp_path: Path) -> None:
    read_parquet(tmp_path / "t.parquet", {"x": np.arange(1000.0), "y": np.arange(1000.0)})
    whole = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DatasetError) as refused:
        read(tmp_path / "cut.parquet")
    assert str(refused.value).startswith(f"The table {tmp_path / 'cut.parquet'} is damaged")


def test_many_columns_come_in_blocks_of_few_rows(tmp_path: Path) -> None:
    columns = {f"z{k}": np.full(9000, k, np.float32) for k in range(600)}
    read_parquet(tmp_path / "t.parquet", columns)
    with io.FileIO(tmp_path / "t.parquet") as file:
        sizes = [sum(array.nbytes for array in arrays) for _, arrays in parquet.messages(file)]
    assert 0 < max(sizes) <= parquet.BLOCK < MOST_BYTES
    assert sum(sizes) == 9000 * 600 * 4


def test_an_index_too_large_is_refused_in_a_sentence(tmp_path: Path) -> None:
    columns = {"x": [1.0, 2.0], "y": [1.0, 2.0], "index": pa.array([2**63, 1], pa.uint64())}
    with pytest.raises(DatasetError, match="has a number above 9,223,372,036,854,775,807 in its column index"):
        read_parquet(tmp_path / "t.parquet", columns)
    assert read_parquet(tmp_path / "t.parquet", {**columns, "index": pa.array([5, 1], pa.uint64())}).codes.index.tolist() == [5, 1]


def test_yes_and_no_are_classes(tmp_path: Path) -> None:
    table = read_parquet(tmp_path / "t.parquet", {"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 3.0], "label": pa.array([True, None, False])})
    assert table.class_names == ("false", "true")
    assert table.codes.labels.tolist() == [1, -1, 0]
