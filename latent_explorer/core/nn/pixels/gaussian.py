"""Grey or colour pixels around a mean: the Gaussian likelihood, its standard deviation fixed or learned."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from latent_explorer.core.nn.pixels.base import Likelihood, average_images, exact_products

LOG_2_PI = math.log(2 * math.pi)
LEAST_SIGMA = 1e-3  # of a learned sigma at the start, when all images are equal


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

    def centre(self, logits: Tensor) -> Tensor:
        """The mean of the normal distribution of each pixel."""
        return torch.sigmoid(logits)

    def log_prob(self, x: Tensor, logits: Tensor) -> Tensor:
        """As `gaussian_log_prob`, around `centre`."""
        return gaussian_log_prob(x, self.centre(logits), self.log_sigma)

    def mean(self, logits: Tensor) -> Tensor:
        """E[x|z] in 0..1, the picture that is shown."""
        return self.centre(logits)

    def slope(self, logits: Tensor) -> Tensor:
        """Derivative of `mean` by the logits."""
        p = torch.sigmoid(logits)
        return p * (1 - p)

    def table(self, x: Tensor, logits: Tensor, mask: Tensor | None = None) -> Tensor:
        """As of `Likelihood`: squared distances by one matrix product."""
        if mask is not None:
            x, logits = x[:, mask], logits[:, mask]
        with exact_products(x):
            mean = self.centre(logits.float())
            squares = torch.addmm(mean.square().sum(1), x, mean.T, alpha=-2.0) + x.square().sum(1, keepdim=True)
            return -0.5 * squares * torch.exp(-2 * self.log_sigma) - x.shape[1] * (self.log_sigma + 0.5 * LOG_2_PI)

    def expected(self, logits: Tensor, share: Tensor, x: Tensor) -> Tensor:
        """As of `Likelihood`: the squares around a mean are those around the average image, and what lies between the two."""
        with exact_products(x):
            taken, average = average_images(share, x)
            own = (share.sum(1) * x.square().sum(1)).sum() - (taken * average.square().sum(1)).sum()
            squares = own + (taken * (average - self.centre(logits.float())).square().sum(1)).sum()
            constant = x.shape[1] * (self.log_sigma + 0.5 * LOG_2_PI)
            return -0.5 * squares * torch.exp(-2 * self.log_sigma) - taken.sum() * constant

    @torch.no_grad()
    def start_at(self, mean_square: float) -> None:
        """Set a learned sigma to the root of a mean squared error, its optimum for that error."""
        if self.learned:
            self.log_sigma.fill_(0.5 * math.log(max(mean_square, LEAST_SIGMA**2)))
