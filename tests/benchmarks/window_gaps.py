"""For how long the window stands still while a model trains and the probe moves.

20 s of training (MNIST where it is found, else the built-in digits; the form's own settings but for the epochs) with
120 real mouse moves a second over the plane. A 16 ms timer ticks in the GUI thread; `gap_ms_max` is the longest time between
two ticks, or between two paints of the decoded image if that is longer; `gap_p99_ms` is of the ticks alone. Nothing is left
out, but the first 2 s after the click on Train are told apart as `gap_ms_start`. No peer.
"""

from __future__ import annotations

from itertools import pairwise

from tests.benchmarks.figure import Figure, now, percentile, quick
from tests.benchmarks.mouse import MOVES_PER_SECOND
from tests.benchmarks.probing import Probing
from tests.benchmarks.stage import Ticker, stage, turn

START, LENGTH = 2.0, 20.0  # seconds
AIM_MAX = 100.0


def gaps(moments: list[float], begin: float, end: float) -> list[float]:
    """Milliseconds between neighbours, for those that ended between `begin` and `end`."""
    return [1000 * (b - a) for a, b in pairwise(moments) if begin < b <= end]


def measure() -> list[Figure]:
    length = 1.0 if quick() else LENGTH
    with stage() as it:
        ticker, probing = Ticker(), Probing(it)
        ticker.start()
        probing.start(round(MOVES_PER_SECOND * (START + length + 60)))  # more than needed: it is stopped at the end
        turn(0.5)
        begin = now()
        it.train()
        turn(START + length)
        end = now()
        ticker.stop()
        probing.stop()
        if it.program.session.run_state != "running":
            raise RuntimeError(f"the run was {it.program.session.run_state} at the end")
        on = f"{it.trained_on}-dense"
        paints = it.paints.moments
    ticks = gaps(ticker.moments, begin + START, end)
    both = ticks + gaps(paints, begin + START, end)
    first = gaps(ticker.moments, begin, begin + START) + gaps(paints, begin, begin + START)
    return [
        Figure(f"window.gap_ms_max.{on}", max(both), "ms", len(both), AIM_MAX),
        Figure(f"window.gap_p99_ms.{on}", percentile(ticks, 99), "ms", len(ticks)),
        Figure(f"window.gap_ms_start.{on}", max(first), "ms", len(first)),
    ]
