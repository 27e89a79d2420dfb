"""What the codes tell: units that are used, KL of each dimension, collapse, leaks and holes against the prior, classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.plane.density import bandwidth_of, drawn
from latent_explorer.core.plane.fields import hole_mass
from latent_explorer.core.plane.slices import ACTIVE_VARIANCE
from latent_explorer.core.symptoms.finding import Finding
from latent_explorer.core.types import Codes

Numbers = NDArray[np.float64]

LEAST_CODES = 50  # before anything is said
MOST_CODES = 2000  # that are looked at
COLLAPSED_KL, COLLAPSED_VARIANCE = 0.05, 0.8  # nats at most, and posterior variance at least, of a dimension that has collapsed
POINT_LIKE = 0.01  # mean standard deviation of posteriors that are nearly points
BEYOND = 3.5  # of the normal prior in two dimensions, beyond which lies exp(-3.5^2 / 2) = 0.22 % of it
LEAK, WIDE_LEAK = 0.02, 0.1
HOLES, WIDE_HOLES = 0.15, 0.4
FILLED = 0.05  # hole mass at most, of codes that fill the prior
LISTED = 8  # dimensions whose KL is told one by one
TELLS = 0.25  # accuracy above that of always guessing the commonest class
VOTERS = 5
LEAST_STEPS = 500  # of a run: before, a healthy model's posteriors may still be the prior, and its codes at one place
LEVELS_RISE = 0.5  # of a run of a model with two levels, in which the upper KL has less than its weight
SEED = 20250104  # no usual one: codes drawn by the same numbers would go with the noise


def told_by_now(model: ModelConfig, settings: TrainingConfig, epoch: int, step: int) -> bool:
    """Whether the codes of a run that is on have had time to tell anything: not at its start, and not while beta rises."""
    rises = max(settings.warmup_epochs, LEVELS_RISE * settings.epochs if model.facts.levels else 0.0)
    return step >= LEAST_STEPS and epoch >= rises


def unexamined(count: int) -> Iterator[Finding]:
    """Why nothing is said of the codes, where too few images are set aside for validation; nothing where they are enough."""
    if count < LEAST_CODES:
        few = "No images are" if count == 0 else "One image is" if count == 1 else f"Only {count} images are"
        yield Finding("unexamined", "fine", f"{few} set aside for validation, so nothing is said of the codes.")


def not_looked_at() -> Finding:
    """Of a finished model whose images are not at hand."""
    return Finding("unexamined", "fine", "Its codes were not looked at: that takes the validation images of its own data set.")


def all_collapsed(kl: float, space: str) -> Finding:
    """That the KL of all dimensions together, nats, is none to speak of."""
    are = "nearly even over the sphere" if space == "sphere" else "the prior"
    return Finding(
        "collapse",
        "problem",
        f"All posteriors are {are} (KL {kl:.2g} nats): the codes say nothing about the images.",
        "Train with a smaller beta, raise it over some epochs of warm-up, or give the encoder more epochs.",
    )


def all_gone(found: Iterable[Finding]) -> bool:
    """Whether findings of `of_codes` tell of a collapse of all dimensions: then none is counted as used."""
    keys = {finding.key for finding in found}
    return "collapse" in keys and "units" not in keys


def of_codes(model: ModelConfig, codes: Codes | None, figures: Mapping[str, Any]) -> Iterator[Finding]:
    """All findings on codes of validation or training images; nothing while there are too few of them."""
    if codes is None or len(codes.z) < LEAST_CODES:
        return
    rows = np.linspace(0, len(codes.z) - 1, min(MOST_CODES, len(codes.z))).astype(np.int64)
    mean = codes.z[rows].astype(np.float64)
    finite = np.isfinite(mean).all(axis=1)
    if not finite.all():
        lost = f"{(~finite).mean():.0%} of the codes are not finite."
        yield Finding("codes", "problem", lost, "Train again with a smaller learning rate.")
    rows, mean = rows[finite], mean[finite]
    if len(mean) < LEAST_CODES:
        return
    log_var = codes.columns.get("log_var")
    variance = np.exp(log_var[rows].astype(np.float64)) if log_var is not None and model.facts.spread else None
    sphere = model.facts.space == "sphere"  # a unit vector has no unit that is silent
    units = tuple(_directions(codes, rows) if sphere else _units(model, mean, variance))
    yield from units
    collapsed = any(finding.key == "collapse" and finding.severity == "problem" for finding in units)
    tilted = codes.columns.get("cov")
    if variance is not None and tilted is not None:
        variance = tilted[rows].astype(np.float64)
    if model.facts.prior and model.facts.space == "plane":
        yield from _leak(mean, variance)
        yield from (f for f in _holes(mean, variance, figures) if not (collapsed and f.severity == "fine"))
    if model.facts.conditional and not collapsed:  # codes that say nothing of the image leave nothing to tell
        yield from _classes(mean, codes.labels[rows])


def kl_by_dimension(mean: Numbers, variance: Numbers) -> Numbers:
    """Mean over images of 1/2 (mu_j^2 + s_j^2 - 1 - log s_j^2), nats, shape (d,); source: Kingma & Welling 2014, appendix B."""
    found: Numbers = 0.5 * (mean**2 + variance - 1 - np.log(variance)).mean(axis=0)
    return found


def _units(model: ModelConfig, mean: Numbers, variance: Numbers | None) -> Iterator[Finding]:
    """Active units (Burda et al. 2016), the KL of each dimension, and what has collapsed."""
    d = mean.shape[1]
    spread = mean.var(axis=0)
    has_scale = model.facts.prior  # a plane without a prior may be as small or large as it likes
    active = spread > (ACTIVE_VARIANCE if has_scale else ACTIVE_VARIANCE * spread.max())
    count = int(active.sum())
    kl = None
    if variance is not None and model.facts.space == "plane" and model.facts.penalty == "kl":
        kl = kl_by_dimension(mean, np.maximum(variance, 1e-30))
        yield Finding("kl", "fine", _kl_words(kl))
        gone = (kl < COLLAPSED_KL) & (variance.mean(axis=0) > COLLAPSED_VARIANCE)
        if gone.all():
            yield all_collapsed(float(kl.sum()), "plane")
            return
        if gone.any():
            names = _names(np.flatnonzero(gone))
            yield Finding(
                "collapse",
                "problem" if d <= 2 else "advice",
                f"{names} collapsed to the prior: {'they say' if gone.sum() > 1 else 'it says'} nothing about the images.",
                "Train with a smaller beta or with warm-up" + ("; or choose fewer latent dimensions." if d > 2 else "."),
            )
        if float(np.sqrt(variance).mean()) < POINT_LIKE:
            yield Finding(
                "points",
                "advice",
                f"Posteriors are nearly points: their mean standard deviation is {float(np.sqrt(variance).mean()):.2g}.",
                "A larger beta would make them overlap, and the plane smoother.",
            )
    units = f"{count} of {d} latent dimension{'s' if d > 1 else ''} {'is' if count == 1 else 'are'} used (variance of the codes above"
    units += f" {ACTIVE_VARIANCE})." if has_scale else f" {ACTIVE_VARIANCE} of the largest)."
    if count == d:
        yield Finding("units", "fine", units)
    else:
        advice = "Train with a smaller beta or with warm-up" + ("; or choose fewer latent dimensions." if d > 2 else ".")
        yield Finding("units", "problem" if count == 0 or d <= 2 else "advice", units, advice if kl is not None else "Train longer.")


def _directions(codes: Codes, rows: NDArray[np.int64]) -> Iterator[Finding]:
    """KL from the even density on the sphere, as the encoder told it; it is near 0 where kappa is, 1/6 kappa^2."""
    column = codes.columns.get("kl")
    told = column[rows].astype(np.float64) if column is not None else np.zeros(0)
    told = told[np.isfinite(told)]
    if len(told) == 0:
        return
    kl = float(told.mean())
    if kl < COLLAPSED_KL:
        yield all_collapsed(kl, "sphere")
    else:
        yield Finding("kl", "fine", f"The KL is {kl:.2f} nats.")


def _kl_words(kl: Numbers) -> str:
    if len(kl) <= LISTED:
        parts = ", ".join(f"z[{k}] {value:.2f}" for k, value in enumerate(kl))
        return f"KL of each dimension in nats: {parts}." if len(kl) > 1 else f"The KL is {kl[0]:.2f} nats."
    most, least = int(kl.argmax()), int(kl.argmin())
    return f"KL of the {len(kl)} dimensions: {kl.sum():.2f} nats, most z[{most}] {kl[most]:.2f}, least z[{least}] {kl[least]:.2f}."


def _names(dimensions: NDArray[np.int64]) -> str:
    names = [f"z[{k}]" for k in dimensions[:LISTED]]
    if len(dimensions) > LISTED:
        return f"{len(dimensions)} dimensions have"
    return names[0] + " has" if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]} have"


def _leak(mean: Numbers, variance: Numbers | None) -> Iterator[Finding]:
    """P_q{|z| > r}, with r = 3.5 in two dimensions, and in others where the prior has as little beyond; one draw of each posterior."""
    from scipy.special import gammainccinv  # loading it takes long, and the first screen needs none

    d = mean.shape[1]
    reach = float(np.sqrt(2 * gammainccinv(d / 2, np.exp(-(BEYOND**2) / 2))))
    z = mean
    if variance is not None:
        z = drawn(mean, variance, np.random.Generator(np.random.PCG64(SEED)).standard_normal(mean.shape))
    leak = float((np.square(z).sum(axis=1) > reach**2).mean())
    if leak > LEAK:
        yield Finding(
            "leak",
            "problem" if leak > WIDE_LEAK else "advice",
            f"{leak:.1%} of the codes lie beyond |z| = {reach:.2g}, where the prior has 0.2%: its samples seldom look like these images.",
            "Train with a larger beta.",
        )


def _holes(mean: Numbers, variance: Numbers | None, figures: Mapping[str, Any]) -> Iterator[Finding]:
    """Hole mass P_p{ z : q_agg(z) / p(z) < 0.1 }: as it was measured, or of these codes."""
    measured = figures.get("hole_mass")
    mass = measured.get("value") if isinstance(measured, Mapping) else measured
    if not isinstance(mass, int | float):
        if mean.shape[1] > 2:
            return  # no grid covers more dimensions
        line = mean.shape[1] == 1
        places = np.pad(mean, ((0, 0), (0, 1))) if line else mean
        if variance is None:
            widths = np.broadcast_to(np.square(np.minimum(bandwidth_of(places, len(places), line=line), 1.0)), places.shape)
        else:
            widths = np.pad(variance, ((0, 0), *[(0, 1)] * (variance.ndim - 1))) if line else variance
        mass = hole_mass(places, widths, line=line)
    if mass > HOLES:
        yield Finding(
            "holes",
            "problem" if mass > WIDE_HOLES else "advice",
            f"Holes have {mass:.0%} of the prior's mass: the decoder has hardly seen codes there, and samples may look like nothing.",
            "Train with a larger beta or longer, and look at them in the layer Holes.",
        )
    else:
        filled = f"The codes fill the prior: holes have {mass:.0%} of its mass."
        yield Finding("holes", "fine", filled if mass <= FILLED else f"Holes have {mass:.0%} of the prior's mass, which is usual.")


def _classes(mean: Numbers, labels: NDArray[np.int64]) -> Iterator[Finding]:
    """A conditional model's codes need not tell the class, since both networks are told it: by 5-NN, each code left out in turn."""
    from scipy.spatial import cKDTree

    known = labels >= 0
    places, classes = mean[known], labels[known]
    if len(places) < LEAST_CODES:
        return
    _, rows = cKDTree(places).query(places, VOTERS + 1)
    votes = np.zeros((len(places), int(classes.max()) + 1))
    for k in range(1, VOTERS + 1):
        votes[np.arange(len(places)), classes[rows[:, k]]] += 1
    accuracy = float((votes.argmax(axis=1) == classes).mean())
    chance = float(np.bincount(classes).max() / len(classes))
    if accuracy > chance + TELLS:
        yield Finding(
            "classes",
            "advice",
            f"The codes still tell the class, which the decoder knows anyway: {accuracy:.0%} by their neighbours, {chance:.0%} by chance.",
            "Train longer or with a larger beta: then the plane is left with style alone.",
        )
    else:
        yield Finding(
            "classes", "fine", f"The codes leave the class to the label: {accuracy:.0%} by their neighbours, {chance:.0%} by chance."
        )
