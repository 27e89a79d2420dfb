"""``latent-explorer [open] [PATH]``: the window."""

from __future__ import annotations

import os
import sys

import click

from latent_explorer.cli.options import Command
from latent_explorer.core.errors import LatentExplorerError
from latent_explorer.core.loading import no_collections


@click.command("open", cls=Command)
@click.argument("path", required=False, metavar="[PATH]")
def command(path: str | None) -> int:
    """Open the window (the default), on a model or a table of codes if one is named."""
    from latent_explorer.cli.window import qt_imports, read_early, target

    where = target(path)
    if sys.platform.startswith("linux") and not any(os.environ.get(key) for key in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")):
        raise LatentExplorerError(
            "There is no display to open the window on; this draws the same window into a file: latent-explorer screenshot --out window.png"
        )
    reading = read_early(where)
    with qt_imports(), no_collections():
        from latent_explorer.app.main import run
    return run(where, reading)
