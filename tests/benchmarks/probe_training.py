"""How soon the decoded image follows the mouse while the probed model trains.

As `probe`, with a run going on in the same window (MNIST where it is found, else the built-in digits; the form's own
settings but for the epochs), and the newest weights of that run behind the probe. No peer.
"""

from __future__ import annotations

from tests.benchmarks.figure import Figure, percentile, quick
from tests.benchmarks.probing import Probing
from tests.benchmarks.stage import stage, turn, wait

MOVES = 1000
AIM_P99 = 20.0


def measure() -> list[Figure]:
    moves = 60 if quick() else MOVES
    with stage() as it:
        session, probe = it.program.session, it.program.probe
        assert session.slot is not None
        before = session.slot.generation
        it.train()

        def begun() -> bool:
            slot = session.slot
            return slot is not None and slot.generation != before and slot.revision > 1 and probe.shown is not None

        wait("the model in training to be shown", begun)
        turn(0.2 if quick() else 3.0)
        probing = Probing(it)
        waits = probing.measure(moves)
        probing.stop()
        if session.run_state != "running":
            raise RuntimeError(f"the run was {session.run_state} at the end")
        on = f"{it.trained_on}-dense"
    return [
        Figure(f"probe.p50_ms_training.{on}", percentile(waits, 50), "ms", len(waits)),
        Figure(f"probe.p99_ms_training.{on}", percentile(waits, 99), "ms", len(waits), AIM_P99),
        Figure(f"probe.max_ms_training.{on}", max(waits), "ms", len(waits)),
    ]
