"""What is asked for where a field lies under the points, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass

from latent_explorer.core.errors import Cancelled
from latent_explorer.core.plane.cells import Cells
from latent_explorer.core.plane.field import POSTERIOR, PlaneField, split_name
from latent_explorer.core.scene import Rows
from latent_explorer.core.types import Codes, Slot
from latent_explorer.workers.posterior import Finding, Subject


@dataclass(frozen=True, eq=False)
class Content:
    """What a field is of. Two are equal when the same numbers come of them, whatever the window."""

    name: str
    slot: Slot
    hidden: frozenset[int] = frozenset()
    shown: Rows | None = None
    concealed: Rows | None = None
    subject: Subject | None = None  # of a posterior

    @property
    def codes(self) -> Codes | None:
        """The codes that it is of."""
        return self.slot.points

    def same_as(self, other: Content | None) -> bool:
        """Whether nothing that it depends on is another."""
        if other is None or other.name != self.name:
            return False
        kind, one, two = split_name(self.name)[0], self.slot, other.slot
        if kind in ("sensitivity", "information", POSTERIOR):
            same = self.same_model(other) and (one.revision, one.ready) == (two.revision, two.ready) and one.frame.same_as(two.frame)
            same = same and one.condition == two.condition
            return same and self.subject is other.subject
        if not one.frame.parallel_to(two.frame):
            return False
        choice = (self.hidden, self.shown, self.concealed) == (other.hidden, other.shown, other.concealed)
        return one.frame.same_as(two.frame) if kind == "prior" else self.codes is other.codes and choice

    def same_model(self, other: Content) -> bool:
        """Whether both are of one model, perhaps at other moments of its training."""
        one, two = self.slot.handle, other.slot.handle
        return one is two if one is None or two is None else (one.id, one.content_hash) == (two.id, two.content_hash)

    def stands_for(self, other: Content) -> bool:
        """Whether it may be shown until the other one's is there: of the same kind on the same axes."""
        return self.name == other.name and self.same_model(other) and self.slot.frame.parallel_to(other.slot.frame)


class Wish:
    """A field that is asked for, in some cells. GUI thread and lane; `drop` is called from the GUI thread.

    A `draft` may be less exact, if that is quicker.
    """

    def __init__(self, content: Content, cells: Cells, *, dark: bool = True, draft: bool = False) -> None:
        self.content, self.cells, self.dark, self.draft = content, cells, dark, draft  # `dark`: the plane that it will lie on
        self._dropped = False

    def drop(self) -> None:
        """Nobody waits for it any more."""
        self._dropped = True

    def progress(self, part: float) -> None:
        """Between two pieces of the work.

        Raises
        ------
        Cancelled
            It was dropped.
        """
        if self._dropped:
            raise Cancelled


@dataclass(frozen=True, eq=False)
class FieldAnswer:
    """The field of a wish; none where there is nothing to compute it of.

    ``seconds`` that it took of the thread's time, ``pace`` those that passed for its cells alone. ``finding`` is what is known
    of a posterior besides.
    """

    wish: Wish
    field: PlaneField | None
    seconds: float
    pace: float
    finding: Finding | None = None
