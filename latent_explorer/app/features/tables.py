"""A table of codes on the plane: points, classes and values without a model."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from latent_explorer.core.errors import Cancelled
from latent_explorer.core.plane.extent import middle_of
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.types import DataReference, Slot, TableFacts
from latent_explorer.workers.task import Context

if TYPE_CHECKING:
    from latent_explorer.core.data.tables.table import Table

SOME_COLUMNS = 3  # that the panel names; more are counted


@dataclass(frozen=True, eq=False)
class OpenedTable:
    """A table that was read, and what its slot says about it."""

    table: Table
    facts: TableFacts


def open_table(path: Path, stop: threading.Event, context: Context) -> OpenedTable:
    """Read a table, in the jobs lane, until `stop` is set.

    Raises
    ------
    DatasetError
        It cannot be used.
    Cancelled
        Nobody wants it any more.
    """
    from latent_explorer.core.data.tables.reading import read_table  # the window does not wait for it

    def progress(what: str, part: float) -> None:
        if stop.is_set():
            raise Cancelled
        context.progress(what, part)

    table = read_table(path, progress)
    _ = table.codes.class_counts  # here, and not in the GUI thread
    if table.codes.z.shape[1] > 2:
        _ = table.codes.spread
    middle = middle_of(table.codes.z)
    return OpenedTable(table, TableFacts(path, table.coordinates, tuple(table.codes.columns), tuple(middle.tolist())))


def table_slot(opened: OpenedTable, slot_id: int, generation: int, frame: PlaneFrame) -> Slot:
    """The slot that shows a table. Its arrays are the table's own."""
    return Slot(
        slot_id=slot_id,
        generation=generation,
        frame=frame,
        codes={"mean": opened.table.codes},
        name=opened.facts.path.name,
        data=DataReference("", "", opened.table.class_names),
        table=opened.facts,
    )


def table_words(slot: Slot) -> dict[str, str]:
    """What the panel says of a table."""
    assert slot.table is not None
    codes, facts = slot.codes["mean"], slot.table
    classes = int((codes.class_counts > 0).sum())
    return {
        "rows": f"{len(codes.z):,}",
        "coordinates": _some(facts.coordinates),
        "columns": _some(facts.columns) or "none",
        "classes": f"{classes:,}" if classes else "none",
    }


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - SOME_COLUMNS
    return ", ".join(names[:SOME_COLUMNS]) + (f" and {more:,} more" if more > 0 else "")
