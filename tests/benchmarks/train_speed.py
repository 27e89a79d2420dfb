"""Optimiser steps a second of the project's training loop, with its default settings.

On MNIST where it is found, else on the built-in digits. Ours and the peer take turns, 50 steps each, in this process.

Peer: the loop that tutorials use: a DataLoader that turns each image into a float tensor by itself, grey pixels, torch's
Adam as it comes; the same network, batch and number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.data.registry import available, load_dataset
from latent_explorer.core.nn.device import set_threads
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.families.vae import gaussian_kl, reparameterize
from latent_explorer.core.nn.training import train
from latent_explorer.core.types import ImageDataset
from tests.benchmarks.figure import Figure, now, quick

STEPS, ROUNDS, WARM = 50, 3, 10
THREADS = (1, 2)


class Tutorial(Dataset[torch.Tensor]):
    """The images of a data set, converted one by one as torchvision's ToTensor does."""

    def __init__(self, dataset: ImageDataset) -> None:
        self._images, self._rows = dataset.images, dataset.split.train

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, k: int) -> torch.Tensor:
        image = np.array(self._images[self._rows[k]])
        return torch.from_numpy(image.transpose(2, 0, 1).copy()).float().div(255)


def tutorial(model: ModelConfig, settings: TrainingConfig, dataset: ImageDataset) -> Iterator[float]:
    """The loss of each step."""
    torch.manual_seed(settings.seed)
    module = build(model, settings.seed)
    optimizer = torch.optim.Adam(module.parameters(), lr=settings.lr)
    while True:
        for batch in DataLoader(Tutorial(dataset), batch_size=settings.batch_size, shuffle=True):
            x = batch.reshape(len(batch), -1)
            optimizer.zero_grad()
            mu, log_var = module.encode(x)
            logits = module.decode(reparameterize(mu, log_var))
            reconstruction = functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
            loss = reconstruction + gaussian_kl(mu, log_var).sum()
            loss.backward()
            optimizer.step()
            yield loss.item()


def ours(model: ModelConfig, settings: TrainingConfig, dataset: ImageDataset) -> Iterator[float]:
    """The same for the project's loop."""
    for progress in train(model, settings, dataset, device="cpu"):
        if progress.step:
            yield progress.loss


def seconds(losses: Iterator[float], steps: int) -> float:
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
        runs = ours(model, settings, dataset), tutorial(model, settings, dataset)
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
