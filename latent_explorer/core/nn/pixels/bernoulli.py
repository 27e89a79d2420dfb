"""Black or white pixels: the Bernoulli likelihood."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from latent_explorer.core.nn.pixels.base import Likelihood, average_images, exact_products


class _BernoulliLogProb(torch.autograd.Function):
    """The sum and its derivative x - sigmoid(a) in one pass each; autograd's own would keep and read three arrays more."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, logits: Tensor) -> Tensor:
        ctx.save_for_backward(x, logits)
        # torch.linalg.vecdot is just this product and sum, but autocast would round its result to 8 bits.
        found: Tensor = (x * logits).sum(-1) - functional.softplus(logits).sum(-1)
        return found

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, Tensor]:
        x, logits = ctx.saved_tensors
        return None, torch.sigmoid(logits).neg_().add_(x).mul_(grads[0].unsqueeze(-1))


def bernoulli_log_prob(x: Tensor, logits: Tensor) -> Tensor:
    """log p(x|z) = sum_i [x_i a_i - softplus(a_i)] in nats, summed over pixels.

    A true likelihood for binary x only; on grey pixels it is called "BCE (grey)". Derivatives go to the logits only.

    Parameters
    ----------
    x : Tensor, shape (..., D), in 0..1
    logits : Tensor, shape (..., D)

    Returns
    -------
    Tensor, shape (...)
    """
    found: Tensor = _BernoulliLogProb.apply(x.expand_as(logits), logits)  # type: ignore[no-untyped-call]  # torch's
    return found


class Bernoulli(Likelihood):
    """Every pixel is black or white, with the sigmoid of the decoder's number as probability of white."""

    def log_prob(self, x: Tensor, logits: Tensor) -> Tensor:
        """As `bernoulli_log_prob`."""
        return bernoulli_log_prob(x, logits)

    def mean(self, logits: Tensor) -> Tensor:
        """E[x|z] in 0..1, the picture that is shown."""
        return torch.sigmoid(logits)

    def slope(self, logits: Tensor) -> Tensor:
        """Derivative of `mean` by the logits."""
        p = torch.sigmoid(logits)
        return p * (1 - p)

    def table(self, x: Tensor, logits: Tensor, mask: Tensor | None = None) -> Tensor:
        """As of `Likelihood`: ``x . a_g - sum_i softplus(a_gi)``, one matrix product."""
        if mask is not None:
            x, logits = x[:, mask], logits[:, mask]
        with exact_products(x):
            logits = logits.float()
            return torch.addmm(-functional.softplus(logits).sum(1), x, logits.T)

    def expected(self, logits: Tensor, share: Tensor, x: Tensor) -> Tensor:
        """As of `Likelihood`, by what the images of each place have in the mean: two thin products in the place of a table."""
        with exact_products(x):
            taken, mean = average_images(share, x)
            return (taken * bernoulli_log_prob(mean, logits.float())).sum()
