"""p(x|z) for one image, given what the decoder says: log probability, mean, and how training images are drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from latent_explorer.core.config import ModelConfig

TEST_DRAW_SEED = 20250101
LOG_2_PI = math.log(2 * math.pi)
LEAST_TAKEN = 1e-20  # images that a place answers for
LEAST_SIGMA = 1e-3  # of a learned sigma at the start, when all images are equal


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


def gaussian_log_prob(x: Tensor, mean: Tensor, log_sigma: Tensor) -> Tensor:
    """log N(x; mean, sigma^2 I) = -1/2 sum_i ((x_i - mean_i) / sigma)^2 - D (log sigma + 1/2 log 2 pi) in nats, summed over pixels.

    A density: it may be positive, and is not to be compared with a Bernoulli likelihood.

    Parameters
    ----------
    x, mean : Tensor, shape (..., D)
    log_sigma : Tensor, shape ()

    Returns
    -------
    Tensor, shape (...)
    """
    squares = (x - mean).square().sum(-1)
    return -0.5 * squares * torch.exp(-2 * log_sigma) - mean.shape[-1] * (log_sigma + 0.5 * LOG_2_PI)


class Likelihood(nn.Module):
    """p(x|z) by the decoder's numbers, one for each pixel."""

    def log_prob(self, x: Tensor, parameters: Tensor) -> Tensor:
        """log p(x|z) in nats, summed over pixels: pixels and numbers (..., D) to (...)."""
        raise NotImplementedError

    def mean(self, parameters: Tensor) -> Tensor:
        """E[x|z] in 0..1, the picture that is shown."""
        raise NotImplementedError

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
        raise NotImplementedError

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


class Bernoulli(Likelihood):
    """Every pixel is black or white, with the sigmoid of the decoder's number as probability of white."""

    def log_prob(self, x: Tensor, logits: Tensor) -> Tensor:
        """As `bernoulli_log_prob`."""
        return bernoulli_log_prob(x, logits)

    def mean(self, logits: Tensor) -> Tensor:
        """E[x|z] in 0..1, the picture that is shown."""
        return torch.sigmoid(logits)

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
            taken = share.sum(0)
            mean = (share.T @ x) / taken.clamp_min(LEAST_TAKEN)[:, None]
            return (taken * bernoulli_log_prob(mean, logits.float())).sum()


class Gaussian(Likelihood):
    """Every pixel is normal around the sigmoid of the decoder's number, with one standard deviation for all pixels.

    It is fixed, or learned with the other weights (sigma-VAE: Rybkin et al. 2021, arXiv 2006.13202); its optimum is the
    root of the mean squared error. "SSE / 2 + beta KL" is the same objective with ``beta = sigma^2``.
    """

    log_sigma: Tensor

    def __init__(self, sigma: float | None) -> None:
        super().__init__()
        self.learned = sigma is None
        if self.learned:
            self.log_sigma = nn.Parameter(torch.zeros(()))
        else:
            # Not stored with the weights: the architecture's record has it.
            self.register_buffer("log_sigma", torch.tensor(math.log(sigma or 1.0)), persistent=False)

    def log_prob(self, x: Tensor, logits: Tensor) -> Tensor:
        """As `gaussian_log_prob`, for the mean below."""
        return gaussian_log_prob(x, torch.sigmoid(logits), self.log_sigma)

    def mean(self, logits: Tensor) -> Tensor:
        """E[x|z] in 0..1, the picture that is shown."""
        return torch.sigmoid(logits)

    def table(self, x: Tensor, logits: Tensor, mask: Tensor | None = None) -> Tensor:
        """As of `Likelihood`: squared distances by one matrix product."""
        if mask is not None:
            x, logits = x[:, mask], logits[:, mask]
        with exact_products(x):
            mean = torch.sigmoid(logits.float())
            squares = torch.addmm(mean.square().sum(1), x, mean.T, alpha=-2.0) + x.square().sum(1, keepdim=True)
            return -0.5 * squares * torch.exp(-2 * self.log_sigma) - x.shape[1] * (self.log_sigma + 0.5 * LOG_2_PI)

    @torch.no_grad()
    def start_at(self, mean_square: float) -> None:
        """Set a learned sigma to the root of a mean squared error, its optimum for that error."""
        if self.learned:
            self.log_sigma.fill_(0.5 * math.log(max(mean_square, LEAST_SIGMA**2)))


def likelihood_of(config: ModelConfig) -> Likelihood:
    """New likelihood for an architecture."""
    return Gaussian(config.sigma) if config.likelihood == "gaussian" else Bernoulli()


def binarize(grey: Tensor, generator: torch.Generator) -> Tensor:
    """Fresh binary pixels: 1 with probability `grey` (dynamic binarisation), same shape and dtype."""
    return torch.rand(grey.shape, generator=generator, device=grey.device).lt(grey).to(grey.dtype)


class FixedDraw:
    """The one binary draw on which figures are quoted: ``random(images.shape) < images / 255`` in float64, in file order.

    Images may be drawn piece by piece, one piece after the other; the numbers are the same.
    """

    def __init__(self, seed: int = TEST_DRAW_SEED) -> None:
        self._generator = np.random.Generator(np.random.PCG64(seed))

    def of(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The next images (n, H, W, C), as 0 and 1."""
        return (self._generator.random(images.shape) < images / 255).astype(np.float32)


def fixed_binary_draw(images: NDArray[np.uint8], seed: int = TEST_DRAW_SEED) -> NDArray[np.float32]:
    """All images of `FixedDraw` at once."""
    return FixedDraw(seed).of(images)
