"""The decoder's numbers on a whole grid, kept for the next image: its posterior is then one sum over the pixels that are not 0.

They are kept pixel by pixel, so that a black pixel costs nothing, as w of `forms` (four bytes for each node and pixel: 205 MB for
MNIST's on 256 x 256; eight where the likelihood needs float64), and -sum Z beside them.
"""

from __future__ import annotations

import math
import weakref
from itertools import count
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from latent_explorer.core.cache import BUDGET, Cache
from latent_explorer.core.nn.exact.forms import Decoder, Form
from latent_explorer.core.nn.exact.grids import Nodes
from latent_explorer.core.nn.exact.sums import Progress, no_progress
from latent_explorer.core.nn.families.base import Model

Floats = NDArray[np.floating[Any]]

PIECE = 1 << 13  # nodes that are summed at once: the sum stays in the processor's cache

_cache = Cache(BUDGET)
_numbers: weakref.WeakKeyDictionary[Model, int] = weakref.WeakKeyDictionary()
_next = count()


def _number_of(module: Model) -> int:
    """One for each module that was ever asked: each snapshot of a model in training is another module."""
    return _numbers.setdefault(module, next(_next))


def bytes_of(nodes: Nodes, pixels: int, itemsize: int = 4) -> int:
    """That a plane takes."""
    return itemsize * len(nodes.z) * pixels


def fits(form: Form, nodes: Nodes, pixels: int) -> bool:
    """Whether a plane can be kept."""
    return bytes_of(nodes, pixels, form.dtype.itemsize) < BUDGET - (1 << 20)


def plane_of(decoder: Decoder, form: Form, nodes: Nodes, progress: Progress = no_progress) -> tuple[Floats, Floats]:
    """w (D, G) and -sum_i Z_i (G,), computed at the first asking."""
    key = (_number_of(decoder.module), decoder.condition, nodes.kind, nodes.side)
    weights, offset = _cache.find([(*key, "weights"), (*key, "offset")])
    if weights is not None and offset is not None:
        return weights, offset
    z = torch.from_numpy(nodes.z.copy()).to(decoder.device)
    dtype = np.float64 if form.dtype == torch.float64 else np.float32
    weights = np.empty((decoder.module.config.pixels, len(z)), dtype)
    offset = np.empty(len(z), dtype)
    begin = 0
    for some in z.split(decoder.batch):
        end = begin + len(some)
        w = form.weights(decoder.at(some))
        weights[:, begin:end] = w.T.cpu().numpy()
        offset[begin:end] = -form.partition(w).sum(1).cpu().numpy()
        progress(end / len(z))
        begin = end
    _cache.put((*key, "weights"), weights)
    _cache.put((*key, "offset"), offset)
    return weights, offset


def linear_sum(weights: Floats, x: NDArray[np.float32]) -> Floats:
    """``sum_i x_i w_i`` of one image (D,) for all nodes (G,), over the pixels that are not 0; in the precision of the weights."""
    lit = np.flatnonzero(x)
    if not len(lit):
        return np.zeros(weights.shape[1], weights.dtype)
    piece = math.gcd(weights.shape[1], PIECE)
    pieces = weights.shape[1] // piece
    # Each row in pieces, as many bags: rows are added up where they lie, without a copy of them.
    rows = torch.from_numpy(lit * pieces + np.arange(pieces)[:, None])
    values = torch.from_numpy(np.broadcast_to(x[lit].astype(weights.dtype), rows.shape).copy())
    found = functional.embedding_bag(rows, torch.from_numpy(weights).view(-1, piece), mode="sum", per_sample_weights=values)
    summed: Floats = found.flatten().numpy()
    return summed


def masked_offset(form: Form, weights: Floats, mask: NDArray[np.bool_]) -> Floats:
    """-sum of Z over some pixels, bool (D,), at all nodes (G,)."""
    found: Floats = np.zeros(weights.shape[1])
    for row in np.flatnonzero(mask):
        found -= form.partition(torch.from_numpy(weights[row])).cpu().numpy()
    return found.astype(weights.dtype)
