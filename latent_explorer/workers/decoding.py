"""What the probe and the mosaic ask of the decoder; runs in their lanes."""

from __future__ import annotations

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

PIECE = 64  # pictures that are decoded at once


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
    from latent_explorer.core.nn.inference import decode_pieces

    if not has(request.handle):
        raise Cancelled
    yield from decode_pieces(request.handle, request.z, piece)


@dataclass(frozen=True, eq=False)
class ProbeAnswer:
    """What is known about one point: its picture (none while the weights are not loaded) and what lies around it.

    ``around`` speaks of rows of ``codes``; ``nearest`` are the images of ``around.nearest`` in the data set (n, H, W, C), none
    where that was not given or has others.
    """

    generation: int
    z: NDArray[np.float32]
    result: DecodeResult | None
    around: Surroundings | None
    codes: Codes | None = None
    nearest: Images | None = None


class Prober:
    """Answers the probe. Used in the probe lane only, so it may remember the tree of the codes it saw last."""

    def __init__(self) -> None:
        self._codes: Codes | None = None
        self._neighbours: Neighbours | None = None

    def answer(
        self,
        z: NDArray[np.float32],
        generation: int,
        request: DecodeRequest | None,
        codes: Codes | None,
        dataset: ImageDataset | None = None,
    ) -> ProbeAnswer:
        """Decode (where there is a request) and look around among the codes; with their data set, also at the nearest images."""
        if codes is not self._codes:
            self._codes, self._neighbours = codes, None if codes is None else Neighbours(codes.z, codes.labels)
        around = None if self._neighbours is None else self._neighbours.around(z)
        nearest = None if around is None or codes is None or dataset is None else images_of(codes, around.nearest, dataset)
        return ProbeAnswer(generation, z, None if request is None else decode(request), around, codes, nearest)


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
    parts = []
    for images in _pieces(request, piece):
        parts.append(as_bytes(images))
        context.progress("", min(1.0, len(parts) * piece / len(request.z)))
    pixels = assemble(framed(np.concatenate(parts)), lattice.columns)
    return MosaicAnswer(request.generation, revision, lattice, pixels, 1000 * (time.perf_counter() - begun))


def lattice_codes(lattice: Lattice, frame: PlaneFrame) -> NDArray[np.float32]:
    """The latent points of a lattice's cells, (n, d)."""
    return frame.to_z(lattice.centres()).astype(np.float32)
