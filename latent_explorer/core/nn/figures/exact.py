"""Figures by exact inference: log p(x) on three grids and by importance weighting, the encoder's gap, and the aggregate posterior."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.nn.exact.forms import form_of
from latent_explorer.core.nn.exact.grids import SIDES, nodes_for, why_not
from latent_explorer.core.nn.exact.importance import SAMPLES, SEED, Bound, iwae_by_encoder, iwae_by_posterior
from latent_explorer.core.nn.exact.many import SIDE, aggregate_of, moments_of
from latent_explorer.core.nn.exact.settled import Settled, settled_log_likelihoods
from latent_explorer.core.nn.exact.totals import Moments
from latent_explorer.core.nn.figures.form import Figures, Progress, absent, figure, mean_figure
from latent_explorer.core.nn.figures.terms import Labels, pixels_words
from latent_explorer.core.nn.handles import module_of
from latent_explorer.core.nn.inference import Pixels
from latent_explorer.core.plane.fields import HOLE
from latent_explorer.core.posterior import NARROW, score_of
from latent_explorer.core.sample import sample_rows
from latent_explorer.core.types import ModelHandle

WEIGHED = 500  # images that IWAE-K is computed on
SLOW = 200  # images that a likelihood which is no matrix product is summed for, on the coarsest grid alone
LEAKED = 3.5  # farther out the prior has 0.2 % of its mass
HOLE_SIDE = 128  # cells that holes are looked for in

LL_KEYS = tuple(f"ll_quadrature.{side}" for side in SIDES)
KEYS = (
    *LL_KEYS,
    "ll_agreement.128_256",
    "ll_agreement.256_512",
    "ll_agreement.256_iwae",
    "ll_adaptive",
    "ll_agreement.adaptive_256_512",
    "ll_agreement.adaptive_iwae",
    "iwae",
    "iwae_exact",
    "gap",
    "bits_per_dim",
    "mutual_information",
    "hole_mass.exact",
    "leak.exact",
)
NATS = "nats/image"

Add = Callable[[Callable[[], Figures]], None]


@dataclass(frozen=True, eq=False)
class Summed:
    """What the figures are made of: the pixels that are quoted, and each image's moments on the grid that all but `ll_quadrature` use.

    ``rows``: those of the test images that were summed, all of them unless the likelihood is slow.
    """

    pixels: Pixels
    labels: Labels | None
    rows: Labels
    side: int
    moments: Moments


def grid_words(handle: ModelHandle, side: int) -> str:
    """Which nodes a sum is over."""
    nodes = nodes_for(handle.architecture, side)
    return {
        "plane": f"uniform grid of {side} x {side} midpoints on [-4.5, 4.5]^2 weighed by N(0, I)",
        "line": f"uniform grid of {len(nodes.z):,} midpoints on [-4.5, 4.5] weighed by N(0, 1)",
        "torus": f"uniform grid of {side} x {side} nodes on the torus",
        "sphere": f"{len(nodes.z):,} Fibonacci nodes on the sphere",
    }[nodes.kind]


def quoted_pixels(handle: ModelHandle, images: NDArray[np.uint8]) -> Pixels:
    """The pixels that a likelihood is quoted on: the fixed binary draw for a Bernoulli decoder, else the images as they are."""
    from latent_explorer.core.nn.likelihoods import fixed_binary_draw

    return fixed_binary_draw(images) if handle.architecture.likelihood == "bernoulli" else images


def _likelihood_words(handle: ModelHandle, pixels: Pixels) -> str:
    told = " given the image's class" if handle.architecture.facts.conditional else ""
    return ("log p(x)" if score_of(handle.architecture, pixels[:1]) == "ll" else "log density of x") + told


def exact_figures(
    handle: ModelHandle,
    images: NDArray[np.uint8],
    labels: Labels | None,
    elbo: NDArray[np.float64] | None,
    add: Add,
    progress: Progress,
) -> Summed | None:
    """Tell all of `KEYS` to `add`, one computation after the other; where there is no exact inference, the reason.

    Parameters
    ----------
    elbo : float64 array, shape (N,), or None
        Each image's, on the same pixels.
    """
    reason = why_not(handle.architecture)
    pixels = quoted_pixels(handle, images)
    if reason:
        add(lambda: absent(reason, *(key for key in KEYS if key != "iwae"), unit=NATS))
        add(lambda: _weighed_by_encoder(handle, pixels, labels, progress))
        return None
    slow = form_of(module_of(handle)) is None
    rows = np.arange(len(images))[sample_rows(len(images), SLOW) if slow else slice(None)]
    some, told = pixels[rows], None if labels is None else labels[rows]
    words = f"{_likelihood_words(handle, pixels)}, {pixels_words(handle)}"
    found: dict[int, Moments] = {}

    def on(side: int) -> Figures:
        found[side] = moments_of(handle, some, side, told, lambda part: progress(f"LL on {side} x {side}", part))
        return {f"ll_quadrature.{side}": mean_figure(found[side].log_evidence, unit=NATS, protocol=f"{words}, {grid_words(handle, side)}")}

    sides = SIDES[:1] if slow else SIDES
    for side in sides:
        add(partial(on, side))
    if slow:
        add(lambda: absent("This likelihood is no matrix product, so only the coarsest grid is summed.", *LL_KEYS[1:], unit=NATS))
    side = SIDE if SIDE in found else sides[-1]
    summed = Summed(some, told, rows, side, found[side])
    add(lambda: _agreement(handle, found))
    add(lambda: _gap(handle, summed, elbo))
    add(lambda: _bits(handle, found[sides[-1]].log_evidence))
    add(lambda: _aggregate(handle, summed, progress))
    few = np.arange(len(some))[sample_rows(len(some), WEIGHED)]
    bounds: list[Bound] = []
    add(lambda: _weighed_by_posterior(handle, summed, few, words, progress, bounds))
    add(lambda: _adaptive(handle, summed, found, few, words, bounds, progress))
    add(lambda: _weighed_by_encoder(handle, some, told, progress))
    return summed


def _agreement(handle: ModelHandle, found: dict[int, Moments]) -> Figures:
    """Paired differences between neighbouring grids."""
    figures: Figures = {}
    for coarse, fine in pairwise(SIDES):
        key = f"ll_agreement.{coarse}_{fine}"
        if fine not in found:
            figures |= absent("Only one grid was summed.", key, unit=NATS)
            continue
        difference = found[fine].log_evidence - found[coarse].log_evidence
        far = float(np.abs(difference).max())
        protocol = f"LL on {fine} less LL on {coarse} nodes along each axis, the same images; largest difference of one image {far:.3g}"
        figures[key] = mean_figure(difference, unit=NATS, protocol=protocol)
    return figures


def _gap(handle: ModelHandle, summed: Summed, elbo: NDArray[np.float64] | None) -> Figures:
    if elbo is None:
        return absent("It has no ELBO, so there is no gap below log p(x).", "gap", unit=NATS)
    words = f"log p(x) - ELBO = KL(q(z|x) || p(z|x)), the same images and pixels, {grid_words(handle, summed.side)}"
    return {"gap": mean_figure(summed.moments.log_evidence - elbo[summed.rows], unit=NATS, protocol=words)}


def _bits(handle: ModelHandle, log_evidence: NDArray[np.float64]) -> Figures:
    config = handle.architecture
    if config.likelihood != "discretised_logistic":
        reason = "Bits per dimension need probabilities of 8-bit pixels, which only the discretised logistic likelihood gives."
        return absent(reason, "bits_per_dim", unit="bits/dim")
    protocol = "-log2 p(x) divided by the number of pixels and channels, 8-bit pixels as they are"
    return {"bits_per_dim": mean_figure(-log_evidence / (config.pixels * math.log(2)), unit="bits/dim", protocol=protocol)}


def _aggregate(handle: ModelHandle, summed: Summed, progress: Progress) -> Figures:
    """Mutual information, holes and leak of the exact aggregate posterior."""
    nodes = nodes_for(handle.architecture, summed.side)

    def tell(part: float) -> None:
        progress("aggregate posterior", part)

    mass = aggregate_of(handle, summed.pixels, summed.moments.log_evidence, summed.side, summed.labels, tell)
    prior = np.exp(nodes.log_weight)
    lit = mass > 0
    to_prior = float((mass[lit] * (np.log(mass[lit]) - nodes.log_weight[lit])).sum())
    n, words = len(summed.rows), f"exact posteriors on the {grid_words(handle, summed.side)}"
    found = {
        "mutual_information": figure(
            float(summed.moments.information.mean()) - to_prior,
            n=n,
            protocol=f"I(x; z) = mean KL(p(z|x) || p(z)) - KL(aggregate || prior), {words}; at most log n",
            unit="nats",
        )
    }
    if nodes.kind in ("plane", "torus"):
        cells, expected = (_coarser(array.reshape(nodes.shape)) for array in (mass, prior))
        holes = float(expected[cells < HOLE * expected].sum() / expected.sum())
        protocol = (
            f"prior mass where the aggregate posterior has less than {HOLE} of the prior's, {len(cells)} x {len(cells)} cells, {words}"
        )
        found["hole_mass.exact"] = figure(holes, n=n, protocol=protocol, unit="probability")
    else:
        found |= absent("Holes are looked for in the cells of a plane or torus.", "hole_mass.exact", unit="probability")
    if nodes.kind == "plane":
        out = np.linalg.norm(nodes.z.astype(np.float64), axis=1) > LEAKED
        protocol = f"aggregate posterior's mass at |z| > {LEAKED}, {words}"
        found["leak.exact"] = figure(float(mass[out].sum()), n=n, protocol=protocol, unit="probability")
    else:
        found |= absent("Only a plane has a far outside.", "leak.exact", unit="probability")
    return found


def _coarser(grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums over squares of cells, so that at most `HOLE_SIDE` are left along each axis."""
    times = max(1, len(grid) // HOLE_SIDE)
    found: NDArray[np.float64] = grid.reshape(len(grid) // times, times, -1, times).sum((1, 3))
    return found


def _bound_figure(bound: Bound, protocol: str) -> dict[str, object]:
    noise = math.sqrt(float((bound.se**2).mean()) / len(bound.se))
    return mean_figure(bound.value, unit=NATS, protocol=f"{protocol}; noise of the draws {noise:.2g}", seed=SEED)


def _adaptive(
    handle: ModelHandle,
    summed: Summed,
    found: dict[int, Moments],
    few: Labels,
    words: str,
    bounds: list[Bound],
    progress: Progress,
) -> Figures:
    """log p(x) with cells divided, from the usual grid; beside it from the next finer one, and IWAE-K, on some of the images."""
    keys = ("ll_adaptive", "ll_agreement.adaptive_256_512", "ll_agreement.adaptive_iwae")
    if nodes_for(handle.architecture, summed.side).kind == "sphere":
        return absent("Cells are divided on a plane, a line or a torus.", *keys, unit=NATS)

    def from_grid(side: int, rows: Labels) -> Settled:
        told = None if summed.labels is None else summed.labels[rows]
        known = found[side].log_evidence[rows]
        return settled_log_likelihoods(
            handle, summed.pixels[rows], known, side, told, lambda part: progress(f"LL, cells of {side} x {side} divided", part)
        )

    all_of_them = from_grid(summed.side, np.arange(len(summed.rows)))
    how = f"cells divided until the sum settles, from the {grid_words(handle, summed.side)}, halved up to {all_of_them.level} times"
    if not all_of_them.whole:
        how += "; some posteriors are narrower still"
    values = all_of_them.log_evidence
    figures: Figures = {keys[0]: mean_figure(values, unit=NATS, protocol=f"{words}, {how}")}
    finer = 2 * summed.side
    if finer in found:
        difference = from_grid(finer, few).log_evidence - values[few]
        protocol = f"{keys[0]} from {finer} less that from {summed.side} nodes along each axis, the same images; largest"
        figures[keys[1]] = mean_figure(difference, unit=NATS, protocol=f"{protocol} {float(np.abs(difference).max()):.3g}")
    else:
        figures |= absent("Only one grid was summed.", keys[1], unit=NATS)
    difference = bounds[0].value - values[few]
    protocol = f"IWAE-{SAMPLES} (see iwae_exact) less {keys[0]}, the same images; largest {float(np.abs(difference).max()):.3g}"
    figures[keys[2]] = mean_figure(difference, unit=NATS, protocol=protocol, seed=SEED)
    return figures


def _weighed_by_posterior(handle: ModelHandle, summed: Summed, few: Labels, words: str, progress: Progress, bounds: list[Bound]) -> Figures:
    """IWAE-K with its proposal from the grid; the bound itself is appended to ``bounds``."""
    keys = ("iwae_exact", "ll_agreement.256_iwae")
    if nodes_for(handle.architecture, summed.side).kind == "sphere":
        return absent("The proposal is written for a plane, a line or a torus.", *keys, unit=NATS)
    told = None if summed.labels is None else summed.labels[few]
    bound = iwae_by_posterior(handle, summed.pixels[few], SAMPLES, summed.side, told, lambda part: progress("IWAE, exact proposal", part))
    bounds.append(bound)
    proposal = "proposal: the exact posterior's cells with even jitter, mixed with 5 % of the prior"
    difference = bound.value - summed.moments.log_evidence[few]
    far = float(np.abs(difference).max())
    return {
        keys[0]: _bound_figure(bound, f"IWAE-{SAMPLES}, {words}, {proposal}"),
        keys[1]: mean_figure(
            difference,
            unit=NATS,
            protocol=f"IWAE-{SAMPLES} ({proposal}) less LL on {summed.side} nodes along each axis, the same images; largest {far:.3g}",
            seed=SEED,
        ),
    }


def _weighed_by_encoder(handle: ModelHandle, pixels: Pixels, labels: Labels | None, progress: Progress) -> Figures:
    facts = handle.architecture.facts
    if facts.bound != "elbo":
        return absent(facts.lacks or "It has no encoder to propose from; see iwae_exact.", "iwae", unit=NATS)
    few = np.arange(len(pixels))[sample_rows(len(pixels), WEIGHED)]
    told = None if labels is None else labels[few]
    bound = iwae_by_encoder(handle, pixels[few], SAMPLES, told, lambda part: progress("IWAE", part))
    quoted = f"{_likelihood_words(handle, pixels)}, {pixels_words(handle)}"
    words = f"IWAE-{SAMPLES}, {quoted}, proposal: the encoder's q, which sees the same pixels"
    return {"iwae": _bound_figure(bound, words)}


def width_figure(handle: ModelHandle, widths: NDArray[np.float32], side: int = SIDE) -> Figures:
    """For how many images a grid is too coarse: their posterior's width at the mode is below 0.6 of the nodes' distance."""
    figures: Figures = {}
    for asked in SIDES:
        h = nodes_for(handle.architecture, asked).h
        narrow = (widths < NARROW * h).astype(np.float64)
        protocol = f"share of images whose posterior is narrower at its mode than {NARROW} of the distance between {asked} nodes a side"
        figures[f"narrow.{asked}"] = mean_figure(narrow, unit="share", protocol=f"{protocol}; modes from {side} nodes a side, grey images")
    return figures
