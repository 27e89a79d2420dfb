"""Optimiser steps a second of the project's training loop, with its default settings.

On MNIST where it is found, else on the built-in digits. Ours and the peer take turns, 50 steps each, in this process.

Peer: the loop that tutorials use: a DataLoader that turns each image into a float tensor by itself, torch's Adam as
it comes; the same network, batch and number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.data.registry import available, load_dataset
from latent_explorer.core.nn.device import set_threads
from tests.benchmarks.figure import Figure, now, quick
from tests.benchmarks.peers import tutorial
from tests.benchmarks.train_epoch import ours

STEPS, ROUNDS, WARM = 50, 3, 10
THREADS = (1, 2)


def seconds(losses: Iterator[object], steps: int) -> float:
    """Time for so many steps."""
    begin = now()
    for _ in range(steps):
        next(losses)
    return now() - begin


def measure() -> list[Figure]:
    dataset = load_dataset("mnist" if "mnist" in available() else "digits")
    dataset = dataset.with_validation(None)
    model, settings = ModelConfig(dataset.image_shape), TrainingConfig(epochs=1000)
    steps, rounds = (5, 1) if quick() else (STEPS, ROUNDS)
    figures = []
    for threads in THREADS:
        set_threads(threads)
        runs: list[Iterator[object]] = [ours(model, settings, dataset), tutorial(model, settings, dataset)]
        spent = [0.0, 0.0]
        for run in runs:
            seconds(run, WARM)
        for _ in range(rounds):
            for k, run in enumerate(runs):
                spent[k] += seconds(run, steps)
        total = steps * rounds
        name = "train.steps_per_s" if threads == 1 else f"train.steps_per_s_{threads}_threads"
        figures.append(Figure(f"{name}.{dataset.name}-dense", total / spent[0], "steps/s", total, None, total / spent[1]))
    return figures
