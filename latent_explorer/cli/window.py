"""The door to the window: what `open` and `screenshot` need before they import it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from latent_explorer.core.errors import CheckpointError, LatentExplorerError

if TYPE_CHECKING:
    from latent_explorer.core.checkpoint.reading import Reading

QT = ("PySide6", "shiboken6", "pyqtgraph")


@contextmanager
def qt_imports() -> Iterator[None]:
    """Imports of the window go inside: a missing Qt becomes one sentence, anything else stays what it is.

    Raises
    ------
    LatentExplorerError
        Qt is not installed, or lacks a library of the system.
    """
    try:
        yield
    except ModuleNotFoundError as problem:
        if (problem.name or "").partition(".")[0] not in QT:
            raise
        raise LatentExplorerError(
            f"The window needs {(problem.name or '').partition('.')[0]}, which is not installed; install it with:"
            " pip install 'PySide6-Essentials>=6.8,!=6.11.0,!=6.11.1' pyqtgraph"
        ) from problem
    except ImportError as problem:
        if (problem.name or "").partition(".")[0] not in QT and ".so" not in str(problem):
            raise
        raise LatentExplorerError(
            f"Qt cannot be loaded ({problem}); on Debian this installs what it needs:"
            " apt-get install libglib2.0-0 libgl1 libegl1 libfontconfig1 libxkbcommon0 libdbus-1-3"
        ) from problem


def target(text: str | None) -> Path | None:
    """What the window opens on: an existing path as it is, else a model's file by its name.

    Raises
    ------
    CheckpointError
        There is no such file and no such model.
    """
    if text is None:
        return None
    path = Path(text)
    try:
        if path.exists():
            return path
    except (OSError, ValueError):
        pass
    from latent_explorer.core.checkpoint.library import resolve_model

    return resolve_model(text)


def read_early(where: Path | None) -> Reading | None:
    """Begin to read the model that the window will open on, while Qt is loaded; None where there is none, or the window does that."""
    from latent_explorer.core.checkpoint.library import default_model
    from latent_explorer.core.checkpoint.reading import Reading

    if where is not None and not where.is_dir():
        from latent_explorer.core.data.picture import picture_kind
        from latent_explorer.core.data.tables.reading import table_kind

        return None if table_kind(where) or picture_kind(where) else Reading(where)
    try:
        path = default_model()
    except CheckpointError:
        return None
    return None if path is None else Reading(path)
