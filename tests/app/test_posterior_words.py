"""What is said of posteriors in several parts."""

from __future__ import annotations

import numpy as np
import pytest

from latent_explorer.app.features.posterior_words import parts_told
from latent_explorer.core.posterior import Part
from tests.app.conftest import is_sentence


def parts(*given: tuple[float, tuple[float, ...]]) -> list[Part]:
    return [Part(share, np.array(place), np.eye(len(place))) for share, place in given]


def test_the_heaviest_part_comes_first() -> None:
    told = parts_told(parts((0.29, (-2.0, 0.7)), (0.71, (0.414, -1.2))))
    assert told.startswith("It has 2 parts: 71% near (0.41, −1.20), 29% near (−2.00, 0.70). ")
    assert "widths are of both together" in told and is_sentence(told)


def test_what_is_scattered_and_what_is_small_is_said() -> None:
    assert "88% near (0.00), 2% near (1.00), 10% elsewhere." in parts_told(parts((0.88, (0.0,)), (0.02, (1.0,))))
    assert "under 1% near (3.00, 0.00)" in parts_told(parts((0.003, (3.0, 0.0)), (0.997, (1.0, 0.0))))
    assert "elsewhere" not in parts_told(parts((0.6, (0.0,)), (0.397, (1.0,))))


def test_many_parts_are_told_in_few_words() -> None:
    told = parts_told(parts(*((share, (share, 0.0)) for share in (0.3, 0.25, 0.2, 0.15, 0.06, 0.04))))
    assert told.startswith("It has 6 parts: 30% near (0.30, 0.00), 25% near (0.25, 0.00), 20% near (0.20, 0.00), 25% in 3 more. ")
    assert "of all together" in told


def test_of_one_part_it_is_said_where_the_rest_lies() -> None:
    told = parts_told(parts((0.981, (-1.18, -1.09))), np.array([-0.382, -0.795]))
    assert told == "2% of it lies elsewhere, near (−0.38, −0.80); the widths are those of the rest." and is_sentence(told)
    assert parts_told(parts((0.995, (-1.18, -1.09))), np.array([-0.382, -0.795])) == ""


@pytest.mark.parametrize("count", [0, 1])
def test_of_one_part_nothing_is_said(count: int) -> None:
    assert parts_told(parts(*[(1.0, (0.0, 0.0))] * count)) == ""
