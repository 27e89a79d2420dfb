"""``latent-explorer screenshot``: the real window as a picture, without a display."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import click

from latent_explorer.cli.options import Command, ParamType, out_option

SMALLEST, LARGEST = (400, 300), (7680, 4320)


class _Size(ParamType):
    """Width and height such as 1600x1000."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        match = re.fullmatch(r"([0-9]{1,5})[x×]([0-9]{1,5})", value, re.ASCII)
        size = (int(match[1]), int(match[2])) if match else (0, 0)
        if not all(low <= n <= high for n, low, high in zip(size, SMALLEST, LARGEST, strict=True)):
            self.fail(
                f"{value} is not a size; give width x height in pixels such as 1600x1000,"
                f" from {SMALLEST[0]}x{SMALLEST[1]} to {LARGEST[0]}x{LARGEST[1]}",
                param,
                ctx,
            )
        return size


@click.command("screenshot", cls=Command, short_help="Draw the window into a PNG file.")
@click.argument("model", required=False, metavar="[MODEL]")
@out_option("FILE.png", "The picture; an existing file is replaced.")
@click.option("--size", type=_Size(), default="1600x1000", show_default=True, metavar="WxH", help="Size of the window in pixels.")
@click.option("--theme", type=click.Choice(("dark", "light")), default="dark", show_default=True, help="Colours of the window.")
def command(*, model: str | None, out: Path, size: tuple[int, int], theme: str) -> int:
    """Draw the window into a PNG file, on MODEL or on the first shipped model."""
    from latent_explorer.cli.output import check_output
    from latent_explorer.cli.window import qt_imports, target

    path = target(model)
    check_output(out, (".png",), *([] if path is None else [path]))
    if not os.environ.get("QT_QPA_PLATFORM"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with qt_imports():
        from latent_explorer.app.main import screenshot
    return screenshot(path, out, size, theme)
