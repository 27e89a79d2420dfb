"""What a person arranged, step by step, and back: a stack of scenes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

from latent_explorer.core.plane.pins import Pins
from latent_explorer.core.scene import Rows, Scene

MOST_STEPS = 200
MOST_BYTES = 256 << 20  # of the rows that selections hold

FIELDS = tuple(field.name for field in fields(Scene))


def changed(before: Scene, after: Scene) -> frozenset[str]:
    """The names of the fields in which two scenes differ."""
    return frozenset(name for name in FIELDS if getattr(before, name) != getattr(after, name))


@dataclass(frozen=True, eq=False)
class Step:
    """One gesture: the scene on its other side, and what was done, such as "removing pin 3"."""

    scene: Scene
    what: str


class History:
    """Steps back and forward from a scene.

    A change joins the step before it when the caller says that both are of one gesture; a gesture that ends where it began
    is none.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._past: list[Step] = []
        self._future: list[Step] = []
        self._open = False

    @property
    def undoes(self) -> str:
        """What `back` takes back; "" for nothing."""
        return self._past[-1].what if self._past else ""

    @property
    def redoes(self) -> str:
        """What `forward` does again; "" for nothing."""
        return self._future[-1].what if self._future else ""

    def take(self, scene: Scene, *, join: bool = False) -> None:
        """The person has arranged it so; with `join` as a part of the step before, if that is of the same kind."""
        names = changed(self.scene, scene)
        if not names:
            return
        self._future.clear()
        joins = join and self._open and names <= changed(self._past[-1].scene, self.scene)
        before = self._past.pop().scene if joins else self.scene
        self.scene = scene
        self._open = bool(changed(before, scene))
        if self._open:
            self._past.append(Step(before, words(before, scene)))
        self._bound()

    def close(self) -> None:
        """What comes next is another gesture."""
        self._open = False

    def amend(self, scene: Scene) -> None:
        """The scene has changed, and nobody meant it."""
        self.scene = scene

    def back(self) -> Scene | None:
        """The scene before the last step; None when there is none."""
        return self._go(self._past, self._future)

    def forward(self) -> Scene | None:
        """The scene after the step that was taken back last."""
        return self._go(self._future, self._past)

    def _go(self, source: list[Step], target: list[Step]) -> Scene | None:
        self._open = False
        if not source:
            return None
        step = source.pop()
        target.append(Step(self.scene, step.what))
        self.scene = step.scene
        return step.scene

    def rebase(self, scene: Scene, keep: Iterable[str]) -> None:
        """Another model: all steps are forgotten but for what they did to the fields `keep`, which outlive a model."""
        names = tuple(keep)
        self._past = self._rebased(self._past, scene, names)
        self._future = self._rebased(self._future, scene, names)
        self.scene, self._open = scene, False

    @staticmethod
    def _rebased(steps: list[Step], scene: Scene, names: tuple[str, ...]) -> list[Step]:
        kept: list[Step] = []
        after = scene
        for step in reversed(steps):
            values: dict[str, Any] = {name: getattr(step.scene, name) for name in names}
            before = replace(scene, **values)
            if changed(before, after):
                kept.append(Step(before, step.what))
            after = before
        return kept[::-1]

    def _bound(self) -> None:
        """Forget the oldest steps: there are only so many, and many points selected are many bytes."""
        del self._past[:-MOST_STEPS]
        held: dict[int, int] = {}
        for number, step in enumerate(reversed(self._past)):
            for rows in (step.scene.selection, step.scene.shown, step.scene.concealed):
                if rows is not None:
                    held[id(rows)] = rows.rows.nbytes
            if sum(held.values()) > MOST_BYTES:
                del self._past[: len(self._past) - max(1, number)]
                break


def words(before: Scene, after: Scene) -> str:
    """What was done, as the menu says it after "Undo"."""
    names = changed(before, after)
    if "pins" in names:
        return _about_pins(before.pins, after.pins)
    for name, nothing, some in (
        ("shown", "showing all points", "showing only {}"),
        ("concealed", "showing all points", "hiding {}"),
        ("selection", "clearing the selection", "selecting {}"),
    ):
        if name in names:
            rows: Rows | None = getattr(after, name)
            return nothing if rows is None else some.format(points(len(rows.rows)))
    if "hidden_classes" in names:
        return "hiding or showing classes"
    for name, what in (
        ("slice", "moving the slice"),
        ("condition", "choosing another class"),
        ("below", "drawing anew below"),
        ("probe", "moving the probe"),
        ("globe", "turning the globe"),
        ("layers", "a change of the layers"),
    ):
        if name in names:
            return what
    return "moving the view"


def points(count: int) -> str:
    """So many points, in words."""
    return "1 point" if count == 1 else f"{count:,} points"


def _about_pins(before: Pins, after: Pins) -> str:
    numbers, others = {pin.number for pin in before}, {pin.number for pin in after}
    gone, come = sorted(numbers - others), sorted(others - numbers)
    if come:
        return f"pin {come[0]}" if len(come) == 1 else f"{len(come)} pins"
    if gone:
        return f"removing pin {gone[0]}" if len(gone) == 1 else f"removing {len(gone)} pins"
    if [pin.number for pin in before] != [pin.number for pin in after]:
        return "moving a pin"
    named = [pin.number for pin, other in zip(after, before, strict=True) if pin.name != other.name]
    return f"naming pin {named[0]}" if len(named) == 1 else "a change of the pins"
