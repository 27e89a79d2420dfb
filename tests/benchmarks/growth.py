"""How an epoch and the peak memory grow with the number of images and of pixels; each measured in a process of its own.

Noise images, the default dense network (512,512,512), batch 128, dynamic binarisation, all cores. An epoch's time is that of
100 steps times the steps of an epoch; the memory is the process's highest mark over the start-up, the data and those steps.
No peer; the estimate that the program shows before a run (core/memory.py) stands in the place of one beside the memory, without
what the process takes anyway (about 300 MB).
"""

from __future__ import annotations

import json
import math
import subprocess
import sys

import numpy as np

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.memory import training_needs
from tests.benchmarks.figure import Figure, now, peak_mb, quick

STEPS = 100
IMAGES = (1_000, 10_000, 100_000, 1_000_000)  # of 28 x 28
SIDES = (8, 16, 32, 64, 128)  # of 10,000 images


def one(count: int, side: int) -> tuple[float, float]:
    """In the child: seconds of an epoch, peak in 10^6 bytes."""
    from latent_explorer.core.nn.device import set_threads
    from latent_explorer.core.nn.training import train
    from latent_explorer.core.types import ImageDataset, Split

    set_threads(None)
    images = np.random.default_rng(0).integers(0, 256, (count, side, side, 1), dtype=np.uint8)
    rows = np.arange(count)
    tested = min(1000, count // 10)
    dataset = ImageDataset("noise", images, None, (), Split(rows[tested:], rows[:0], rows[:tested]))
    settings = TrainingConfig(epochs=1000, validation=0)
    progresses = train(ModelConfig((side, side, 1)), settings, dataset, device="cpu")
    steps = 2 if quick() else STEPS
    for _ in range(4):
        next(progresses)
    begin = now()
    for _ in range(steps):
        next(progresses)
    return (now() - begin) / steps * math.ceil((count - tested) / settings.batch_size), peak_mb()


def measure() -> list[Figure]:
    cases = [("images", count, count, 28) for count in IMAGES] + [("pixels", side, 10_000, side) for side in SIDES]
    figures = []
    for kind, mark, count, side in cases[:1] if quick() else cases:
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.growth", str(count), str(side)], capture_output=True, text=True, check=True
        )
        seconds, peak = json.loads(done.stdout)
        name = f"{mark:.0e}".replace("e+0", "e") if kind == "images" else f"{mark}x{mark}"
        needs = training_needs(ModelConfig((side, side, 1)), TrainingConfig(), count)
        figures.append(Figure(f"growth.epoch_s_by_{kind}.{name}", seconds, "s", STEPS))
        figures.append(Figure(f"growth.peak_mb_by_{kind}.{name}", peak, "MB", 1))
        figures.append(Figure(f"growth.estimate_mb_by_{kind}.{name}", (needs.total + needs.images) / 1e6, "MB", 1))
    return figures


if __name__ == "__main__":
    print(json.dumps(one(int(sys.argv[1]), int(sys.argv[2]))))
