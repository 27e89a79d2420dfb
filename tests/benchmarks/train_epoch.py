"""Seconds for one epoch of MNIST's 60,000 images (the built-in digits where it is not found), 784-400-20-400-784, ReLU, float32.

From the time of a step: ours, the peers and the products alone take turns, 40 steps each, with as many threads as cores; the
median of the rounds, times the steps of an epoch. Grey pixels (``--binarize none``), as tutorials train; the default, dynamic
binarisation, stands beside it.

Peer of `train.epoch_s`: the loop that tutorials use, same network, batch and optimiser; `train.epoch_ratio` is how many times
ours is faster. `train.gemm_ratio`: our step in times of its matrix products alone. Larger batches and bfloat16 are options of
the program (``--batch-size``, ``--precision``).
"""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Callable, Iterator
from dataclasses import replace

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.data.registry import available, load_dataset
from latent_explorer.core.nn.device import set_threads
from latent_explorer.core.nn.training import train
from latent_explorer.core.types import ImageDataset
from tests.benchmarks.figure import Figure, now, quick
from tests.benchmarks.peers import matrix_products, tutorial

STEPS, ROUNDS, WARM = 40, 15, 10
LARGE = 1000
AIM_EPOCH_RATIO, AIM_GEMM_RATIO = 3.3, 1.45


def ours(model: ModelConfig, settings: TrainingConfig, dataset: ImageDataset) -> Iterator[float]:
    """The loss of each step of the project's loop."""
    for progress in train(model, settings, dataset, device="cpu"):
        if progress.step:
            yield progress.loss


def in_turns(steps: list[Callable[[], object]], count: int, rounds: int) -> list[float]:
    """Seconds a step of each, median of rounds in which they take turns."""
    for step in steps:
        for _ in range(WARM):
            step()
    spent: list[list[float]] = [[] for _ in steps]
    for _ in range(rounds):
        for step, times in zip(steps, spent, strict=True):
            begin = now()
            for _ in range(count):
                step()
            times.append((now() - begin) / count)
    return [statistics.median(times) for times in spent]


def measure() -> list[Figure]:
    dataset = load_dataset("mnist" if "mnist" in available() else "digits").with_validation(0)
    model = ModelConfig(dataset.image_shape, latent_dim=20, hidden=(400,), activation="relu")
    grey = TrainingConfig(epochs=100_000, validation=0, schedule="constant", binarize="none")
    kinds = {
        "": grey,
        "dynamic-": replace(grey, binarize="dynamic"),
        "b1000-": replace(grey, batch_size=LARGE),
        "b1000-bf16-": replace(grey, batch_size=LARGE, precision="bfloat16"),
    }
    count, rounds = (2, 1) if quick() else (STEPS, ROUNDS)
    set_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None)
    name = f"{dataset.name}-400-20"
    figures = []
    for kind, settings in kinds.items():
        runs: list[Iterator[object]] = [ours(model, settings, dataset), tutorial(model, settings, dataset)]
        steps: list[Callable[[], object]] = [*(run.__next__ for run in runs), matrix_products(model, settings.batch_size)]
        per_epoch = math.ceil(len(dataset.split.train) / settings.batch_size)
        mine, peer, products = in_turns(steps, count if settings.batch_size < LARGE else max(1, count // 5), rounds)
        n = count * rounds
        figures.append(Figure(f"train.epoch_s.{kind}{name}", mine * per_epoch, "s", n, None, peer * per_epoch))
        aims = (AIM_EPOCH_RATIO, AIM_GEMM_RATIO) if kind == "" else (None, None)
        figures.append(Figure(f"train.epoch_ratio.{kind}{name}", peer / mine, "times faster", n, aims[0]))
        figures.append(Figure(f"train.gemm_ratio.{kind}{name}", mine / products, "times the products", n, aims[1]))
    return figures
