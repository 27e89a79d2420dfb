"""What the probe asks of the decoder and of the codes around it; runs in its lane."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.errors import Cancelled
from latent_explorer.core.plane.neighbours import Neighbours, Surroundings, images_of, neighbours_of
from latent_explorer.core.quick import QuickDecoder, as_bytes
from latent_explorer.core.types import Codes, DecodeRequest, DecodeResult, ImageDataset, Images, ModelHandle

SORTED_HERE = 300_000  # codes; sorting more would keep the probe's pictures waiting
PAUSES = 20  # from one set of live codes to the next, by the time that taking one up takes


def decode(request: DecodeRequest) -> DecodeResult:
    """Pictures for a request, with the time they took.

    Raises
    ------
    Cancelled
        The model was replaced and let go meanwhile, so nobody waits for this answer.
    """
    begun = time.perf_counter()
    images = as_bytes(decoder_of(request.handle, request.quick, request.condition, request.seed)(request.z))
    return DecodeResult(request, images, 1000 * (time.perf_counter() - begun))


def decoder_of(
    handle: ModelHandle | None, quick: QuickDecoder | None, condition: int | NDArray[np.int64] | None = None, seed: int = 0
) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """What turns points (n, d) into expected pixels (n, H, W, C): the networks as they are known now, or what stands in for them.

    ``condition`` and ``seed`` as of `DecodeRequest`.

    Raises
    ------
    Cancelled
        The model was replaced and let go meanwhile, so nobody waits for its pictures.
    """
    if quick is not None:
        return quick.decode
    from latent_explorer.core.nn.handles import has, module_of
    from latent_explorer.core.nn.inference import decode_with

    if handle is None or not has(handle):
        raise Cancelled
    return partial(decode_with, module_of(handle), condition=condition, seed=seed)


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


def _unsorted(codes: Codes) -> bool:
    return codes.z.shape[1] == 2 and len(codes.z) > SORTED_HERE and "finder" not in vars(codes)


class Lookout:
    """Looks around among the codes. Used in one lane only, so it may remember how those that it saw last lie.

    Other codes of the same model, as come many times a second while it trains, are taken up when doing so takes a small share
    of the time; until then the answer is about those before, and names them. Of very many codes nothing is said until somebody
    else, in a lane where nobody waits for pictures, has sorted them.
    """

    def __init__(self) -> None:
        self._codes: Codes | None = None
        self._neighbours: Neighbours | None = None
        self._only: int | None = None
        self._generation = -1
        self._next = -math.inf  # when others of the same model may be taken up

    def around(
        self,
        z: NDArray[np.float32],
        generation: int,
        codes: Codes | None,
        dataset: ImageDataset | None = None,
        *,
        kind: str = "affine",
        only: int | None = None,
    ) -> PlaceAnswer:
        """What lies around z among the codes, on a plane of this kind; with their data set, also the nearest images.

        Of a conditional model, `only` the codes of the class whose plane is shown lie there.
        """
        same_model = codes is not None and self._codes is not None and generation == self._generation
        waited = codes is self._codes and codes is not None and self._neighbours is None
        if waited or only != self._only or (codes is not self._codes and (not same_model or time.monotonic() >= self._next)):
            begun = time.monotonic()
            self._codes, self._generation, self._only = codes, generation, only
            self._neighbours = None if codes is None or _unsorted(codes) else neighbours_of(codes, kind=kind, only=only)
            self._next = time.monotonic() + PAUSES * (time.monotonic() - begun)
        known, around = self._codes, None if self._neighbours is None else self._neighbours.around(z)
        nearest = None if around is None or known is None or dataset is None else images_of(known, around.nearest, dataset)
        return PlaceAnswer(generation, z, around, known, nearest)
