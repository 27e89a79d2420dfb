"""What the bar of the points' colours says."""

from __future__ import annotations

import math
from collections.abc import Iterable

from latent_explorer.core.palette import value_table
from latent_explorer.core.plane.values import title_of
from latent_explorer.core.raster.colouring import LEVELS, Scale
from latent_explorer.views.plane.colour_bar import Bar, number_text

MOST = 5  # numbers on an even scale


def bar_of(scale: Scale, names: Iterable[str] = ()) -> Bar:
    """A bar with the points' own colours and numbers; beside its title stands where the values really end. ``names``: see `title_of`."""
    if scale.logarithmic:
        low, high = math.log10(scale.low), math.log10(scale.high)
        powers = [10.0**k for k in range(math.ceil(low), math.floor(high) + 1)]
        ends = powers if powers and high - math.log10(powers[-1]) < 0.2 * (high - low) else [*powers, scale.high]
        numbers = [(math.log10(number), f"{round(number):,}") for number in ends]
    else:
        low, high = scale.low, scale.high
        numbers = [(number, number_text(number)) for number in round_numbers(low, high)]
    ends_text = f"{short(scale.least)} to {short(scale.most)}" if (scale.least, scale.most) != (scale.low, scale.high) else ""
    table = value_table(LEVELS if high > low else 1)  # equal values have one colour, the lowest
    missing = f"no value: {scale.missing:,}" if scale.missing else ""
    return Bar(title_of(scale.name, names), ends_text, table, low, high, tuple(numbers), note=note_of(scale), grey=missing)


def round_numbers(low: float, high: float) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten between two ends, at most `MOST`; the end itself where there is only that."""
    width = high - low
    if not (math.isfinite(width) and width > 0):
        return [low]
    power = 10.0 ** math.floor(math.log10(width / MOST))
    step = next(power * factor for factor in (1, 2, 5, 10, 20) if width / (power * factor) < MOST)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [k * step for k in range(first, last + 1)]


def short(number: float) -> str:
    """Three digits are enough."""
    return number_text(float(f"{number:.3g}"))


def note_of(scale: Scale) -> str:
    """What the colours leave out, in a sentence or two."""
    if scale.logarithmic:
        return "How many points lie at a pixel; equal steps of colour are equal factors."
    said = []
    if (scale.least, scale.most) != (scale.low, scale.high):
        ends = f"{short(scale.least)} to {short(scale.most)}"
        said.append(f"Values run from {ends}; the lowest and the highest hundredth have the colours of the ends.")
    if scale.missing:
        said.append(f"{scale.missing:,} points have no value and are grey.")
    return " ".join(said)
