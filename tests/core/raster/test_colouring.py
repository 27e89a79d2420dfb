"""What tone a point has: its class, or where its value lies between the ends of the scale."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latent_explorer.core.palette import NO_LABEL, class_colour, rgb, value_table
from latent_explorer.core.raster.colouring import LEVELS, MOST_CLASSES, ByClass, ByValue


@pytest.mark.parametrize("classes", [0, 1, 10, 10_000])
def test_the_tone_of_a_class_has_its_colour(classes: int) -> None:
    labels = np.array([-1, *range(classes)], np.int64)
    colouring = ByClass(labels, classes)
    assert colouring.tones.dtype == np.uint16
    colours = colouring.table[colouring.tones]
    assert tuple(colours[0]) == rgb(NO_LABEL)
    for label in range(0, classes, max(1, classes // 50)):
        assert tuple(colours[1 + label]) == rgb(class_colour(label))
    assert colouring.scale is None


def test_so_many_classes_that_colours_come_again() -> None:
    labels = np.array([0, MOST_CLASSES, 5_000_000_000, -1])
    colouring = ByClass(labels, 5_000_000_001)
    tones = colouring.tones
    assert tones[0] == tones[1] == 0
    assert tones.max() == tones[3] == len(colouring.table) - 1


def test_hidden_classes_are_not_seen() -> None:
    seen = ByClass(np.zeros(3, np.int64), 4).seen({1, 3, 77})
    assert seen.tolist() == [True, False, True, False, True]


def test_values_run_from_the_first_percentile_to_the_last() -> None:
    values = np.concatenate([np.linspace(0, 1, 1000), [1e6, -1e6]]).astype(np.float32)
    colouring = ByValue("error", values)
    scale = colouring.scale
    assert scale is not None
    assert (scale.name, scale.missing) == ("error", 0)
    assert (scale.least, scale.most) == (-1e6, 1e6)
    assert scale.low == pytest.approx(0.01, abs=0.01)
    assert scale.high == pytest.approx(0.99, abs=0.01)
    assert colouring.tones[-2:].tolist() == [LEVELS - 1, 0]
    inner = (values >= scale.low) & (values <= scale.high)
    part = (values[inner].astype(float) - scale.low) / (scale.high - scale.low) * (LEVELS - 1)
    np.testing.assert_allclose(colouring.tones[inner], part, atol=0.501)


def test_a_point_without_a_value_is_grey() -> None:
    colouring = ByValue("kl", np.array([0.0, np.nan, 1.0, np.inf, -np.inf], np.float32))
    colours = colouring.table[colouring.tones]
    assert [tuple(colours[k]) for k in (1, 3, 4)] == [rgb(NO_LABEL)] * 3
    np.testing.assert_array_equal(colours[[0, 2]], value_table(LEVELS)[[0, -1]])
    assert colouring.scale.missing == 3


@pytest.mark.parametrize("values", [[], [np.nan, np.nan], [2.0, 2.0, 2.0]], ids=["none", "missing", "equal"])
def test_nothing_to_tell_apart(values: list[float]) -> None:
    colouring = ByValue("x", np.array(values, np.float32))
    assert len(set(colouring.tones.tolist())) <= 1
    assert colouring.scale.low == colouring.scale.high


def test_where_nearly_all_are_equal_the_rest_stand_out() -> None:
    values = np.zeros(1000, np.float32)
    values[7] = 5.0
    colouring = ByValue("x", values)
    assert (colouring.scale.low, colouring.scale.high) == (0.0, 5.0)
    assert colouring.tones[7] == LEVELS - 1
    assert colouring.tones[8] == 0


@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(allow_nan=True, allow_infinity=True)))
def test_greater_values_never_have_lower_tones(values: np.ndarray) -> None:
    colouring = ByValue("x", values)
    finite = np.isfinite(values)
    assert (colouring.tones[~finite] == LEVELS).all()
    order = np.argsort(values[finite])
    tones = colouring.tones[finite][order].astype(int)
    assert (np.diff(tones) >= 0).all()
    assert tones.max(initial=0) < LEVELS
