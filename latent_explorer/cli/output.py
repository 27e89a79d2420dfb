"""Where results go: JSON to stdout alone, words to stderr, files where they can be written."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latent_explorer.core.errors import ExportError


def print_json(value: Mapping[str, Any]) -> None:
    """One JSON object on stdout; what is not finite becomes null."""
    from latent_explorer.core.checkpoint.metadata import plain

    print(json.dumps(plain(value), indent=2, allow_nan=False))


def say(text: str, *, quiet: bool = False) -> None:
    """A word to the person, on stderr."""
    if not quiet and sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(text, file=sys.stderr)


def same_file(a: Path, b: Path) -> bool:
    """Whether two paths lead to one file that is there."""
    try:
        return a.samefile(b)
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether a path leads to a folder; False for what can be no path."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def check_output(path: Path, endings: tuple[str, ...], *inputs: Path) -> None:
    """Refuse, before any work is done, a file that could not be written at the end.

    Parameters
    ----------
    path : Path
    endings : tuple of str
        Allowed endings in lower case, the first as an example.
    *inputs : Path
        Files that must not be written over.

    Raises
    ------
    ExportError
        One sentence.
    """
    from latent_explorer.core.files.gate import shown

    start = f"--out {shown(path)} cannot be written: "
    try:
        if path.is_dir():
            raise ExportError(f"{start}it is a folder; give a file name ending in {' or '.join(endings)}.")
        if path.suffix.lower() not in endings:
            raise ExportError(f"{start}its name must end in {' or '.join(endings)}.")
        if path.exists() and not path.is_file():
            raise ExportError(f"{start}it is a pipe or a device; choose an ordinary file.")
        if any(same_file(path, source) for source in inputs):
            raise ExportError(f"{start}it is the file that is read; choose another name.")
        if path.is_file() and not path.stat().st_mode & stat.S_IWUSR:
            raise ExportError(f"{start}it is read-only; choose another name.")
        # A link is written through, so its target's folder counts.
        check_folder(Path(os.path.realpath(path)).parent, start)
    except (OSError, ValueError) as problem:
        raise ExportError(f"{start}its name cannot be a file name here; choose another one.") from problem


def check_folder(folder: Path, start: str) -> None:
    """Refuse a folder in which nothing can be written; `start` begins the sentence.

    Raises
    ------
    ExportError
        One sentence.
    """
    if not folder.is_dir():
        raise ExportError(f"{start}its folder does not exist; create it or choose another one.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ExportError(f"{start}you have no permission to write in its folder; choose another one.")


def make_folder(folder: Path) -> None:
    """Make a folder unless it is there.

    Raises
    ------
    ExportError
        One sentence.
    """
    from latent_explorer.core.files.gate import shown

    try:
        folder.mkdir(exist_ok=True)
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "its name cannot be a name here"
        raise ExportError(f"--out {shown(folder)} cannot be made: {reason}; choose another folder.") from problem
