"""The explicit list of likelihoods p(x|z); the room `pixels` has a file for each."""

from __future__ import annotations

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.pixels.base import Likelihood, exact_products
from latent_explorer.core.nn.pixels.bernoulli import Bernoulli, bernoulli_log_prob
from latent_explorer.core.nn.pixels.continuous import ContinuousBernoulli
from latent_explorer.core.nn.pixels.draws import TEST_DRAW_SEED, FixedDraw, binarize, fixed_binary_draw
from latent_explorer.core.nn.pixels.gaussian import LOG_2_PI, Gaussian, gaussian_log_prob
from latent_explorer.core.nn.pixels.logistic import DiscretisedLogistic

__all__ = [
    "LOG_2_PI",
    "TEST_DRAW_SEED",
    "Bernoulli",
    "ContinuousBernoulli",
    "DiscretisedLogistic",
    "FixedDraw",
    "Gaussian",
    "Likelihood",
    "bernoulli_log_prob",
    "binarize",
    "exact_products",
    "fixed_binary_draw",
    "gaussian_log_prob",
    "likelihood_of",
]


def likelihood_of(config: ModelConfig) -> Likelihood:
    """New likelihood for an architecture."""
    if config.likelihood == "gaussian":
        return Gaussian(config.sigma)
    if config.likelihood == "discretised_logistic":
        return DiscretisedLogistic(config.sigma)
    return ContinuousBernoulli() if config.likelihood == "continuous_bernoulli" else Bernoulli()
