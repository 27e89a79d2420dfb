"""The importance-weighted bound of log p(x), which checks the grid: IWAE-K (Burda et al. 2016, arXiv 1509.00519).

    log 1/K sum_k p(x|z_k) p(z_k) / q(z_k)   with z_k from q

is, before the logarithm, an unbiased estimate of p(x) for any q that is positive where the posterior is. Two proposals: what
the encoder says; and the exact posterior's cells, z uniform within each, mixed with 5 % of the prior, so that nothing is out of
reach. The second needs no encoder, and its weights are nearly equal where the grid is fine enough.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from latent_explorer.core.nn.exact.climbing import log_prior
from latent_explorer.core.nn.exact.forms import Decoder
from latent_explorer.core.nn.exact.grids import RADIUS, Nodes, nodes_for
from latent_explorer.core.nn.exact.many import Labels, groups
from latent_explorer.core.nn.exact.sums import Progress, no_progress, pieces
from latent_explorer.core.nn.inference import Pixels, batch_of, grey_tensor
from latent_explorer.core.types import ModelHandle

SAMPLES = 5000
SEED = 20250104
PRIOR_SHARE = 0.05
AT_ONCE = 64  # images whose posteriors are held at once


class Bound(NamedTuple):
    """``value`` float64 (N,): log of the mean weight, nats; ``se`` float64 (N,): its standard error by the delta method."""

    value: NDArray[np.float64]
    se: NDArray[np.float64]


def bound_of(log_weights: Tensor) -> tuple[float, float]:
    """From one image's weights (K,): log of their mean, and the standard error of that."""
    log_weights = log_weights.double()
    value = float(torch.logsumexp(log_weights, 0)) - math.log(len(log_weights))
    ratio = torch.exp(log_weights - value)  # mean 1
    return value, float(ratio.std() / math.sqrt(len(ratio)))


def _gathered(found: list[tuple[int, float, float]], count: int) -> Bound:
    value, se = np.empty(count), np.empty(count)
    for row, one, error in found:
        value[row], se[row] = one, error
    return Bound(value, se)


@torch.inference_mode()
def iwae_by_posterior(
    handle: ModelHandle,
    images: Pixels,
    samples: int = SAMPLES,
    side: int = 256,
    labels: Labels | None = None,
    progress: Progress = no_progress,
) -> Bound:
    """IWAE-K with the exact posterior's cells as its proposal; on a line, a plane or a torus.

    Parameters
    ----------
    images : uint8 array, or float32 array in 0..1, shape (N, H, W, C)
    labels : int64 array, shape (N,), or None
        For a conditional family.
    """
    nodes = nodes_for(handle.architecture, side)
    generator = torch.Generator().manual_seed(SEED)
    found: list[tuple[int, float, float]] = []
    for decoder, rows in groups(handle, images, labels):
        for some in np.array_split(rows, max(1, -(-len(rows) // AT_ONCE))):
            x = grey_tensor(images[some]).to(decoder.device)
            for row, image, share in zip(some.tolist(), x, _shares(decoder, nodes, x), strict=True):
                found.append((row, *bound_of(_weights(decoder, nodes, image, share, samples, generator))))
                progress(len(found) / len(images))
    return _gathered(found, len(images))


def _shares(decoder: Decoder, nodes: Nodes, x: Tensor) -> Iterator[Tensor]:
    """Each image's posterior mass of all cells (G,), float64 on the CPU."""
    joint = torch.full((len(x), len(nodes.z)), -math.inf, dtype=torch.float64)
    for piece in pieces(decoder, nodes, x):
        joint[piece.rows.cpu()[:, None], piece.nodes.cpu()] = piece.joint.double().cpu()
    for row in joint:
        yield torch.softmax(row, 0)


def _weights(decoder: Decoder, nodes: Nodes, image: Tensor, share: Tensor, samples: int, generator: torch.Generator) -> Tensor:
    """Logarithms of the weights of draws from the mixture, float64 (K,)."""
    d, kind = nodes.z.shape[1], nodes.kind
    cells = torch.multinomial(share, samples, replacement=True, generator=generator)
    jitter = torch.rand((samples, d), generator=generator, dtype=torch.float64) - 0.5
    z = torch.from_numpy(nodes.z.copy()).double()[cells] + nodes.h * jitter
    from_prior = torch.rand(samples, generator=generator) < PRIOR_SHARE
    count = int(from_prior.sum())
    if kind == "torus":
        z[from_prior] = torch.rand((count, d), generator=generator, dtype=torch.float64)
    else:
        z[from_prior] = torch.randn((count, d), generator=generator, dtype=torch.float64)
    low = 0.0 if kind == "torus" else -RADIUS
    place = torch.floor((z - low) / nodes.h).long()
    axis = round((1.0 if kind == "torus" else 2 * RADIUS) / nodes.h)
    inside = ((place >= 0) & (place < axis)).all(1)
    place = place.clamp(0, axis - 1)
    cell = place[:, 0] if d == 1 else place[:, 1] * axis + place[:, 0]
    prior = log_prior(kind, z)
    density = torch.where(inside, share[cell], 0.0).log() - nodes.log_cell
    proposal = torch.logaddexp(math.log(1 - PRIOR_SHARE) + density, math.log(PRIOR_SHARE) + prior)
    places = z.float().to(decoder.device)
    likelihood = torch.cat([decoder.table(image[None], some)[0].cpu() for some in places.split(decoder.batch)])
    return likelihood.double() + prior - proposal


@torch.inference_mode()
def iwae_by_encoder(
    handle: ModelHandle, images: Pixels, samples: int = SAMPLES, labels: Labels | None = None, progress: Progress = no_progress
) -> Bound:
    """IWAE-K with the encoder's own q as its proposal, which sees the same pixels; of every family that has an ELBO.

    Of a hierarchical model both levels are drawn. Parameters as of `iwae_by_posterior`.
    """
    generator = torch.Generator().manual_seed(SEED)
    at_once = batch_of(handle.architecture)
    found: list[tuple[int, float, float]] = []
    for decoder, rows in groups(handle, images, labels):
        importance = getattr(decoder.module, "importance")  # noqa: B009  # not every family has it; of those with an ELBO all
        known = None if decoder.condition is None else torch.full((1,), decoder.condition, device=decoder.device)
        for row in rows.tolist():
            x = grey_tensor(images[row : row + 1]).to(decoder.device)
            parts = []
            for begin in range(0, samples, at_once):
                likelihood, ratio = importance(x, generator, min(at_once, samples - begin), known)
                parts.append((likelihood.double() - ratio.double())[:, 0].cpu())
            found.append((row, *bound_of(torch.cat(parts))))
            progress(len(found) / len(images))
    return _gathered(found, len(images))
