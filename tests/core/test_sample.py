"""A sample that is even, whatever order the rows come in."""

from __future__ import annotations

import numpy as np
import pytest

from latent_explorer.core.plane.extent import extent_of
from latent_explorer.core.sample import sample_rows


@pytest.mark.parametrize("period", [2, 3, 7, 10, 64, 1000])
def test_rows_that_go_round_in_a_circle_are_seen_alike(period: int) -> None:
    rows = sample_rows(1_000_000, 100_000)
    assert not isinstance(rows, slice)
    assert rows.min() >= 0
    assert rows.max() < 1_000_000
    counts = np.bincount(rows % period, minlength=period)
    assert counts.min() > 0.7 * counts.mean()
    parts = np.bincount(rows * 50 // 1_000_000, minlength=50)
    np.testing.assert_allclose(parts, 2000, rtol=0.01)


def test_few_rows_are_all_seen() -> None:
    np.testing.assert_array_equal(np.arange(5)[sample_rows(5, 5)], np.arange(5))


def test_ten_classes_in_turn_are_all_in_view() -> None:
    labels = np.arange(1_000_000) % 10
    points = np.stack([labels, -labels], axis=1).astype(np.float32)
    low, high = extent_of(points, 1e6, 0.99)  # type: ignore[misc]
    assert (low.tolist(), high.tolist()) == ([0, -9], [9, 0])
