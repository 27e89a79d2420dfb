"""The torus as an endless tiling: what is found among all copies of the points is what looking at every copy finds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latent_explorer.core.plane.index import PlaneIndex
from latent_explorer.core.plane.lasso import inside
from latent_explorer.core.plane.tiling import MOST, WIDEST, TorusIndex, cells_in, copy_near, repeated

AROUND = np.array(list(itertools.product(range(-3, 4), repeat=2)), float)


def cloud(seed: int, count: int, size: float) -> np.ndarray:
    """Points of the first square, spread over all of it or close to a corner; on a lattice, so that some lie on borders."""
    spread = np.random.Generator(np.random.PCG64(seed)).random((count, 2)) * size
    return (np.round(spread * 64) / 64 % 1.0).astype(np.float32)


def copies(points: np.ndarray) -> np.ndarray:
    """All copies in 7 x 7 squares, (49, n, 2)."""
    return points.astype(np.float64) + AROUND[:, None]


clouds = st.builds(cloud, st.integers(0, 99), st.integers(0, 60), st.sampled_from([0.05, 1.0]))
places = st.floats(-1.5, 1.5).map(lambda value: round(value * 128) / 128)
masks = st.none() | st.integers(0, 9)


def mask_for(points: np.ndarray, seed: int | None) -> np.ndarray | None:
    return None if seed is None else np.random.Generator(np.random.PCG64(seed)).random(len(points)) < 0.5


@given(clouds, places, places, st.floats(0, 2), masks)
def test_the_nearest_copy_is_found_across_the_ends(points: np.ndarray, x: float, y: float, radius: float, seed: int | None) -> None:
    visible, index = mask_for(points, seed), TorusIndex(points)
    squares = np.square(copies(points) - (x, y)).sum(axis=2)
    nearest = squares.min(axis=0) if len(points) else np.zeros(0)
    if visible is not None:
        nearest[~visible] = np.inf
    wanted = int(nearest.argmin()) if len(points) and nearest.min() <= radius * radius else None
    row = index.nearest(x, y, radius, visible)
    assert row == wanted
    if row is not None:
        assert np.square(np.array(index.place(row, (x, y))) - (x, y)).sum() == pytest.approx(nearest[row])


@given(clouds, st.tuples(places, places, places, places), masks)
def test_a_rectangle_finds_every_point_with_a_copy_in_it(points: np.ndarray, ends: tuple[float, ...], seed: int | None) -> None:
    (left, right), (bottom, top) = sorted(ends[:2]), sorted(ends[2:])
    visible, index = mask_for(points, seed), TorusIndex(points)
    found = copies(points)
    inside = ((found >= (left, bottom)) & (found <= (right, top))).all(axis=2)
    if visible is not None:
        inside &= visible
    assert index.in_rectangle((left, bottom, right, top), visible).tolist() == np.flatnonzero(inside.any(axis=0)).tolist()
    few = index.few_places_in((left, bottom, right, top), int(inside.sum()), visible)
    assert few is not None
    rows, spots = few
    assert sorted(zip(rows.tolist(), *spots.T.tolist(), strict=True)) == sorted(
        (int(row), *found[cell, row].tolist()) for cell, row in np.argwhere(inside)
    )
    if inside.any():
        assert index.few_places_in((left, bottom, right, top), int(inside.sum()) - 1, visible) is None


@given(clouds, st.lists(st.tuples(places, places), min_size=3, max_size=6), masks)
def test_a_line_goes_around_copies(points: np.ndarray, corners: list[tuple[float, float]], seed: int | None) -> None:
    visible, line = mask_for(points, seed), np.array(corners)
    everywhere = copies(points).reshape(-1, 2)
    wanted = np.unique(PlaneIndex(everywhere).in_lasso(line) % max(1, len(points)))
    if visible is not None:
        wanted = wanted[visible[wanted]]
    assert TorusIndex(points).in_lasso(line, visible).tolist() == wanted.tolist()


@pytest.mark.parametrize(
    ("width", "height", "turn"), [(11.0, 0.08, 0.02), (0.05, 12.0, 0.01), (0.9, 0.9, 0.0), (6.0, 0.7, 0.7), (9.5, 9.5, 0.3)]
)
def test_a_line_over_many_squares_is_what_looking_at_each_of_them_finds(width: float, height: float, turn: float) -> None:
    """An ellipse, over more squares than points are drawn in."""
    points = cloud(3, 400, 1.0)
    angle = np.linspace(0, 2 * np.pi, 80, endpoint=False)
    x, y = width / 2 * np.cos(angle), height / 2 * np.sin(angle)
    line = np.stack([x * np.cos(turn) - y * np.sin(turn) + 0.4, x * np.sin(turn) + y * np.cos(turn) - 2.3], axis=1)
    visible = mask_for(points, 5)
    assert visible is not None
    everywhere = points.astype(float) + np.array(list(itertools.product(range(-9, 10), repeat=2)), float)[:, None] - (0, 2)
    found = inside(everywhere.reshape(-1, 2), line).reshape(-1, len(points)).any(axis=0)
    assert found.any()
    assert TorusIndex(points).in_lasso(line).tolist() == np.flatnonzero(found).tolist()
    assert TorusIndex(points).in_lasso(line, visible).tolist() == np.flatnonzero(found & visible).tolist()


def test_a_square_wholly_inside_a_line_is_all_points_and_those_outside_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    points, looked = cloud(4, 200, 1.0), []
    real = PlaneIndex.in_lasso
    monkeypatch.setattr(PlaneIndex, "in_lasso", lambda self, *some: looked.append(0) or real(self, *some))
    box = np.array([[-0.5, -0.5], [1.5, -0.5], [1.5, 1.5], [-0.5, 1.5]])
    for size in (1.0, 100.0, 10.0 * WIDEST):  # and far out
        assert TorusIndex(points).in_lasso(box * size).tolist() == list(range(200))
    assert not looked
    thin = np.array([[0.1, 0.1], [20.1, 20.1], [20.2, 20.1], [0.2, 0.1]])  # a diagonal
    TorusIndex(points).in_lasso(thin)
    assert 20 < len(looked) < 64
    assert TorusIndex(points).in_lasso(thin * 1000).tolist() == []
    assert TorusIndex(points).in_lasso(np.array([[0.0, 0.0], [1.0, np.nan], [1.0, 1.0]])).tolist() == []


@pytest.mark.parametrize("near", [(0.5, 0.5), (3.6, -2.4), (-7.0, 9.0)])
def test_a_group_across_an_end_is_one_group(near: tuple[float, float]) -> None:
    points = np.array([[0.95, 0.4], [0.02, 0.5], [0.98, 0.45], [0.5, 0.9], [np.nan, 0.2]], np.float32)
    index = TorusIndex(points)
    extent = index.extent(np.array([0, 1, 2, 4]), near)
    assert extent is not None
    left, bottom, right, top = extent
    assert (right - left, top - bottom) == pytest.approx((0.07, 0.1), abs=1e-6)
    assert left % 1 == pytest.approx(0.95) and bottom % 1 == pytest.approx(0.4)
    assert abs((left + right) / 2 - near[0]) <= 0.5 and abs((bottom + top) / 2 - near[1]) <= 0.5
    alone = index.extent(np.array([3]), near)
    assert alone is not None and alone[:2] == alone[2:]
    assert alone[:2] == pytest.approx(copy_near(points[3], near))
    assert index.extent(np.array([4]), near) is None


def test_a_line_around_nothing_and_places_that_are_none() -> None:
    index = TorusIndex(np.array([[0.5, 0.5]]))
    assert index.in_lasso(np.array([[0.0, 0.0], [1.0, 1.0]])).tolist() == []
    assert index.nearest(np.nan, 0.0, 1.0) is None and index.nearest(np.inf, 0.0, 1.0) is None
    assert index.nearest(1e6 + 0.5, -1e6 + 0.5, 0.1) == 0
    assert TorusIndex(np.zeros((0, 2))).nearest(0.0, 0.0, 1.0) is None


def test_the_squares_of_a_window() -> None:
    assert set(cells_in((-0.1, 0.2, 1.1, 0.8))) == {(-1, 0), (0, 0), (1, 0)}
    assert cells_in((0.2, 0.2, 0.3, 0.3)) == ((0, 0),)
    assert cells_in((0.0, 0.0, np.nan, 1.0)) == ()


@pytest.mark.parametrize("shift", [0.0, 0.4, -17.3])
def test_far_out_the_middle_squares_are_drawn(shift: float) -> None:
    found = np.array(cells_in((shift - 50.0, -50.0, shift + 50.0, 50.0)))
    assert len(found) == MOST * MOST and len(set(map(tuple, found.tolist()))) == MOST * MOST
    middle = (found.min(axis=0) + found.max(axis=0) + 1) / 2
    assert np.abs(middle - (shift, 0.0)).max() <= 1.0
    assert len(cells_in((0.5, 0.5, MOST - 0.5, 0.9))) == MOST  # all of them, while there are no more


def test_points_come_again_in_each_square() -> None:
    points = np.array([[0.25, 0.5], [0.75, 0.0]], np.float32)
    found = repeated(points, (0.9, -0.5, 1.1, 0.5))
    assert {tuple(point) for point in found.tolist()} == {(x + a, y + b) for x, y in points.tolist() for a in (0, 1) for b in (-1, 0)}
    assert repeated(points[:0], (0.0, 0.0, 2.0, 2.0)).shape == (0, 2)
    assert copy_near(points[0], (3.1, -4.2)) == (3.25, -4.5)
