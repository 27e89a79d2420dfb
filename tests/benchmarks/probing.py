"""The way from a move of the mouse to the decoded image, measured on the real window."""

from __future__ import annotations

import numpy as np

from tests.benchmarks.mouse import Mouse
from tests.benchmarks.stage import Stage, turn, wait

PATIENCE = 5.0  # seconds for the last answers
Z = tuple[float, ...]


class Answers:
    """Which moves have been answered, and how long each had to wait.

    The newest wish wins: an image for a newer move answers the older ones too, and each of these has waited until then.
    """

    def __init__(self) -> None:
        self.waits: list[float] = []  # seconds, for each answered move
        self.images = 0  # how many paints brought an answer
        self._moments: list[float] = []
        self._zs: list[Z] = []

    @property
    def asked(self) -> int:
        """How many moves there were."""
        return len(self._moments)

    @property
    def open(self) -> int:
        """How many wait still."""
        return len(self._moments) - len(self.waits)

    def ask(self, moment: float, z: Z) -> None:
        """A move was sent, and led to this z."""
        self._moments.append(moment)
        self._zs.append(z)

    def paint(self, moment: float, z: Z) -> None:
        """An image of this z is on the screen; of one that is older than what was seen already, or foreign, nothing follows."""
        for newest in range(len(self._zs) - 1, len(self.waits) - 1, -1):
            if self._zs[newest] == z:
                self.waits += [moment - sent for sent in self._moments[len(self.waits) : newest + 1]]
                self.images += 1
                return


class Probing:
    """Moves the mouse over the plane of a stage and takes the time."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.answers = Answers()
        self._sent_at = 0.0
        self._mouse = Mouse(stage.window, self._sending)
        self._done = False
        self._mouse.finished.connect(self._finish)
        # Connected after the program's own slots, so that the request is on its way already.
        stage.plane.planePointPicked.connect(self._picked)
        stage.paints.listener = self._painted

    def start(self, moves: int) -> None:
        """Begin to move; nothing is waited for."""
        self.answers, self._done = Answers(), False
        self._mouse.start(self._stage.path(moves))

    def measure(self, moves: int) -> list[float]:
        """Move, wait for the end and the last image; milliseconds for each move."""
        self.start(moves)
        wait("the mouse to come to its end", lambda: self._done, 60 + moves / 50)
        turn(PATIENCE, lambda: self.answers.open == 0)
        answers = self.answers
        if answers.asked != moves:
            raise RuntimeError(f"{answers.asked} of {moves} moves reached the plane")
        if answers.open:
            raise RuntimeError(f"{answers.open} of {moves} moves were never answered")
        return [1000 * wait for wait in answers.waits]

    def stop(self) -> None:
        """No further move."""
        self._mouse.stop()
        self._stage.paints.listener = None

    def _sending(self, moment: float) -> None:
        self._sent_at = moment

    def _picked(self, slot_id: int, x: float, y: float) -> None:
        slot = self._stage.program.session.slot
        if slot is not None:
            z = slot.frame.to_z(np.array([x, y])).astype(np.float32)
            self.answers.ask(self._sent_at, tuple(float(value) for value in z))

    def _painted(self, moment: float) -> None:
        shown = self._stage.program.probe.shown
        if shown is not None:
            self.answers.paint(moment, shown[0])

    def _finish(self) -> None:
        self._done = True
