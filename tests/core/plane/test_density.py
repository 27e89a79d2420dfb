"""Densities integrate to one and agree with plain sums; points that are none harm nobody."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from latent_explorer.core.errors import Cancelled
from latent_explorer.core.plane.cells import Cells, cells_between
from latent_explorer.core.plane.density import (
    UNCHANGING,
    USUAL,
    aggregate_density,
    bandwidth_of,
    kernel_density,
    peak,
    prior_density,
)
from latent_explorer.core.plane.frame import PlaneFrame

BAD = [(np.nan, 0.0), (0.0, np.inf), (1e308, 1e308), (-1e308, 0.0), (1e9, 0.0)]


def square(edge: float, count: int) -> Cells:
    return cells_between(np.full(2, -edge), np.full(2, edge), count, count)


def cloud(count: int = 500, seed: int = 1) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(count, 2)) * (1.0, 0.5)


def plain(points: NDArray[np.float64], cells: Cells, bandwidth: tuple[float, float]) -> NDArray[np.float64]:
    """The sum of Gaussians, one by one."""
    x, y = cells.x[None], cells.y[:, None]
    found = np.zeros((cells.rows, cells.columns))
    for a, b in points:
        found += np.exp(-0.5 * (((x - a) / bandwidth[0]) ** 2 + ((y - b) / bandwidth[1]) ** 2))
    return found / (2 * math.pi * bandwidth[0] * bandwidth[1] * len(points))


def whole(density: NDArray[np.float32], cells: Cells) -> float:
    return float(density.sum(dtype=np.float64)) * cells.step_x * cells.step_y


# Cells much smaller than the bandwidth, about as large, and much larger.
@pytest.mark.parametrize(("edge", "count"), [(8.0, 400), (8.0, 64), (40.0, 80), (200.0, 50)])
def test_the_density_of_codes_integrates_to_one(edge: float, count: int) -> None:
    cells = square(edge, count)
    density = kernel_density([cloud()], 500, cells, (0.2, 0.1))
    assert whole(density, cells) == pytest.approx(1.0, abs=2e-3)


def test_it_agrees_with_the_sum_over_points() -> None:
    points, cells = cloud(), Cells(-1.0, 1.2, 0.03, 0.05, 70, 40)
    expected = plain(points, cells, (0.3, 0.2))
    found = kernel_density([points[:200], points[200:]], 500, cells, (0.3, 0.2))
    assert found.shape == (40, 70) and found.dtype == np.float32
    assert np.abs(found - expected).max() < 5e-3 * expected.max()


def test_far_inside_one_point_s_hill_it_is_still_exact() -> None:
    """The window is a thousandth of the bandwidth."""
    cells = Cells(0.5, 0.5, 1e-6, 1e-6, 50, 50)
    found = kernel_density([np.array([[0.4, 0.45]])], 1, cells, (0.1, 0.1))
    assert found == pytest.approx(plain(np.array([[0.4, 0.45]]), cells, (0.1, 0.1)), rel=0.02)


def test_the_first_row_lies_uppermost_and_the_first_column_left() -> None:
    found = kernel_density([np.array([[-0.75, 0.75]])], 1, square(1.0, 8), (0.05, 0.05))
    assert np.unravel_index(found.argmax(), found.shape) in {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_points_that_are_none_add_nothing() -> None:
    points, cells = cloud(), square(8.0, 64)
    found = kernel_density([np.concatenate([points, BAD])], 505, cells, (0.2, 0.2))
    assert np.array_equal(found, kernel_density([points], 500, cells, (0.2, 0.2)))
    assert not kernel_density([np.array(BAD)], 5, cells, (0.2, 0.2)).any()
    assert not kernel_density([], 0, cells, (0.2, 0.2)).any()


def test_on_a_line_nothing_changes_upwards() -> None:
    points = np.stack([cloud()[:, 0], np.zeros(500)], axis=1)
    cells = square(8.0, 200)
    found = kernel_density([points], 500, cells, (0.2, UNCHANGING))
    assert (found == found[0]).all()
    assert found[0].sum() * cells.step_x == pytest.approx(1.0, abs=1e-3)


def test_one_can_stop_between_two_pieces() -> None:
    def stop(part: float) -> None:
        told.append(part)
        raise Cancelled

    def pieces() -> Iterator[NDArray[np.float64]]:
        for _ in range(3):
            taken.append(1)
            yield cloud(100)

    told: list[float] = []
    taken: list[int] = []
    with pytest.raises(Cancelled):
        kernel_density(pieces(), 300, square(4.0, 20), (0.2, 0.2), stop)
    assert (told, len(taken)) == ([pytest.approx(1 / 3)], 1)


def test_the_bandwidth_is_half_of_scott_s() -> None:
    points = np.random.default_rng(0).normal(size=(64_000, 2)) * (2.0, 0.5) + (5.0, 0.0)
    x, y = bandwidth_of(points, 64_000)
    scott = 64_000 ** (-1 / 6)
    assert x == pytest.approx(0.5 * 2.0 * scott, rel=0.02)
    assert y == pytest.approx(0.5 * 0.5 * scott, rel=0.02)
    assert bandwidth_of(points, 64_000, line=True) == (pytest.approx(0.5 * 2.0 * 64_000 ** (-1 / 5), rel=0.02), UNCHANGING)


def test_a_few_codes_far_away_do_not_widen_it() -> None:
    points = cloud()
    far = np.concatenate([points, [(1e5, 1e5)] * 5, BAD])
    assert bandwidth_of(far, 510)[0] == pytest.approx(bandwidth_of(points, 500)[0], rel=0.05)


@pytest.mark.parametrize(
    "points", [np.zeros((0, 2)), np.zeros((1, 2)), np.full((50, 2), 1e5 + 0.1), np.array(BAD[:2])], ids=["none", "one", "equal", "bad"]
)
def test_where_nothing_is_spread_the_bandwidth_is_the_usual(points: NDArray[np.float64]) -> None:
    assert bandwidth_of(points, len(points)) == (USUAL, USUAL)


def test_a_direction_without_spread_takes_the_other_s_bandwidth() -> None:
    flat = np.stack([cloud()[:, 0], np.full(500, 3.0)], axis=1)
    x, y = bandwidth_of(flat, 500)
    assert x == y


def test_the_peak_is_the_highest_anywhere() -> None:
    points = np.concatenate([cloud(), np.full((300, 2), 1.5)])
    highest = kernel_density([points], 800, square(4.0, 500), (0.1, 0.1)).max()
    assert peak(lambda: [points], points, 800, (0.1, 0.1)) == pytest.approx(highest, rel=0.03)
    assert peak(lambda: [], np.zeros((0, 2)), 0, (0.1, 0.1)) == 0.0


def test_the_prior_is_the_standard_normal() -> None:
    cells = square(7.0, 301)
    density = prior_density(PlaneFrame.identity(), cells)
    assert whole(density, cells) == pytest.approx(1.0, abs=1e-4)
    assert density.max() == pytest.approx(1 / (2 * math.pi), rel=1e-5)
    x, y = cells.x[100], cells.y[40]
    assert density[40, 100] == pytest.approx(math.exp(-0.5 * (x * x + y * y)) / (2 * math.pi), rel=1e-5)


def test_on_a_slice_the_prior_is_that_of_its_two_axes() -> None:
    cells = square(4.0, 50)
    frame = PlaneFrame.axes(2, 0, (0.3, -1.0, 5.0, 2.0))
    assert prior_density(frame, cells) == pytest.approx(prior_density(PlaneFrame.identity(), cells), rel=1e-5)


def test_on_a_tilted_plane_the_prior_is_its_section_made_whole() -> None:
    frame = PlaneFrame(np.array([0.5, -0.2, 1.0]), np.array([[1.0, 0.5, 0.0], [0.0, 0.4, 2.0]]))
    cells = square(9.0, 400)
    density = prior_density(frame, cells)
    assert whole(density, cells) == pytest.approx(1.0, abs=1e-3)
    square_norm = (frame.to_z(cells.centres()) ** 2).sum(axis=1).reshape(density.shape)
    section = np.exp(-0.5 * square_norm)
    assert density / density.max() == pytest.approx(section / section.max(), abs=1e-5)


def test_on_a_line_the_prior_is_that_of_one_number() -> None:
    cells = square(6.0, 200)
    density = prior_density(PlaneFrame.line(), cells)
    assert (density == density[0]).all()
    assert density[0].sum() * cells.step_x == pytest.approx(1.0, abs=1e-4)


def test_in_the_coordinates_phi_the_prior_is_one() -> None:
    cells = cells_between(np.full(2, -0.5), np.full(2, 1.5), 40, 40)
    density = prior_density(PlaneFrame.identity().shown_as("phi"), cells)
    assert (density[10:30, 10:30] == 1.0).all()
    assert np.isnan(density[:10]).all() and np.isnan(density[:, 30:]).all()


def test_the_aggregate_posterior_is_the_mean_of_the_posteriors() -> None:
    mean, variance = cloud(60), np.random.default_rng(3).uniform(0.01, 0.2, (60, 2))
    cells = square(6.0, 150)
    found = aggregate_density(mean, variance, cells.x, cells.y)
    single = [plain(m[None], cells, (math.sqrt(v[0]), math.sqrt(v[1]))) for m, v in zip(mean, variance, strict=True)]
    assert found == pytest.approx(np.mean(single, axis=0), abs=1e-5)
    assert whole(found, cells) == pytest.approx(1.0, abs=1e-3)


def test_posteriors_narrower_than_a_cell_do_not_fall_in_between() -> None:
    cells = square(4.0, 41)
    found = aggregate_density(cloud(200), np.full((200, 2), 1e-12), cells.x, cells.y)
    assert whole(found, cells) == pytest.approx(1.0, abs=2e-2)


def test_posteriors_that_are_none_add_nothing() -> None:
    mean, variance = cloud(20), np.full((20, 2), 0.1)
    cells = square(4.0, 40)
    expected = aggregate_density(mean, variance, cells.x, cells.y)
    more = np.concatenate([mean, [(np.nan, 0.0), (0.0, 0.0), (1e308, 0.0)]])
    wide = np.concatenate([variance, [(0.1, 0.1), (np.inf, 0.1), (0.1, 0.1)]])
    assert np.array_equal(aggregate_density(more, wide, cells.x, cells.y), expected)
    assert not aggregate_density(np.zeros((0, 2)), np.zeros((0, 2)), cells.x, cells.y).any()
