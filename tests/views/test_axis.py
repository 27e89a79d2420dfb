"""The plane's axes: round numbers at the right places, as many as there is room for."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from latent_explorer.core.palette import rgb
from latent_explorer.core.scene import Camera
from latent_explorer.views.plane.axis import LONG, number_words, numbers, steps, tail
from latent_explorer.views.plane.plane_view import PlaneView
from latent_explorer.views.style import DARK
from tests.views.hand import Hand, look, settle


@given(st.floats(1e-5, 1e6), st.floats(50, 4000), st.floats(20, 100))
def test_numbers_have_room_and_are_not_sparser_than_need_be(span: float, pixels: float, room: float) -> None:
    step, parts = steps(span, pixels, room)
    apart = step / span * pixels
    assert room * 0.999 <= apart <= room * 2.51
    mantissa = step / 10 ** math.floor(math.log10(step) + 1e-9)
    assert min(abs(mantissa - round_one) for round_one in (1, 2, 5)) < 1e-6
    assert round(mantissa * 10) % parts in (0, 10 % parts)  # ticks between are round too


@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e3))
def test_all_multiples_within_the_ends(low: float, span: float) -> None:
    step, _ = steps(span, 800, 70)
    found = [k * step for k in numbers(low, low + span, step)]
    assert len(found) >= 4
    assert low - 1e-6 * step <= found[0] < low + step
    assert low + span - step < found[-1] <= low + span + 1e-6 * step


@given(st.floats(-1e6, 1e6), st.integers(-6, 5), st.sampled_from([1, 2, 5]))
def test_numbers_of_neighbours_differ_also_where_little_room_is_left_for_them(low: float, power: int, factor: int) -> None:
    step = factor * 10.0**power
    ticks = [k * step for k in numbers(low, low + 7 * step, step)]
    words = [number_words(tick, step) for tick in ticks]
    assert [float(word) for word in words] == pytest.approx(ticks, abs=step / 100)
    shown = [tail(word, 7, len) for word in words]
    assert len(set(shown)) == len(ticks)
    assert max(map(len, shown)) <= 7


@pytest.fixture
def plane(qtbot: QtBot) -> Iterator[PlaneView]:
    plane = PlaneView()
    qtbot.addWidget(plane)
    plane.resize(640, 480)
    plane.modes.hide()
    Hand(plane)
    settle()
    yield plane


@pytest.mark.parametrize("camera", [Camera(0.0, 0.0, 6.0), Camera(1.3, -0.7, 0.02), Camera(300.0, 40.0, 900.0)], ids=str)
def test_ticks_stand_where_the_plane_has_their_numbers(plane: PlaneView, camera: Camera) -> None:
    plane.set_camera(camera)
    picture = look(plane).astype(int)
    x, y, width, _ = plane.window_rectangle()
    pixels = plane.plane_to_pixel(x + width, y).x() - plane.plane_to_pixel(x, y).x()
    step, _ = steps(width, pixels, 70)
    below = round(plane.viewport().mapTo(plane, plane.plane_to_pixel(x, y)).y()) + round(LONG) - 1
    strip = np.abs(picture[below : below + 1] - rgb(DARK.plane)).max(axis=(0, 2)) > 10
    wanted = [plane.viewport().mapTo(plane, plane.plane_to_pixel(k * step, y)).x() for k in numbers(x, x + width, step)]
    for place in wanted:
        assert strip[max(0, round(place) - 1) : round(place) + 2].any(), place
    inside = np.flatnonzero(strip)
    assert all(min(abs(place - column) for place in wanted) < 2 for column in inside if wanted[0] <= column <= wanted[-1])


def test_an_axis_without_a_name_has_no_numbers(plane: PlaneView) -> None:
    def ink() -> int:
        return int((np.abs(look(plane)[:, :40].astype(int) - rgb(DARK.plane)).max(axis=2) > 40).sum())

    with_numbers = ink()
    plane.set_axes("z[0]", "")
    settle()
    assert ink() < with_numbers / 2
