"""The random streams of a run: each depends on the seed, its own purpose and the step alone.

So a continued run needs no stored state to go on exactly, and no two purposes share their numbers.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from latent_explorer.core.nn.likelihoods import binarize

WEIGHTS, ORDER, STEP = range(3)
PRIVATE_SEEDS = 2**62


def stream(seed: int, purpose: int, *position: int) -> NDArray[np.uint64]:
    """Two 64-bit numbers that start the streams of one purpose at one position."""
    return np.asarray(np.random.SeedSequence(seed, spawn_key=(purpose, *position)).generate_state(2, np.uint64), np.uint64)


def torch_seed(seed: int, purpose: int, *position: int) -> int:
    """A seed for torch's generators, which want less than 63 bits."""
    return int(stream(seed, purpose, *position)[0] % PRIVATE_SEEDS)


class StepNoise:
    """What is drawn during a step: pixels (dynamic binarisation) and, by ``generator``, latent points.

    Philox is a counter-based generator (Salmon et al. 2011): the step is a part of the counter, so going to it costs nothing.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        self.generator = torch.Generator(device)
        self._draws = np.random.Generator(np.random.Philox(key=stream(seed, STEP)))
        self._start = self._draws.bit_generator.state

    def begin(self, step: int) -> None:
        """Go to the streams of `step`."""
        self._start["state"]["counter"][:] = [0, step, 0, 0]
        self._draws.bit_generator.state = self._start  # a third of the time of a new generator
        # On the CPU torch keeps 32 bits of a seed: two steps of a run may share the noise of z by chance, never that of pixels.
        self.generator.manual_seed(int(self._draws.integers(PRIVATE_SEEDS)))

    def binary(self, grey: Tensor) -> Tensor:
        """Fresh binary pixels, float32, from grey levels as bytes: 1 with probability level / 255, exactly."""
        if grey.device.type != "cpu":
            return binarize(grey.float().mul_(1 / 255), self.generator)
        return torch.from_numpy(self._levels(grey.numel())).view(grey.shape).lt(grey).float()

    def _levels(self, count: int) -> NDArray[np.uint8]:
        """Uniform draws from 0..254: random bytes, of which 255 is drawn again (a third of the time of a float each)."""
        words = self._draws.integers(0, 2**64 - 1, endpoint=True, size=-(-count // 8), dtype=np.uint64)
        levels = words.view(np.uint8)[:count]
        again = np.flatnonzero(levels == 255)
        levels[again] = self._draws.integers(0, 255, size=len(again), dtype=np.uint8)
        return levels
