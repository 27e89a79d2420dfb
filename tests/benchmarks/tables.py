"""How long tables of codes take to be read, and how much more memory than their arrays; each in a process of its own.

Standard normal x and y, ten classes and one column of values, as `encode` or pandas would write them, from the file system's
cache. The peak is that of the program's own process above what it held before (a reader in another process holds some 100 MB
more for as long as it reads), beside the arrays' size as the peer: a ratio of 1 is the best there is. Peers of the times:
numpy.loadtxt for CSV, numpy.load for npz, pyarrow.parquet.read_table for Parquet, of which none shows progress, names a broken
line or can be cancelled.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from latent_explorer.core.data.tables import npz  # noqa: F401  # so that its import is no part of the reading
from latent_explorer.core.data.tables.reading import read_table
from latent_explorer.core.memory import free_memory
from tests.benchmarks.figure import Figure, now, quick

SIZES = {"1m": 1_000_000, "10m": 10_000_000}
AIMS = {"csv": 1.0, "npz": 0.3, "parquet": 0.7}  # seconds for a million rows


def write(folder: Path, rows: int) -> dict[str, Path]:
    """The same table in each format."""
    generator = np.random.default_rng(0)
    columns = {name: generator.standard_normal(rows).astype(np.float32) for name in ("x", "y", "error")}
    columns["label"] = generator.integers(0, 10, rows)
    table = pa.table(columns)
    paths = {kind: folder / f"table.{kind}" for kind in AIMS}
    pyarrow.csv.write_csv(table, paths["csv"])
    pyarrow.parquet.write_table(table, paths["parquet"])
    np.savez(paths["npz"], **columns)  # type: ignore[arg-type]  # numpy's stub takes allow_pickle for one of the arrays
    return paths


def peak() -> float:
    """Highest resident memory of this process, 10^6 bytes; what the system says of a process counts its parent's, too. Linux only."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) * 1024 / 1e6


def one(path: Path) -> tuple[float, float, float]:
    """In the child: seconds, peak above what was held before, and the arrays' size, both in 10^6 bytes."""
    free_memory()
    before, begin = peak(), now()
    codes = read_table(path, lambda what, part: None).codes
    seconds = now() - begin
    arrays = [codes.z, codes.index, codes.labels, *codes.columns.values()]
    return seconds, peak() - before, sum(array.nbytes for array in arrays) / 1e6


def by_peer(path: Path) -> float:
    """Seconds that others take for the same file."""
    begin = now()
    if path.suffix == ".csv":
        np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.float32)
    elif path.suffix == ".npz":
        with np.load(path) as archive:
            _ = [archive[name] for name in archive.files]
    else:
        _ = [column.to_numpy() for column in pyarrow.parquet.read_table(path).columns]
    return now() - begin


def measure() -> list[Figure]:
    figures = []
    for size, rows in list(SIZES.items())[:1] if quick() else SIZES.items():
        with tempfile.TemporaryDirectory() as folder:
            for kind, path in write(Path(folder), 20_000 if quick() else rows).items():
                done = subprocess.run([sys.executable, "-m", "tests.benchmarks.tables", path], capture_output=True, text=True, check=True)
                seconds, taken, arrays = json.loads(done.stdout)
                aim = AIMS[kind] * rows / 1e6
                figures.append(Figure(f"tables.read_s.{kind}-{size}", seconds, "s", 1, aim, by_peer(path)))
                figures.append(Figure(f"tables.peak_mb.{kind}-{size}", taken, "MB", 1, 1.3 * arrays + 30, arrays))
    return figures


if __name__ == "__main__":
    print(json.dumps(one(Path(sys.argv[1]))))
