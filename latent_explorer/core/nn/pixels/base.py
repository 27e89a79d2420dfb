"""p(x|z) for one image, given what the decoder says: what all kinds of it have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

LEAST_TAKEN = 1e-20  # images that a place answers for


class Likelihood(nn.Module):
    """p(x|z) by the decoder's numbers, one for each pixel."""

    def log_prob(self, x: Tensor, parameters: Tensor) -> Tensor:
        """log p(x|z) in nats, summed over pixels: pixels and numbers (..., D) to (...)."""
        raise NotImplementedError  # each likelihood has its own

    def mean(self, parameters: Tensor) -> Tensor:
        """E[x|z] in 0..1, the picture that is shown."""
        raise NotImplementedError  # each likelihood has its own

    def slope(self, parameters: Tensor) -> Tensor:
        """Derivative of `mean` by the decoder's numbers, (..., D)."""
        raise NotImplementedError  # each likelihood has its own

    def table(self, x: Tensor, parameters: Tensor, mask: Tensor | None = None) -> Tensor:
        """log p(x_b|z_g) for every image and every place, nats, float32.

        Parameters
        ----------
        x : Tensor, shape (B, D)
        parameters : Tensor, shape (G, D)
        mask : bool Tensor, shape (D,), or None
            The pixels that count; None for all.

        Returns
        -------
        Tensor, shape (B, G)
        """
        raise NotImplementedError  # each likelihood has its own

    def expected(self, parameters: Tensor, share: Tensor, x: Tensor) -> Tensor:
        """``sum over b, g of share_bg log p(x_b|z_g)``, with a graph to the numbers: (G, D), (B, G), (B, D) to a scalar."""
        return (share * self.table(x, parameters)).sum()

    def start_at(self, mean_square: float) -> None:
        """What is to be learned besides the decoder begins where a constant picture leaves this mean squared error."""


@contextmanager
def exact_products(x: Tensor) -> Iterator[None]:
    """Inside, autocast leaves float32 products alone: a sum over all pixels rounded to 8 bits would be wrong by nats."""
    with torch.autocast(x.device.type, enabled=False):
        yield


def average_images(share: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """How many images each place answers for (G,), and what they show on average (G, D); of shares (B, G) and images (B, D)."""
    taken = share.sum(0)
    return taken, (share.T @ x) / taken.clamp_min(LEAST_TAKEN)[:, None]
