from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from latent_explorer.core.errors import Cancelled, ExportError
from latent_explorer.core.export.table import codes_csv, save_codes, save_decoded, save_rows
from latent_explorer.core.types import Codes
from tests.core.data.tables.writing import read


def codes() -> Codes:
    z = np.array([[0.1, -1.0, 1e-30], [1 / 3, 3e10, 0.0]], np.float32)
    return Codes("mean", z, np.array([7, 60_000]), np.array([3, -1]))


def test_csv() -> None:
    assert codes_csv(codes()) == b"index,label,z0,z1,z2\n7,3,0.1,-1.0,1e-30\n60000,-1,0.33333334,3e+10,0.0\n"


def test_csv_gives_every_float32_back() -> None:
    bits = np.random.default_rng(0).integers(0, 1 << 32, 4000, dtype=np.uint32).view(np.float32)
    z = bits[np.isfinite(bits)][:3000].reshape(-1, 2).copy()
    rows = codes_csv(Codes("mean", z, np.arange(len(z)), np.zeros(len(z), np.int64))).decode().splitlines()[1:]
    found = np.array([row.split(",")[2:] for row in rows]).astype(np.float32)
    assert np.array_equal(found, z)


def test_npz(tmp_path: Path) -> None:
    save_codes(tmp_path / "a.npz", codes())
    with np.load(tmp_path / "a.npz", allow_pickle=False) as archive:
        assert set(archive.files) == {"z", "label", "index"}
        assert np.array_equal(archive["z"], codes().z)
        assert archive["index"].tolist() == [7, 60_000]
        assert archive["label"].tolist() == [3, -1]


def test_the_ending_decides_in_any_case(tmp_path: Path) -> None:
    save_codes(tmp_path / "a.CSV", codes())
    assert (tmp_path / "a.CSV").read_bytes() == codes_csv(codes())


def test_decoded(tmp_path: Path) -> None:
    save_decoded(tmp_path / "a.npz", np.zeros((2, 2), np.float32), np.full((2, 4, 4, 1), 0.5, np.float32))
    with np.load(tmp_path / "a.npz") as archive:
        assert archive["z"].shape == (2, 2)
        assert archive["images"].dtype == np.float32 and archive["images"].shape == (2, 4, 4, 1)


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="folder does not exist"):
        save_codes(tmp_path / "no" / "a.csv", codes())


def known() -> Codes:
    """Codes with columns of one and of several numbers, some of them with names that files find hard."""
    plain = codes()
    columns = {
        "log_var": np.array([[1.0, 2.0], [3.0, 4.0]]),
        "elbo": np.array([-80.5, np.nan]),
        'size, "cm"': np.array([1.0, 2.0]),
        "file": np.ones(2),
    }
    return Codes("mean", plain.z, plain.index, plain.labels, {name: values.astype(np.float32) for name, values in columns.items()})


def test_rows_of_codes_with_all_that_is_known(tmp_path: Path) -> None:
    heard: list[float] = []
    save_rows(tmp_path / "a.csv", known(), np.array([1]), {"error": np.array([0.25], np.float32)}, heard.append)
    head, line = (tmp_path / "a.csv").read_text().splitlines()
    assert head == 'index,label,z0,z1,z2,log_var0,log_var1,elbo,"size, ""cm""",file,error'
    assert line == "60000,-1,0.33333334,3e+10,0.0,3.0,4.0,nan,2.0,1.0,0.25"
    assert heard == [0.0]


def test_rows_of_codes_as_arrays(tmp_path: Path) -> None:
    save_rows(tmp_path / "a.npz", known(), np.array([1, 0]), {}, [].append)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as archive:
        assert archive["index"].tolist() == [60_000, 7]
        assert archive["log_var"].tolist() == [[3.0, 4.0], [1.0, 2.0]]
        assert archive["file_"].tolist() == [1.0, 1.0]
        assert archive["elbo"].dtype == np.float32


def test_writing_rows_can_be_stopped_and_leaves_nothing(tmp_path: Path) -> None:
    def stop(part: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        save_rows(tmp_path / "a.csv", known(), np.array([0]), {}, stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [".csv", ".npz"])
@pytest.mark.parametrize("name", ["label", "Index", "z0", "z2", "Z", "file", "v"])
def test_rows_open_again_whatever_their_columns_are_named(tmp_path: Path, ending: str, name: str) -> None:
    column, other = np.array([0.5, 1.5], np.float32), np.array([7, 8], np.float32)
    z = np.array([[1, 2], [3, 4]], np.float32)
    wrote = Codes("table", z, np.array([5, 9]), np.array([1, 0]), {name: column, f"{name}_": other})
    path = tmp_path / f"a{ending}"
    save_rows(path, wrote, np.arange(2), {name.swapcase(): column + 1}, [].append)
    again = read(path).codes
    np.testing.assert_array_equal(again.z, z)
    assert (again.index.tolist(), again.labels.tolist()) == ([5, 9], [1, 0])
    assert sorted(values.tolist() for values in again.columns.values()) == [[0.5, 1.5], [1.5, 2.5], [7, 8]]
