"""How soon the decoded image follows the mouse while a model of each family trains.

As `probe_training`, with as many moves; one window and run after the other, each family with its usual settings. PCA is one
step, and has no run to be measured beside. No peer.
"""

from __future__ import annotations

from latent_explorer.core.families import FAMILIES
from tests.benchmarks.figure import Figure, percentile, quick
from tests.benchmarks.probing import Probing
from tests.benchmarks.stage import Stage, stage, turn, wait

MOVES = 1000
AIM_P99 = 20.0


def waits_of(it: Stage, family: str, moves: int) -> list[float]:
    """Milliseconds for each move, while a run of the family goes on; it is stopped afterwards."""
    session, probe = it.program.session, it.program.probe
    assert session.slot is not None
    before = session.slot.generation
    it.choose_family(family)
    facts = FAMILIES[family]
    it.round = facts.space == "sphere" or facts.conditional or facts.levels  # the last two have a bar at the plane's edge
    it.train()

    def begun() -> bool:
        slot = session.slot
        return slot is not None and slot.generation != before and slot.revision > 1 and probe.shown is not None

    wait(f"a {family} in training to be shown", begun, 120)
    turn(0.2 if quick() else 3.0)
    probing = Probing(it)
    waits = probing.measure(moves)
    probing.stop()
    if session.run_state != "running":
        raise RuntimeError(f"the run of the {family} was {session.run_state} at the end")
    it.window.transport.stopRequested.emit()
    wait(f"the run of the {family} to end", lambda: session.run_state == "idle", 120)
    return waits


def measure() -> list[Figure]:
    found: list[Figure] = []
    families = [key for key, facts in FAMILIES.items() if "closed" not in facts.objectives]
    with stage() as it:
        for family in families[:1] if quick() else families:
            waits = waits_of(it, family, 60 if quick() else MOVES)
            on = f"{it.trained_on}-{family}"
            found.append(Figure(f"probe.p99_ms_training.{on}", percentile(waits, 99), "ms", len(waits), AIM_P99))
    return found
