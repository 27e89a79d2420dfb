"""What becomes of a selection, and which points can be seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latent_explorer.core.plane.index import PlaneIndex
from latent_explorer.core.plane.selecting import HOWS, Box, Loop, Spot, combined, rows_of, visible_mask
from latent_explorer.core.scene import Rows

COUNT = 12
subsets = st.sets(st.integers(0, COUNT - 1))


def rows(members: set[int]) -> Rows | None:
    return Rows(np.array(sorted(members), np.int64)) if members else None


@given(subsets, subsets, st.sampled_from(HOWS))
def test_selections_combine_as_sets_do(before: set[int], found: set[int], how: str) -> None:
    wanted = {"replace": found, "add": before | found, "remove": before - found}[how]
    kept = rows(before)
    after = combined(kept, np.array(sorted(found), np.int64), how, COUNT)
    assert (set() if after is None else set(after.rows.tolist())) == wanted
    assert after is None or (np.diff(after.rows) > 0).all()
    if wanted == before:
        assert after is kept  # so that nothing seems to have changed


@given(subsets, subsets, subsets, st.booleans())
def test_what_is_hidden_in_any_way_is_not_seen(hidden: set[int], shown: set[int], concealed: set[int], only: bool) -> None:
    labels = np.arange(COUNT, dtype=np.int64) % 4 - 1
    classes = frozenset(k for k in hidden if k < 4)
    mask = visible_mask(labels, classes, Rows(np.array(sorted(shown), np.int64)) if only else None, rows(concealed))
    for row in range(COUNT):
        wanted = labels[row] not in classes and row not in concealed and (not only or row in shown)
        assert (True if mask is None else mask[row]) == wanted


def test_rows_that_there_are_not_hide_nothing() -> None:
    mask = visible_mask(np.zeros(3, np.int64), frozenset(), None, Rows(np.array([1, 7, 9])))
    assert mask is not None
    assert mask.tolist() == [True, False, True]


def test_areas_find_their_rows() -> None:
    index = PlaneIndex(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [5.0, 5.0]]))
    assert rows_of(Spot(0.9, 0.1, 0.5), index).tolist() == [1]
    assert rows_of(Spot(3.0, 3.0, 0.5), index).tolist() == []
    assert rows_of(Box((-1, -1, 2, 0.5)), index).tolist() == [0, 1]
    assert rows_of(Loop(np.array([[-1.0, -1.0], [-1.0, 3.0], [3.0, -1.0]])), index, np.array([False, True, True, True])).tolist() == [1, 2]


@pytest.mark.parametrize(("points", "wanted"), [([[1.0, 2.0], [np.nan, 0.0], [3.0, -1.0], [1e300, 0.0]], (1, -1, 3, 2)), ([], None)])
def test_the_extent_is_that_of_what_can_be_shown(points: list[list[float]], wanted: object) -> None:
    index = PlaneIndex(np.array([*points, [9.0, 9.0]], np.float64))
    assert index.extent(np.arange(len(points)), (50.0, 50.0)) == wanted
