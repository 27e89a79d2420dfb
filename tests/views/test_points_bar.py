"""The bar of the points' colours: round numbers, true ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from latent_explorer.core.palette import value_table
from latent_explorer.core.raster.colouring import LEVELS, ByValue, Scale
from latent_explorer.views.plane.colour_bar import ColourBar
from latent_explorer.views.plane.points_bar import MOST, bar_of, round_numbers
from tests.views.hand import pixels_of


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e7))
def test_some_round_numbers_lie_between_the_ends(low: float, width: float) -> None:
    found = round_numbers(low, low + width)
    assert 1 <= len(found) <= MOST
    assert all(low - 1e-6 * width <= number <= low + width * (1 + 1e-6) for number in found)


def test_an_even_scale() -> None:
    bar = bar_of(Scale("kl", 5.9, 10.8, 3.25, 14.0))
    assert (bar.title, bar.unit, bar.low, bar.high) == ("KL (nats)", "3.25 to 14", 5.9, 10.8)
    assert [text for _, text in bar.ticks] == ["6", "7", "8", "9", "10"]
    assert bar.table.tolist() == value_table(LEVELS).tolist()
    assert "3.25 to 14" in bar.note


def test_where_the_colours_reach_the_ends_nothing_is_said_of_them() -> None:
    bar = bar_of(Scale("x", 0.0, 1.0, 0.0, 1.0))
    assert (bar.unit, bar.note) == ("", "")


def test_a_scale_of_counts() -> None:
    bar = bar_of(Scale("Points at a pixel", 1.0, 2500.0, 1.0, 2500.0, logarithmic=True))
    assert bar.ticks == ((0.0, "1"), (1.0, "10"), (2.0, "100"), (3.0, "1,000"))
    assert [text for _, text in bar_of(Scale("n", 1.0, 800.0, 1.0, 800.0, logarithmic=True)).ticks] == ["1", "10", "100", "800"]


@pytest.mark.parametrize("value", [0.0, -3.5, 1e30])
def test_equal_values_have_one_number(value: float) -> None:
    bar = bar_of(Scale("x", value, value, value, value))
    assert len(bar.ticks) == 1
    points = ByValue("x", np.full(5, value))
    assert (bar.table == points.table[points.tones]).all()  # and one colour, the points'


def test_points_without_a_value_have_a_key_in_their_grey(qtbot: QtBot) -> None:
    points = ByValue("x", np.array([0.0, 1.0, np.nan, np.inf]))
    bar = ColourBar()
    qtbot.addWidget(bar)
    scale, grey = points.scale, points.table[points.tones[2]]
    bar.set_bar(bar_of(Scale("x", 0.0, 1.0, 0.0, 1.0)))
    low = bar.sizeHint().height()
    assert not (pixels_of(bar.grab().toImage()) == grey).all(axis=2).any()
    bar.set_bar(bar_of(scale))
    assert "no value: 2" in bar.spoken()
    assert (pixels_of(bar.grab().toImage())[low:] == grey).all(axis=2).sum() > 9
