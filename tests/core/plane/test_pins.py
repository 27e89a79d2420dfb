"""Pins: numbers, order, names, and how far they lie from the plane."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latent_explorer.core.plane import pins as of_pins
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.scene import Pin, Scene

A, B, C = Pin((0.0, 1.0), 1, "a"), Pin((2.0, 3.0), 2), Pin((1.0, 2.0, 3.0), 3, "deep")
PINS = (A, B, C)


def test_a_pin_is_a_value_of_the_scene() -> None:
    scene = Scene(pins=PINS)
    assert scene == Scene(pins=(Pin((0.0, 1.0), 1, "a"), B, C))
    assert scene != Scene(pins=(A, C, B))


def test_numbers_grow_and_are_not_given_twice() -> None:
    pins: of_pins.Pins = ()
    for k in range(3):
        pins = of_pins.added(pins, np.array([k, 0.5], np.float32))
    assert [pin.number for pin in pins] == [1, 2, 3]
    assert pins[2].z == (2.0, 0.5)
    assert all(type(value) is float for pin in pins for value in pin.z)
    pins = of_pins.added(of_pins.without(pins, {2}), (9.0, 9.0))
    assert [pin.number for pin in pins] == [1, 3, 4]


@given(st.lists(st.integers(0, 40), max_size=60))
def test_however_often_pins_come_and_go_no_two_share_a_number(removed: list[int]) -> None:
    pins: of_pins.Pins = ()
    for k in removed:
        for _ in range(3):
            if len(pins) < of_pins.MOST:
                pins = of_pins.added(pins, (float(k), 0.0))
        pins = of_pins.without(pins, {pins[k % len(pins)].number})
        numbers = [pin.number for pin in pins]
        assert len(set(numbers)) == len(numbers)
        assert all(1 <= number <= of_pins.MOST for number in numbers)


def test_names_are_one_line() -> None:
    assert of_pins.renamed(PINS, 2, "  a\nloop\tof 8 ") == (A, Pin(B.z, 2, "a loop of 8"), C)
    assert of_pins.renamed(PINS, 7, "nobody") == PINS


@pytest.mark.parametrize(
    ("numbers", "after"),
    [((3, 2, 1), [3, 2, 1]), ((2, 1), [2, 1, 3]), ((3, 1), [3, 2, 1]), ((), [1, 2, 3]), ((2, 9, 1), [2, 1, 3])],
    ids=str,
)
def test_ordering_moves_only_those_that_are_named(numbers: tuple[int, ...], after: list[int]) -> None:
    assert [pin.number for pin in of_pins.ordered(PINS, numbers)] == after


def test_only_pins_of_the_models_size_are_shown() -> None:
    assert of_pins.shown(PINS, 2) == (A, B)
    assert of_pins.shown(PINS, 3) == (C,)
    assert of_pins.shown(PINS, 20) == ()


def test_the_pin_at_a_place() -> None:
    assert of_pins.pin_at(PINS, (0.0, 1.0)) is A
    assert of_pins.pin_at(PINS, (1.0, 2.0, 3.0)) is C
    assert of_pins.pin_at(PINS, (0.0, 1.001)) is None
    assert of_pins.pin_at(PINS, None) is None


def test_stepping_goes_round() -> None:
    assert of_pins.beside((), None, 1) is None
    assert of_pins.beside(PINS, None, 1) is A
    assert of_pins.beside(PINS, None, -1) is C
    assert of_pins.beside(PINS, A, 1) is B
    assert of_pins.beside(PINS, C, 1) is A
    assert of_pins.beside(PINS, A, -1) is C
    assert of_pins.beside((A, C), B, 1) is A  # the current one is not among them


def test_the_distance_from_the_plane() -> None:
    flat = PlaneFrame.identity()
    assert of_pins.off_plane(flat, (3.2, -1.7)) == 0.0
    frame = PlaneFrame(np.array([0.0, 0.0, 5.0]), np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]))
    assert of_pins.off_plane(frame, (7.0, -2.0, 5.0)) == 0.0
    assert of_pins.off_plane(frame, (7.0, -2.0, 2.0)) == pytest.approx(3.0)
    tilted = PlaneFrame(np.array([0.1, 0.2, 0.3]), np.array([[0.6, 0.8, 0.0], [0.0, 0.0, 1.0]]))
    on = tilted.to_z(np.array([1234.5, -0.25]))
    assert of_pins.off_plane(tilted, tuple(on)) == 0.0
    assert of_pins.off_plane(tilted, tuple(on + 2 * np.array([0.8, -0.6, 0.0]))) == pytest.approx(2.0)
