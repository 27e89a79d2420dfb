"""What ``latent-explorer info`` tells about a table of codes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from latent_explorer.core.data.tables.table import Table

SOME = 12  # classes that are named


def read(path: Path) -> Table:
    """Read a table, with a bar on a terminal.

    Raises
    ------
    DatasetError
        It cannot be used.
    """
    from latent_explorer.cli.progress import Steps
    from latent_explorer.core.data.tables.reading import read_table

    with Steps(quiet=False) as display:
        return read_table(path, display.tell)


def _range(values: NDArray[np.floating]) -> tuple[float, float] | None:
    """Smallest and largest of what is finite."""
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if len(finite) else None


def _columns(table: Table) -> Iterator[tuple[str, str, tuple[float, float] | None]]:
    """Kind, name and range."""
    for axis, name in enumerate(table.coordinates):
        yield "coordinate", name, _range(table.codes.z[:, axis])
    for name, values in table.codes.columns.items():
        yield "column", name, _range(values)


def _classes(table: Table) -> list[tuple[str, int]]:
    """Name and number of rows of each class that there is."""
    counts = table.codes.class_counts
    return [(table.class_names[label], int(counts[label])) for label in np.flatnonzero(counts).tolist()]


def lines(table: Table, path: Path) -> Iterator[tuple[str, str]]:
    """Label and text, one pair for each line."""
    from latent_explorer.core.files.gate import shown, size_text

    yield "table", f"{shown(path)} ({size_text(path.stat().st_size)})"
    yield "rows", f"{len(table.codes.z):,}"
    for kind, name, found in _columns(table):
        yield kind, f"{name}, " + (f"{found[0]:.6g} to {found[1]:.6g}" if found is not None else "no finite value")
    classes = _classes(table)
    if classes:
        some = ", ".join(f"{name} ({count:,})" for name, count in classes[:SOME])
        yield "classes", f"{len(classes):,}: {some}" + (f" and {len(classes) - SOME:,} more" if len(classes) > SOME else "")
    if table.notes:
        yield "note", table.notes


def record(table: Table, path: Path) -> dict[str, Any]:
    """The same for ``--json``."""
    named = {kind: {name: found for other, name, found in _columns(table) if other == kind} for kind in ("coordinate", "column")}
    return {
        "schema": 1,
        "table": {"path": str(path), "bytes": path.stat().st_size},
        "rows": len(table.codes.z),
        "coordinates": named["coordinate"],
        "columns": named["column"],
        "classes": dict(_classes(table)),
        "not_drawn": {"without_a_finite_place": table.missing, "too_large": table.overflowed, "too_far": table.far},
        "left_out": table.left_out,
    }
