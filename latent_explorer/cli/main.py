"""The entry point: arguments in, exit code out.

Exit codes: 0 done; 1 a bug, with its traceback; 2 a known error or wrong usage, with one line on stderr;
130 interrupted by Ctrl+C; 141 nobody reads the output any more.
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import os
import sys
import traceback
from collections.abc import Sequence

import click

from latent_explorer import __version__
from latent_explorer.cli import decode, doctor, download, encode, evaluate, grid, info, recipes, screenshot, train
from latent_explorer.cli import open as open_
from latent_explorer.core.errors import LatentExplorerError

INTERRUPTED = 130
CLOSED = 141
FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
MEMORY = "There is not enough memory; close other programs, or choose smaller networks, a smaller batch or fewer images."


class _Door(click.Group):
    """The commands; without one, or with a first argument that is none, the window opens."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] == "--":
            args = ["open", *args]
        elif args[0] not in self.commands and not args[0].startswith("-"):
            meant = difflib.get_close_matches(args[0], self.commands, n=1, cutoff=0.7)
            if meant and not os.path.exists(args[0]):
                raise click.UsageError(f"There is no command {args[0]!r}; did you mean {meant[0]!r}?", ctx)
            args = ["open", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Door, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="latent-explorer", message="%(prog)s %(version)s")
def cli() -> None:
    """Look into the latent space of a variational autoencoder.

    MODEL is a model file, the name of a shipped model such as mnist-dense, or a name in "My models".
    Without a command the window opens, on the model or table of codes that is given or on the first shipped model.
    """


for _command in (
    open_.command,
    train.command,
    encode.command,
    decode.command,
    grid.command,
    evaluate.command,
    info.command,
    doctor.command,
    recipes.command,
    download.command,
    screenshot.command,
):
    cli.add_command(_command)


def _line(text: str) -> str:
    """One line of printable characters."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in " ".join(text.split()))


def _complain(text: str) -> None:
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(_line(text), file=sys.stderr)


def _usage(error: click.ClickException) -> str:
    text = error.format_message().rstrip(".")
    ctx = getattr(error, "ctx", None)
    path = ctx.command_path if ctx is not None else "latent-explorer"
    return f"{text} (see {path} --help)."


def _abandon_stdout() -> None:
    """Nobody reads stdout any more: what is still in its buffer must not raise again when Python ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _run(args: list[str]) -> int:
    try:
        with cli.make_context("latent-explorer", args) as ctx:
            code = cli.invoke(ctx)
    except click.exceptions.Exit as leave:
        code = leave.exit_code
    if sys.stdout is not None:  # None when the caller closed it
        sys.stdout.flush()
    return int(code or 0)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str or None
        Arguments without the program's name; None takes those of the process.

    Returns
    -------
    int
        The exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that lacks a character shows its code instead
            stream.reconfigure(errors="backslashreplace")
    try:
        return _run(list(sys.argv[1:] if argv is None else argv))
    except click.ClickException as error:
        _complain(_usage(error))
        return 2
    except LatentExplorerError as error:
        _complain(str(error))
        return 2
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        _abandon_stdout()
        return CLOSED
    except MemoryError:
        _complain(MEMORY)
        return 2
    except Exception as error:
        if isinstance(error, RuntimeError) and ("not enough memory" in str(error) or "out of memory" in str(error)):  # as torch says it
            _complain(MEMORY)
            return 2
        if isinstance(error, OSError) and error.errno in FULL:  # stdout, since files are written by core
            _complain("The output could not be written: the disk is full; free some space or write it elsewhere.")
            _abandon_stdout()
            return 2
        if sys.stderr is not None:
            traceback.print_exc()
        return 1
