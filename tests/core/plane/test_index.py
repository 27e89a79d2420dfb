"""What the index finds is what looking at every point finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latent_explorer.core.plane.index import CROWD, PlaneIndex
from latent_explorer.core.plane.lasso import cells_of, inside


def cloud(seed: int, count: int, kind: str) -> np.ndarray:
    """Points of the kinds that make grids uneven; float32 as codes are."""
    generator = np.random.Generator(np.random.PCG64(seed))
    points = generator.normal(0, 1, (count, 2))
    if kind == "lattice":  # many equal distances, and points on the border of cells and areas
        points = np.round(points * 4) / 4
    elif kind == "line":
        points[:, 1] = 0.5
    elif kind == "clusters":
        points = np.round(points) * 100 + points * 1e-3
    elif kind == "outlier" and count:
        points[0] = 1e6, -1e6
    elif kind == "broken" and count:
        points[:: max(1, count // 5)] = np.nan, 0.0
        points[-1] = np.inf, 1.0
    elif kind == "same":
        points[:] = 1.25, -3.5
    return points.astype(np.float32)


KINDS = ("normal", "lattice", "line", "clusters", "outlier", "broken", "same")
clouds = st.builds(cloud, st.integers(0, 99), st.integers(0, 300), st.sampled_from(KINDS))
places = st.floats(-4, 4).map(lambda value: round(value * 8) / 8)


def mask_for(points: np.ndarray, seed: int | None) -> np.ndarray | None:
    return None if seed is None else np.random.Generator(np.random.PCG64(seed)).random(len(points)) < 0.5


def seen(points: np.ndarray, visible: np.ndarray | None) -> np.ndarray:
    finite = np.isfinite(points).all(axis=1)
    return finite if visible is None else finite & visible


masks = st.none() | st.integers(0, 9)


@given(clouds, places, places, st.floats(0, 3), masks)
def test_the_nearest_is_the_nearest(points: np.ndarray, x: float, y: float, radius: float, seed: int | None) -> None:
    visible = mask_for(points, seed)
    squares = np.square(points.astype(np.float64) - (x, y)).sum(axis=1)
    squares[~seen(points, visible)] = np.inf
    wanted = int(squares.argmin()) if len(points) and squares.min() <= radius * radius else None
    assert PlaneIndex(points).nearest(x, y, radius, visible) == wanted


@given(clouds, st.tuples(places, places, places, places), masks)
def test_a_rectangle_holds_what_it_holds(points: np.ndarray, edges: tuple[float, float, float, float], seed: int | None) -> None:
    (left, right), (bottom, top) = sorted(edges[:2]), sorted(edges[2:])
    visible, index = mask_for(points, seed), PlaneIndex(points)
    within = (points >= (left, bottom)).all(axis=1) & (points <= (right, top)).all(axis=1) & seen(points, visible)
    assert index.in_rectangle((left, bottom, right, top), visible).tolist() == np.flatnonzero(within).tolist()
    for most in (0, 3, 1000):
        few = index.few_in((left, bottom, right, top), most, visible)
        assert (None if few is None else few.tolist()) == (np.flatnonzero(within).tolist() if within.sum() <= most else None)


def winds_around(point: np.ndarray, corners: np.ndarray) -> bool:
    """By the angles under which the sides are seen: slow, and nothing like the code."""
    away = corners.astype(np.float64) - point
    after = np.roll(away, -1, axis=0)
    turns = np.arctan2(away[:, 0] * after[:, 1] - away[:, 1] * after[:, 0], (away * after).sum(axis=1))
    return abs(turns.sum()) > np.pi


corners = st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=3, max_size=12).map(np.array)


@given(clouds, corners, masks)
def test_a_lasso_holds_what_it_goes_around(points: np.ndarray, corners: np.ndarray, seed: int | None) -> None:
    visible = mask_for(points, seed)
    found = PlaneIndex(points).in_lasso(corners, visible)
    after = np.roll(corners, -1, axis=0)
    wanted = set(found.tolist())
    assert sorted(wanted) == found.tolist()
    for row in np.flatnonzero(seen(points, visible)):
        point = points[row].astype(np.float64)
        side, lengths = after - corners, np.maximum(np.square(after - corners).sum(axis=1), 1e-300)
        along = np.clip(((point - corners) * side).sum(axis=1) / lengths, 0, 1)
        if np.hypot(*(corners + along[:, None] * side - point).T).min() > 1e-6:  # on the line itself either answer is right
            assert (row in wanted) == winds_around(point, corners)
    assert not wanted - set(np.flatnonzero(seen(points, visible)).tolist())


@given(corners, st.integers(1, 30), st.integers(1, 30))
def test_cells_are_inside_wholly_or_are_looked_at(corners: np.ndarray, columns: int, rows: int) -> None:
    within, touched = cells_of(corners * 6 + 5, columns, rows)
    assert not (within & touched).any()
    parts = np.linspace(0, 1, 5)
    places = np.stack(np.meshgrid(parts, parts), axis=-1).reshape(-1, 2)
    for cell in np.flatnonzero(~touched):
        points = places + np.array([cell % columns, cell // columns])
        assert (inside(points, corners * 6 + 5) == within[cell]).all()


def test_a_loop_that_is_drawn_twice_has_no_hole() -> None:
    turn = np.linspace(0, 4 * np.pi, 80)
    corners = np.stack([np.cos(turn), np.sin(turn)], axis=1) * np.linspace(1, 2, 80)[:, None]
    assert PlaneIndex(np.array([[0.0, 0.1]])).in_lasso(corners).tolist() == [0]


@pytest.mark.parametrize("kind", KINDS)
def test_crowded_cells_are_searched_too(kind: str) -> None:
    """So many points, most of them in few cells, that cells have grids of their own."""
    points = np.concatenate([cloud(1, 3 * CROWD, kind) * 1e-4, cloud(2, 500, "normal")])
    index = PlaneIndex(points)
    visible = mask_for(points, 3)
    for x, y in np.random.Generator(np.random.PCG64(4)).normal(0, 1e-4, (30, 2)):
        for mask in (None, visible):
            squares = np.square(points.astype(np.float64) - (x, y)).sum(axis=1)
            squares[~seen(points, mask)] = np.inf
            wanted = squares.argmin() if squares.min() <= 1 else None
            assert index.nearest(x, y, 1.0, mask) == wanted


@pytest.mark.parametrize("value", [1e308, -1e308, np.inf, np.nan])
def test_what_cannot_be_on_the_screen_is_not_found(value: float) -> None:
    points = np.array([[value, 0.0], [0.0, value], [1.0, 1.0], [value, value]])
    index = PlaneIndex(points)
    assert len(index) == 1
    assert index.nearest(0.0, 0.0, 1e300) == 2
    assert index.in_rectangle((-np.inf, -np.inf, np.inf, np.inf)).tolist() == [2]
    assert index.in_lasso(np.array([[-1e300, -1e300], [1e300, -1e300], [0, 1e300]])).tolist() == [2]
    assert index.nearest(value, 0.0, 1.0) is None


@pytest.mark.parametrize("count", [0, 1])
def test_none_and_one(count: int) -> None:
    index = PlaneIndex(np.zeros((count, 2), np.float32))
    assert index.nearest(0.1, 0.0, 0.2) == (0 if count else None)
    assert index.in_rectangle((-1, -1, 1, 1)).tolist() == list(range(count))
    assert index.in_lasso(np.array([[-1, -1], [1, -1], [0, 1]])).tolist() == list(range(count))
    assert index.in_lasso(np.array([[-1, -1], [1, -1]])).tolist() == []


def test_a_far_outlier_leaves_the_others_as_quick_to_find() -> None:
    """Were all in one cell, each look would read them all."""
    points = np.concatenate([cloud(5, 50_000, "normal"), [[1e6, 1e6]]])
    index = PlaneIndex(points)
    read = []
    rows_in = PlaneIndex._rows_in

    def counted(self: PlaneIndex, *block: int) -> np.ndarray:
        read.append(len(rows := rows_in(self, *block)))
        return rows

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PlaneIndex, "_rows_in", counted)
        assert index.nearest(0.0, 0.0, 0.1) is not None
    assert sum(read) < 1000
