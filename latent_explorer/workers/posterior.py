"""The exact posterior of one image, for the field under the points and for its panel; runs in the compute lane."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.errors import Cancelled
from latent_explorer.core.occlusion import WHOLE, known_pixels
from latent_explorer.core.plane.cells import Cells
from latent_explorer.core.plane.density import Progress, no_progress
from latent_explorer.core.plane.field import PlaneField
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.posterior_field import SEEN, log_cell, log_density, posterior_field, region_levels
from latent_explorer.core.posterior import Posterior
from latent_explorer.core.quick import as_bytes
from latent_explorer.core.types import Images, ModelHandle

SIDE, SIDE_TRAINING = 128, 64  # nodes along each axis; a model in training has others soon
COUNTED = 1e-4  # of the posterior: cells with less are not looked into for the regions
MOST_COUNTED, FINEST = 256, 16  # such cells, and parts that each is divided into along an axis
PLACES = 3000  # about so many are asked about for the regions at most, so that the field follows a hand
SLACK, MOST_SLACK = 6.0, 60.0  # nats by which interpolation between nodes may err, at least and at most


@dataclass(frozen=True, eq=False)
class Subject:
    """The image that a person asks about.

    Parameters
    ----------
    title : str
        For people: which one it is.
    image : uint8 array, shape (H, W, C), or None
        None where it is not on this computer, or is a place: the decoder's picture of `z` stands for it.
    z : float32 array, shape (d,), or None
        Its code, or the place.
    part : str
        The pixels that are known, of `core.occlusion.PARTS`.
    condition : int or None
        The class that a conditional model is told.
    """

    title: str
    image: Images | None
    z: NDArray[np.float32] | None = None
    part: str = WHOLE
    condition: int | None = None

    def same_as(self, other: Subject | None) -> bool:
        """Whether the same is asked about the same image."""
        if other is None or (self.title, self.part, self.condition) != (other.title, other.part, other.condition):
            return False
        if (self.image is None) != (other.image is None):
            return False
        if self.image is not None and other.image is not None:
            return self.image is other.image or np.array_equal(self.image, other.image)
        return self.z is other.z or (self.z is not None and other.z is not None and np.array_equal(self.z, other.z))


@dataclass(frozen=True, eq=False)
class Finding:
    """The posterior of a subject, with what the field is drawn by.

    ``image`` is the one that was asked about, uint8 (H, W, C); ``highest`` the logarithm of the density at the mode, ``levels``
    those at the edges of the regions, nats.
    """

    subject: Subject
    handle: ModelHandle
    image: Images
    mask: NDArray[np.bool_] | None
    posterior: Posterior
    highest: float
    levels: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Comparison:
    """What takes longer than the field: the encoder's view, and the picture that the posterior expects.

    Parameters
    ----------
    evidence : float
        As ``log_evidence`` of the finding's posterior, nats; of a model in training by the same, newer weights as all that follows.
    mean : float64 array, shape (d,), or None
    covariance : float64 array, shape (d, d), or None
        Of the encoder's q, where it is normal.
    elbo : float
        Nats; NaN where it is not defined, or where a part of the image is hidden, which the encoder is not told.
    expected : uint8 array, shape (H, W, C)
        The mean of the decoder's pictures over the exact posterior: with hidden pixels, the image completed.
    place : float32 array, shape (d,), or None
        Where the encoder puts the whole image, whatever its q is; None for a model without one.
    """

    finding: Finding
    evidence: float
    mean: NDArray[np.float64] | None
    covariance: NDArray[np.float64] | None
    elbo: float
    expected: Images
    place: NDArray[np.float32] | None = None

    @property
    def gap(self) -> float:
        """log p(x) - ELBO = KL(q(z|x) || p(z|x)), nats."""
        return self.evidence - self.elbo


def find(subject: Subject, handle: ModelHandle, side: int, progress: Progress = no_progress, *, draft: bool = False) -> Finding:
    """The exact posterior of a subject; a `draft` is the sum over the grid alone, whose regions are left out where they would be rough.

    Raises
    ------
    Cancelled
        The model was let go, or `progress` says so.
    SettingError
        There is no exact inference for the model.
    """
    from latent_explorer.core.nn.exact.posterior import posterior
    from latent_explorer.core.nn.inference import decode_bytes

    image = subject.image
    with _there(handle):
        if image is None:
            assert subject.z is not None
            image = decode_bytes(handle, subject.z[None], subject.condition)[0]
        mask = known_pixels(subject.part, *image.shape[:2])
        found = posterior(handle, image, side, mask, subject.condition, progress, draft=draft)
    if draft:
        mass = found.probability[found.probability > 0].astype(np.float64)
        density = np.log(mass) - log_cell(found)
        levels = region_levels(mass, density) if _wide(found) else ()
        return Finding(subject, handle, image, mask, found, float(density.max()), levels)
    bare = Finding(subject, handle, image, mask, found, 0.0, ())
    highest = float(_at(bare, found.mode[None], progress)[0])
    return Finding(subject, handle, image, mask, found, highest, _levels(bare, progress))


def _wide(found: Posterior) -> bool:
    """Whether the grid's cells are small enough to tell the regions."""
    return found.space == "sphere" or not found.width < 2 * found.h


def _at(finding: Finding, z: NDArray[np.float64], progress: Progress) -> NDArray[np.float64]:
    """The logarithm of the density at places (n, d), by the decoder."""
    from latent_explorer.core.nn.exact.places import log_density_at

    subject = finding.subject
    with _there(finding.handle):
        return log_density_at(finding.handle, finding.image, z, finding.posterior, finding.mask, subject.condition, progress)


def _levels(finding: Finding, progress: Progress) -> tuple[float, ...]:
    """The regions' densities: from the grid, or where it is too coarse for the posterior, from finer parts of the cells that count."""
    found = finding.posterior
    mass = found.probability.ravel().astype(np.float64)
    if _wide(found):
        counted = mass > 0
        return region_levels(mass[counted], np.log(mass[counted]) - log_cell(found))
    cells = np.flatnonzero(mass > COUNTED)
    cells = cells[np.argsort(-mass[cells], kind="stable")[:MOST_COUNTED]]
    dimensions = found.z.shape[1]
    most = max(2, int((PLACES / len(cells)) ** (1 / dimensions)))
    parts = min(FINEST, most, math.ceil(2 * found.h / max(found.width, found.h / FINEST)))
    offsets = ((np.arange(parts) + 0.5) / parts - 0.5) * found.h
    within = np.stack(np.meshgrid(*[offsets] * dimensions, indexing="ij"), axis=-1).reshape(-1, dimensions)
    z = (found.z[cells][:, None].astype(np.float64) + within).reshape(-1, dimensions)
    logs = _at(finding, z, progress)
    shares = np.exp(logs - logs.max())
    return region_levels(shares, logs)


def field_of(finding: Finding, frame: PlaneFrame, cells: Cells, progress: Progress = no_progress, *, draft: bool = False) -> PlaneField:
    """The field in some cells: a `draft` is interpolated between nodes, else the decoder is asked wherever it can be seen."""
    found, centres = finding.posterior, cells.centres()
    logs = np.full(len(centres), -np.inf)
    there = np.flatnonzero(frame.contains(centres))
    z = frame.to_z(centres[there])
    logs[there] = log_density(found, z)
    if not draft:
        coarse = found.h / found.width if found.width > 0 else 1.0
        seen = np.flatnonzero(logs[there] > finding.highest - SEEN - min(SLACK + coarse**2, MOST_SLACK))
        logs[there[seen]] = _at(finding, z[seen], progress)
    return posterior_field(logs, cells, finding.highest, finding.levels, note_of(finding), space=found.space)


def note_of(finding: Finding) -> str:
    """How it was computed, in words."""
    found = finding.posterior
    nodes = {"line": f"{found.side:,}", "sphere": f"{found.side:,}"}.get(found.space, f"{found.side} × {found.side}")
    lines = "; the lines go around the smallest regions with 68% and 95% of it" if finding.levels else ""
    words = [f"p(z|x) by Bayes' rule on {nodes} nodes{lines}."]
    if found.draft and found.narrow:
        words.append("A first look: it is narrower than the distance between nodes.")
    elif found.refined:
        words.append("It is narrower than the distance between nodes, so the cells that count were divided further.")
    elif found.narrow:
        words.append("It is narrower than the distance between nodes, so it may be off.")
    return " ".join([*words, found.note]).strip()


def compare(finding: Finding) -> Comparison:
    """What the encoder says, and what the posterior expects.

    Raises
    ------
    Cancelled
        The model was let go.
    """
    from latent_explorer.core.nn.exact.places import encoded
    from latent_explorer.core.nn.exact.posterior import completion
    from latent_explorer.core.nn.inference import encode

    handle, subject = finding.handle, finding.subject
    mask = np.ones(finding.image.shape[:2], np.bool_) if finding.mask is None else finding.mask
    side = finding.posterior.side if finding.posterior.space in ("plane", "torus") else SIDE
    place = None
    with _there(handle):
        found, expected = completion(handle, finding.image, mask, side, subject.condition)
        said = encoded(handle, finding.image, subject.condition)
        if said is None and handle.architecture.facts.encoder:
            told = None if subject.condition is None else np.array([subject.condition])
            place = encode(handle, finding.image[None], told)[0][0]
    if said is None:
        return Comparison(finding, found.log_evidence, None, None, math.nan, as_bytes(expected), place)
    elbo = said.elbo if finding.mask is None else math.nan
    return Comparison(finding, found.log_evidence, said.mean, said.covariance, elbo, as_bytes(expected), said.mean.astype(np.float32))


@contextmanager
def _there(handle: ModelHandle) -> Iterator[None]:
    """For questions to a model that may be let go at any time, also between two of them: then `Cancelled`."""
    from latent_explorer.core.nn.handles import has

    try:
        if not has(handle):
            raise Cancelled
        yield
    except KeyError:
        if has(handle):
            raise
        raise Cancelled from None
