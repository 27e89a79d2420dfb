"""Pictures that keep their distances: none over another, and none left out that would have had room."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from latent_explorer.core.plane.apart import apart


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=60), st.integers(1, 12), st.integers(1, 12))
def test_none_lies_over_another_and_none_is_left_out_without_need(places: list[tuple[int, int]], width: int, height: int) -> None:
    points = np.array(places, np.float64).reshape(-1, 2)
    taken = apart(points, width, height).tolist()
    free: list[int] = []  # by hand, one after the other
    for row, (x, y) in enumerate(places):
        if all(abs(x - places[other][0]) >= width or abs(y - places[other][1]) >= height for other in free):
            free.append(row)
    assert taken == free


def test_the_first_one_has_its_place() -> None:
    points = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    assert apart(points, 1.5, 1.5).tolist() == [0, 2]
    assert apart(points[[1, 0, 2]], 1.5, 1.5).tolist() == [0]
    assert not len(apart(points[:0], 1.0, 1.0))
