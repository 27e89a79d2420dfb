"""What the losses of a run tell: divergence, spikes, over- and underfitting, whether it would go on falling.

Differences are measured against the run's own *fall*, from its first to its last training loss: losses of densities may be
negative or near zero, so a part of the loss itself would say nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.symptoms.codes import COLLAPSED_KL, all_collapsed
from latent_explorer.core.symptoms.finding import Finding
from latent_explorer.core.types import History

Numbers = NDArray[np.float64]

LEAST_EPOCHS = 3  # with validation losses, before anything is said of their course
LEAST_ROWS = 20
NEIGHBOURS = 4  # rows on either side whose median a row is compared with
SPIKE = 8.0  # times the usual distance from that median
SPIKE_PART = 0.02  # of the fall, at least
RISE = 0.02  # of the fall: the validation loss has turned
NOISE = 4.0  # times how much it differs from epoch to epoch, since it was lowest: less may be chance
GAP = 0.1  # of the fall, between validation and training
CLOSE = 0.02  # of the fall: validation and training are the same
STILL = 0.01  # of the fall, gained in the last quarter of the epochs
STILL_NATS = 0.2  # gained in the last tenth of the epochs, below which more of them are not worth the time
NOTHING = 0.01  # of the first loss: what training has gained is nothing
LONGER = "Train longer, or with a larger learning rate."
LITTLE = 0.05  # of the first loss: a run by log-likelihood, which learns slowly at first, has hardly begun


@dataclass(frozen=True, eq=False)
class _Course:
    """Losses once beta has its full weight: training rows, and validation losses at the ends of epochs.

    ``first`` is the very first training loss: that of the best constant picture, which every run starts at.
    """

    first: float
    epoch: Numbers
    train: Numbers
    ends: Numbers
    validation: Numbers

    @property
    def fall(self) -> float:
        """From the first to the last training loss, nats."""
        return self.first - self._last()

    def _last(self) -> float:
        """The training loss over the last epoch."""
        return float(self._lately().mean())

    def _lately(self) -> Numbers:
        found: Numbers = self.train[self.epoch > self.epoch[-1] - 1]
        return found

    @property
    def gap(self) -> float:
        """Validation less training loss, at the end, nats."""
        return float(self.validation[-1]) - self._last()

    @property
    def wide(self) -> bool:
        """Whether the validation loss is far above the training loss, by more than two standard errors of the latter's mean."""
        rows = self._lately()
        return self.gap > max(GAP * self.fall, 2 * float(rows.std() / np.sqrt(len(rows))))


def course_of(history: History, settings: TrainingConfig | None) -> _Course:
    """The part of a history whose losses can be compared: while beta rises, the loss rises with it."""
    epoch = history.epoch.astype(np.float64)
    full = epoch > (settings.warmup_epochs if settings is not None else 0.0)

    def of(name: str) -> tuple[Numbers, Numbers]:
        values = history.columns.get(name, np.full(len(epoch), np.nan)).astype(np.float64)
        known = full & np.isfinite(values)
        return epoch[known], values[known]

    losses = history.columns.get("train_loss", np.zeros(0))
    known = losses[np.isfinite(losses)]
    return _Course(float(known[0]) if len(known) else np.nan, *of("train_loss"), *of("validation_loss"))


def of_kl(model: ModelConfig, history: History | None) -> Iterator[Finding]:
    """A collapse that the validation images' KL tells, whatever the codes; for a run that has ended."""
    if model.facts.penalty == "kl" and model.facts.bound != "ll" and history is not None:
        column = history.columns.get("validation_kl", np.zeros(0))
        known = column[np.isfinite(column)]
        if len(known) and known[-1] < COLLAPSED_KL:
            yield all_collapsed(float(known[-1]), model.facts.space)


def of_losses(
    model: ModelConfig,
    history: History | None,
    settings: TrainingConfig | None,
    *,
    outcome: str,
    running: bool,
    collapsed: bool = False,
) -> Iterator[Finding]:
    """All findings on the course of a run; nothing while there are too few losses to judge.

    Nor of the course of a loss whose measure is learned with it, as a discriminator's: it may rise while all goes well. Nor,
    where the model has collapsed, of how well it fits: the loss is that of the best constant picture, and that is all of it.
    """
    if outcome == "diverged":
        yield Finding(
            "divergence",
            "problem",
            "Loss or gradient stopped being finite, and the run went back to its last good weights.",
            "Train with a smaller learning rate, or clip the gradient more tightly.",
        )
    if history is None or model.facts.discriminator:
        return
    course = course_of(history, settings)
    exact = model.facts.bound == "ll"
    if len(course.train) >= LEAST_ROWS:
        if not (running or collapsed) and course.fall <= NOTHING * abs(course.first):
            yield Finding(
                "learning",
                "problem",
                f"Training has lowered the loss by {max(0.0, course.fall):.3g} nats only: the model has learned next to nothing.",
                LONGER if exact else "Train longer, with a larger learning rate or a smaller beta.",
            )
            return
        if exact and not running and course.fall <= LITTLE * abs(course.first):
            yield Finding(
                "learning",
                "advice",
                f"Training has raised log p(x) by {course.fall:.3g} nats only: the model has learned little so far.",
                LONGER,
            )
        yield from _spikes(course)
        if collapsed:
            return
        if len(course.validation) >= LEAST_EPOCHS:
            yield from _fit(course, model, settings, running=running)
        elif exact and not running:
            yield from _falling(course)


def _spikes(course: _Course) -> Iterator[Finding]:
    padded = np.pad(course.train, NEIGHBOURS, mode="reflect")
    level = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * NEIGHBOURS + 1), axis=1)
    excess = course.train - level
    usual = 1.4826 * float(np.median(np.abs(excess)))  # the standard deviation, if it were normal
    late = np.arange(len(excess)) >= len(excess) // 10  # at first the loss falls steeply
    above = late & (excess > max(SPIKE * usual, SPIKE_PART * abs(course.fall)))
    count = int(above.sum())
    if count:
        worst = int(np.argmax(np.where(above, excess, -np.inf)))
        times = "once" if count == 1 else f"{count} times"
        yield Finding(
            "spikes",
            "advice",
            f"The loss jumped up {times}, most in epoch {course.epoch[worst]:.1f}, by {excess[worst]:.3g} nats.",
            "Train with a smaller learning rate, or clip the gradient more tightly.",
        )


def _falling(course: _Course) -> Iterator[Finding]:
    """A run with too few validation losses: the training losses of its last tenth, five rows at least, against as many before."""
    part = max(LEAST_ROWS // 4, len(course.train) // 10)
    before, last = course.train[-2 * part : -part], course.train[-part:]
    gained = float(before.mean() - last.mean())
    noise = float(np.sqrt((before.var(ddof=1) + last.var(ddof=1)) / part))  # a standard error, and no less with a slope
    if gained > max(STILL_NATS, STILL * course.fall, 2 * noise):
        yield Finding(
            "improving",
            "advice",
            f"The training loss still fell: by {gained:.3g} nats in the last {part / len(course.train):.0%} of the run.",
            "Train for more epochs.",
        )


def _fit(course: _Course, model: ModelConfig, settings: TrainingConfig | None, *, running: bool) -> Iterator[Finding]:
    """Overfitting, underfitting, or still improving; by training and validation losses only, never by the test images."""
    validation, fall = course.validation, course.fall
    best = int(np.argmin(validation))
    rise = float(validation[-1] - validation[best])
    words = f"{abs(course.gap):.3g} nats {'below' if course.gap < 0 else 'above'} the training loss"
    since = validation[best:]
    risen = best <= len(validation) - LEAST_EPOCHS and rise > max(RISE * fall, NOISE * float(np.diff(since).std()))
    if risen and course.gap > 0:
        yield Finding(
            "overfitting",
            "problem" if rise > GAP * fall else "advice",
            f"The validation loss was lowest after epoch {course.ends[best]:.0f} and has risen by {rise:.3g} nats since; it is {words}.",
            "Stop there, or use weight decay, smaller networks or more images.",
        )
        return
    if course.wide:
        yield Finding(
            "overfitting",
            "advice",
            f"The validation loss is {words}: the networks begin to know the training images by heart.",
            "Use weight decay, smaller networks or more images.",
        )
        return
    quarter = max(1, len(validation) // 4)
    gained = float(validation[-1 - quarter] - validation[-1])
    tenth = max(1, len(validation) // 10)
    lately = float(validation[-1 - tenth] - validation[-1])
    if gained > STILL * fall and lately > STILL_NATS:
        if not running:
            epochs = "the last epoch" if quarter == 1 else f"the last {quarter} epochs"
            yield Finding(
                "improving",
                "advice",
                f"The validation loss still fell by {gained:.3g} nats in {epochs}.",
                "Train for more epochs.",
            )
    elif risen:
        yield Finding("fit", "fine", f"The validation loss is {words}, though it has risen by {rise:.3g} nats: no overfitting.")
    elif gained <= STILL * fall and course.gap < CLOSE * fall and not running:
        yield _limited(course, words, model, settings)
    else:
        yield Finding("fit", "fine", f"The validation loss is {words} and does not rise: no overfitting.")


def _limited(course: _Course, words: str, model: ModelConfig, settings: TrainingConfig | None) -> Finding:
    """Underfitting, with all that may be its reason: losses alone do not tell which."""
    agree = f"Training and validation loss agree within {abs(course.gap):.2g} nats and no longer fall"
    so = agree if abs(course.gap) < CLOSE * course.fall else f"The validation loss is {words}, and no longer falls"
    limits, ways = ["the networks", f"the latent size of {model.latent_dim}"], ["A larger decoder", "more latent dimensions"]
    if settings is not None and settings.beta and model.facts.penalty and model.facts.bound != "ll":
        limits.append(f"beta of {settings.beta:g}")
        ways.append("a smaller beta")
    if settings is not None and settings.schedule == "cosine" and course.epoch[-1] > settings.epochs - 1:
        limits.append("the learning rate, which has gone to 0,")
        ways.append("a longer run")
    return Finding(
        "underfitting",
        "advice",
        f"{so}: {_either(limits)} may be the limit.",
        f"{_either(ways)} may reach a lower loss.",
    )


def _either(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"
