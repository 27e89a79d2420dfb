"""What the colour of a point says: its class, or a value on a continuous scale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.once import once
from latent_explorer.core.palette import NO_LABEL, class_table, rgb, value_table
from latent_explorer.core.sample import sample_rows

LEVELS = 256  # colours of a continuous scale
MOST_CLASSES = 65_000  # with colours of their own; a tone is 16 bits
INNER = (1.0, 99.0)  # percentiles of the values that the colours run from and to
SAMPLE = 200_000  # values that these are taken of


@dataclass(frozen=True)
class Scale:
    """What a colour bar has to say.

    Parameters
    ----------
    name : str
        What the values are.
    low, high : float
        Values of the first and of the last colour.
    least, most : float
        The true ends of the values, where the colours do not reach them.
    missing : int
        How many points have no value; they are grey.
    logarithmic : bool
        Equal steps of colour are equal factors.
    """

    name: str
    low: float
    high: float
    least: float
    most: float
    missing: int = 0
    logarithmic: bool = False


class Colouring:
    """A tone for each point and a colour for each tone.

    Attributes
    ----------
    tones : uint16 array, shape (N,); worked out when first asked for, in whatever thread that is
    table : uint8 array, shape (K, 3)
    scale : Scale or None
    """

    @once
    def tones(self) -> NDArray[np.uint16]:
        """Row of the table for each point."""
        raise NotImplementedError  # each colouring has its own, here and below

    @once
    def table(self) -> NDArray[np.uint8]:
        """Colours."""
        raise NotImplementedError

    @property
    def scale(self) -> Scale | None:
        """What the colours mean as numbers; None where they do not."""
        return None


class ByClass(Colouring):
    """Labels (N,), -1 for none, of so many classes; beyond `MOST_CLASSES` colours come again."""

    def __init__(self, labels: NDArray[np.int64], classes: int) -> None:
        self._labels, self._classes = labels, min(max(classes, 0), MOST_CLASSES)

    @once
    def tones(self) -> NDArray[np.uint16]:
        """The label; no label is the last tone."""
        classes = max(1, self._classes)
        return np.where(self._labels < 0, self._classes, self._labels % classes).astype(np.uint16)

    @once
    def table(self) -> NDArray[np.uint8]:
        """One colour a class, and grey."""
        return class_table(self._classes)

    def seen(self, hidden: Iterable[int]) -> NDArray[np.bool_]:
        """Which tones are drawn while these classes are hidden."""
        found = np.ones(self._classes + 1, np.bool_)
        for label in hidden:
            if -1 <= label < self._classes:
                found[label] = False
        return found


class ByValue(Colouring):
    """Values (N,) of a column: from the 1st percentile to the 99th on an even scale, beyond in its end colours; NaN is grey."""

    def __init__(self, name: str, values: NDArray[np.floating]) -> None:
        self._name, self._values = name, values

    @once
    def _known(self) -> tuple[NDArray[np.uint16], Scale]:
        values = np.asarray(self._values)
        finite = np.isfinite(values)
        missing = int(len(values) - np.count_nonzero(finite))
        kept = values[finite] if missing else values
        if not len(kept):
            return np.full(len(values), LEVELS, np.uint16), Scale(self._name, 0.0, 0.0, 0.0, 0.0, missing)
        low, high = (float(end) for end in np.percentile(kept[sample_rows(len(kept), SAMPLE)], INNER))
        least, most = float(kept.min()), float(kept.max())
        if low == high:  # nearly all are equal: the rest are what is of interest
            low, high = least, most
        width = high - low
        with np.errstate(invalid="ignore", over="ignore"):
            part = (values.astype(np.float64) - low) * ((LEVELS - 1) / width if width > 0 else 0.0)
        tones = np.full(len(values), LEVELS, np.uint16)
        np.copyto(tones, np.clip(part, 0, LEVELS - 1, where=finite, out=np.zeros(len(values))).round().astype(np.uint16), where=finite)
        return tones, Scale(self._name, low, high, least, most, missing)

    @once
    def tones(self) -> NDArray[np.uint16]:
        """One of the levels; the tone after the last is for what has no value."""
        return self._known[0]

    @once
    def table(self) -> NDArray[np.uint8]:
        """The levels, and grey."""
        return np.concatenate([value_table(LEVELS), np.array([rgb(NO_LABEL)], np.uint8)])

    @property
    def scale(self) -> Scale:
        """Its ends."""
        return self._known[1]
