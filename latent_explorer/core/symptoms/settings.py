"""What the settings alone tell: what beta really is, and what a loss may be called."""

from __future__ import annotations

from collections.abc import Iterator

from latent_explorer.core.config import ModelConfig, TrainingConfig, effective_beta_words
from latent_explorer.core.symptoms.finding import Finding

SAME = 0.02  # relative: beta is this number
HEAVY, LIGHT = 4.0, 0.25  # effective betas beyond which a plane is seldom what one wants


def of_settings(model: ModelConfig, settings: TrainingConfig | None) -> Iterator[Finding]:
    """Effective beta, a warm-up that never ends, and losses on grey pixels."""
    if settings is None:
        return
    if model.facts.penalty == "kl" and model.facts.bound:
        yield from _beta(model, settings)
    if model.facts.penalty and settings.warmup_epochs >= settings.epochs and settings.beta:
        yield Finding(
            "warmup",
            "advice",
            f"Beta rises over {settings.warmup_epochs:g} epochs, and the run has {settings.epochs}: it never has its full weight.",
            "Shorten the warm-up, or train for more epochs.",
        )
    if model.likelihood == "bernoulli" and settings.binarize == "none" and model.facts.bound:
        yield Finding(
            "grey",
            "advice",
            'Grey pixels under a Bernoulli likelihood: the loss is "BCE (grey)", not a likelihood.',
            "Compare it with other grey figures only, or binarise dynamically.",
        )


def _beta(model: ModelConfig, settings: TrainingConfig) -> Iterator[Finding]:
    """The effective beta: that of sums over pixels and over latent dimensions, with a Gaussian of a fixed sigma counted in."""
    effective = settings.beta
    words = effective_beta_words(model, settings)
    if model.facts.bound == "ll" or (effective == 1 and not words):
        return
    pixels, d = model.pixels, model.latent_dim
    scalings = (
        (pixels / d, "as where both terms are means, over pixels and over latent dimensions"),
        (float(pixels), "as where the reconstruction is a mean over pixels and the KL a sum"),
        (1 / d, "as where the KL is a mean over latent dimensions and the reconstruction a sum"),
    )
    like = next((f", {text}" for number, text in scalings if number != 1 and abs(effective / number - 1) < SAME), "")
    sentence = words or f"Beta is {effective:g}{like}: the loss is not the negative ELBO."
    if effective > HEAVY:
        yield Finding("beta", "advice", sentence, "If the plane collapses or images blur, choose a smaller beta.")
    elif effective < LIGHT:
        yield Finding("beta", "advice", sentence, "If codes spread far beyond the prior or leave holes, choose a larger beta.")
    else:
        yield Finding("beta", "advice", sentence, "Compare its loss with runs of the same beta only; the ELBO is always of beta 1.")
