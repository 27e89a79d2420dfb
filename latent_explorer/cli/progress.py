"""Progress on stderr: a bar in a terminal, now and then a line elsewhere."""

from __future__ import annotations

import math
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from latent_explorer.cli.output import say

if TYPE_CHECKING:
    from latent_explorer.core.families import Family
    from latent_explorer.core.types import History, TrainingProgress

EVERY = 0.1  # seconds between redraws of a bar
LINE_EVERY = 10.0  # seconds between lines, at least


def last_finite(history: History | None, column: str) -> float | None:
    """The newest measured value of a column, None where nothing was measured."""
    if history is None:
        return None
    return next((float(v) for v in history.columns[column][::-1] if math.isfinite(v)), None)


def validation_words(history: History | None, family: Family) -> str:
    """The newest figure of the validation part under its name, nats per image; "" where there is none.

    The bound that the family's loss at beta 1 is the negative of (bigger is better); where it is none, the loss itself.
    """
    if family.bound:
        reconstruction, kl = last_finite(history, "validation_reconstruction"), last_finite(history, "validation_kl")
        name = "ELBO" if family.bound == "elbo" else "log-likelihood"
        return "" if reconstruction is None or kl is None else f"validation {name} {-(reconstruction + kl):.2f}"
    loss = last_finite(history, "validation_loss")
    return "" if loss is None else f"validation loss {loss:.2f}"


def clock(seconds: float) -> str:
    """Seconds as 1:02:03 or 2:03; "?" before they are known."""
    if not math.isfinite(seconds):
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _on_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


class _Display:
    """A bar of rich in a terminal, None elsewhere or when quiet."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self._bar: Any = None

    def __enter__(self) -> Self:
        if not self.quiet and _on_terminal():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}"))
            self._bar = Progress(*columns, console=Console(stderr=True, markup=False, highlight=False))
            self._bar.start()
            self._task = self._bar.add_task("", total=1.0, words="")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _draw(self, description: str, part: float, words: str = "") -> None:
        self._bar.update(self._task, description=description, completed=part, words=words)


class TrainingDisplay(_Display):
    """Epoch, loss, validation figure and time left of a run."""

    def __init__(self, family: Family, *, quiet: bool) -> None:
        super().__init__(quiet=quiet)
        self._family = family

    def __enter__(self) -> Self:
        self._history: History | None = None
        self._next = 0.0
        self._told = time.monotonic()
        return super().__enter__()

    def tell(self, progress: TrainingProgress) -> None:
        """Show the newest state; cheap enough for every step."""
        if self.quiet:
            return
        if progress.history is not None:
            self._history = progress.history
        now = time.monotonic()
        if self._bar is not None:
            if now >= self._next or progress.outcome:
                self._next = now + EVERY
                self._draw(f"epoch {progress.epoch}/{progress.epochs}", progress.step / progress.steps, self._words(progress))
        elif now - self._told >= LINE_EVERY or progress.outcome:
            self._told = now
            say(f"epoch {progress.epochs * progress.step / progress.steps:.4g}/{progress.epochs}  {self._words(progress)}")

    def _words(self, progress: TrainingProgress) -> str:
        loss = last_finite(self._history, "train_loss")
        validation = validation_words(self._history, self._family)
        parts = [f"loss {progress.loss if loss is None else loss:.2f}"]
        if validation:
            parts.append(validation)
        parts.append(f"{clock(progress.seconds_left)} left")
        return "  ".join(parts)


class Steps(_Display):
    """What a longer computation is doing, and how much of it is done."""

    def tell(self, what: str, part: float) -> None:
        """Show that `part` (0..1) of `what` is done."""
        if self._bar is not None:
            self._draw(what, part)
