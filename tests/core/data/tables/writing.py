"""Tables in files, and how tests read them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from latent_explorer.core.data.tables import npz, parquet, text
from latent_explorer.core.data.tables.reading import read_table
from latent_explorer.core.data.tables.table import Table, assemble


def silent(what: str, part: float) -> None:
    """Nobody looks at the progress."""


def read_text(path: Path, content: str | bytes) -> Table:
    """Written and read in this process: a process of its own for each example would take too long."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with io.FileIO(path) as file:
        return assemble(text.pieces(file), text.WHO, silent)


def read_parquet(path: Path, columns: dict[str, Any], **options: Any) -> Table:
    """The same for Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(columns), path, **options)
    with io.FileIO(path) as file:
        return assemble(parquet.pieces(file), parquet.WHO, silent)


def read_npz(path: Path, **arrays: Any) -> Table:
    """The same for npz."""
    np.savez_compressed(path, **arrays)
    with io.FileIO(path) as file:
        return assemble(npz.pieces(file, "The table"), "The table", silent)


def read(path: Path) -> Table:
    """As the program does."""
    return read_table(path, silent)
