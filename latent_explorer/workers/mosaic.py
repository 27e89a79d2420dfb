"""Decodes the mosaic coarse to fine, piece by piece, and remembers what it has decoded; runs in the tiles lane."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.cache import Cache
from latent_explorer.core.plane.sheet import NEVER, Sheet, compose, laid_over
from latent_explorer.core.plane.tiles import Lattice, framed, reduced
from latent_explorer.core.quick import as_bytes
from latent_explorer.core.types import Slot
from latent_explorer.workers.decoding import decoder_of

PIECE = 0.008  # seconds of decoding, about, between two looks at what else is wanted
FIRST, LARGEST = 16, 128  # pictures of a piece: while nobody knows how long one takes, and at most
SHOW = 0.06  # seconds from one sheet to the next, while there is more to come
MARGIN = 1  # cells beyond the window, so that there is something to see where it moves to
COARSE = (4, 2)  # every so many cells, each way, come first

REMEMBERED = 4096  # models and planes whose pictures can be found again

Pixels = NDArray[np.uint8]
Key = tuple[int, float, float]


@dataclass(frozen=True, eq=False)
class MosaicWish:
    """What is to be shown: the model and the plane of a slot, on a lattice that covers the window, pictures shrunk by `reduction`."""

    slot: Slot
    lattice: Lattice
    reduction: int = 1


@dataclass(frozen=True, eq=False)
class MosaicAnswer:
    """What can be shown for a wish; no sheet where that is nothing. ``seconds`` since the work on it began."""

    wish: MosaicWish
    sheet: Sheet | None
    complete: bool
    seconds: float


class Tiles:
    """All pictures of the mosaic that were decoded lately. Used in one lane only, so it may remember."""

    def __init__(self, cache: Cache | None = None) -> None:
        self._cache = Cache() if cache is None else cache
        self._last: MosaicWish | None = None
        self._numbers: dict[tuple[str, str, int], int] = {}  # of weights, plane and reduction: the beginning of a key
        self._new_number = itertools.count()
        self._sources: list[int] = []  # whose pictures may be shown, the newest first
        self._live: dict[int, list[Key]] = {}  # what is kept of models in training
        self._on_screen: Lattice | None = None  # where there is something to see everywhere
        self._each = 0.0  # seconds that a picture takes

    def answers(self, wish: MosaicWish) -> Iterator[MosaicAnswer | None]:
        """Decode what is missing; each piece ends with an answer, or with None while there is little new to see.

        All of it by the weights that are known when it begins. Whoever wants something else meanwhile lets the iterator go: what
        was decoded until then is kept.
        """
        begun = shown = time.perf_counter()
        self._enter(wish)
        wide = wish.lattice.widened(MARGIN)
        bare = self._on_screen is None or not self._on_screen.contains(wish.lattice)
        stages, known = self._missing(wish, bare)
        sheet = self._compose(wish, wide) if known and stages else None
        if sheet is not None:
            self._on_screen = None
            yield MosaicAnswer(wish, sheet, False, time.perf_counter() - begun)
        slot = wish.slot
        decode = decoder_of(slot.handle, slot.quick, slot.condition, slot.seed) if stages else None
        new: list[tuple[NDArray[np.float64], Pixels]] = []  # since that sheet
        while stages:
            assert decode is not None
            (order, left), count = stages[0], self._piece()
            piece, stages[0] = left[:count], (order, left[count:])
            before = time.perf_counter()
            images = as_bytes(decode(wish.slot.frame.to_z(piece).astype(np.float32)))
            new.append((piece, self._keep(wish, piece, images)))
            now = time.perf_counter()
            self._each = min((now - before) / len(piece), 2 * self._each or math.inf)  # a thread may be made to wait
            ended = len(left) <= count
            if ended:
                del stages[0]
            if stages and (now - shown > SHOW or (bare and ended)):
                bare = bare and not ended
                self._on_screen = None if bare else wish.lattice
                sheet, new = self._newer(wish, wide, None if order < len(COARSE) else sheet, new), []
                yield MosaicAnswer(wish, sheet, False, time.perf_counter() - begun)
                shown = time.perf_counter()
            elif stages:
                yield None
        sheet = self._compose(wish, wide)
        self._leave_older()
        self._on_screen = wide
        yield MosaicAnswer(wish, sheet, True, time.perf_counter() - begun)

    def _piece(self) -> int:
        return FIRST if not self._each else max(1, min(LARGEST, int(PIECE / self._each)))

    def _enter(self, wish: MosaicWish) -> None:
        """Know what the pictures of a wish are kept under, and which older ones may stand in for them."""
        slot, last = wish.slot, self._last
        self._last = wish
        assert slot.handle is not None
        if last is None or last.slot.handle is None or last.slot.handle.architecture != slot.handle.architecture:
            self._each = 0.0
        if last is None or not may_stay(last.slot, slot) or wish.reduction != last.reduction:
            self._leave_older()
            self._sources, self._on_screen = [], None
        model = slot.handle.content_hash or f"{slot.handle.id} {slot.revision}"
        what = model, f"{slot.frame.key} {slot.condition} {slot.seed}", wish.reduction
        if what not in self._numbers:
            self._numbers[what] = next(self._new_number)
            if len(self._numbers) > REMEMBERED:
                del self._numbers[next(iter(self._numbers))]
        source = self._numbers[what]
        self._sources = [source, *(other for other in self._sources if other != source)]

    def _leave_older(self) -> None:
        """Nothing older has to stand in any more; and nobody asks again for weights that a run has left behind."""
        newest = self._sources[:1]
        for source in [source for source in self._live if source not in newest]:
            self._cache.drop(self._live.pop(source))
        self._sources = newest

    def _missing(self, wish: MosaicWish, bare: bool) -> tuple[list[tuple[int, NDArray[np.float64]]], bool]:
        """Places to decode (n, 2), in numbered stages: every fourth and second cell, the window, its margin; each from its middle out.

        Where parts of the window are `bare`, the first stage covers all of it. Also whether pictures are known for some of them.
        """
        window, wide = wish.lattice, wish.lattice.widened(MARGIN)
        places = wide.centres()
        if bare:
            coarse = window.coarser(COARSE[0]).centres()
            places = np.concatenate([places, coarse[~wide.covers(coarse)]])
        if wish.slot.frame.latent_dim == 1:  # nothing changes upwards
            places = np.unique(places * (1.0, 0.0), axis=0)
        found = self._cache.find(self._keys(self._sources[0], places))
        missing = np.array([picture is None for picture in found])
        on_screen = np.zeros(len(places), np.bool_) if self._on_screen is None else self._on_screen.covers(places)
        known = bool((~missing & ~on_screen).any())
        places = places[missing & wish.slot.frame.contains(places)]
        if not len(places):
            return [], known
        numbers = np.rint(places / (window.step_x, window.step_y))
        stage = np.where(window.covers(places) | (wish.slot.frame.latent_dim == 1), len(COARSE), len(COARSE) + 1)
        for order, by in reversed(list(enumerate(COARSE))):
            stage[(numbers % by == 0).all(axis=1)] = order
        away = np.abs(numbers - numbers.mean(axis=0)).max(axis=1)
        orders = np.unique(stage).tolist()
        return [(order, places[stage == order][np.argsort(away[stage == order], kind="stable")]) for order in orders], known

    def _keep(self, wish: MosaicWish, places: NDArray[np.float64], images: Pixels) -> Pixels:
        """Keep what was decoded, as it is drawn, and return that."""
        keys, drawn = self._keys(self._sources[0], places), framed(reduced(images, wish.reduction))
        for key, image in zip(keys, drawn, strict=True):
            self._cache.put(key, image.copy())
        assert wish.slot.handle is not None
        if not wish.slot.handle.content_hash:
            kept = self._live.setdefault(self._sources[0], [])
            kept.extend(keys)
            if len(kept) > 2 * len(self._cache):  # a paused run is walked about in for long
                kept[:] = [key for key in kept if key in self._cache]
        return drawn

    @staticmethod
    def _keys(source: int, places: NDArray[np.float64]) -> list[Key]:
        x, y = (places + 0.0).T.tolist()  # -0.0 is 0.0
        return list(zip(itertools.repeat(source), x, y, strict=False))

    def _find(self, wish: MosaicWish, lattice: Lattice) -> list[Pixels | None]:
        """The newest pictures of a lattice's cells."""
        places = lattice.centres()
        meant = wish.slot.frame.contains(places)
        if wish.slot.frame.latent_dim == 1:
            places *= (1.0, 0.0)
        found = self._cache.find(self._keys(self._sources[0], places))
        for source in self._sources[1:]:
            open_ = [k for k, picture in enumerate(found) if picture is None]
            if not open_:
                break
            for k, picture in zip(open_, self._cache.find(self._keys(source, places[open_])), strict=True):
                found[k] = picture
        return found if meant.all() else [picture if real else NEVER for picture, real in zip(found, meant.tolist(), strict=True)]

    def _compose(self, wish: MosaicWish, wide: Lattice) -> Sheet | None:
        assert wish.slot.handle is not None
        height, width, channels = wish.slot.handle.architecture.image_shape
        empty = framed(np.zeros((1, height // wish.reduction, width // wish.reduction, channels), np.uint8))
        return compose(wide, empty.shape[1:], partial(self._find, wish))

    def _newer(self, wish: MosaicWish, wide: Lattice, sheet: Sheet | None, new: list[tuple[NDArray[np.float64], Pixels]]) -> Sheet | None:
        """The sheet with what has come since, or a fresh one where there is none of this lattice."""
        if sheet is None or sheet.rectangle != wide.rectangle or wish.slot.frame.latent_dim == 1 or not new:
            return self._compose(wish, wide)
        places, images = (np.concatenate(parts) for parts in zip(*new, strict=True))
        inside = wide.covers(places)
        return laid_over(sheet, wide, places[inside], images[inside])


def may_stay(shown: Slot, slot: Slot) -> bool:
    """Whether what is drawn of one may stay under the other's points: a revision, or the same model on the same axes."""
    same = shown.handle is not None and slot.handle is not None and shown.handle.id == slot.handle.id
    return slot.takes(shown.generation) or (same and slot.frame.continues(shown.frame))
