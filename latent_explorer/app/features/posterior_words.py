"""What is told in words of a posterior that falls into several parts."""

from __future__ import annotations

from collections.abc import Sequence

from latent_explorer.core.posterior import Part
from latent_explorer.views.text import signed

TOLD = 4  # parts at most that are told one by one
ELSEWHERE = 0.005  # share outside the parts that is worth a word


def parts_told(parts: Sequence[Part]) -> str:
    """How many parts there are, what each holds and where, the heaviest first; "" for one."""
    if len(parts) < 2:
        return ""
    heaviest = sorted(parts, key=lambda part: -part.share)
    shown = heaviest if len(parts) <= TOLD else heaviest[: TOLD - 1]
    words = [f"{_share(part.share)} near ({', '.join(signed(float(value), 2) for value in part.place)})" for part in shown]
    more = heaviest[len(shown) :]
    if more:
        words.append(f"{_share(sum(part.share for part in more))} in {len(more)} more")
    rest = 1 - sum(part.share for part in parts)
    if rest >= ELSEWHERE:
        words.append(f"{_share(rest)} elsewhere")
    together = "both" if len(parts) == 2 else "all"
    return f"It has {len(parts)} parts: {', '.join(words)}. The standard deviations are of {together} together, and say little."


def _share(share: float) -> str:
    return f"{share:.0%}" if share >= 0.005 else "under 1%"
