"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    ParamType = click.ParamType[Any]  # generic from click 8.5 on
else:
    ParamType = click.ParamType

F = TypeVar("F", bound=Callable[..., Any])

NONE = "none"  # no widths: a linear network

_WHOLE = re.compile(r"[+-]?[0-9]{1,30}", re.ASCII)
_REAL = re.compile(r"[+-]?([0-9]{1,400}\.?[0-9]{0,400}|\.[0-9]{1,400})(e[+-]?[0-9]{1,5})?", re.ASCII | re.IGNORECASE)


def number(text: str) -> int | float | str:
    """The number that a text spells in plain decimals; the text itself where it spells none (so also 1_000, nan, inf)."""
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _REAL.fullmatch(text) else text


class Setting(ParamType):
    """A number whose range the configuration knows: what is no number is passed on, to be refused there with the range."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return number(value) if isinstance(value, str) else value


class Whole(ParamType):
    """A whole number in a range."""

    name = "integer"

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        whole = number(value) if isinstance(value, str) else value
        if not isinstance(whole, int) or not self.low <= whole <= self.high:
            self.fail(f"{value} is not a whole number from {self.low} to {self.high}", param, ctx)
        return whole


class Widths(ParamType):
    """Numbers with commas, such as 512,512; or the word none."""

    name = "widths"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        return () if value == NONE else tuple(number(part.strip()) for part in value.split(","))


class Point(ParamType):
    """A latent point: finite numbers with commas, such as -1,0.5."""

    name = "x,y"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        numbers = [number(part.strip()) for part in value.split(",")]
        if not all(isinstance(n, int | float) and math.isfinite(n) and abs(n) <= 1e30 for n in numbers):
            self.fail(f"{value} is not a latent point; give finite numbers with commas, such as -1,0.5", param, ctx)
        return tuple(float(n) for n in numbers)


class Command(click.Command):
    """A command that notices a value left out: ``--out --quiet`` does not write to a file named --quiet."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        flags = {name: isinstance(param, click.Option) and param.is_flag for param in self.get_params(ctx) for name in param.opts}
        for word, following in pairwise(args):
            if word == "--":
                break
            if word.startswith("--") and flags.get(word) is False and following.startswith("--") and following in flags:
                raise click.BadOptionUsage(word, f"Option {word!r} requires a value", ctx)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = ctx  # so that it names the command's own --help
            raise


def model_argument(function: F) -> F:
    """The argument MODEL."""
    return click.argument("model", metavar="MODEL")(function)


def data_option(function: F) -> F:
    """The option ``--data``."""
    text = (
        "Data set: digits, shapes, shapes-28, shapes-64, shapes-colour, shapes-64-colour, mnist, a folder's name under"
        " LATENT_EXPLORER_DATA, or the path of a folder with the four MNIST files."
    )
    return click.option("--data", required=True, metavar="NAME|PATH", help=text)(function)


def out_option(metavar: str, text: str) -> Callable[[F], F]:
    """The option ``--out``."""
    return click.option("--out", required=True, metavar=metavar, type=Path, help=text)


def device_option(function: F) -> F:
    """The option ``--device``."""
    text = "Where to compute: auto takes cuda, then mps, then the CPU."
    return click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda|mps", help=text)(function)


def threads_option(function: F) -> F:
    """The option ``--threads``."""
    text = "Threads to compute with; without it, all cores. Equal numbers to the last bit need equal threads."
    return click.option("--threads", type=Whole(1, 1024), metavar="N", help=text)(function)


def quiet_option(function: F) -> F:
    """The option ``--quiet``."""
    return click.option("--quiet", is_flag=True, help="Say nothing but errors.")(function)


def json_option(function: F) -> F:
    """The option ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")(function)


def scale_option(function: F) -> F:
    """The option ``--scale``."""
    return click.option("--scale", type=Whole(1, 64), default=1, show_default=True, metavar="N", help="Show each pixel as N x N pixels.")(
        function
    )


def class_option(function: F) -> F:
    """The option ``--class``, as ``told``."""
    text = "Number or name of the class that a conditional model is told; without it, class 0."
    return click.option("--class", "told", metavar="CLASS", help=text)(function)


def draw_option(function: F) -> F:
    """The option ``--draw``."""
    text = "A draw of what lies below the plane of a hierarchical model; 0 is its mean."
    return click.option("--draw", type=Whole(0, 2**31 - 1), default=0, show_default=True, metavar="N", help=text)(function)
