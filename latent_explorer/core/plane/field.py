"""A field: one number for every place of a part of the plane, drawn under the points, and what is defined for which slot."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.plane.cells import Rectangle
from latent_explorer.core.plane.colouring import Words, classed, coloured
from latent_explorer.core.types import Slot, freeze

KINDS = ("posterior", "density", "class_density", "prior", "holes", "sensitivity", "information", "regions")
CLASS = "class_density"  # followed by the class's label: "class_density:3"
POSTERIOR = "posterior"  # of one image, which is not said here; whether a model has one, `core.nn.exact` knows


@dataclass(frozen=True, eq=False)
class Contour:
    """Where a field has one value.

    Parameters
    ----------
    level : float
    points : float64 array, shape (n, 2), plane coordinates
        All lines, one after the other.
    joined : bool array, shape (n,)
        Whether a point is joined to the one that follows it.
    """

    level: float
    points: NDArray[np.float64]
    joined: NDArray[np.bool_]

    def __post_init__(self) -> None:
        freeze(self.points)
        freeze(self.joined)


@dataclass(frozen=True, eq=False)
class PlaneField:
    """The numbers, and all that colouring them and saying what they mean takes.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    title, unit : str
        For people: what is shown, and in what it is counted. Plain text.
    values : float32 array, shape (H, W)
        At the centres of cells, the first row uppermost. NaN: nothing is drawn there. For "classes" the labels.
    rectangle : (left, bottom, width, height)
        That the cells fill, plane units.
    colours : str
        A map of `core.colour_maps`, or "classes".
    low, high : float
        The numbers at the ends of the colour map; what lies beyond has the colour of the end.
    log : bool
        The numbers are decimal logarithms.
    levels : tuple of float
        Of the contours, and what the colour bar labels.
    names : tuple of str
        Words for the levels in the place of their numbers; none for the numbers.
    contours : tuple of Contour
    strength : float32 array, shape (H, W), in 0..1, or None
        Opacity of each cell, besides that of the whole layer.
    note : str
        One sentence on how it was computed.
    """

    kind: str
    title: str
    unit: str
    values: NDArray[np.float32]
    rectangle: Rectangle
    colours: str
    low: float
    high: float
    log: bool = False
    levels: tuple[float, ...] = ()
    names: tuple[str, ...] = ()
    contours: tuple[Contour, ...] = ()
    strength: NDArray[np.float32] | None = None
    note: str = ""
    _words: dict[bool, Words] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.values.dtype != np.float32 or self.values.ndim != 2 or 0 in self.values.shape:
            raise ValueError(f"a field needs float32 numbers (H, W), not {self.values.dtype} {self.values.shape}")
        if self.strength is not None and (self.strength.dtype != np.float32 or self.strength.shape != self.values.shape):
            raise ValueError(f"strength {self.strength.dtype} {self.strength.shape} does not fit values {self.values.shape}")
        freeze(self.values)
        if self.strength is not None:
            freeze(self.strength)

    def words(self, dark: bool) -> Words:
        """The colours on a dark or a light plane (H, W), 0xAARRGGBB, multiplied by alpha.

        The first asking takes 20 ms for a million cells, so let it be a worker's.
        """
        if dark not in self._words:
            if self.colours == "classes" and self.strength is not None:
                words = classed(self.values, self.strength)
            else:
                words = coloured(self.values, self.low, self.high, self.colours, dark=dark, strength=self.strength)
            self._words[dark] = freeze(words)
        return self._words[dark]

    @property
    def step(self) -> float:
        """Width of a cell, plane units."""
        return self.rectangle[2] / len(self.values[0])

    def covers(self, window: Rectangle) -> bool:
        """Whether a window lies in the rectangle, but for some pixels at its edge."""
        (left, bottom, width, height), (x, y, wide, high) = self.rectangle, window
        slack = 5e-3 * max(wide, high)
        return left <= x + slack and bottom <= y + slack and left + width >= x + wide - slack and bottom + height >= y + high - slack


def split_name(name: str) -> tuple[str, int]:
    """The kind and the class of ``Layers.field``, such as "class_density:3"; -1 without one, "" for a name that is unknown."""
    kind, _, label = name.partition(":")
    if kind not in KINDS or (kind == CLASS) != label.isdecimal():
        return "", -1
    return kind, int(label) if label else -1


def class_field(label: int) -> str:
    """The name of the density of one class."""
    return f"{CLASS}:{label}"


def kinds_for(slot: Slot | None) -> tuple[str, ...]:
    """The fields that are defined for a slot, in the order of `KINDS`, but for the posterior of an image.

    None are on a globe, which shows areas foreshortened; the prior and what is measured by it are fields of N(0, I) only.
    """
    if slot is None:
        return ()
    codes = slot.points
    classes = 0 if codes is None else int(np.count_nonzero(codes.class_counts))
    model = slot.handle
    if slot.frame.kind == "sphere":
        return ()
    normal = model is not None and model.architecture.facts.prior and slot.frame.kind == "affine"
    defined = {
        POSTERIOR: False,
        "density": codes is not None and len(codes.z) > 0,
        CLASS: classes > 0,
        "prior": normal,
        "holes": normal and codes is not None and len(codes.z) > 0,
        "sensitivity": model is not None,
        "information": model is not None and model.architecture.likelihood == "bernoulli",
        "regions": classes > 1,
    }
    return tuple(kind for kind in KINDS if defined[kind])
