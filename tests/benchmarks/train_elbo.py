"""Wall seconds from nothing until the validation ELBO of a 2-D dense model passes -140 nats an image (MNIST; -27 on the digits).

Ours: the recipe below through the project's loop, validation at the end of every epoch included in the time, all cores. Peer:
the loop that tutorials use (a DataLoader that converts image by image, Adam at 0.001, batch 128) with the same networks and
dynamic binarisation, ended at ten times our time; its validation is off the clock.
"""

from __future__ import annotations

import math
import os

import torch

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.data.registry import available, load_dataset
from latent_explorer.core.nn.device import set_threads
from latent_explorer.core.nn.families.base import Model
from latent_explorer.core.nn.inference import grey_tensor
from latent_explorer.core.nn.likelihoods import binarize
from latent_explorer.core.nn.training import train
from latent_explorer.core.types import ImageDataset
from tests.benchmarks.figure import Figure, now, quick
from tests.benchmarks.peers import tutorial

PATIENCE = 10  # times ours
AIM = 45.0
GOALS = {"mnist": -140.0, "digits": -27.0}
RECIPE = TrainingConfig(epochs=8, batch_size=200, lr=3e-3, precision="bfloat16")


def validation_elbo(module: Model, dataset: ImageDataset) -> float:
    """As the project's loop has it: one fixed draw of pixels and one z for each image."""
    generator = torch.Generator().manual_seed(20250102)
    with torch.inference_mode():
        terms = module.terms(binarize(grey_tensor(dataset.images[dataset.split.validation]), generator), generator)
    return -float(terms.reconstruction.mean() + terms.kl.mean())


def ours(model: ModelConfig, dataset: ImageDataset, goal: float) -> float:
    """Seconds."""
    begin = now()
    best = -math.inf
    for progress in train(model, RECIPE, dataset, device="cpu"):
        if progress.history is None:
            continue
        columns = progress.history.columns
        for reconstruction, kl in zip(columns["validation_reconstruction"], columns["validation_kl"], strict=True):
            best = max(best, -float(reconstruction + kl)) if math.isfinite(reconstruction) else best
        if best > goal:
            return now() - begin
    raise RuntimeError(f"the recipe ended at {best:.2f} nats")


def theirs(model: ModelConfig, dataset: ImageDataset, goal: float, patience: float) -> float:
    """Seconds of training; `patience` when the goal was not reached by then."""
    per_epoch = math.ceil(len(dataset.split.train) / 128)
    spent, begin = 0.0, now()
    for step, (module, _) in enumerate(tutorial(model, TrainingConfig(), dataset), 1):
        if step % per_epoch == 0:
            spent += now() - begin
            if validation_elbo(module, dataset) > goal:
                return spent
            begin = now()
        if spent + (now() - begin) > patience:
            return patience
    raise AssertionError("the tutorial's loop never ends by itself")


def measure() -> list[Figure]:
    name = "mnist" if "mnist" in available() else "digits"
    dataset = load_dataset(name).with_validation(None)
    goal = -1e9 if quick() else GOALS[name]
    model = ModelConfig(dataset.image_shape)
    set_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None)
    mine = ours(model, dataset, goal)
    peer = theirs(model, dataset, goal, PATIENCE * mine)
    return [Figure(f"train.seconds_to_elbo_140.{name}-dense", mine, "s", 1, AIM, peer)]
