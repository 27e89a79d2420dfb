"""Encoder and decoder networks: numbers in, parameters of a distribution out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

ACTIVATION_LAYERS: dict[str, type[nn.Module]] = {"silu": nn.SiLU, "relu": nn.ReLU, "tanh": nn.Tanh}


def dense_layers(sizes: Sequence[int], activation: str) -> nn.Sequential:
    """Linear layers from ``sizes[0]`` to ``sizes[-1]``, an activation after each but the last."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), ACTIVATION_LAYERS[activation]()]
    return nn.Sequential(*layers[:-1])


class DenseEncoder(nn.Module):
    """q(z|x) = N(mu, diag(exp(log_var))): the last layer has separate weights for mu and log_var."""

    def __init__(self, pixels: int, hidden: Sequence[int], latent_dim: int, activation: str) -> None:
        super().__init__()
        self.layers = dense_layers((pixels, *hidden, 2 * latent_dim), activation)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Pixels (B, D) in 0..1 to mu (B, d) and log_var (B, d), both without any bound."""
        mu, log_var = self.layers(x).chunk(2, dim=-1)
        return mu, log_var


class DenseDecoder(nn.Module):
    """p(x|z) by its natural parameters, for the Bernoulli likelihood the logits."""

    def __init__(self, latent_dim: int, hidden: Sequence[int], pixels: int, activation: str) -> None:
        super().__init__()
        self.layers = dense_layers((latent_dim, *hidden, pixels), activation)

    def forward(self, z: Tensor) -> Tensor:
        """Latent points (..., d) to logits (..., D)."""
        logits: Tensor = self.layers(z)
        return logits
