"""Geometry that the decoder gives to latent space: how much its picture changes from place to place.

The derivatives are exact: tangents are carried through the layers beside the numbers (forward mode), two for a plane, at
three times the cost of decoding. torch's own forward mode gives the same, several times as slowly, and its first use loads
for seconds. Sources: Arvanitidis, Hansen & Hauberg 2018 (arXiv 1710.11379) for J'J; Arvanitidis et al. 2022 (arXiv
2106.05367) for the Fisher-Rao metric.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from latent_explorer.core.nn.families.base import Model
from latent_explorer.core.nn.families.hierarchical import HierarchicalVAE
from latent_explorer.core.nn.handles import module_of
from latent_explorer.core.nn.inference import NUMBERS, device_of
from latent_explorer.core.nn.networks import ConvDecoder, DenseDecoder, ResidualConv, ResidualLayer
from latent_explorer.core.types import ModelHandle

PIECE = 256  # places at once: their layers stay in the processor's cache, and one can stop in between
LEAST_LOG = -40.0  # what is shown for a decoder that does not change at all

Progress = Callable[[float], None]


def _through(layer: nn.Module, x: Tensor, tangents: Tensor) -> tuple[Tensor, Tensor]:
    """Numbers (n, a) and tangents (k, n, a) through a layer."""
    if isinstance(layer, nn.Sequential):
        for part in layer:
            x, tangents = _through(part, x, tangents)
        return x, tangents
    if isinstance(layer, nn.Linear):
        return layer(x), functional.linear(tangents, layer.weight)
    if isinstance(layer, nn.Conv2d):
        flat = functional.conv2d(tangents.flatten(0, 1), layer.weight, None, layer.stride, layer.padding)
        return layer(x), flat.unflatten(0, tangents.shape[:2])
    if isinstance(layer, ResidualConv):
        y, bent = _through(layer.activation, *_through(layer.conv, x, tangents))
        return x + y, tangents + bent
    if isinstance(layer, ResidualLayer):
        straight, along = _through(layer.shortcut, x, tangents)
        y, bent = _through(layer.activation, *_through(layer.linear, x, tangents))
        return straight + y, along + bent
    if isinstance(layer, nn.Identity):
        return x, tangents
    y = layer(x)
    if isinstance(layer, nn.SiLU):
        s = torch.sigmoid(x)
        return y, tangents * (s + y * (1 - s))
    if isinstance(layer, nn.Tanh):
        return y, tangents * (1 - y.square())
    if isinstance(layer, nn.ReLU):
        return y, tangents * (x > 0)  # at the kink itself the left derivative, as torch has it
    raise TypeError(f"no derivative is written for {type(layer).__name__}")


def _features(decoder: DenseDecoder, z: Tensor, tangents: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
    """What the decoder's layers are given, as `DenseDecoder.features`, with its derivatives: (n, a) and (k, n, a)."""
    bent = tangents
    if decoder.torus:
        angles = 2 * math.pi * z
        bent = torch.cat([-torch.sin(angles) * tangents, torch.cos(angles) * tangents], dim=-1) * (2 * math.pi)
    x = decoder.features(z, labels)
    return x, functional.pad(bent, (0, x.shape[-1] - bent.shape[-1]))  # the class does not change from place to place


def logits_with_tangents(decoder: DenseDecoder, z: Tensor, directions: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The decoder's numbers and their derivatives along directions.

    Parameters
    ----------
    z : Tensor, shape (n, d)
    directions : Tensor, shape (k, d), or (k, n, d): each place's own
    labels : int64 Tensor (n,) or None
        Classes, for a conditional family.

    Returns
    -------
    logits : Tensor, shape (n, D)
    tangents : Tensor, shape (k, n, D)
    """
    n, k = len(z), len(directions)
    along = directions if directions.ndim == 3 else directions[:, None].expand(k, n, -1)
    x, tangents = _through(decoder.layers, *_features(decoder, z, along, labels))
    if not isinstance(decoder, ConvDecoder):
        return x, tangents
    x, tangents = _through(decoder.activation, x, tangents)
    maps = x.unflatten(-1, (-1, *decoder.sizes[0]))
    bent = tangents.unflatten(-1, (-1, *decoder.sizes[0]))
    for number, (stage, (height, width)) in enumerate(zip(decoder.stages, decoder.sizes[1:], strict=True)):
        assert isinstance(stage, nn.ConvTranspose2d)
        if number:
            maps, bent = _through(decoder.activation, maps, bent)
        if decoder.blocks:
            maps, bent = _through(decoder.blocks[number], maps, bent)
        maps = stage(maps)[..., :height, :width]
        flat = functional.conv_transpose2d(bent.flatten(0, 1), stage.weight, None, stride=2, padding=1)  # as the stage has it
        bent = flat[..., :height, :width].unflatten(0, (k, n))
    return maps.movedim(-3, -1).reshape(n, decoder.pixels), bent.movedim(-3, -1).reshape(k, n, decoder.pixels)


def numbers_with_tangents(module: Model, z: Tensor, directions: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """As `logits_with_tangents`, of what a whole model decodes; a lower level is at its mean, which moves with z."""
    if not isinstance(module, HierarchicalVAE):
        return logits_with_tangents(module.decoder, z, directions, labels)
    along = directions if directions.ndim == 3 else directions[:, None].expand(len(directions), len(z), -1)
    lower, bent = (part.chunk(2, dim=-1)[0] for part in _through(module.lower_prior, z, along))
    return logits_with_tangents(module.decoder, torch.cat([z, lower], dim=-1), torch.cat([along, bent], dim=-1))


def tangential(z: Tensor, directions: Tensor) -> Tensor:
    """What of directions (k, d) lies along the sphere at its points z (n, d): (k, n, d)."""
    return directions[:, None] - (directions @ z.T).unsqueeze(-1) * z


def tangent_basis(z: Tensor) -> Tensor:
    """Two unit vectors at right angles to each of some unit vectors z (n, 3) and to each other: (2, n, 3)."""
    away = torch.eye(3, dtype=z.dtype, device=z.device)[z.abs().argmin(dim=1)]  # the axis that is farthest from z
    first = functional.normalize(torch.linalg.cross(away, z), dim=1)
    return torch.stack([first, torch.linalg.cross(z, first)])


def _metric(module: Model, z: Tensor, directions: Tensor, labels: Tensor | None, *, information: bool) -> Tensor:
    """G (n, k, k) in float64 at places z (n, d)."""
    numbers, tangents = numbers_with_tangents(module, z, directions, labels)
    spread = module.likelihood.slope(numbers)  # of the expected pixel; for a Bernoulli likelihood also its variance
    tangents = tangents * (spread.sqrt() if information else spread)
    wide = tangents.movedim(0, 1).cpu().double()  # n, k, D; not every device has float64
    return wide @ wide.mT


def metric(
    handle: ModelHandle,
    z: NDArray[np.floating],
    directions: NDArray[np.floating] | None,
    *,
    information: bool = False,
    condition: int | None = None,
    progress: Progress | None = None,
) -> NDArray[np.float64]:
    """The metric that the decoder pulls back to the span of some directions, G (n, k, k), at latent points z (n, d).

    Parameters
    ----------
    directions : array, shape (k, d), or None
        On the sphere, what of them lies along it; None there takes two of length 1 at right angles, at each place its own.
    condition : int or None
        The class that a conditional model is told; None is class 0.
    information : bool
        False: ``J'J``, with J the derivative of the expected pixels in 0..1 (n, D). True: the Fisher-Rao metric of a
        Bernoulli likelihood, ``J_a' diag(p (1 - p)) J_a``, with J_a that of the logits.
    progress : callable(part) or None
        Called between pieces; may raise Cancelled.

    With ReLU, G jumps where units switch on and off.
    """
    module = module_of(handle)
    if information and handle.architecture.likelihood != "bernoulli":
        raise ValueError("the Fisher-Rao metric is written for a Bernoulli likelihood")
    device = device_of(module)
    points = torch.from_numpy(np.array(z, np.float32, ndmin=2))
    facts = handle.architecture.facts
    sphere = facts.space == "sphere"
    if directions is None and not sphere:
        raise ValueError("only on the sphere are there directions without saying which")
    along = None if directions is None else torch.from_numpy(np.array(directions, np.float32)).to(device)
    count = 2 if along is None else len(along)
    piece = max(1, min(PIECE, NUMBERS // ((1 + count) * handle.architecture.widest)))
    parts: list[NDArray[np.float64]] = []
    with torch.inference_mode():
        for chunk in points.split(piece):
            z_here = chunk.to(device)
            here = tangent_basis(z_here) if along is None else tangential(z_here, along) if sphere else along
            labels = torch.full((len(chunk),), condition or 0, device=device) if facts.conditional else None
            parts.append(_metric(module, z_here, here, labels, information=information).numpy())
            if progress is not None:
                progress(min(1.0, len(parts) * piece / len(points)))
    return np.concatenate(parts)


def log_magnification(
    handle: ModelHandle,
    z: NDArray[np.floating],
    directions: NDArray[np.floating],
    *,
    information: bool = False,
    condition: int | None = None,
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """``1/2 log det G`` (n,): the logarithm of the area in picture space that a unit area of the plane is mapped to.

    Parameters as of `metric`; on the sphere it is of a unit area of the sphere, whatever the directions. A direction that is all
    0, as the second one of a model of one dimension, is left out: then it is the logarithm of a length. Where the decoder does
    not change it is -40; where a weight is no number, NaN.
    """
    along: NDArray[np.floating] | None = np.asarray(directions)
    if handle.architecture.facts.space == "sphere":
        along = None
    elif along is not None:
        along = along[(along != 0).any(axis=1)]
    g = metric(handle, z, along, information=information, condition=condition, progress=progress)
    determinant = g[:, 0, 0] if g.shape[1] == 1 else g[:, 0, 0] * g[:, 1, 1] - g[:, 0, 1] * g[:, 1, 0]
    with np.errstate(divide="ignore"):
        logs = 0.5 * np.log(np.maximum(determinant, 0.0))
    return np.maximum(logs, LEAST_LOG).astype(np.float32)
