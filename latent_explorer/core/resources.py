"""Where things lie on disk: what ships with the program, and the user's own folders."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

APP = "latent-explorer"
VARIABLE = "LATENT_EXPLORER_HOME"

_PACKAGE = Path(__file__).resolve().parent.parent


def resource_folder(name: str) -> Path:
    """The folder of shipped files, "models" or "assets", in both layouts; it may be absent.

    In a wheel it lies inside the package, in a checkout beside it. A folder of that name beside an installed package
    belongs to somebody else, so the checkout must show its pyproject.toml.
    """
    inside = _PACKAGE / "_resources" / name
    beside = _PACKAGE.parent / name
    if not inside.is_dir() and beside.is_dir() and (_PACKAGE.parent / "pyproject.toml").is_file():
        return beside
    return inside


def _user_folder(kind: str) -> Path | None:
    """The folder under LATENT_EXPLORER_HOME, None where that is not set."""
    home = os.environ.get(VARIABLE, "")
    return Path(home).expanduser() / kind if home else None


def data_folder() -> Path:
    """What the user must not lose, such as "My models"; it may not exist yet."""
    return _user_folder("data") or platformdirs.user_data_path(APP, appauthor=False)


def cache_folder() -> Path:
    """What can be fetched or computed again, such as data sets; it may not exist yet."""
    return _user_folder("cache") or platformdirs.user_cache_path(APP, appauthor=False)


def log_folder() -> Path:
    """Logs; it may not exist yet."""
    return _user_folder("logs") or platformdirs.user_log_path(APP, appauthor=False)
