"""Geometry that the decoder gives to latent space: how much its picture changes from place to place.

The derivatives are exact: tangents are carried through the layers beside the numbers (forward mode), two for a plane, at
three times the cost of decoding. torch's own forward mode gives the same, several times as slowly, and its first use loads
for seconds. Sources: Arvanitidis, Hansen & Hauberg 2018 (arXiv 1710.11379) for J'J; Arvanitidis et al. 2022 (arXiv
2106.05367) for the Fisher-Rao metric.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from latent_explorer.core.nn.families.base import Model
from latent_explorer.core.nn.handles import module_of
from latent_explorer.core.nn.inference import NUMBERS, device_of
from latent_explorer.core.nn.networks import ConvDecoder, DenseDecoder, ResidualLayer
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


def logits_with_tangents(decoder: DenseDecoder, z: Tensor, directions: Tensor) -> tuple[Tensor, Tensor]:
    """Logits and their derivatives along directions.

    Parameters
    ----------
    z : Tensor, shape (n, d)
    directions : Tensor, shape (k, d)

    Returns
    -------
    logits : Tensor, shape (n, D)
    tangents : Tensor, shape (k, n, D)
    """
    n, k = len(z), len(directions)
    x, tangents = _through(decoder.layers, z, directions[:, None].expand(k, n, -1))
    if not isinstance(decoder, ConvDecoder):
        return x, tangents
    x, tangents = _through(decoder.activation, x, tangents)
    maps = x.unflatten(-1, (-1, *decoder.sizes[0]))
    bent = tangents.unflatten(-1, (-1, *decoder.sizes[0]))
    for number, (stage, (height, width)) in enumerate(zip(decoder.stages, decoder.sizes[1:], strict=True)):
        assert isinstance(stage, nn.ConvTranspose2d)
        if number:
            maps, bent = _through(decoder.activation, maps, bent)
        maps = stage(maps)[..., :height, :width]
        flat = functional.conv_transpose2d(bent.flatten(0, 1), stage.weight, None, stride=2, padding=1)  # as the stage has it
        bent = flat[..., :height, :width].unflatten(0, (k, n))
    return maps.movedim(-3, -1).reshape(n, decoder.pixels), bent.movedim(-3, -1).reshape(k, n, decoder.pixels)


def _metric(module: Model, z: Tensor, directions: Tensor, *, information: bool) -> Tensor:
    """G (n, k, k) in float64 at places z (n, d)."""
    logits, tangents = logits_with_tangents(module.decoder, z, directions)
    p = torch.sigmoid(logits)
    spread = p * (1 - p)  # derivative of the expected pixel by the logit, and its variance under a Bernoulli likelihood
    tangents = tangents * (spread.sqrt() if information else spread)
    wide = tangents.movedim(0, 1).double()  # n, k, D
    return wide @ wide.mT


def metric(
    handle: ModelHandle,
    z: NDArray[np.floating],
    directions: NDArray[np.floating],
    *,
    information: bool = False,
    progress: Progress | None = None,
) -> NDArray[np.float64]:
    """The metric that the decoder pulls back to the span of some directions, G (n, k, k), at latent points z (n, d).

    Parameters
    ----------
    directions : array, shape (k, d)
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
    along = torch.from_numpy(np.array(directions, np.float32)).to(device)
    piece = max(1, min(PIECE, NUMBERS // ((1 + len(along)) * handle.architecture.widest)))
    parts: list[NDArray[np.float64]] = []
    with torch.inference_mode():
        for chunk in points.split(piece):
            parts.append(_metric(module, chunk.to(device), along, information=information).cpu().numpy())
            if progress is not None:
                progress(min(1.0, len(parts) * piece / len(points)))
    return np.concatenate(parts)


def log_magnification(
    handle: ModelHandle,
    z: NDArray[np.floating],
    directions: NDArray[np.floating],
    *,
    information: bool = False,
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """``1/2 log det G`` (n,): the logarithm of the area in picture space that a unit area of the plane is mapped to.

    Parameters as of `metric`. A direction that is all 0, as the second one of a model of one dimension, is left out: then it is
    the logarithm of a length. Where the decoder does not change it is -40; where a weight is no number, NaN.
    """
    along = np.asarray(directions)
    along = along[(along != 0).any(axis=1)]
    g = metric(handle, z, along, information=information, progress=progress)
    determinant = g[:, 0, 0] if len(along) == 1 else g[:, 0, 0] * g[:, 1, 1] - g[:, 0, 1] * g[:, 1, 0]
    with np.errstate(divide="ignore"):
        logs = 0.5 * np.log(np.maximum(determinant, 0.0))
    return np.maximum(logs, LEAST_LOG).astype(np.float32)
