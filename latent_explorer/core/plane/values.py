"""What codes can be coloured by: the numbers that are known for each point."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.families import Family
from latent_explorer.core.posterior import score_of as score_kind
from latent_explorer.core.sample import sample_rows
from latent_explorer.core.types import Codes, Images

TITLES = {
    "elbo": "ELBO (nats)",
    "kl": "KL (nats)",
    "kl_top": "KL, upper level (nats)",
    "kl_lower": "KL, lower level (nats)",
    "kappa": "Concentration kappa",
    "reconstruction": "Reconstruction (nats)",
    "mse": "Squared error",
    "surprise": "Surprise, −log p(x) (nats)",
    "grey_surprise": "Surprise, −grey score (nats)",
    "width": "Posterior's width",
}


def title_of(name: str, names: Iterable[str] = ()) -> str:
    """What people read for a column; the user's own names stay as they are.

    ``names`` are those it is offered among: `Values` know whether a likelihood is that given the class, and of which pixels.
    """
    title = TITLES.get(name, name)
    if not isinstance(names, Values):
        return title
    words = title.replace("p(x)", "p(x | class)") if names.given else title
    return words.replace(" (nats)", note_on(SURPRISES.get(name, name), names.pixels) + " (nats)")


GREY, DENSITY = "grey score", "ll density"  # of `core.posterior.score_of`
SEEN = 16  # images of a data set that tell whether it is black and white


def pixels_of(config: ModelConfig | None, images: Images | None) -> str:
    """What likelihoods of such images are, as `core.posterior.score_of` calls it; "" where there is no model.

    Images that are not at hand count as grey: of black and white ones the draw is the image itself.
    """
    if config is None:
        return ""
    return score_kind(config, np.full(1, 127, np.uint8) if images is None else images[sample_rows(len(images), SEEN)])


def note_on(column: str, pixels: str) -> str:
    """What is to be said behind the name of a column: that it is of one black and white draw of each image, or a density's logarithm.

    ``pixels``: see `pixels_of`. A Bernoulli decoder's ``ll`` of grey images is that of a fixed binary draw
    (`core.nn.figures.exact.quoted_pixels`); what is of the grey images themselves is called grey score and needs no note.
    """
    return {GREY: ", one draw", DENSITY: ", density"}.get(pixels, "") if column == "ll" else ""


def given_class(codes: Codes, facts: Family | None) -> bool:
    """Whether likelihoods are those given each image's class: a conditional model was told them all (`core.nn.evaluation`)."""
    return facts is not None and facts.conditional and bool((codes.labels >= 0).all())


SURPRISES = {"surprise": "ll", "grey_surprise": "grey_score"}  # of which column each is the negative


def score_of(codes: Codes) -> str:
    """The column with the exact score of each image, "ll" or "grey_score" (`core.nn.exact.many`); "" where there is none."""
    return next((name for name in SURPRISES.values() if name in codes.columns), "")


def has_closed_kl(codes: Codes, facts: Family | None) -> bool:
    """Whether q is N(mu, diag s^2) on one level, its mean the code itself, and the prior N(0, I).

    ``facts`` are the model's, None where there is none.
    """
    others = codes.columns.keys() & {"cov", "kappa", "kl_top"}  # tilted, on the sphere, of two levels
    normal = facts is None or (facts.encoder and facts.prior and facts.space == "plane" and not facts.levels)
    return codes.kind == "mean" and not others and normal


class Values(Mapping[str, NDArray[np.floating]]):
    """Columns of one number a point, and what follows from the posteriors, worked out when it is asked for.

    ``kl``: of each posterior from the prior N(0, I), nats, 1/2 sum(mu^2 + s^2 - 1 - log s^2); only where `has_closed_kl`: others
    have a column of their own, or none. ``width``: the geometric mean of its standard deviations. ``surprise``,
    ``grey_surprise``: the negative of `SURPRISES`, in their place, so that what is strange stands out. ``given``: see `given_class`;
    ``pixels``: see `pixels_of`.
    """

    def __init__(self, codes: Codes, facts: Family | None = None, pixels: str = "") -> None:
        self._codes = codes
        self.given, self.pixels = given_class(codes, facts), pixels
        surprise = {column: name for name, column in SURPRISES.items()}
        self._names = [surprise.get(name, name) for name, column in codes.columns.items() if column.ndim == 1]
        log_var = codes.columns.get("log_var")
        if log_var is not None and log_var.shape == codes.z.shape:
            worked_out = ("kl", "width") if has_closed_kl(codes, facts) else ("width",)
            self._names += [name for name in worked_out if name not in self._names]

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __getitem__(self, name: str) -> NDArray[np.floating]:
        if name not in self._names:
            raise KeyError(name)
        if name in SURPRISES and name not in self._codes.columns:
            surprise: NDArray[np.floating] = -self._codes.columns[SURPRISES[name]]
            return surprise
        column = self._codes.columns.get(name)
        if column is not None:
            return column
        mu, log_var = self._codes.z, self._codes.columns["log_var"]
        if name == "width":
            width: NDArray[np.floating] = np.exp(log_var.mean(axis=1) / 2)
            return width
        kl: NDArray[np.floating] = 0.5 * (mu**2 + np.exp(log_var) - 1 - log_var).sum(axis=1)
        return kl
