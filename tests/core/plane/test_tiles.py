"""The mosaic's lattice covers the window, stays where it is while panning, and never has too many cells."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latent_explorer.core.plane.tiles import MAX_CELLS, assemble, lattice_for, reduced, reduction_for

WINDOWS = st.tuples(st.floats(-50, 50), st.floats(-50, 50), st.floats(1e-3, 100), st.floats(1e-3, 100))
ASPECTS = st.floats(0.05, 20)


@given(WINDOWS, st.integers(1, 200), ASPECTS)
def test_the_lattice_covers_the_window_and_hardly_more(window: tuple[float, float, float, float], cells: int, aspect: float) -> None:
    lattice = lattice_for(window, cells, aspect)
    left, bottom, width, height = window
    x, y, w, h = lattice.rectangle
    slack = 1e-9 * (1 + abs(left) + abs(bottom) + width + height)
    assert x <= left + slack
    assert y <= bottom + slack
    assert x + w >= left + width - slack
    assert y + h >= bottom + height - slack
    assert x > left - lattice.step_x - slack  # less than a cell beyond each border
    assert y > bottom - lattice.step_y - slack
    assert x + w < left + width + lattice.step_x + slack
    assert y + h < bottom + height + lattice.step_y + slack
    assert lattice.columns >= 1
    assert lattice.rows >= 1
    assert lattice.columns * lattice.rows <= MAX_CELLS
    assert lattice.step_x / lattice.step_y == pytest.approx(aspect)


@given(WINDOWS, st.integers(1, 200), ASPECTS)
def test_the_lattice_is_anchored_at_the_origin(window: tuple[float, float, float, float], cells: int, aspect: float) -> None:
    """So panning keeps every cell where it is: centres are whole multiples of the step, a power of two."""
    lattice = lattice_for(window, cells, aspect)
    assert math.frexp(max(lattice.step_x, lattice.step_y))[0] == 0.5
    centres = lattice.centres()
    np.testing.assert_array_equal(centres, np.rint(centres / (lattice.step_x, lattice.step_y)) * (lattice.step_x, lattice.step_y))


@given(WINDOWS, st.integers(4, 60), ASPECTS, st.sampled_from([2, 4, 8]))
def test_every_second_cell_is_one_of_the_coarser_lattice_to_the_last_bit(
    window: tuple[float, float, float, float], cells: int, aspect: float, by: int
) -> None:
    fine = lattice_for(window, cells, aspect)
    coarse = fine.coarser(by)
    assert coarse.contains(fine)
    x, y, w, h = fine.rectangle
    left, bottom, width, height = coarse.rectangle
    assert left > x - coarse.step_x and bottom > y - coarse.step_y  # and hardly more
    assert left + width < x + w + coarse.step_x and bottom + height < y + h + coarse.step_y
    kept = {tuple(place) for place in coarse.centres().tolist()}
    numbers = np.rint(fine.centres() / (fine.step_x, fine.step_y))
    shared = fine.centres()[(numbers % by == 0).all(axis=1)]
    assert {tuple(place) for place in shared.tolist()} <= kept


@settings(max_examples=30)
@given(st.floats(-20, 20), st.floats(-20, 20), st.integers(4, 60))
def test_panning_keeps_the_pictures_that_stay_in_view(dx: float, dy: float, cells: int) -> None:
    before = lattice_for((-3.1, -2.2, 6.5, 4.1), cells)
    after = lattice_for((-3.1 + dx, -2.2 + dy, 6.5, 4.1), cells)
    assert (after.step_x, after.step_y) == (before.step_x, before.step_y)
    shared = before.centres()[after.covers(before.centres())]
    assert {tuple(place) for place in shared.tolist()} <= {tuple(place) for place in after.centres().tolist()}


def test_zooming_changes_the_step_once_in_a_doubling() -> None:
    steps = [lattice_for((-3, -3, 6 * zoom, 6 * zoom), 28).step_x for zoom in np.linspace(1, 2, 200)]
    assert len(set(steps)) == 2
    assert steps == sorted(steps)


@pytest.mark.parametrize("cells", [4, 10, 28, 50])
def test_about_as_many_cells_as_asked_for_and_no_more_than_can_be_read(cells: int) -> None:
    for zoom in np.geomspace(0.01, 100, 60):
        lattice = lattice_for((0, 0, 7 * zoom, 5 * zoom), cells)
        assert cells / 1.5 <= lattice.columns <= cells * 1.5 + 2
        assert 7 * zoom / lattice_for((0, 0, 7 * zoom, 5 * zoom), cells, most=cells).step_x <= cells


@pytest.mark.parametrize("aspect", [1 / 1024, 1024.0])
def test_very_long_pictures_are_bounded_too(aspect: float) -> None:
    lattice = lattice_for((-3, -3, 6, 6), 64, aspect)
    assert lattice.columns * lattice.rows <= MAX_CELLS


def test_cell_centres_go_along_rows_from_the_upper_left() -> None:
    lattice = lattice_for((-1.4, -2.4, 2.8, 4.8), 5)
    assert (lattice.step_x, lattice.left, lattice.bottom, lattice.columns, lattice.rows) == (1, -1, -2, 3, 5)
    assert lattice.centres().tolist() == [[x, y] for y in (2, 1, 0, -1, -2) for x in (-1, 0, 1)]
    assert lattice.rectangle == (-1.5, -2.5, 3, 5)
    wider = lattice.widened(2)
    assert wider.rectangle == (-3.5, -4.5, 7, 9)
    assert wider.contains(lattice) and not lattice.contains(wider)


def test_pictures_shrink_to_what_is_drawn_and_no_further() -> None:
    assert [reduction_for(28, 28, cell) for cell in (14.0, 13.9, 30.0, 5.0)] == [2, 2, 1, 4]
    assert reduction_for(200, 120, 50.0) == 4
    assert reduction_for(37, 53, 5.0) == 1  # no whole part fits
    images = np.random.default_rng(0).integers(0, 256, (3, 6, 4, 3), dtype=np.uint8)
    found = reduced(images, 2)
    assert found.shape == (3, 3, 2, 3)
    assert found[1, 2, 1].tolist() == np.rint(images[1, 4:6, 2:4].mean(axis=(0, 1))).tolist()
    assert reduced(images, 1) is images


@pytest.mark.parametrize(
    ("rows", "columns", "height", "width", "channels"), [(3, 4, 2, 5, 1), (1, 1, 3, 3, 3), (5, 1, 2, 2, 1), (2, 7, 1, 3, 3)]
)
def test_pictures_are_laid_side_by_side_and_row_by_row(rows: int, columns: int, height: int, width: int, channels: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (rows * columns, height, width, channels), dtype=np.uint8)
    expected = np.zeros((rows * height, columns * width, channels), np.uint8)
    for k, image in enumerate(images):
        row, column = divmod(k, columns)
        expected[row * height : (row + 1) * height, column * width : (column + 1) * width] = image
    found = assemble(images, columns)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, expected)


def test_pictures_lie_where_their_cells_are() -> None:
    """Lattice and assembly agree: the picture of the cell at (x, y) covers (x, y) in the large picture."""
    lattice = lattice_for((-2.3, -1.1, 5, 3), 6)
    images = np.arange(lattice.rows * lattice.columns, dtype=np.uint8)[:, None, None, None] * np.ones((1, 3, 2, 1), np.uint8)
    whole = assemble(images, lattice.columns)
    left, bottom, width, height = lattice.rectangle
    for k, (x, y) in enumerate(lattice.centres()):
        column = int((x - left) / width * whole.shape[1])
        row = int((bottom + height - y) / height * whole.shape[0])
        assert whole[row, column, 0] == k
