"""Places for words on a plot, so that none lies over another, over a point, or beyond the plot's edge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from PySide6.QtCore import QPointF, QRectF, QSizeF


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

    def take(self, places: Iterable[QRectF]) -> QRectF | None:
        """The first of these places that is free, which is taken from now on; None where none is."""
        for place in places:
            if self._whole.contains(place) and not any(place.intersects(other) for other in self._taken):
                self._taken.append(place)
                return place
        return None


def beside(point: QPointF, size: QSizeF, gap: float) -> Iterator[QRectF]:
    """Where words of this size touch a point with a gap, pixels: to the right or left, a little above it or below, then over and under."""
    wide, high = size.width(), size.height()
    for up in (0.5, 0.9, 0.1):
        for left in (point.x() + gap, point.x() - gap - wide):
            yield QRectF(left, point.y() - up * high, wide, high)
    for top in (point.y() - gap - high, point.y() + gap):
        for aside in (0.5, 0.0, 1.0):
            yield QRectF(point.x() - aside * wide, top, wide, high)


def along(start: QPointF, end: QPointF, size: QSizeF, steps: int = 12) -> Iterator[QRectF]:
    """Words in the middle of a line's height, from its end towards its start, pixels."""
    for step in range(1, steps):
        middle = end + (start - end) * (step / steps)
        yield QRectF(middle.x() - size.width() / 2, middle.y() - size.height() / 2, size.width(), size.height())
