"""The explicit list of data sets: a name or a folder in, a data set out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

from latent_explorer.core.data.builtin import digits
from latent_explorer.core.data.catalogue import CATALOGUE
from latent_explorer.core.data.idx import is_idx_folder, read_idx_folder
from latent_explorer.core.data.shapes import shapes
from latent_explorer.core.errors import DatasetError
from latent_explorer.core.files.gate import shown, size_text
from latent_explorer.core.types import ImageDataset

VARIABLE = "LATENT_EXPLORER_DATA"

BUILTIN: Mapping[str, Callable[[], ImageDataset]] = MappingProxyType(
    {
        "digits": digits,
        "shapes": shapes,
        "shapes-28": partial(shapes, size=28),  # of MNIST's size: foreign images for its models
        "shapes-64": partial(shapes, size=64),
        "shapes-colour": partial(shapes, colour=True),
        "shapes-64-colour": partial(shapes, size=64, colour=True),
    }
)

FOUR_FILES = "a folder with MNIST's four files (train-images-idx3-ubyte.gz and the others)"


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "-")


def _folders() -> dict[str, Path]:
    """Name -> folder, for what was downloaded and what the environment variable offers; the latter counts."""
    return {**{name: entry.folder for name, entry in CATALOGUE.items() if entry.is_here()}, **_offered()}


def _offered() -> dict[str, Path]:
    """Name -> folder, for what the environment variable offers."""
    root = os.environ.get(VARIABLE, "")
    if not root:
        return {}
    folder = Path(root)
    if is_idx_folder(folder):
        return {"mnist": folder}
    try:
        children = sorted(child for child in folder.iterdir() if child.is_dir())
    except (OSError, ValueError):
        return {}
    return {_plain(child.name): child for child in children if is_idx_folder(child)}


def find_folder(name: str) -> Path | None:
    """The folder of a named data set, None where there is none.

    It is looked for in the folder that LATENT_EXPLORER_DATA names: that folder itself is "mnist" when it holds the
    four files, else its sub-folders are data sets by their names. After that come downloaded ones (catalogue.py).
    """
    return _folders().get(_plain(name))


def available() -> tuple[str, ...]:
    """The names that can be loaded right now: first those built in, which always can."""
    return (*BUILTIN, *sorted(set(_folders()) - set(BUILTIN)))


def load_dataset(name_or_path: str | Path) -> ImageDataset:
    """Load a data set by its name or from its folder.

    Parameters
    ----------
    name_or_path : str or Path
        An existing folder with the four IDX files, else a name of `available`. A folder without those files does not
        hide a name.

    Raises
    ------
    DatasetError
        There is no such data set, or its files cannot be used.
    """
    text = str(name_or_path)
    path = Path(text)
    name = _plain(text)
    folder = find_folder(name)
    try:
        is_folder, is_there = path.is_dir(), path.exists()
    except (OSError, ValueError):
        is_folder = is_there = False
    if text and is_folder and (is_idx_folder(path) or not (folder or name in BUILTIN)):
        return read_idx_folder(path)
    if name in BUILTIN:
        return BUILTIN[name]()
    if folder is not None:
        return read_idx_folder(folder, name)
    if text and is_there:
        raise DatasetError(f"{shown(text)} is a file, not a data set; give {FOUR_FILES}, or one of the names {', '.join(available())}.")
    if name in CATALOGUE:
        entry = CATALOGUE[name]
        get = f"latent-explorer download {name} ({size_text(entry.size)}; in the window: menu File)"
        raise DatasetError(f"{entry.title} is not on this computer; get it with {get}, or give {FOUR_FILES}.")
    raise DatasetError(f'There is no data set "{shown(text)}"; choose one of {", ".join(available())}, or give {FOUR_FILES}.')
