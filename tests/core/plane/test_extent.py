"""Where many points lie and how many of each class there are, against numpy's own words for it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from latent_explorer.core.plane import extent
from latent_explorer.core.plane.extent import counts_of, extent_of, label_mask, middle_of

LABELS = hnp.arrays(np.int64, st.integers(0, 60), elements=st.integers(-1, 12))
ANYTHING = st.floats(width=32)


@pytest.fixture(autouse=True, scope="module")
def small_chunks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extent, "CHUNK", 7)
        yield


@given(LABELS)
def test_labels_are_counted(labels: np.ndarray) -> None:
    counts = counts_of(labels)
    assert counts.tolist() == [int((labels == label).sum()) for label in range(int(labels.max(initial=-1)) + 1)]


@given(LABELS, st.frozensets(st.integers(-2, 20)))
def test_a_mask_knows_which_labels_are_wanted(labels: np.ndarray, wanted: frozenset[int]) -> None:
    assert label_mask(labels, wanted, len(counts_of(labels))).tolist() == [label in wanted for label in labels.tolist()]


@given(st.data(), hnp.arrays(np.float32, st.tuples(st.integers(0, 40), st.just(2)), elements=ANYTHING), st.booleans())
def test_the_extent_is_that_of_the_points_that_count(data: st.DataObject, points: np.ndarray, masked: bool) -> None:
    keep = data.draw(hnp.arrays(np.bool_, len(points))) if masked else None
    counting = points[(np.abs(points) < 1e6).all(axis=1) & (True if keep is None else keep)]
    for part in (1.0, 0.9):
        found = extent_of(points, 1e6, part, keep)
        if not len(counting):
            assert found is None
            continue
        assert found is not None
        low, high = np.quantile(counting, ((1 - part) / 2, (1 + part) / 2), axis=0)
        np.testing.assert_allclose(found[0], low)
        np.testing.assert_allclose(found[1], high)


def test_the_inner_part_of_very_many_is_close_to_that_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extent, "SAMPLE", 5000)
    points = np.random.default_rng(0).standard_normal((100_000, 2)).astype(np.float32)
    found = extent_of(points, 1e6, 0.95)
    assert found is not None
    np.testing.assert_allclose(found, np.array([[-1.96] * 2, [1.96] * 2]), atol=0.15)


def test_the_middle_is_the_median_of_what_has_a_place() -> None:
    z = np.array([[0, 1, 2], [4, 5, 6], [2, 9, 4], [np.nan, 0, 0]], np.float32)
    assert middle_of(z).tolist() == [2, 5, 4]
    assert middle_of(z[3:]).tolist() == [0, 0, 0]


def test_a_sample_without_a_place_is_not_all_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extent, "SAMPLE", 10)
    points = np.full((1000, 2), np.nan, np.float32)
    points[5] = 1, 2
    found = extent_of(points, 1e6, 0.95)
    assert found is not None
    np.testing.assert_array_equal(found, [[1, 2], [1, 2]])


def test_the_middle_of_rows_that_come_in_turn_is_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extent, "SAMPLE", 100)
    z = np.tile([[-3.0, -3.0], [0.0, 0.0], [3.0, 3.0]], (1000, 1))
    assert middle_of(z).tolist() == [0.0, 0.0]
