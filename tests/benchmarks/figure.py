"""One measured figure, and small statistics."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

LOWER = frozenset(
    {"ms", "s", "MB", "times the products", "mean squared error", "nats apart"}
)  # units of which less is better; of all others more is


@dataclass(frozen=True)
class Figure:
    """What one line of the table says.

    Parameters
    ----------
    key : str
        Ends in what it was measured on: "probe.p99_ms.mnist-dense".
    value : float
    unit : str
    n : int
        How many single measurements are behind it.
    aim : float or None
        On the reference machine (2 cores, about 160 GFLOP/s in float32); an upper end for times, a lower one for speeds.
    peer : float or None
        The same measured in the same run for what people do otherwise; each benchmark says what that is.
    """

    key: str
    value: float
    unit: str
    n: int
    aim: float | None = None
    peer: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times better than the peer: above 1 is better, whatever the unit."""
        if self.peer is None or not self.value or not self.peer:
            return None
        return self.peer / self.value if self.unit in LOWER else self.value / self.peer

    @property
    def verdict(self) -> str:
        """Whether the aim is met: "ok" or "over"; "" without an aim."""
        if self.aim is None:
            return ""
        met = self.value <= self.aim if self.unit in LOWER else self.value >= self.aim
        return "ok" if met else "over"

    def to_record(self) -> dict[str, float | str | int | None]:
        """As it stands in the JSON, without its key."""
        numbers = {"value": rounded(self.value), "unit": self.unit, "peer": rounded(self.peer), "ratio": rounded(self.ratio)}
        return numbers | {"aim": self.aim, "n": self.n}


def rounded(value: float | None) -> float | None:
    """Four digits: no figure here is better known than that."""
    return None if value is None else float(f"{value:.4g}")


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that `percent` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def now() -> float:
    """Seconds on a clock that all processes of the machine share."""
    return time.monotonic()


def peak_mb() -> float:
    """Highest resident memory of this process so far, 10^6 bytes; not on Windows."""
    import resource

    mark = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return mark * (1 if sys.platform == "darwin" else 1024) / 1e6


def hand_in(figures: Sequence[Figure], out: Path) -> None:
    """Give the figures to the process that started this one."""
    out.write_text(json.dumps([asdict(figure) for figure in figures]))


def quick() -> bool:
    """Whether few repetitions are enough, since the form is tested and not the speed."""
    return os.environ.get("LATENT_EXPLORER_BENCH_QUICK") == "1"


def say(sentence: str) -> None:
    """Progress, for the person who waits."""
    print(f"  {sentence}", file=sys.stderr, flush=True)
