"""What a person arranges: camera, layers, pins, selection. Frozen values, as all that travels between rooms."""

from __future__ import annotations

from dataclasses import dataclass, field

from latent_explorer.core.plane.slices import Slice
from latent_explorer.core.types import Labels, Slot, freeze


@dataclass(frozen=True)
class Camera:
    """The visible part of the plane, in plane units: centre and the shorter side of the window."""

    x: float = 0.0
    y: float = 0.0
    span: float = 7.0


OTHERS = ("shown", "faint", "hidden")


@dataclass(frozen=True)
class Layers:
    """What is drawn on the plane, and how."""

    points: bool = True
    point_opacity: float = 0.65
    point_size: float = 5.0  # diameter in pixels of the screen
    mosaic: bool = True
    mosaic_opacity: float = 0.30
    mosaic_n: int = 28  # cells along the longer side of the window, about
    smooth: bool = False
    grey_map: str = "grey"
    trail: bool = True  # of the probe
    point_colour: str = "class"  # or "density", or a column of the codes
    thumbnails: bool = True  # images in the place of dots, where few points are in view
    field: str = ""  # what is drawn under the points: a name of `core.plane.fields`, or nothing
    field_opacity: float = 0.6
    contours: bool = True  # of the field
    others: str = "faint"  # of a conditional model, points of other classes than the one whose plane is shown: a key of `OTHERS`
    codes: str = "mean"  # where points lie: a kind of codes, of those that there are
    uniform: bool = False  # the plane in the coordinates Phi(z), in which the prior is uniform


@dataclass(frozen=True)
class Pin:
    """A place that a person keeps: `z` in the latent space itself, so that it does not depend on the plane.

    ``number`` is what the marker shows; no two pins of a scene share one. ``name`` is the person's own word, or "".
    """

    z: tuple[float, ...]
    number: int
    name: str = ""
    condition: int | None = None  # the class that a conditional model was told there


@dataclass(frozen=True, eq=False)
class Rows:
    """A set of points, by their rows in the codes; sorted, each once."""

    rows: Labels

    def __post_init__(self) -> None:
        freeze(self.rows)


@dataclass(frozen=True)
class Scene:
    """All that a person arranged; undo (a later piece) is a stack of these."""

    camera: Camera = Camera()
    probe: tuple[float, ...] | None = None  # z of the held point
    pins: tuple[Pin, ...] = ()  # in the person's order; of any latent size, those of another one than the model's wait
    hidden_classes: frozenset[int] = frozenset()
    layers: Layers = Layers()
    selection: Rows | None = None
    shown: Rows | None = None  # only these points are drawn
    concealed: Rows | None = None  # these are not
    slice: Slice = field(default_factory=Slice)  # where the plane lies in more than two dimensions
    globe: tuple[float, float] = (0.0, 0.0)  # longitude and latitude, degrees, of the point that faces the viewer
    condition: int = 0  # the class that a conditional model is told
    below: int = 0  # seed of what lies below the plane of a hierarchical model; 0 is its mean


def unseen_classes(scene: Scene, slot: Slot) -> frozenset[int]:
    """Classes whose points are not drawn since a plane of another class is shown."""
    if slot.condition is None or scene.layers.others != "hidden" or slot.points is None:
        return frozenset()
    return frozenset(range(-1, len(slot.points.class_counts))) - {slot.condition}
