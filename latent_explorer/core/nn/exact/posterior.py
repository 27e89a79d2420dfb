"""The exact posterior of one image, or of any of its pixels, and the picture that it completes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.errors import SettingError
from latent_explorer.core.nn.exact.climbing import log_prior, on_grid, peaks
from latent_explorer.core.nn.exact.dividing import divided, narrow_grid
from latent_explorer.core.nn.exact.forms import Decoder
from latent_explorer.core.nn.exact.grids import Nodes
from latent_explorer.core.nn.exact.looking import affordable, first_look, joint_at
from latent_explorer.core.nn.exact.parts import parts_of
from latent_explorer.core.nn.exact.sums import Progress, no_progress
from latent_explorer.core.nn.exact.totals import embedded, summary
from latent_explorer.core.nn.handles import module_of
from latent_explorer.core.nn.inference import Pixels, grey_tensor
from latent_explorer.core.posterior import Posterior, score_of
from latent_explorer.core.types import ModelHandle

Doubles = NDArray[np.float64]

NARROW_ENOUGH = 0.5  # of the distance of the places there: a posterior of such a width is summed right within a hundredth
MOST_CELLS = 1 << 14  # that are divided in one round
NOTHING = 1e-15  # share of a cell that moves no mean
ROUGH = "The posterior is far narrower than the places it is summed at, so its figures are rough."
COUNTED = 1e-6  # share of the posterior that a place must have to be decoded for the expected image


@dataclass(frozen=True, eq=False)
class _Terms:
    """Places with the logarithms of their shares of p(x), those of their sizes, and the cell that each lies in."""

    z: NDArray[np.float32]
    joint: Doubles
    log_weight: Doubles
    log_cell: Doubles
    cell: NDArray[np.int64]


def decoder_for(handle: ModelHandle, condition: int | None) -> Decoder:
    """The decoder of a published model under a condition.

    Raises
    ------
    SettingError
        A conditional family without a condition, another one with one, or a class that the model does not have.
    """
    config = handle.architecture
    if config.facts.conditional:
        if condition is None:
            raise SettingError(f"{config.facts.title} has a plane for each class; choose a class.")
        if not 0 <= condition < (config.classes or 0):
            raise SettingError(f"The class is {condition}; the model has 0 to {(config.classes or 0) - 1}.")
    elif condition is not None:
        raise SettingError(f"{config.facts.title} is told no class, so leave it out.")
    return Decoder(module_of(handle), condition)


@torch.inference_mode()
def posterior(
    handle: ModelHandle,
    image: Pixels,
    side: int = 128,
    mask: NDArray[np.bool_] | None = None,
    condition: int | None = None,
    progress: Progress = no_progress,
    *,
    draft: bool = False,
) -> Posterior:
    """p(z|x) on a grid, for the image as it is: a grey one is asked for as it is, a binary draw as its 0 and 1.

    The first image needs the decoder at all nodes; then they are kept, and the next one takes milliseconds.

    Parameters
    ----------
    image : uint8 array, or float32 array in 0..1, shape (H, W, C)
    side : int
        Nodes along each axis; a multiple of 4.
    mask : bool array, shape (H, W) or (H, W, C), or None
        The pixels that are known; None for all.
    condition : int or None
        The class, for a conditional family.
    draft : bool
        Sum over the grid alone, which asks the decoder nothing once its numbers are kept, of fewer nodes where they are too many
        for that: a first look, wrong where the posterior is narrow. Mode and width are then those of the quadratic through the
        best nodes.

    Raises
    ------
    SettingError
        There is no exact inference for the model (the sentence says why), or an argument is out of range.
    """
    return _posterior(handle.architecture, decoder_for(handle, condition), image, side, mask, progress, draft=draft)[0]


@torch.inference_mode()
def completion(
    handle: ModelHandle,
    image: Pixels,
    mask: NDArray[np.bool_],
    side: int = 128,
    condition: int | None = None,
    progress: Progress = no_progress,
) -> tuple[Posterior, NDArray[np.float32]]:
    """The posterior given some pixels, and the expected image under it, float32 (H, W, C) in 0..1; parameters as of `posterior`."""
    decoder = decoder_for(handle, condition)  # asked twice, though the model may be let go meanwhile
    found, terms = _posterior(handle.architecture, decoder, image, side, mask, progress)
    share = np.exp(terms.joint - found.log_evidence)
    counted = np.flatnonzero(share > COUNTED * share.max())
    expected = np.zeros(handle.architecture.pixels)
    for rows in np.array_split(counted, max(1, math.ceil(len(counted) / decoder.batch))):
        numbers = decoder.at(torch.from_numpy(terms.z[rows]).to(decoder.device))
        expected += share[rows] @ decoder.likelihood.mean(numbers).cpu().double().numpy()
    picture = (expected / share[counted].sum()).astype(np.float32)
    return found, picture.reshape(handle.architecture.image_shape)


def _posterior(
    config: ModelConfig,
    decoder: Decoder,
    image: Pixels,
    side: int,
    mask: NDArray[np.bool_] | None,
    progress: Progress,
    *,
    draft: bool = False,
) -> tuple[Posterior, _Terms]:
    nodes, note = affordable(config, side)
    if draft:
        nodes, note = first_look(decoder, nodes, note)
    known = _known(config, mask)
    pixels = grey_tensor(image[None])[0].numpy()
    if known is not None:
        decoder = Decoder(decoder.module, decoder.condition, torch.from_numpy(known).to(decoder.device))
    x = torch.from_numpy(pixels).to(decoder.device)[None]
    joint = joint_at(decoder, nodes, pixels, known, progress)
    score = score_of(config, pixels if known is None else pixels[known])
    if np.isnan(joint).any():
        raise SettingError("The decoder's answer is no number at some places, so there is no posterior; train it anew, at a smaller rate.")
    terms = _Terms(nodes.z, joint, nodes.log_weight, np.full(len(joint), nodes.log_cell), np.arange(len(joint)))
    if draft:
        mode, width = on_grid(nodes, joint)
        return _summed(nodes, terms, mode, width, score, note, draft=True), terms
    refined, settled = False, True
    if nodes.kind != "sphere":
        terms, settled = _divided(decoder, nodes, x, terms, progress)
        refined = len(terms.z) > len(joint) or not settled
    best = int((terms.joint - terms.log_cell).argmax())
    h = nodes.h if nodes.kind == "sphere" else math.exp(terms.log_cell[best] / nodes.z.shape[1])
    peak = peaks(decoder, nodes, x, torch.from_numpy(terms.z[best : best + 1].copy()).to(decoder.device), h=h)
    mode, width = peak.z[0].cpu().double().numpy(), float(peak.width[0])
    if math.isnan(width) and nodes.kind != "sphere":  # a ridge so long that differences of the decoder's answers are lost
        width = on_grid(nodes, joint)[1]
    if not settled or width < NARROW_ENOUGH * h:
        note = f"{note} {ROUGH}".strip()
    found = _summed(nodes, terms, mode, width, score, note, refined=refined)
    if settled and (nodes.kind != "sphere" or not found.narrow):  # else the places may have missed a part of it
        share = np.exp(terms.joint - found.log_evidence)
        parts, stray = parts_of(decoder, nodes, x, terms.z, share, terms.log_cell, terms.cell, mode)
        found = replace(found, parts=parts, stray=stray)
    return found, terms


def _known(config: ModelConfig, mask: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    if mask is None:
        return None
    height, width, channels = config.image_shape
    if mask.dtype != np.bool_ or mask.shape not in ((height, width), (height, width, channels)):
        raise SettingError(f"mask is {mask.dtype} {mask.shape}; it must be bool, ({height}, {width}) or ({height}, {width}, {channels}).")
    if mask.all():
        return None
    return np.broadcast_to(mask.reshape(height, width, -1), config.image_shape).flatten()


def _divided(decoder: Decoder, nodes: Nodes, x: torch.Tensor, terms: _Terms, progress: Progress) -> tuple[_Terms, bool]:
    """The same with finer places where the posterior is narrow, and whether they are fine enough."""
    grid, kept = narrow_grid(nodes, terms.joint[None])
    parts, settled = divided(decoder, x, grid, kept, MOST_CELLS, progress)
    if len(parts) == 1:
        return terms, bool(settled[0])
    left = np.ones(len(terms.joint), np.bool_)
    left[grid.cells] = False
    rest = np.flatnonzero(left)
    z = np.concatenate([nodes.z[rest], *(part.centres() for part in parts)]).astype(np.float32)
    log_cell = np.concatenate([np.full(len(rest), nodes.log_cell), *(np.full(len(part.rows), part.log_cell) for part in parts)])
    return _Terms(
        z,
        np.concatenate([terms.joint[rest], *(part.joint for part in parts)]),
        log_prior(nodes.kind, torch.from_numpy(z)).double().numpy() + log_cell,
        log_cell,
        np.concatenate([rest, *(part.parents() for part in parts)]),
    ), bool(settled[0])


def _summed(
    nodes: Nodes,
    terms: _Terms,
    mode: Doubles,
    width: float,
    score: str,
    note: str,
    *,
    refined: bool = False,
    draft: bool = False,
) -> Posterior:
    top = float(terms.joint.max())
    log_evidence = top + math.log(np.exp(terms.joint - top).sum())
    share = np.exp(terms.joint - log_evidence)
    counted = np.flatnonzero(share > NOTHING)
    v = embedded(nodes.kind, terms.z[counted].astype(np.float64))
    mean, covariance = summary(nodes.kind, (share[counted] @ v)[None], (v.T @ (share[counted, None] * v))[None])
    density = terms.joint[counted] - log_evidence
    probability = np.bincount(terms.cell, share, len(nodes.z)).astype(np.float32).reshape(nodes.shape)
    return Posterior(
        space=nodes.kind,
        probability=probability,
        z=nodes.z,
        h=nodes.h,
        log_evidence=log_evidence,
        score=score,
        mode=mode,
        mean=mean[0],
        covariance=covariance[0],
        entropy=float(-(share[counted] @ (density - terms.log_cell[counted]))),
        information=float(share[counted] @ (density - terms.log_weight[counted])),
        width=width,
        refined=refined,
        note=note,
        draft=draft,
    )
