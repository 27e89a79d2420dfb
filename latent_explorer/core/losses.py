"""What the losses of a run measure, so that only those are laid beside each other that can be compared; and a run's rate and distortion."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.types import History

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Measure:
    """What a run's loss is of; losses of equal measures can be compared.

    Parameters
    ----------
    data : str
        Content hash of the data set.
    pixels : tuple
        The likelihood, its fixed sigma or None, and how pixels are binarised.
    loss : str
        "elbo", "ll", or the family where its loss is no bound.
    conditional : bool
        Whether it is of p(x|y).
    objective : str
        What training made large.
    samples : int
        K of the IWAE bound; 1 for others.
    beta : float
        Of the penalty, after any warm-up; 1 where there is none.
    model : ModelConfig or None
        Whose losses they are. They are of the same whatever the model, so it is not compared.
    """

    data: str
    pixels: tuple[str, float | None, str]
    loss: str
    conditional: bool
    objective: str
    samples: int
    beta: float
    model: ModelConfig | None = field(default=None, compare=False)

    def same_terms(self, other: Measure) -> bool:
        """Whether reconstruction and KL can be compared, whatever was made small of them."""
        return replace(self, objective="", samples=1, beta=1.0) == replace(other, objective="", samples=1, beta=1.0)


def measure_of(model: ModelConfig, settings: TrainingConfig, data: str) -> Measure:
    """The measure of a run with these settings on data with this content hash."""
    facts = model.facts
    objective = settings.objective or facts.objectives[0]
    return Measure(
        data,
        (model.likelihood, model.sigma, settings.binarize if model.likelihood == "bernoulli" else ""),
        facts.bound or facts.key,
        facts.conditional,
        objective,
        settings.samples if objective == "iwae" else 1,
        settings.beta if facts.penalty and facts.bound != "ll" else 1.0,
        model,
    )


def rate_distortion(history: History | None, of: str = "") -> tuple[Floats, Floats, str]:
    """Where a run has been: rate (KL) and distortion (reconstruction), nats per image, (E,) each, in the order of its epochs.

    Of "validation" images where they were measured, else of "training" images, or of those that `of` names; the last element says
    which. Their sum is the negative ELBO, so points of equal ELBO lie on lines of slope -1 (Alemi et al. 2018, arXiv 1711.00464).
    """
    none = np.zeros(0, np.float32)
    for name in (of,) if of else ("validation", "training"):
        columns = {} if history is None else history.columns
        rate, distortion = (columns.get(f"{name.removesuffix('ing')}_{term}", none) for term in ("kl", "reconstruction"))
        if len(rate) == len(distortion) and (known := np.isfinite(rate) & np.isfinite(distortion)).any():
            return rate[known], distortion[known], name
    return none, none, of or "training"
