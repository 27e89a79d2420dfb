"""The one way from points to pixels."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.errors import Cancelled
from latent_explorer.core.raster.bands import Bands, Sums
from latent_explorer.core.raster.scatter import Scatter
from latent_explorer.core.raster.view import Look, Picture, View

BAND = 1 << 17  # pixels whose sums are held at a time: they fit into a processor's cache
BANDS = 16  # at most about so many, since points are looked at once for each band that their block touches
ALONE = 150_000  # additions to pixels that are not worth a second thread
MOST_THREADS = 8

_spare: list[Sums] = []  # all 0: fresh memory would cost as much as the points


def draw(
    scatter: Scatter,
    look: Look,
    view: View,
    *,
    out: NDArray[np.uint32] | None = None,
    quick: bool = False,
    threads: int | None = None,
    overtaken: Callable[[], bool] | None = None,
) -> Picture:
    """Draw points as round, smooth discs, or where they are many and small as dots.

    Where points overlap, the pixel's opacity is ``1 - prod(1 - a_k)`` and its colour the mean of theirs weighed by
    ``-log(1 - a_k)`` (a_k: opacity times the covered part of the pixel). So the picture does not depend on their order, and no
    class hides another by being drawn last. A dot is the pixel that the point lies in, with the opacity of the part that
    it would cover; a pixel with any dot has at least `bands.FAINTEST` of the chosen opacity.

    Parameters
    ----------
    scatter, look, view
    out : uint32 array, shape (height, width), C-contiguous, or None
        Where to draw, whatever it holds; a new array else.
    quick : bool
        The window moves: where all would take too long, discs become dots, and of very many points an even part is drawn, each
        for several.
    threads : int or None
        At most so many processors; None for all.
    overtaken : callable or None
        Looked at now and then: when true, nobody waits for this picture.

    Raises
    ------
    Cancelled
        It was overtaken.
    """
    words = np.empty((view.height, view.width), np.uint32) if out is None else out
    bands = Bands(scatter, look, view, words, quick)
    helpers = 0 if bands.work < ALONE else min(threads or MOST_THREADS, os.cpu_count() or 1) - 1
    _for_all_bands(bands.draw_band, view, helpers, overtaken)
    if bands.by_counts:
        _for_all_bands(bands.paint_band, view, helpers, overtaken)
    return Picture(words, bands.exact, bands.most_points if bands.by_counts else 0.0)


def _for_all_bands(what: Callable[[Sums, int, int], None], view: View, helpers: int, overtaken: Callable[[], bool] | None) -> None:
    """Call it with room for sums, the first row and the number of rows of each band, in this thread and some more."""
    rows = max(BAND // max(1, view.width), view.height // BANDS, 1)
    tops = iter(range(0, view.height, rows))
    troubles: list[BaseException] = []

    def work() -> None:
        try:
            sums = _take_sums(rows * view.width)
            for top in tops:
                if troubles or (overtaken is not None and overtaken()):
                    raise Cancelled
                what(sums, top, min(rows, view.height - top))
            _spare.append(sums)
        except BaseException as error:  # raised again in the thread that waits
            troubles.append(error)

    others = [threading.Thread(target=work, name="points", daemon=True) for _ in range(helpers)]
    for other in others:
        other.start()
    work()
    for other in others:
        other.join()
    if troubles:
        raise next((error for error in troubles if not isinstance(error, Cancelled)), troubles[0])


def _take_sums(pixels: int) -> Sums:
    """Room that is all 0; what is not as large is let go."""
    while True:
        try:
            sums = _spare.pop()
        except IndexError:
            return np.zeros((pixels, 4), np.float32)
        if len(sums) == pixels:
            return sums
