"""Wall seconds from nothing until the validation log-likelihood of a 2-D model passes -132.50 nats an image, the best published one.

Ours: the recipe below, a decoder trained by quadrature through the project's loop, on all cores. At the end of every epoch the
clock stops, and log p(x) of the validation images' one binary draw is summed over 256 x 256 midpoints: the figure that is
quoted, not the run's own coarser one, which is on the clock. Peer: the same decoder with an encoder of the same widths, trained
by the ELBO (batch 200, Adam at 0.003, which passes -140 soonest), judged in the same way, given up at five times our time.
"""

from __future__ import annotations

import math
import os

import numpy as np

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.data.registry import available, load_dataset
from latent_explorer.core.nn.device import set_threads
from latent_explorer.core.nn.exact.many import log_likelihoods
from latent_explorer.core.nn.handles import forget
from latent_explorer.core.nn.likelihoods import fixed_binary_draw
from latent_explorer.core.nn.training import train
from latent_explorer.core.types import ImageDataset
from tests.benchmarks.figure import Figure, now, quick

PATIENCE = 5  # times ours
AIM = 40.0
GOALS = {"mnist": -132.5, "digits": -24.0}
RECIPE = TrainingConfig(
    epochs=2, batch_size=250, lr=6e-3, nodes=(24, 32, 40), clip_norm=20.0, weight_decay=0.01, average=0.98, precision="bfloat16"
)
SMALL_EPOCHS = 200  # for the digits
PEER = TrainingConfig(epochs=20, batch_size=200, lr=3e-3, precision="bfloat16")


def seconds_to(goal: float, model: ModelConfig, settings: TrainingConfig, dataset: ImageDataset, patience: float) -> float:
    """Seconds of training; `patience` where the goal was not reached by then."""
    images = dataset.images[dataset.split.validation]
    draw = fixed_binary_draw(images)
    spent, begin = 0.0, now()
    best = -math.inf
    for progress in train(model, settings, dataset, device="cpu"):
        if spent + now() - begin > patience:
            return patience
        if not progress.resumable and not progress.outcome:
            continue
        spent += now() - begin
        assert progress.snapshot is not None
        best = max(best, float(np.mean(log_likelihoods(progress.snapshot, draw, 64 if quick() else 256))))
        if best > goal or progress.outcome:
            forget(progress.snapshot)
            if best > goal:
                return spent
            break
        begin = now()
    if math.isfinite(patience):
        return patience
    raise RuntimeError(f"the recipe ended at {best:.2f} nats")


def measure() -> list[Figure]:
    name = "mnist" if "mnist" in available() else "digits"
    dataset = load_dataset(name).with_validation(None)
    goal = -1e9 if quick() else GOALS[name]
    settings = RECIPE if name == "mnist" else TrainingConfig(**{**RECIPE.to_record(), "epochs": SMALL_EPOCHS})
    set_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None)
    decoder = ModelConfig(dataset.image_shape, family="qlvm")
    mine = seconds_to(goal, decoder, settings, dataset, math.inf)
    peer = seconds_to(goal, ModelConfig(dataset.image_shape, hidden=decoder.hidden), PEER, dataset, PATIENCE * mine)
    return [Figure(f"train.seconds_to_ll_132_5.{name}-qlvm", mine, "s", 1, AIM, peer)]
