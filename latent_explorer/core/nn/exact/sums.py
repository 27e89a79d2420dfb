"""Sums over all nodes for many images, without computing what is certain not to count.

Nearly all of a posterior lies on a few per cent of the plane. For a likelihood that is linear in the pixels, and pixels in
0..1, a block B of neighbouring nodes has the upper bound

    log p(x|z) <= sum_i [(1 - x_i) max_B(-Z_i) + x_i max_B(w_i - Z_i)]   for every z in B,

since each pixel's term is linear in x_i at a node, so that its maximum over nodes is convex and lies below its chord. That is
one product for a whole block. A block whose bound is far enough below the largest term seen is left out; all that is left
out together changes no log p(x) by more than `TOLERANCE`. Nothing is estimated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from latent_explorer.core.nn.exact.forms import Decoder, Form, form_of
from latent_explorer.core.nn.exact.grids import Nodes

TOLERANCE = 1e-4  # nats
FEW = 256  # images for which bounds cost more than they save
GROUP = 256  # nodes in the blocks that are summed together, for the images that any of them may count for: fewer, larger products
TABLE = 1 << 24  # numbers in a table that is computed at once, 67 MB

Progress = Callable[[float], None]


class Piece(NamedTuple):
    """Some images at some nodes.

    ``rows`` int64 (n,) of the images, ``nodes`` int64 (k,), ``joint`` (n, k): log p(x|z) plus the node's log weight, float32, or
    float64 where the likelihood needs it (see `forms`).
    """

    rows: Tensor
    nodes: Tensor
    joint: Tensor


def no_progress(part: float) -> None:
    """For who does not want to know."""


def pieces(decoder: Decoder, nodes: Nodes, x: Tensor, progress: Progress = no_progress, floor: Tensor | None = None) -> Iterator[Piece]:
    """All terms of log p(x) that count, each once.

    Parameters
    ----------
    x : Tensor, float32, shape (N, D), in 0..1
        On the decoder's device.
    floor : Tensor, shape (N,), or None
        A lower bound of each log p(x) on these nodes, where one is known.
    """
    form = form_of(decoder.module)
    if form is None or decoder.mask is not None or len(x) < FEW:
        yield from _all_pieces(decoder, nodes, x, progress)
    else:
        yield from _bounded_pieces(decoder, form, nodes, x, progress, floor)


def _all_pieces(decoder: Decoder, nodes: Nodes, x: Tensor, progress: Progress) -> Iterator[Piece]:
    """Every term: for a few images, or a likelihood without bounds."""
    order = torch.arange(len(nodes.z), device=x.device)
    z, log_weight = (torch.from_numpy(array.copy()).to(x.device, torch.float32) for array in (nodes.z, nodes.log_weight))
    images = torch.arange(len(x), device=x.device)
    for some in order.split(decoder.batch):
        parameters = decoder.at(z[some])
        for rows in images.split(max(1, TABLE // len(some))):
            yield Piece(rows, some, decoder.products(x[rows], parameters) + log_weight[some])
        progress((int(some[-1]) + 1) / len(order))


def _bounded_pieces(decoder: Decoder, form: Form, nodes: Nodes, x: Tensor, progress: Progress, floor: Tensor | None) -> Iterator[Piece]:
    """Blocks whose bound says that they may count, with the images for which they may."""
    device, own, x = x.device, form.own(x), x.to(form.dtype)
    blocks, z = (torch.from_numpy(array.copy()).to(device) for array in (nodes.blocks, nodes.z))
    log_weight = torch.from_numpy(nodes.log_weight.copy()).to(device, form.dtype)
    count, size = blocks.shape
    if floor is None:
        floor = _floor(decoder, form, x, z, log_weight, blocks[:, size // 2], progress) + own
    least = (floor - own - math.log(count / TOLERANCE))[:, None]
    together = max(1, GROUP // size)
    at_once = together * max(1, min(decoder.batch // size, TABLE // len(x)) // together)  # whole groups
    for begin in range(0, count, at_once):
        some = blocks[begin : begin + at_once]
        weights = form.weights(decoder.at(z[some.flatten()])).unflatten(0, some.shape)
        dark = -form.partition(weights)
        offset = dark.sum(-1) + log_weight[some]
        lowest, highest = dark.amax(1), (weights + dark).amax(1)
        bound = torch.addmm(lowest.sum(1) + log_weight[some].logsumexp(1), x, (highest - lowest).T)
        kept = ~(bound <= least)  # so that a weight that is no number is seen, not left out
        for first in range(0, len(some), together):
            group = slice(first, first + together)
            rows = kept[:, group].any(1).nonzero().squeeze(1)
            if len(rows):
                joint = torch.addmm(offset[group].flatten(), x[rows], weights[group].flatten(0, 1).T)
                yield Piece(rows, some[group].flatten(), joint + own[rows, None])
        progress(min(1.0, (begin + at_once) / count))


def _floor(decoder: Decoder, form: Form, x: Tensor, z: Tensor, log_weight: Tensor, sample: Tensor, progress: Progress) -> Tensor:
    """The largest term of each image at a sample of the nodes (N,), without its own part: log p(x) is larger."""
    found = torch.full((len(x),), -math.inf, dtype=form.dtype, device=x.device)
    for some in sample.split(max(1, min(decoder.batch, TABLE // len(x)))):
        weights = form.weights(decoder.at(z[some]))
        offset = log_weight[some] - form.partition(weights).sum(1)
        found = torch.maximum(found, torch.addmm(offset, x, weights.T).amax(1))
        progress(0.0)
    return found
