"""The decoder's numbers on a whole grid, kept for the next image: its posterior is then one sum over the pixels that are not 0.

Where the likelihood is linear in the pixels they are kept pixel by pixel, so that a black pixel costs nothing, as w of `forms` but
for its unit (four bytes for each node and pixel: 205 MB for MNIST's on 256 x 256), and -sum Z beside them. Where it is not, they
are kept as the decoder gives them, node by node.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Hashable, Iterator
from itertools import count
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from latent_explorer.core.cache import BUDGET, Cache
from latent_explorer.core.nn.exact.forms import Decoder, Form
from latent_explorer.core.nn.exact.grids import Nodes
from latent_explorer.core.nn.exact.sums import Progress, no_progress
from latent_explorer.core.nn.families.base import Model

Floats = NDArray[np.floating[Any]]
Doubles = NDArray[np.float64]

TURNED = 1 << 17  # numbers of a plane that are turned to another precision at once: they stay in the processor's cache, too
PIECE = 1 << 13  # nodes that are summed at once: the sum stays in the processor's cache

_cache = Cache(BUDGET)
_numbers: weakref.WeakKeyDictionary[Model, int] = weakref.WeakKeyDictionary()
_next = count()


def _number_of(module: Model) -> int:
    """One for each module that was ever asked: each snapshot of a model in training is another module."""
    return _numbers.setdefault(module, next(_next))


def bytes_of(nodes: Nodes, pixels: int) -> int:
    """That the decoder's numbers take."""
    return 4 * len(nodes.z) * pixels


def fits(nodes: Nodes, pixels: int) -> bool:
    """Whether they can be kept."""
    return bytes_of(nodes, pixels) < BUDGET - (1 << 20)


def remembered(key: tuple[Hashable, ...], decoder: Decoder, compute: Callable[[], Doubles]) -> Doubles:
    """What was computed of a decoder, by a name for it; any number of threads may ask."""
    key = (_number_of(decoder.module), decoder.condition, *key)
    (found,) = _cache.find([key])
    if found is None:
        found = compute()
        _cache.put(key, found)
    return found


def plane_of(decoder: Decoder, form: Form, nodes: Nodes, progress: Progress = no_progress) -> tuple[Floats, Floats]:
    """What w is a multiple of, float32 (D, G), and -sum_i Z_i in the form's precision (G,), computed at the first asking."""
    key = (_number_of(decoder.module), decoder.condition, nodes.kind, nodes.side)
    weights, offset = _cache.find([(*key, "weights"), (*key, "offset")])
    if weights is not None and offset is not None:
        return weights, offset
    weights = np.empty((decoder.module.config.pixels, len(nodes.z)), np.float32)
    offset = np.empty(len(nodes.z), np.float64 if form.dtype == torch.float64 else np.float32)
    for some, numbers in _asked(decoder, nodes, progress):
        kept = form.kept(numbers)
        weights[:, some] = kept.T.cpu().numpy()
        offset[some] = -form.partition(form.of_kept(kept)).sum(1).cpu().numpy()
    _cache.put((*key, "weights"), weights)
    _cache.put((*key, "offset"), offset)
    return weights, offset


def numbers_of(decoder: Decoder, nodes: Nodes, progress: Progress = no_progress) -> Floats:
    """The decoder's numbers at all nodes, float32 (G, D), computed at the first asking."""
    key = (_number_of(decoder.module), decoder.condition, nodes.kind, nodes.side, "numbers")
    (found,) = _cache.find([key])
    if found is None:
        found = np.empty((len(nodes.z), decoder.module.config.pixels), np.float32)
        for some, numbers in _asked(decoder, nodes, progress):
            found[some] = numbers.cpu().numpy()
        _cache.put(key, found)
    return found


def _asked(decoder: Decoder, nodes: Nodes, progress: Progress) -> Iterator[tuple[slice, Tensor]]:
    """The decoder's numbers (n, D) at all nodes, some at once."""
    z, begin = torch.from_numpy(nodes.z.copy()).to(decoder.device), 0
    for some in z.split(decoder.batch):
        yield slice(begin, begin + len(some)), decoder.at(some)
        begin += len(some)
        progress(begin / len(z))


def linear_sum(form: Form, weights: Floats, x: NDArray[np.float32]) -> Floats:
    """``sum_i x_i w_i`` of one image (D,) for all nodes (G,), over the pixels that are not 0; in the precision of the form."""
    lit = np.flatnonzero(x)
    if not len(lit):
        return np.zeros(weights.shape[1])
    if form.dtype == torch.float64:
        exact = np.zeros(weights.shape[1])
        for some in _in_pieces(lit, weights.shape[1]):
            exact += x[some].astype(np.float64) @ weights[some].astype(np.float64)
        return exact * form.unit
    nodes = weights.shape[1]
    piece = nodes if nodes <= PIECE else math.gcd(nodes, PIECE)
    pieces = nodes // piece
    # Each row in pieces, as many bags: rows are added up where they lie, without a copy of them.
    rows = torch.from_numpy(lit * pieces + np.arange(pieces)[:, None])
    values = torch.from_numpy(np.broadcast_to(x[lit], rows.shape).copy())
    found = functional.embedding_bag(rows, torch.from_numpy(weights).view(-1, piece), mode="sum", per_sample_weights=values)
    summed: Floats = found.flatten().numpy() * np.float32(form.unit)
    return summed


def masked_offset(form: Form, weights: Floats, mask: NDArray[np.bool_]) -> Floats:
    """-sum of Z over some pixels, bool (D,), at all nodes (G,)."""
    found: Floats = np.zeros(weights.shape[1])
    for rows in _in_pieces(np.flatnonzero(mask), weights.shape[1]):
        found -= form.partition(form.of_kept(torch.from_numpy(weights[rows]))).double().sum(0).cpu().numpy()
    return found


def _in_pieces(rows: NDArray[np.int64], nodes: int) -> Iterator[NDArray[np.int64]]:
    """A few rows of a plane at once."""
    step = max(1, TURNED // nodes)
    for begin in range(0, len(rows), step):
        yield rows[begin : begin + step]
