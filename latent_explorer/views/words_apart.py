"""Places for words on a plot, so that none lies over another, over a point, or beyond the plot's edge; and over a line only in need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSizeF

FINE = 2.0  # pixels from one of a line's points to the next
MOST = 5000  # points of a line

Points = NDArray[np.float64]
NONE: Points = np.zeros((0, 2))


class FreePlaces:
    """What of a plot is taken; the first that ask have the first choice.

    Parameters
    ----------
    whole : QRectF
        The plot, pixels.
    taken : iterable of QRectF
        What is there already, pixels.
    """

    def __init__(self, whole: QRectF, taken: Iterable[QRectF] = ()) -> None:
        self._whole = whole
        self._taken = list(taken)

    def take(self, places: Iterable[QRectF], *lines: Points, over: bool = True) -> QRectF | None:
        """The first of these places that is free, which is taken from now on; None where none is.

        Parameters
        ----------
        *lines : float64 array, shape (P, 2), each
            Points of lines (see `dense`), pixels, those that count most first: of the free places one that covers none of them, else
            one that covers those that count least.
        over : bool
            Whether a place over a line will do.
        """
        found: QRectF | None = None
        least = 1 << len(lines)
        for place in places:
            if not self._whole.contains(place) or any(place.intersects(other) for other in self._taken):
                continue
            covered = sum(1 << k for k, points in enumerate(reversed(lines)) if covers(place, points))
            if covered < least and (over or not covered):
                found, least = place, covered
            if least == 0:
                break
        if found is not None:
            self._taken.append(found)
        return found


def dense(x: NDArray[np.floating], y: NDArray[np.floating], within: QRectF) -> Points:
    """Points along what is on the plot of a line through these, so near to each other that no word fits between them.

    Parameters
    ----------
    x, y : float array, shape (n,)
        Pixels; places that are no numbers are left out.
    within : QRectF
        The plot, pixels.

    Returns
    -------
    float64 array, shape (P, 2)
    """
    line = np.column_stack([x, y]).astype(np.float64)
    line = line[np.isfinite(line).all(axis=1)]
    low, high = np.array([within.left(), within.top()]), np.array([within.right(), within.bottom()])
    if len(line) < 2:
        return line[((line >= low) & (line <= high)).all(axis=1)]
    start, way = line[:-1], np.diff(line, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):  # Liang and Barsky: where a piece enters and leaves, as parts of it
        at_low, at_high = (low - start) / way, (high - start) / way
    still = way == 0  # along an edge: all of it or nothing
    inside = (start >= low) & (start <= high)
    enters = np.where(still, np.where(inside, 0.0, np.inf), np.minimum(at_low, at_high)).max(axis=1)
    leaves = np.where(still, 1.0, np.maximum(at_low, at_high)).min(axis=1)
    first, last = np.maximum(enters, 0.0), np.minimum(leaves, 1.0)
    seen = first <= last
    if not seen.any():
        return NONE
    start, way = start[seen] + first[seen, None] * way[seen], (last - first)[seen, None] * way[seen]
    length = np.hypot(*way.T)
    ends = np.cumsum(length)
    at = np.linspace(0.0, ends[-1], int(min(ends[-1] / FINE, MOST)) + 2)
    piece = np.minimum(np.searchsorted(ends, at), len(ends) - 1)
    part = np.clip(1.0 - (ends[piece] - at) / np.maximum(length[piece], 1e-9), 0.0, 1.0)
    found: Points = start[piece] + part[:, None] * way[piece]
    return found


def covers(place: QRectF, points: Points) -> bool:
    """Whether any of the points lies in a place."""
    x, y = points[:, 0], points[:, 1]
    return bool(((x > place.left()) & (x < place.right()) & (y > place.top()) & (y < place.bottom())).any())


def beside(point: QPointF, size: QSizeF, gap: float) -> Iterator[QRectF]:
    """Where words of this size touch a point with a gap, pixels: to the right or left, a little above it or below, then over and under."""
    wide, high = size.width(), size.height()
    for up in (0.5, 0.9, 0.1):
        for left in (point.x() + gap, point.x() - gap - wide):
            yield QRectF(left, point.y() - up * high, wide, high)
    for top in (point.y() - gap - high, point.y() + gap):
        for aside in (0.5, 0.0, 1.0):
            yield QRectF(point.x() - aside * wide, top, wide, high)


def along(start: QPointF, end: QPointF, size: QSizeF, steps: int = 48) -> Iterator[QRectF]:
    """Words in the middle of a line's height, from its end towards its start, pixels."""
    for step in range(1, steps):
        middle = end + (start - end) * (step / steps)
        yield QRectF(middle.x() - size.width() / 2, middle.y() - size.height() / 2, size.width(), size.height())
