"""The random streams of a run: exact probabilities from bytes, and no stream that knows of another."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from latent_explorer.core.nn.noise import ORDER, STEP, WEIGHTS, StepNoise, stream, torch_seed

CPU = torch.device("cpu")


def at(step: int, seed: int = 0) -> StepNoise:
    noise = StepNoise(seed, CPU)
    noise.begin(step)
    return noise


def levels(noise: StepNoise, count: int) -> np.ndarray:
    return noise._levels(count).astype(np.int64)


# --- binary pixels from bytes ---------------------------------------------------------------------------------------------------


def test_each_level_is_white_for_just_as_many_of_the_255_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the probability is level / 255 exactly, if the draws from 0..254 are uniform."""
    monkeypatch.setattr(StepNoise, "_levels", lambda self, count: np.tile(np.arange(255, dtype=np.uint8), 256)[:count])
    grey = torch.arange(256, dtype=torch.uint8).repeat_interleave(255)
    drawn = at(0).binary(grey).reshape(256, 255)
    assert drawn.sum(1).tolist() == list(range(256))


def test_the_draws_are_uniform_on_0_to_254() -> None:
    """Chi-square with 254 degrees of freedom: mean 254, variance 508."""
    count = 255 * 8000
    found = np.bincount(levels(at(3), count), minlength=256)
    assert found[255] == 0
    chi_square = ((found[:255] - 8000) ** 2 / 8000).sum()
    assert abs(chi_square - 254) < 5 * math.sqrt(508)


def test_what_is_drawn_again_is_uniform_too_and_nothing_else_is() -> None:
    """A byte of 255 is drawn again; redraws are so few that a fault there would hardly show in the whole."""
    count = 255 * 256 * 100
    noise, same = at(5), at(5)
    raw = same._draws.integers(0, 2**64 - 1, endpoint=True, size=count // 8, dtype=np.uint64).view(np.uint8)
    found = levels(noise, count)
    again = raw == 255
    assert again.mean() == pytest.approx(1 / 256, rel=0.02)
    np.testing.assert_array_equal(found[~again], raw[~again])
    redrawn = np.bincount(found[again], minlength=255)
    expected = again.sum() / 255
    assert len(redrawn) == 255
    assert abs(((redrawn - expected) ** 2 / expected).sum() - 254) < 5 * math.sqrt(508)


def test_shares_of_white_are_those_of_the_grey_levels() -> None:
    grey = torch.tensor([0, 1, 2, 64, 127, 128, 200, 253, 254, 255], dtype=torch.uint8).repeat(1000, 1)
    noise, steps = StepNoise(7, CPU), 60
    white = np.zeros(10)
    for step in range(steps):
        noise.begin(step)
        white += noise.binary(grey).sum(0).numpy()
    count, p = 1000 * steps, grey[0].numpy() / 255
    assert white[0] == 0
    assert white[-1] == count
    assert (np.abs(white - count * p) <= 5 * np.sqrt(count * p * (1 - p))).all()


@pytest.mark.parametrize("shape", [(1,), (7,), (8,), (9,), (3, 5), (128, 784), (2, 0)])
def test_any_number_of_pixels(shape: tuple[int, ...]) -> None:
    grey = torch.full(shape, 128, dtype=torch.uint8)
    before = grey.clone()
    drawn = at(0).binary(grey)
    assert drawn.shape == grey.shape
    assert drawn.dtype == torch.float32
    assert torch.equal(grey, before)
    assert set(np.unique(drawn)) <= {0.0, 1.0}


def test_levels_of_other_devices_keep_black_black_and_white_white() -> None:
    """There a float is drawn in [0, 1): the ends have to be 0 and 1 to the last bit."""
    assert torch.arange(256, dtype=torch.uint8).float().mul_(1 / 255)[[0, 255]].tolist() == [0.0, 1.0]


# --- streams -----------------------------------------------------------------------------------------------------------------------


def test_every_seed_purpose_and_position_has_a_stream_of_its_own() -> None:
    places: list[tuple[int, ...]] = [(seed, purpose) for purpose in (WEIGHTS, STEP) for seed in range(50)]
    places += [(seed, ORDER, epoch) for seed in range(50) for epoch in range(50)]
    assert len({tuple(stream(*place).tolist()) for place in places}) == len(places)
    seeds = [torch_seed(*place) for place in places]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**62 for seed in seeds)
    assert len({seed % 2**32 for seed in seeds}) == len(seeds)  # of which torch uses 32 bits on the CPU


@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1])
def test_streams_are_the_same_every_time(seed: int) -> None:
    assert stream(seed, ORDER, 3).tolist() == stream(seed, ORDER, 3).tolist()
    grey = torch.full((50,), 128, dtype=torch.uint8)
    assert torch.equal(at(9, seed).binary(grey), at(9, seed).binary(grey))


def test_a_step_is_reached_at_once_whatever_was_drawn_before() -> None:
    grey = torch.full((40, 12), 128, dtype=torch.uint8)

    def draws(noise: StepNoise) -> tuple[Tensor, Tensor]:
        return noise.binary(grey), torch.randn(40, 2, generator=noise.generator)

    direct = draws(at(1000))
    noise = StepNoise(0, CPU)
    for step in (0, 1, 2, 5000, 1000):
        noise.begin(step)
        drawn = draws(noise)
        if step == 5000:
            noise.binary(grey[:, :5])
    assert torch.equal(drawn[0], direct[0])
    assert torch.equal(drawn[1], direct[1])


def test_how_many_pixels_are_drawn_does_not_change_the_noise_of_z() -> None:
    few, many = at(4), at(4)
    few.binary(torch.zeros(1, dtype=torch.uint8))
    many.binary(torch.zeros(100_000, dtype=torch.uint8))
    assert torch.equal(torch.randn(30, generator=few.generator), torch.randn(30, generator=many.generator))


def test_steps_and_seeds_share_no_numbers() -> None:
    """The counters of two steps lie 2^64 blocks apart: no word of a step comes again in its neighbours."""
    noises = [at(step, seed) for step in range(4) for seed in (0, 1)]
    words = [noise._draws.integers(0, 2**64 - 1, endpoint=True, size=20_000, dtype=np.uint64) for noise in noises]
    assert len(np.unique(np.concatenate(words))) == 8 * 20_000


def test_streams_do_not_correlate() -> None:
    """Pixels of neighbouring steps, of neighbouring seeds, and pixels with the noise of z."""
    n = 40_000
    columns = []
    for step, seed in itertools.product((0, 1, 2), (0, 1)):
        noise = at(step, seed)
        columns.append(levels(noise, n).astype(float))
        columns.append(torch.randn(n, generator=noise.generator).numpy().astype(float))
    for seed in (0, 1):
        for place in ((WEIGHTS,), (ORDER, 0), (ORDER, 1)):
            columns.append(torch.randn(n, generator=torch.Generator().manual_seed(torch_seed(seed, *place))).numpy().astype(float))
    correlation = np.corrcoef(columns)
    assert np.abs(correlation - np.eye(len(columns))).max() < 5 / math.sqrt(n)


def test_pixels_of_one_step_do_not_correlate_with_one_another() -> None:
    """Neighbours come out of one 64-bit word."""
    found = levels(at(0), 8 * 40_000).reshape(-1, 8).astype(float)
    assert np.abs(np.corrcoef(found, rowvar=False) - np.eye(8)).max() < 5 / math.sqrt(40_000)
    assert abs(np.corrcoef(found[:-1, 7], found[1:, 0])[0, 1]) < 5 / math.sqrt(40_000)


def test_torchs_own_random_numbers_are_left_alone() -> None:
    before = torch.get_rng_state()
    noise = at(3)
    noise.binary(torch.full((100,), 100, dtype=torch.uint8))
    torch.randn(5, generator=noise.generator)
    assert torch.equal(torch.get_rng_state(), before)
