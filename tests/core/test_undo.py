"""Steps back and forward, and which changes are one step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latent_explorer.core.scene import Camera, Layers, Pin, Rows, Scene
from latent_explorer.core.undo import MOST_BYTES, MOST_STEPS, History, words

START = Scene()


def at(x: float, scene: Scene = START) -> Scene:
    return replace(scene, probe=(x, 0.0))


def seen_from(x: float, scene: Scene = START) -> Scene:
    return replace(scene, camera=Camera(x))


@given(st.lists(st.integers(0, 5), max_size=30))
def test_back_through_all_steps_and_forward_again(places: list[int]) -> None:
    history, states = History(START), [START]
    for place in places:
        scene = at(place)
        history.take(scene)
        if scene != states[-1]:
            states.append(scene)
    for state in states[-2::-1]:
        assert history.back() == state
    assert history.back() is None
    assert not history.undoes
    for state in states[1:]:
        assert history.forward() == state
    assert history.forward() is None


def test_one_gesture_is_one_step() -> None:
    history = History(START)
    for x in range(1, 9):
        history.take(seen_from(x), join=True)
    assert history.back() == START
    assert history.back() is None


def test_a_closed_gesture_is_not_joined() -> None:
    history = History(START)
    history.take(seen_from(1), join=True)
    history.close()
    history.take(seen_from(2), join=True)
    assert history.back() == seen_from(1)
    assert history.back() == START


def test_only_what_is_of_the_same_kind_joins() -> None:
    history = History(START)
    history.take(at(1), join=True)
    history.take(seen_from(1, at(1)), join=True)
    assert history.back() == at(1)


def test_a_gesture_that_ends_where_it_began_is_none() -> None:
    """A double-click on the plane holds the probe and takes that back."""
    history = History(START)
    history.take(seen_from(3))
    history.take(at(1, seen_from(3)))
    history.take(seen_from(3), join=True)
    assert history.undoes == "moving the view"
    history.take(seen_from(4), join=True)  # and what comes next is not a part of what was before it
    assert history.back() == seen_from(3)


def test_something_new_after_going_back_forgets_what_was_ahead() -> None:
    history = History(START)
    history.take(at(1))
    history.back()
    assert history.redoes == "moving the probe"
    history.take(at(2), join=True)
    assert not history.redoes
    assert history.back() == START


def test_what_nobody_meant_is_no_step() -> None:
    history = History(START)
    history.take(at(1))
    history.amend(seen_from(9, at(1)))
    assert history.back() == START
    assert history.forward() == seen_from(9, at(1))


def test_another_model_keeps_what_was_done_to_the_pins() -> None:
    history, scene = History(START), START
    for number in (1, 2):
        scene = at(number, replace(scene, pins=(*scene.pins, Pin((0.0, float(number)), number))))
        history.take(replace(scene, probe=None))
        history.take(scene)
    fresh = replace(scene, probe=None, camera=Camera(5.0))
    history.rebase(fresh, ("pins",))
    assert history.undoes == "pin 2"
    back = history.back()
    assert back is not None
    assert [pin.number for pin in back.pins] == [1]
    assert back.camera == Camera(5.0)
    assert history.back() is not None
    assert history.back() is None


def test_the_steps_are_bounded_by_number_and_by_memory() -> None:
    history = History(START)
    for k in range(MOST_STEPS + 10):
        history.take(at(k))
    count = 0
    while history.back() is not None:
        count += 1
    assert count == MOST_STEPS
    scene, each = START, MOST_BYTES // 4
    history = History(scene)
    for k in range(12):
        rows = np.broadcast_to(np.int64(k), (each // 8,))  # as large as it says, and yet no memory
        scene = replace(scene, selection=Rows(rows.view()))
        history.take(scene)
    count = 0
    while history.back() is not None:
        count += 1
    assert 2 <= count <= 5


PINS = (Pin((0.0, 0.0), 1), Pin((1.0, 0.0), 2))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (START, seen_from(1), "moving the view"),
        (START, at(1), "moving the probe"),
        (START, replace(START, layers=Layers(points=False)), "a change of the layers"),
        (START, replace(START, hidden_classes=frozenset({1})), "hiding or showing classes"),
        (START, replace(START, selection=Rows(np.arange(1))), "selecting 1 point"),
        (START, replace(START, selection=Rows(np.arange(1234))), "selecting 1,234 points"),
        (replace(START, selection=Rows(np.arange(1))), START, "clearing the selection"),
        (START, replace(START, shown=Rows(np.arange(3))), "showing only 3 points"),
        (START, replace(START, concealed=Rows(np.arange(3))), "hiding 3 points"),
        (replace(START, concealed=Rows(np.arange(3))), START, "showing all points"),
        (START, replace(START, pins=PINS[:1]), "pin 1"),
        (replace(START, pins=PINS), replace(START, pins=PINS[1:]), "removing pin 1"),
        (replace(START, pins=PINS), START, "removing 2 pins"),
        (replace(START, pins=PINS), replace(START, pins=PINS[::-1]), "moving a pin"),
        (replace(START, pins=PINS), replace(START, pins=(replace(PINS[0], name="loop"), PINS[1])), "naming pin 1"),
    ],
)
def test_the_menu_says_what_was_done(before: Scene, after: Scene, said: str) -> None:
    assert words(before, after) == said
