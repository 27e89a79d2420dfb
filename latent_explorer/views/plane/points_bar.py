"""What the bar of the points' colours says."""

from __future__ import annotations

import math

from latent_explorer.core.palette import value_table
from latent_explorer.core.raster.colouring import LEVELS, Scale
from latent_explorer.views.plane.colour_bar import Bar, number_text

STEPS = 4  # parts of an even scale that have a number at each end


def bar_of(scale: Scale) -> Bar:
    """A bar with the points' own colours and numbers; the tooltip says where the values really end."""
    if scale.logarithmic:
        low, high = math.log10(scale.low), math.log10(scale.high)
        powers = [10.0**k for k in range(math.ceil(low), math.floor(high) + 1)]
        ends = powers if powers and high - math.log10(powers[-1]) < 0.2 * (high - low) else [*powers, scale.high]
        numbers = [(math.log10(number), short(number)) for number in ends]
    else:
        low, high = scale.low, scale.high
        numbers = [(low + (high - low) * k / STEPS, short(low + (high - low) * k / STEPS, high - low)) for k in range(STEPS + 1)]
    return Bar(scale.name, "", value_table(LEVELS), low, high, tuple(numbers), note=note_of(scale))


def short(number: float, width: float = 0.0) -> str:
    """A number with as many digits as tell it from its neighbours on a scale of this width."""
    if width <= 0 or not math.isfinite(width):
        return number_text(float(f"{number:.3g}"))
    unit = 10.0 ** (math.floor(math.log10(width)) - 2)
    return number_text(float(f"{round(number / unit) * unit:.6g}"))


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
