"""Colour maps: equal steps of the number are seen as equal steps, and little is seen where there is little."""

from __future__ import annotations

import numpy as np
import pytest

from latent_explorer.core.colour_maps import MAPS, colour_table, nice_ticks, positions

BOTH = [(name, dark) for name in MAPS for dark in (True, False)]


def oklab(table: np.ndarray) -> np.ndarray:
    """Ottosson's forward transform, written once more from his page."""
    light = table / 255.0
    light = np.where(light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4)
    lms = light @ np.array(
        [[0.4122214708, 0.2119034982, 0.0883024619], [0.5363325363, 0.6806995451, 0.2817188376], [0.0514459929, 0.1073969566, 0.6299787005]]
    )
    matrix = np.array(
        [
            [0.2104542553, 1.9779984951, 0.0259040371],
            [0.7936177850, -2.4285922050, 0.7827717662],
            [-0.0040720468, 0.4505937099, -0.8086757660],
        ]
    )
    return np.cbrt(lms) @ matrix


@pytest.mark.parametrize(("name", "dark"), BOTH)
def test_steps_are_equally_large(name: str, dark: bool) -> None:
    """Over eight entries at a time, since bytes round single ones."""
    lab = oklab(colour_table(name, dark=dark).astype(float))
    steps = np.linalg.norm(lab[8::8] - lab[:-8:8], axis=1)
    middle = len(steps) // 2 - 1  # where the two arms of a balance meet, a step goes around a corner
    if name == "balance":
        steps = np.delete(steps, [middle, middle + 1])
    assert steps.max() / steps.min() < 1.3


@pytest.mark.parametrize("dark", [True, False])
def test_amounts_go_from_the_plane_to_its_contrary(dark: bool) -> None:
    lightness = oklab(colour_table("depth", dark=dark).astype(float))[:, 0]
    signs = np.diff(lightness[::4]) > 0
    assert signs.all() if dark else not signs.any()
    assert abs(lightness[-1] - lightness[0]) > 0.65
    assert lightness[0] < 0.2 if dark else lightness[0] > 0.98


@pytest.mark.parametrize("dark", [True, False])
def test_two_sides_weigh_the_same_and_the_middle_nothing(dark: bool) -> None:
    lab = oklab(colour_table("balance", dark=dark).astype(float))
    assert np.abs(lab[:128, 0] - lab[:127:-1, 0]).max() < 0.08
    assert np.abs(lab[127] - lab[128]).max() < 0.03
    assert lab[0, 2] < -0.05 and lab[-1, 2] > 0.04  # blue and orange: told apart with any kind of colour vision
    assert (lab[127, 0] < 0.2) == dark


def test_tables_cannot_be_written_on() -> None:
    with pytest.raises(ValueError, match="read-only"):
        colour_table("depth", dark=True)[0] = 0


TICKS = [
    (0.0, 1.0, (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
    (2.08, 6.49, (3.0, 4.0, 5.0, 6.0)),
    (-0.3, 0.3, (-0.2, 0.0, 0.2)),
    (0.0, 3e-6, (0.0, 1e-6, 2e-6, 3e-6)),
    (1e6, 1e6, ()),
    (0.0, np.inf, ()),
    (np.nan, 1.0, ()),
]


@pytest.mark.parametrize(("low", "high", "expected"), TICKS)
def test_ticks_are_round_numbers(low: float, high: float, expected: tuple[float, ...]) -> None:
    assert nice_ticks(low, high) == expected


def test_numbers_beyond_the_ends_have_their_colours() -> None:
    found = positions([-1.0, 0.0, 0.5, 2.0, np.nan, np.inf], 0.0, 1.0)
    assert found[:4].tolist() == [0.0, 0.0, 0.5, 1.0]
    assert np.isnan(found[4]) and found[5] == 1.0
    assert positions([3.0], 2.0, 2.0).tolist() == [0.0]
