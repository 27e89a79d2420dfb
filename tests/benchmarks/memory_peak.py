"""The most memory that the whole program holds: the window at 1600 x 1000 with MNIST open and a run going on for 20 s.

Resident memory of the process, its highest mark since the start. No peer.
"""

from __future__ import annotations

from tests.benchmarks.figure import Figure, peak_mb, quick
from tests.benchmarks.mouse import MOVES_PER_SECOND
from tests.benchmarks.probing import Probing
from tests.benchmarks.stage import stage, turn

LENGTH = 20.0
AIM = 900.0


def measure() -> list[Figure]:
    length = 1.0 if quick() else LENGTH
    with stage() as it:
        at_rest = peak_mb()
        probing = Probing(it)
        it.train()
        probing.start(round(MOVES_PER_SECOND * (length + 10)))
        turn(length)
        probing.stop()
        if it.program.session.run_state != "running":
            raise RuntimeError(f"the run was {it.program.session.run_state} at the end")
        on = f"{it.trained_on}-dense"
    return [
        Figure(f"memory.peak_mb.{on}", peak_mb(), "MB", 1, AIM),
        Figure(f"memory.open_mb.{on}", at_rest, "MB", 1),
    ]
