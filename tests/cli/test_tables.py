"""Tables of codes on the command line: `info` tells what they hold, `encode` writes what opens again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from latent_explorer.core.checkpoint.record import read_record
from tests.cli.conftest import Said
from tests.core.data.tables.writing import read

Call = Callable[..., Said]

TEXT = "x,y,species,error,when\n0.5,-1.25,cat,0.125,today\n2.5,3,dog,,today\nnan,1,cat,3,\n1e308,0,,1,later\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "animals.csv"
    path.write_text(TEXT)
    return path


def test_info_tells_rows_columns_ranges_and_classes(call: Call, table: Path) -> None:
    said = call("info", table)
    assert said.code == 0
    told = [line.split(":", 1) for line in said.out.splitlines()]
    words = [(label, text.strip()) for label, text in told]
    assert ("rows", "4") in words
    assert ("coordinate", "x, 0.5 to 2.5") in words
    assert ("coordinate", "y, -1.25 to 3") in words
    assert ("column", "error, 0.125 to 3") in words
    assert ("classes", "2: cat (2), dog (1)") in words
    assert words[0] == ("table", f"{table} ({len(TEXT)} bytes)")
    assert "2 rows have no finite place (1 of them too large) and are not drawn." in words[-1][1]
    assert "when" in words[-1][1]


def test_info_as_json(call: Call, table: Path) -> None:
    told = call("info", table, "--json").json
    assert told == {
        "schema": 1,
        "table": {"path": str(table), "bytes": len(TEXT)},
        "rows": 4,
        "coordinates": {"x": [0.5, 2.5], "y": [-1.25, 3.0]},
        "columns": {"error": [0.125, 3.0]},
        "classes": {"cat": 2, "dog": 1},
        "not_drawn": {"without_a_finite_place": 2, "too_large": 1, "too_far": 0},
        "left_out": ["when"],
    }


def test_a_broken_table_is_one_line_and_exit_code_2(call: Call, table: Path) -> None:
    table.write_text("x,y\n1,2\n3\n")
    said = call("info", table)
    assert (said.code, said.out) == (2, "")
    assert said.err == f"The table {table} is broken at line 3: it has 1 value instead of 2; mend that line.\n"


@pytest.mark.parametrize("ending", ["csv", "npz"])
def test_what_encode_writes_opens_again_with_the_same_codes(call: Call, tiny: Path, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"codes.{ending}"
    assert call("encode", tiny, "--data", "digits", "--out", out).code == 0
    table, codes = read(out), read_record(tiny).codes["mean"]
    np.testing.assert_allclose(table.codes.z, codes.z, atol=1e-5)  # another thread count may sum in another order
    np.testing.assert_array_equal(table.codes.index, codes.index)
    np.testing.assert_array_equal(table.codes.labels, codes.labels)
    assert table.class_names == tuple("0123456789")
    said = call("info", out, "--json")
    assert said.json["rows"] == len(codes.z)
    assert sum(said.json["classes"].values()) == len(codes.z)
