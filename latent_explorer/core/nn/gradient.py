"""The gradient of the loss by the weights, ``mean(reconstruction) + beta * mean(KL)`` over the batch: by autograd, for any module."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from latent_explorer.core.nn.families.vae import VAE
from latent_explorer.core.nn.optimizer import Optimizer
from latent_explorer.core.nn.written_gradient import WrittenGradient


class Gradient(Protocol):
    """What a step asks for: the gradient goes to the optimiser, and the batch means of both terms come back."""

    def __call__(self, x: Tensor, generator: torch.Generator, beta: float) -> tuple[float, float]:
        """Reconstruction and KL of pixels (B, D) in 0..1, nats; with the noise of z from `generator`."""


class AutogradGradient:
    """By torch's autograd, with matrix products rounded to bfloat16 where that is asked for."""

    def __init__(self, module: VAE, optimizer: Optimizer, precision: str) -> None:
        self._module, self._optimizer = module, optimizer
        self._rounded = precision == "bfloat16"

    def __call__(self, x: Tensor, generator: torch.Generator, beta: float) -> tuple[float, float]:
        """As of `Gradient`."""
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self._rounded):
            terms = self._module.terms(x, generator)
        reconstruction, kl = terms.reconstruction.mean(), terms.kl.mean()  # means over the batch only
        self._optimizer.zero_grad()
        (reconstruction + beta * kl).backward()
        return reconstruction.item(), kl.item()


def gradient_for(module: VAE, optimizer: Optimizer, precision: str, device: torch.device) -> Gradient:
    """The quickest way to this module's gradient on a device."""
    if device.type == "cpu" and precision == "float32" and WrittenGradient.fits(module):
        return WrittenGradient(module, optimizer)
    return AutogradGradient(module, optimizer, precision)
