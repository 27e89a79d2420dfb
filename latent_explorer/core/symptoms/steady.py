"""Findings of a run that is on, kept still: what is looked at every second must not flicker before the eyes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from latent_explorer.core.symptoms.finding import SEVERITIES, Finding

PATIENCE = 2  # looks in a row that must agree before a finding comes, goes or becomes milder
RENEWED = 5  # looks after which a sentence has newer numbers
NUMBERS = re.compile(r"[−-]?\d[\d.,]*(?:e[+-]?\d+)?%?")


@dataclass
class _Kept:
    finding: Finding
    age: int = 0  # looks since its sentence was renewed
    milder: int = 0  # looks in a row at which it was gone, or milder


class Steady:
    """Takes what each look finds, and says what to show.

    A finding stays as long as it holds, with the same words; its numbers are renewed at every `RENEWED`th look. What a single
    look finds, or misses, changes nothing.
    """

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._coming: dict[str, int] = {}
        self._patience = 1  # what the first look finds is shown at once

    def look(self, found: Iterable[Finding]) -> tuple[Finding, ...]:
        """What to show after one more look; the worst first, as in `diagnose`."""
        now = {finding.key: finding for finding in found}
        for key, kept in list(self._kept.items()):
            self._follow(key, kept, now.get(key))
        fresh = {key: finding for key, finding in now.items() if key not in self._kept}
        self._coming = {key: self._coming.get(key, 0) + 1 for key in fresh}
        for key, times in self._coming.items():
            if times >= self._patience:
                self._kept[key] = _Kept(fresh[key])
        self._patience = PATIENCE
        shown = [kept.finding for kept in self._kept.values()]
        return tuple(sorted(shown, key=lambda finding: SEVERITIES.index(finding.severity)))

    def _follow(self, key: str, kept: _Kept, newer: Finding | None) -> None:
        kept.age += 1
        if newer is None or SEVERITIES.index(newer.severity) > SEVERITIES.index(kept.finding.severity):
            kept.milder += 1
            if kept.milder < PATIENCE:
                return
            if newer is None:
                del self._kept[key]
                return
        if kept.age >= RENEWED or kept.milder or _words(newer) != _words(kept.finding):
            kept.finding, kept.age = newer, 0
        kept.milder = 0


def _words(finding: Finding) -> tuple[str, str]:
    """Severity and sentence without its numbers."""
    return finding.severity, NUMBERS.sub("#", finding.sentence)
