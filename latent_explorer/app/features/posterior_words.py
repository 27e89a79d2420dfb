"""What is told in words of a posterior that falls into several parts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.posterior import Part
from latent_explorer.views.text import signed

TOLD = 4  # parts at most that are told one by one
ELSEWHERE = 0.005  # share outside the parts that is worth a word
FAR = 0.01  # and outside the only one


def parts_told(parts: Sequence[Part], stray: NDArray[np.float64] | None = None) -> str:
    """How many parts there are, what each holds and where, the heaviest first; of one what lies elsewhere, "" for next to nothing."""
    if len(parts) == 1 and stray is not None and 1 - parts[0].share >= FAR:
        return f"{_share(1 - parts[0].share)} of it lies elsewhere, near {_place(stray)}; the widths are those of the rest."
    if len(parts) < 2:
        return ""
    heaviest = sorted(parts, key=lambda part: -part.share)
    shown = heaviest if len(parts) <= TOLD else heaviest[: TOLD - 1]
    words = [f"{_share(part.share)} near {_place(part.place)}" for part in shown]
    more = heaviest[len(shown) :]
    if more:
        words.append(f"{_share(sum(part.share for part in more))} in {len(more)} more")
    rest = 1 - sum(part.share for part in parts)
    if rest >= ELSEWHERE:
        words.append(f"{_share(rest)} elsewhere")
    together = "both" if len(parts) == 2 else "all"
    return f"It has {len(parts)} parts: {', '.join(words)}. The widths are of {together} together, and say little."


def _place(place: NDArray[np.float64]) -> str:
    return f"({', '.join(signed(float(value), 2) for value in place)})"


def _share(share: float) -> str:
    return f"{share:.0%}" if share >= 0.005 else "under 1%"
