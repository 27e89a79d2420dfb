"""log p(x|z) + log weight of one image at all nodes: from what is kept of the decoder, or by asking it; and fewer nodes for a first look.

Where the decoder's numbers are kept, an image takes milliseconds. Where they are too many, as for large colour images, or where
each of them takes long, as the levels of a discretised logistic do, a first look is at so few nodes that it takes no longer; then
all are asked, and the answer is remembered for as long as the same image is looked at.
"""

from __future__ import annotations

import hashlib

import numpy as np
import torch
from numpy.typing import NDArray

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.exact.forms import Decoder, form_of
from latent_explorer.core.nn.exact.grids import Nodes, nodes_for
from latent_explorer.core.nn.exact.planes import bytes_of, fits, linear_sum, masked_offset, numbers_of, plane_of, remembered
from latent_explorer.core.nn.exact.sums import Progress

Doubles = NDArray[np.float64]

LARGE = 4 << 30  # bytes of the decoder's numbers at all nodes from which on fewer nodes are taken
LEAST_SIDE = 32
FIRST_SIDES = (32, 24, 16)  # of a first look at fewer nodes
FIRST_LINEAR = 1 << 26  # of the decoder's numbers that a first look adds up, where the likelihood is linear in the pixels
FIRST_OTHER = 1 << 21  # and where it is not: each takes some ten times as long


def affordable(config: ModelConfig, side: int) -> tuple[Nodes, str]:
    """The nodes; fewer, and a sentence, where the images are so large that all of them would take very long."""
    nodes = nodes_for(config, side)
    fewer = side
    while bytes_of(nodes, config.pixels) > LARGE and fewer > LEAST_SIDE:
        fewer //= 2
        nodes = nodes_for(config, fewer)
    if fewer == side:
        return nodes, ""
    return nodes, f"The images are large, so the grid has {fewer} nodes along each axis in the place of {side}."


def first_look(decoder: Decoder, nodes: Nodes, note: str) -> tuple[Nodes, str]:
    """The nodes of a first look and a sentence: those that are given where they take milliseconds, else fewer."""
    config = decoder.module.config
    linear = form_of(decoder.module) is not None
    most = FIRST_LINEAR if linear else FIRST_OTHER

    def quick(some: Nodes) -> bool:
        return fits(some, config.pixels) and (linear or len(some.z) * config.pixels <= most)

    sides = [side for side in FIRST_SIDES if side < nodes.side]
    if quick(nodes) or not sides:
        return nodes, note
    fewer = nodes_for(config, sides[-1])
    for side in sides:
        some = nodes_for(config, side)
        if quick(some) and len(some.z) * config.pixels <= most:
            fewer = some
            break
    return fewer, f"At first only {len(fewer.z):,} nodes are asked; {len(nodes.z):,} follow."


def joint_at(decoder: Decoder, nodes: Nodes, pixels: NDArray[np.float32], known: NDArray[np.bool_] | None, progress: Progress) -> Doubles:
    """log p(x|z) + log weight at all nodes, float64 (G,).

    Parameters
    ----------
    pixels : float32 array, shape (D,), in 0..1
    known : bool array, shape (D,), or None
        The pixels that count, which the decoder's mask says, too; None for all.
    """
    form, kept = form_of(decoder.module), fits(nodes, len(pixels))
    whole = Decoder(decoder.module, decoder.condition)
    if form is not None and kept:
        weights, offset = plane_of(whole, form, nodes, progress)
        seen = pixels if known is None else pixels * known
        own = form.own(torch.from_numpy(pixels if known is None else pixels[known]).to(decoder.device))
        if known is not None:
            offset = masked_offset(form, weights, known)
        return linear_sum(form, weights, seen).astype(np.float64) + offset + float(own) + nodes.log_weight
    x = torch.from_numpy(pixels).to(decoder.device)[None]

    def asked() -> Doubles:
        asked_at = torch.from_numpy(numbers_of(whole, nodes, progress) if kept else nodes.z.copy())
        parts = []
        for some in asked_at.to(decoder.device).split(decoder.batch):
            parts.append((decoder.products(x, some) if kept else decoder.table(x, some))[0].double().cpu().numpy())
            progress(min(1.0, len(parts) * decoder.batch / len(nodes.z)))
        return np.concatenate(parts)

    seen_only = b"" if known is None else known.tobytes()
    image = hashlib.blake2b(pixels.tobytes() + seen_only, digest_size=16).digest()
    return remembered((nodes.kind, nodes.side, known is None, image), decoder, asked) + nodes.log_weight
