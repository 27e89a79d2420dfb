"""log p(x), posteriors' moments and codes of many images, and the aggregate posterior, all by sums over the grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields

import numpy as np
import torch
from numpy.typing import NDArray

from latent_explorer.core.errors import DatasetError
from latent_explorer.core.nn.exact.climbing import peaks
from latent_explorer.core.nn.exact.forms import Decoder
from latent_explorer.core.nn.exact.grids import Nodes, nodes_for
from latent_explorer.core.nn.exact.posterior import decoder_for
from latent_explorer.core.nn.exact.sums import Progress, no_progress, pieces
from latent_explorer.core.nn.exact.totals import Moments, Totals
from latent_explorer.core.nn.inference import Pixels, grey_tensor
from latent_explorer.core.posterior import score_of
from latent_explorer.core.types import Codes, ImageDataset, ModelHandle

SIDE = 256
KINDS = ("exact_mode", "exact_mean")
PIXELS = 1 << 27  # numbers in the images that are held at once, 512 MB
LEAST_VARIANCE = 1e-12

Labels = NDArray[np.int64]


def groups(handle: ModelHandle, images: Pixels, labels: Labels | None) -> Iterator[tuple[Decoder, Labels]]:
    """Images that are summed together, each group with the decoder for it: as many as fit, and of one class for a conditional family.

    Raises
    ------
    DatasetError
        A conditional family without labels.
    """
    config = handle.architecture
    at_once = max(1, PIXELS // config.pixels)
    if not config.facts.conditional:
        parts = [(decoder_for(handle, None), np.arange(len(images)))]
    else:
        if labels is None or labels.shape != (len(images),) or labels.min(initial=0) < 0 or labels.max(initial=0) >= (config.classes or 0):
            raise DatasetError(f"{config.facts.title} needs the class of every image; choose a data set with labels.")
        parts = [(decoder_for(handle, int(label)), np.flatnonzero(labels == label)) for label in np.unique(labels)]
    for decoder, rows in parts:
        for begin in range(0, len(rows), at_once):
            yield decoder, rows[begin : begin + at_once]


def _pixels(decoder: Decoder, images: Pixels, rows: Labels) -> torch.Tensor:
    return grey_tensor(images[rows]).to(decoder.device)


@torch.inference_mode()
def moments_of(
    handle: ModelHandle, images: Pixels, side: int = SIDE, labels: Labels | None = None, progress: Progress = no_progress
) -> Moments:
    """log p(x) and the posterior's moments of each image, as it is: grey, or a binary draw.

    Parameters
    ----------
    images : uint8 array, or float32 array in 0..1, shape (N, H, W, C)
    labels : int64 array, shape (N,), or None
        For a conditional family, of which it is log p(x|y).
    """
    nodes = nodes_for(handle.architecture, side)
    parts, order, done = [], [np.zeros(0, np.int64)], 0
    for decoder, rows in groups(handle, images, labels):

        def tell(part: float, done: int = done, count: int = len(rows)) -> None:
            progress((done + part * count) / len(images))

        totals = Totals(nodes, len(rows), decoder.device)
        for piece in pieces(decoder, nodes, _pixels(decoder, images, rows), tell):
            totals.add(piece)
        parts.append(totals.moments())
        order.append(rows)
        done += len(rows)
    if not parts:
        return Totals(nodes, 0, torch.device("cpu")).moments()
    back = np.argsort(np.concatenate(order), kind="stable")
    return Moments(*(np.concatenate([getattr(part, field.name) for part in parts])[back] for field in fields(Moments)))


def log_likelihoods(
    handle: ModelHandle, images: Pixels, side: int = SIDE, labels: Labels | None = None, progress: Progress = no_progress
) -> NDArray[np.float64]:
    """log p(x) of each image, nats, float64 (N,); parameters as of `moments_of`.

    A conditional family without labels: ``log p(x) = log sum_y p(x|y) / K``, all classes as probable.
    """
    config = handle.architecture
    if not config.facts.conditional or labels is not None:
        return moments_of(handle, images, side, labels, progress).log_evidence
    count = config.classes or 1
    table = np.empty((count, len(images)))
    for label in range(count):
        table[label] = moments_of(handle, images, side, np.full(len(images), label)).log_evidence
        progress((label + 1) / count)
    found: NDArray[np.float64] = np.logaddexp.reduce(table, axis=0) - np.log(count)
    return found


@torch.inference_mode()
def exact_codes(
    handle: ModelHandle,
    dataset: ImageDataset,
    rows: Labels,
    kinds: Sequence[str] = KINDS,
    side: int = SIDE,
    progress: Progress = no_progress,
) -> dict[str, Codes]:
    """Codes of images by the exact posterior in the place of an encoder, from the grey pictures.

    Parameters
    ----------
    rows : int64 array, shape (N,)
        Of the data set.
    kinds : of `KINDS`
        The posterior's mode, between the nodes, and its mean.

    Returns
    -------
    dict
        By kind. Columns: ``log_var`` (N, d) and ``cov`` (N, d, d) of the posterior, and ``ll``, the logarithm of the sum over the
        grid (N,), which is called ``grey_score`` where a Bernoulli decoder was asked for grey pixels; ``width`` (N,) of the mode.
    """
    nodes = nodes_for(handle.architecture, side)
    images, labels = dataset.images[rows], None if dataset.labels is None else dataset.labels[rows]
    found = moments_of(handle, images, side, labels, lambda part: progress(part / 2))
    variance = np.diagonal(found.covariance, axis1=1, axis2=2)
    columns = {
        "log_var": np.log(np.maximum(variance, LEAST_VARIANCE)).astype(np.float32),
        "cov": found.covariance.astype(np.float32),
        score_column(handle, images): found.log_evidence.astype(np.float32),
    }
    places = {"exact_mean": found.mean.astype(np.float32)}
    if "exact_mode" in kinds:
        z, width = _modes(handle, images, labels, nodes, found.node, lambda part: progress((1 + part) / 2))
        places["exact_mode"], columns["width"] = z, width
    known = np.full(len(rows), -1, np.int64) if labels is None else labels.copy()
    return {
        kind: Codes(kind, places[kind], np.array(rows), known, {name: array.copy() for name, array in columns.items()}) for kind in kinds
    }


def score_column(handle: ModelHandle, images: Pixels) -> str:
    """The column for the logarithm of the sum over the grid: "ll", or "grey_score" where it is only that."""
    return "grey_score" if score_of(handle.architecture, images) == "grey score" else "ll"


def _modes(
    handle: ModelHandle, images: Pixels, labels: Labels | None, nodes: Nodes, node: Labels, progress: Progress
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Modes (N, d) near the best nodes (N,), and the posterior's width there (N,)."""
    z, width = nodes.z[node], np.empty(len(images), np.float32)
    for decoder, rows in groups(handle, images, labels):
        start = torch.from_numpy(z[rows]).to(decoder.device)
        peak = peaks(decoder, nodes, _pixels(decoder, images, rows), start, progress)
        z[rows], width[rows] = peak.z.cpu().numpy(), peak.width.cpu().numpy()
    return z, width


@torch.inference_mode()
def aggregate_of(
    handle: ModelHandle,
    images: Pixels,
    log_evidence: NDArray[np.float64],
    side: int = SIDE,
    labels: Labels | None = None,
    progress: Progress = no_progress,
) -> NDArray[np.float64]:
    """The aggregate posterior, the mean of the images' exact posteriors: mass of each cell, float64 (G,).

    Parameters
    ----------
    log_evidence : float64 array, shape (N,)
        Of the same images on the same nodes.
    """
    nodes = nodes_for(handle.architecture, side)
    mass = np.zeros(len(nodes.z))
    for decoder, rows in groups(handle, images, labels):
        known = torch.from_numpy(log_evidence[rows]).to(decoder.device)
        sums = torch.zeros(len(mass), dtype=torch.float64, device=decoder.device)
        for piece in pieces(decoder, nodes, _pixels(decoder, images, rows), progress, floor=known):
            sums.index_add_(0, piece.nodes, torch.exp(piece.joint.double() - known[piece.rows, None]).sum(0))
        mass += sums.cpu().numpy()
    mass /= mass.sum()
    return mass
