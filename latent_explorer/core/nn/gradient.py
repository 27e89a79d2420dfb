"""The gradient of the loss by the weights, ``mean(reconstruction) + beta * mean(KL)`` over the batch: by autograd, for any module."""

from __future__ import annotations

from typing import Protocol

import torch

from latent_explorer.core.config import TrainingConfig
from latent_explorer.core.nn.families.base import Batch, Model
from latent_explorer.core.nn.optimizer import Optimizer
from latent_explorer.core.nn.written_gradient import WrittenGradient


class Gradient(Protocol):
    """What a step asks for: the gradient goes to the optimiser, and the batch means of both terms come back."""

    def __call__(self, batch: Batch) -> tuple[float, float]:
        """Reconstruction and KL (or what a family has in their places), nats per image."""


class AutogradGradient:
    """By torch's autograd, with matrix products rounded to bfloat16 where that is asked for."""

    def __init__(self, module: Model, optimizer: Optimizer, precision: str) -> None:
        self._module, self._optimizer = module, optimizer
        self._rounded = precision == "bfloat16"

    def __call__(self, batch: Batch) -> tuple[float, float]:
        """As of `Gradient`."""
        with torch.autocast(batch.x.device.type, torch.bfloat16, enabled=self._rounded):
            loss, terms = self._module.loss(batch)
        self._optimizer.zero_grad()
        self._module.backward(loss)
        return terms.reconstruction.mean().item(), terms.kl.mean().item()


def gradient_for(module: Model, optimizer: Optimizer, settings: TrainingConfig, device: torch.device) -> Gradient:
    """The quickest way to this module's gradient on a device; `settings` as `TrainingConfig.for_model` gives them."""
    plain = settings.objective == "elbo" and settings.samples == 1
    if plain and device.type == "cpu" and settings.precision == "float32" and WrittenGradient.fits(module):
        return WrittenGradient(module, optimizer)
    return AutogradGradient(module, optimizer, settings.precision)
