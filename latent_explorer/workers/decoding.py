"""What the probe and the mosaic ask of the decoder; runs in their lanes."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.errors import Cancelled
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.neighbours import Neighbours, Surroundings, images_of
from latent_explorer.core.plane.tiles import Lattice, assemble, framed
from latent_explorer.core.quick import as_bytes
from latent_explorer.core.types import Codes, DecodeRequest, DecodeResult, ImageDataset, Images
from latent_explorer.workers.task import Context

PIECE = 64  # pictures that are decoded at once, or fewer of larger images
PAUSES = 20  # from one set of live codes to the next, by the time that taking one up takes


def decode(request: DecodeRequest) -> DecodeResult:
    """Pictures for a request, with the time they took.

    Raises
    ------
    Cancelled
        The model was replaced and let go meanwhile, so nobody waits for this answer.
    """
    begun = time.perf_counter()
    images = np.concatenate([as_bytes(images) for images in _pieces(request, PIECE)])
    return DecodeResult(request, images, 1000 * (time.perf_counter() - begun))


def _pieces(request: DecodeRequest, piece: int) -> Iterator[NDArray[np.float32]]:
    """Expected pixels, `piece` points at a time: by the networks, or by what answers in their place before they are there."""
    if request.quick is not None:
        for start in range(0, max(1, len(request.z)), piece):
            yield request.quick.decode(request.z[start : start + piece])
        return
    from latent_explorer.core.nn.handles import has
    from latent_explorer.core.nn.inference import batch_of, decode_pieces

    if not has(request.handle):
        raise Cancelled
    yield from decode_pieces(request.handle, request.z, min(piece, batch_of(request.handle)))


@dataclass(frozen=True, eq=False)
class ProbeAnswer:
    """The picture of one point; none while nothing can decode it."""

    generation: int
    z: NDArray[np.float32]
    result: DecodeResult | None


def probe(z: NDArray[np.float32], generation: int, request: DecodeRequest | None) -> ProbeAnswer:
    """Decode, where there is a request."""
    return ProbeAnswer(generation, z, None if request is None else decode(request))


@dataclass(frozen=True, eq=False)
class PlaceAnswer:
    """What lies around one point.

    ``around`` speaks of rows of ``codes``; ``nearest`` are the images of ``around.nearest`` in the data set (n, H, W, C), none
    where that was not given or has others.
    """

    generation: int
    z: NDArray[np.float32]
    around: Surroundings | None
    codes: Codes | None = None
    nearest: Images | None = None


class Lookout:
    """Looks around among the codes. Used in one lane only, so it may remember how those that it saw last lie.

    Other codes of the same model, as come many times a second while it trains, are taken up when doing so takes a small share
    of the time; until then the answer is about those before, and names them.
    """

    def __init__(self) -> None:
        self._codes: Codes | None = None
        self._neighbours: Neighbours | None = None
        self._generation = -1
        self._next = -math.inf  # when others of the same model may be taken up

    def around(self, z: NDArray[np.float32], generation: int, codes: Codes | None, dataset: ImageDataset | None = None) -> PlaceAnswer:
        """What lies around z among the codes; with their data set, also the nearest images."""
        same_model = codes is not None and self._codes is not None and generation == self._generation
        if codes is not self._codes and (not same_model or time.monotonic() >= self._next):
            begun = time.monotonic()
            self._codes, self._generation = codes, generation
            self._neighbours = None if codes is None else Neighbours(codes.z, codes.labels)
            self._next = time.monotonic() + PAUSES * (time.monotonic() - begun)
        known, around = self._codes, None if self._neighbours is None else self._neighbours.around(z)
        nearest = None if around is None or known is None or dataset is None else images_of(known, around.nearest, dataset)
        return PlaceAnswer(generation, z, around, known, nearest)


@dataclass(frozen=True, eq=False)
class MosaicAnswer:
    """A sheet of decoded pictures (H, W, C), uint8, and the lattice that it fills."""

    generation: int
    revision: int
    lattice: Lattice
    pixels: NDArray[np.uint8]
    milliseconds: float


def decode_mosaic(request: DecodeRequest, revision: int, lattice: Lattice, context: Context, piece: int = PIECE) -> MosaicAnswer:
    """Decode all cells, `piece` at a time so that it can be cancelled in between."""
    begun = time.perf_counter()
    parts, done = [], 0
    for images in _pieces(request, piece):
        parts.append(as_bytes(images))
        done += len(images)
        context.progress("", done / len(request.z))
    pixels = assemble(framed(np.concatenate(parts)), lattice.columns)
    return MosaicAnswer(request.generation, revision, lattice, pixels, 1000 * (time.perf_counter() - begun))


def lattice_codes(lattice: Lattice, frame: PlaneFrame) -> NDArray[np.float32]:
    """The latent points of a lattice's cells, (n, d)."""
    return frame.to_z(lattice.centres()).astype(np.float32)
