"""What a person points at: a spot, a box or a loop on the plane, and what becomes of a selection by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.plane.index import Mask, PlaneIndex, Window
from latent_explorer.core.scene import Rows
from latent_explorer.core.types import Labels

HOWS = ("replace", "add", "remove")


@dataclass(frozen=True)
class Spot:
    """The point nearest to a place, within a radius; plane units."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Box:
    """All points in a rectangle: left, bottom, right, top, plane units."""

    window: Window


@dataclass(frozen=True, eq=False)
class Loop:
    """All points that a closed line (M, 2) goes around, plane units."""

    corners: NDArray[np.float64]


Area = Spot | Box | Loop


def rows_of(area: Area, index: PlaneIndex, visible: Mask | None = None) -> Labels:
    """The visible points of an area: sorted rows of the codes."""
    if isinstance(area, Spot):
        row = index.nearest(area.x, area.y, area.radius, visible)
        return np.array([] if row is None else [row], np.int64)
    return index.in_rectangle(area.window, visible) if isinstance(area, Box) else index.in_lasso(area.corners, visible)


def combined(before: Rows | None, found: Labels, how: str, count: int) -> Rows | None:
    """A selection among `count` points after more have been pointed at: "replace", "add" or "remove"; None for none.

    Where nothing changes, it is `before` itself.
    """
    mask = np.zeros(count, np.bool_)
    if before is not None and how != "replace":
        mask[before.rows] = True
    mask[found] = how != "remove"
    rows = np.flatnonzero(mask)
    if before is not None and np.array_equal(rows, before.rows):
        return before
    return Rows(rows) if len(rows) else None


def visible_mask(labels: Labels, hidden: frozenset[int], shown: Rows | None, concealed: Rows | None) -> Mask | None:
    """Which points are drawn and can be pointed at, (N,); None for all. Rows that there are not are passed over."""
    if not hidden and shown is None and concealed is None:
        return None
    mask = np.ones(len(labels), np.bool_)
    if shown is not None:
        mask[:] = False
        mask[_within(shown, len(labels))] = True
    if concealed is not None:
        mask[_within(concealed, len(labels))] = False
    if hidden and len(labels):
        lowest = min(int(labels.min()), *hidden)
        table = np.ones(max(int(labels.max()), *hidden) - lowest + 1, np.bool_)
        table[np.array(sorted(hidden)) - lowest] = False
        mask &= table[labels - lowest]
    return mask


def _within(rows: Rows, count: int) -> NDArray[Any]:
    """Rows that there are; they are sorted."""
    return rows.rows[: int(np.searchsorted(rows.rows, count))]
