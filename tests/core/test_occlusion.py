"""Parts of an image that are known."""

from __future__ import annotations

import numpy as np
import pytest

from latent_explorer.core.occlusion import PARTS, WHOLE, known_pixels


def test_the_whole_image_needs_no_mask() -> None:
    assert known_pixels(WHOLE, 4, 6) is None


@pytest.mark.parametrize(("one", "other"), [("upper", "lower"), ("left", "right")])
@pytest.mark.parametrize(("height", "width"), [(4, 6), (5, 7)])
def test_halves_do_not_overlap_and_leave_a_line_of_an_odd_number(one: str, other: str, height: int, width: int) -> None:
    first, second = known_pixels(one, height, width), known_pixels(other, height, width)
    assert first is not None and second is not None
    assert not (first & second).any()
    left = height * width - int((first | second).sum())
    assert left == (0 if height % 2 == 0 else width if one == "upper" else height)
    assert first[0, 0] and second[-1, -1]


def test_every_part_has_words() -> None:
    for part, words in PARTS.items():
        known = known_pixels(part, 8, 8)
        assert words and (known is None or 0 < np.count_nonzero(known) < 64)
