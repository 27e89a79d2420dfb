"""Tables as text: whatever numbers and words go in come out, and what is broken is told by its line."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from latent_explorer.core.data.tables import text
from latent_explorer.core.data.tables.table import Begin, Counted, piece_of
from latent_explorer.core.errors import DatasetError
from tests.core.data.tables.writing import read_text

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
WORDS = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters='"'), min_size=1, max_size=8).filter(
    lambda word: word.lower() not in text.NOTHING
)
in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@in_one_folder
@given(
    rows=st.lists(st.tuples(FLOATS, FLOATS, FLOATS), min_size=1, max_size=40).filter(
        lambda rows: any(max(abs(x), abs(y)) < 1e6 for x, y, _ in rows)
    ),
    separator=st.sampled_from([",", ";", "\t"]),
    end=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
    bom=st.booleans(),
    block=st.integers(30, 300),
)
def test_numbers_come_out_as_they_went_in(
    tmp_path: Path, rows: list[tuple[float, float, float]], separator: str, end: str, last: bool, bom: bool, block: int
) -> None:
    lines = [separator.join(("x", "y", "error")), *(separator.join(f"{np.float32(value)!s}" for value in row) for row in rows)]
    content = end.join(lines) + (end if last else "")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "BLOCK", block)
        table = read_text(tmp_path / "t.csv", (b"\xef\xbb\xbf" if bom else b"") + content.encode())
    expected = np.array(rows, np.float32)
    np.testing.assert_array_equal(table.codes.z, expected[:, :2])
    np.testing.assert_array_equal(table.codes.columns["error"], expected[:, 2])
    np.testing.assert_array_equal(table.codes.index, np.arange(len(rows)))
    assert (table.codes.labels == -1).all()
    assert table.coordinates == ("x", "y")


@in_one_folder
@given(words=st.lists(WORDS, min_size=1, max_size=60))
def test_words_are_classes_in_the_order_of_the_alphabet(tmp_path: Path, words: list[str]) -> None:
    table = read_text(tmp_path / "t.csv", "x,y,kind\n" + "".join(f'0.5,1.5,"{word}"\n' for word in ["anchor", *words]))
    distinct = sorted({"anchor", *(word.strip() for word in words)})
    assert len(table.class_names) == len(distinct)
    assert [distinct[label] for label in table.codes.labels] == ["anchor", *(word.strip() for word in words)]


@in_one_folder
@given(labels=st.lists(st.integers(-1, 30), min_size=1, max_size=40), dots=st.booleans())
def test_small_whole_labels_stay_what_they_are(tmp_path: Path, labels: list[int], dots: bool) -> None:
    table = read_text(tmp_path / "t.csv", "label,x,y\n" + "".join(f"{label}{'.0' if dots else ''},1.5,2.5\n" for label in labels))
    assert table.codes.labels.tolist() == labels
    assert table.class_names == tuple(str(k) for k in range(max(labels) + 1))


@in_one_folder
@given(st.data())
def test_a_broken_row_is_told_by_its_line(tmp_path: Path, data: st.DataObject) -> None:
    lines = ["x,y", *("" if data.draw(st.booleans()) else "1.5,2.5" for _ in range(data.draw(st.integers(1, 60))))]
    place = data.draw(st.integers(1, len(lines)))
    bad, said = data.draw(st.sampled_from([("1.5", "1 value "), ("1,2,3", "3 values"), ("1.5,oops", "'oops'"), ("1.5,\xff", "line")]))
    lines.insert(place, bad)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(DatasetError) as refused:
        patch.setattr(text, "BLOCK", data.draw(st.integers(20, 200)))
        read_text(tmp_path / "t.csv", ("\n".join(lines) + "\n").encode("latin-1"))
    assert f"line {place + 1}" in str(refused.value)
    assert said in str(refused.value)


@in_one_folder
@given(st.binary(max_size=400))
def test_any_bytes_are_a_table_or_one_sentence(tmp_path: Path, content: bytes) -> None:
    try:
        table = read_text(tmp_path / "t.csv", content)
    except DatasetError as refused:
        assert "\n" not in str(refused) and str(refused).endswith(".")
    else:
        assert len(table.codes.z)


@in_one_folder
@given(body=st.text(alphabet='0123456789.,;eE-+\n\r"ab \t', max_size=120))
def test_anything_that_looks_like_a_table_is_one_or_gets_a_sentence(tmp_path: Path, body: str) -> None:
    try:
        read_text(tmp_path / "t.csv", "x,y,label\n1,2,a\n" + body)
    except DatasetError as refused:
        assert "\n" not in str(refused) and str(refused).endswith(".")


def test_a_file_of_ours_has_index_and_label(tmp_path: Path) -> None:
    table = read_text(tmp_path / "t.csv", "index,label,z0,z1,z2\n7,3,0.5,1.5,2.5\n9,-1,1,2,3\n")
    assert table.codes.z.tolist() == [[0.5, 1.5, 2.5], [1, 2, 3]]
    assert table.codes.index.tolist() == [7, 9]
    assert table.codes.labels.tolist() == [3, -1]


def test_a_model_of_one_dimension_wrote_one_coordinate(tmp_path: Path) -> None:
    assert read_text(tmp_path / "t.csv", "index,label,z0\n0,1,0.5\n").codes.z.shape == (1, 1)


@pytest.mark.parametrize(
    ("header", "rows", "coordinates", "columns"),
    [
        ("a,b,c", "1,0.5,0.25", ("b", "c"), ("a",)),
        ("X,Y,n", "1,2,3", ("X", "Y"), ("n",)),
        (",umap 1,umap 2", "0,1.5,2.5", ("umap 1", "umap 2"), ()),
        ("x,y,z0,z1", "1,2,3,4", ("z0", "z1"), ("x", "y")),
        ("z1,z0", "1,2", ("z0", "z1"), ()),
        ("name,x,y,score", "a,1,2,", ("x", "y"), ("score",)),
    ],
)
def test_columns_are_found_by_name_then_by_decimals(
    tmp_path: Path, header: str, rows: str, coordinates: tuple[str, ...], columns: tuple[str, ...]
) -> None:
    table = read_text(tmp_path / "t.csv", f"{header}\n{rows}\n")
    assert table.coordinates == coordinates
    assert tuple(table.codes.columns) == columns


def test_values_that_are_missing_are_nan(tmp_path: Path) -> None:
    table = read_text(tmp_path / "t.csv", "x,y,error\n0.5,1.5,\n1.5,2.5,0.25\n1,2,NaN\n")
    np.testing.assert_array_equal(table.codes.columns["error"], np.array([np.nan, 0.25, np.nan], np.float32))


def test_rows_without_a_place_stay_and_are_counted(tmp_path: Path) -> None:
    table = read_text(tmp_path / "t.csv", "x,y\n0.5,1.5\nnan,1\n,2\ninf,-inf\n1e308,0\n2e6,0\n")
    assert len(table.codes.z) == 6
    assert (table.missing, table.overflowed, table.far) == (4, 1, 1)
    assert "4 rows have no finite place (1 of them too large) and are not drawn." in table.notes
    assert "1 row has a place beyond 1,000,000 and is not drawn." in table.notes


def test_a_decimal_comma_goes_with_semicolons(tmp_path: Path) -> None:
    table = read_text(tmp_path / "t.csv", "x;y;label\n1,5;-2,25;3\n0,5;1e-1;4\n")
    assert table.codes.z.tolist() == [[1.5, -2.25], [0.5, np.float32(0.1)]]
    assert table.codes.labels.tolist() == [3, 4]


def test_line_ends_of_an_old_mac(tmp_path: Path) -> None:
    assert read_text(tmp_path / "t.csv", "x,y\r1,2\r3,4\r").codes.z.tolist() == [[1, 2], [3, 4]]


def test_large_labels_are_classes_named_by_themselves(tmp_path: Path) -> None:
    table = read_text(tmp_path / "t.csv", "x,y,label\n1,2,20240101\n1,2,-5\n1,2,20240101\n1,2,\n")
    assert table.class_names == ("-5", "20240101")
    assert table.codes.labels.tolist() == [1, 0, 1, -1]


def test_ten_thousand_classes_are_classes(tmp_path: Path) -> None:
    table = read_text(tmp_path / "t.csv", "x,y,label\n" + "".join(f"1.5,2.5,c{k:05}\n" for k in range(10_000)))
    assert len(table.class_names) == 10_000
    assert table.codes.labels.tolist() == list(range(10_000))


@pytest.mark.parametrize(("word", "columns", "left_out"), [("", ("label",), ()), ("c", (), ("label",))])
def test_more_are_values_or_left_out(tmp_path: Path, word: str, columns: tuple[str, ...], left_out: tuple[str, ...]) -> None:
    table = read_text(tmp_path / "t.csv", "x,y,label\n" + "".join(f"1.5,2.5,{word}{k}\n" for k in range(10_001)))
    assert not table.class_names
    assert (table.codes.labels == -1).all()
    assert tuple(table.codes.columns) == columns
    assert table.left_out == left_out
    assert len(table.codes.z) == 10_001


def test_decimals_are_no_classes(tmp_path: Path) -> None:
    table = read_text(tmp_path / "t.csv", "x,y,target\n1,2,0.25\n3,4,0.5\n")
    assert table.codes.columns["target"].tolist() == [0.25, 0.5]
    late = read_text(tmp_path / "t.csv", "x,y,target\n" + "1,2,3\n" * 300 + "1,2,0.5\n")
    assert late.codes.columns["target"][-1] == 0.5


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("x,y\n", "has no rows"),
        ("x,y", "has no rows"),
        ("a,b,c\n1,2,3\n", "needs two coordinate columns (x and y, z0 and z1, or two of decimals); it has a, b, c."),
        ("name\nanna\n", "needs two coordinate columns"),
        ("x,y,x\n1,2,3\n", "two columns named x"),
        ("1.5,2.5\n3.5,4.5\n", "begins with numbers"),
        ("x,y\nnan,1\ninf,2\n", "no row that can be drawn"),
        ("x,y\n1e7,1e7\n", "no row that can be drawn"),
        ("x,y\nanna,berta\n", "line 2"),
        ("index,x,y\n1,1,1\n" * 1 + "2,1,1\n" * 300 + ",1,1\n", "line 303"),
        ("index,x,y\n" + "2,1,1\n" * 300 + "2.5,1,1\n", "no whole number in its column index on line 302"),
        ("x,y\n" + '"' * 5_000_000, "table"),
        (b"x,y,n\xe4me\n1,2,a\n", "not in UTF-8 at line 1"),
        ("x,y\n" + "1,2\n" * 300 + "a" * 7_000_000, "line"),
    ],
    ids=range(16),
)
def test_what_is_no_table_is_refused_in_a_sentence(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(DatasetError) as refused:
        read_text(tmp_path / "t.csv", content)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 400 and str(refused.value).endswith(".")


@pytest.mark.parametrize("ids", [("2020_01_05", "2020_01_06"), ("1_5", "2_5"), ("٣", "٤")])
def test_what_only_python_reads_as_a_number_is_a_word(tmp_path: Path, ids: tuple[str, str]) -> None:
    table = read_text(tmp_path / "t.csv", f"sample,x,y\n{ids[0]},1.5,2\n{ids[1]},2.5,3\n")
    assert table.class_names == ids
    assert table.codes.z.tolist() == [[1.5, 2], [2.5, 3]]


@pytest.mark.parametrize("cell", [" ", "      ", " NA", " null"])
def test_spaces_are_a_missing_value_too(tmp_path: Path, cell: str) -> None:
    codes = read_text(tmp_path / "t.csv", f"x,y,v,label\n1,2,{cell},{cell}\n1,3,4,b\n").codes
    np.testing.assert_array_equal(codes.columns["v"], [np.nan, 4])
    assert codes.labels.tolist() == [-1, 0]


def test_a_name_longer_than_any_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="column name of more than 131,072 characters"):
        read_text(tmp_path / "t.csv", f"x,y,{'c' * 200_000}\n1,2,3\n")


def test_counting_rows_is_told_block_by_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "BLOCK", 16)
    (tmp_path / "t.csv").write_text("x,y\n" + "1,2\n" * 40)
    with io.FileIO(tmp_path / "t.csv") as file:
        told = [piece_of(message) for message in text.messages(file)]
    counted = [piece.rows for piece in told if isinstance(piece, Counted)]
    assert counted == [*range(4, 41, 4), 41]
    assert isinstance(told[len(counted)], Begin)
