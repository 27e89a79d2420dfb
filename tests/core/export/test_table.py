from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from latent_explorer.core.errors import ExportError
from latent_explorer.core.export.table import codes_csv, save_codes, save_decoded
from latent_explorer.core.types import Codes


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
