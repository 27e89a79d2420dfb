"""Which models there are to choose from: those that ship with the program, and the user's own ("My models")."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from latent_explorer.core.checkpoint.header import HeaderError, parse_header, strict_json, with_metadata
from latent_explorer.core.checkpoint.metadata import KEY, dump_json
from latent_explorer.core.checkpoint.record import CAP, read_record
from latent_explorer.core.config import ModelConfig
from latent_explorer.core.errors import CheckpointError, ExportError
from latent_explorer.core.files.atomic import atomic_write
from latent_explorer.core.files.gate import read_bytes, shown
from latent_explorer.core.resources import data_folder, resource_folder

ENDING = ".safetensors"
INDEX = "index.json"
MAX_INDEX = 1 << 20
MAX_NAME = 100
LISTED = 20  # names in a sentence; a long shelf of runs has hundreds
RESERVED_ENDING = ".reserved"  # of a hidden file that keeps a name for a run until its model is written
RESERVED_FOR = 3600.0  # seconds; names have the second of their making in them, so an older one is not made again

# Characters and names that some system gives a meaning; a model's file should survive a move to any of them.
_FORBIDDEN = frozenset('<>:"/\\|?*')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


@dataclass(frozen=True)
class ModelEntry:
    """A model to choose: its name, its file, and whether it ships with the program. ``title`` may be empty."""

    name: str
    path: Path
    shipped: bool
    title: str = ""


def _entry(folder: Path, item: Mapping[str, Any]) -> ModelEntry:
    name, file, title = item["name"], item["file"], item.get("title", "")
    if not all(isinstance(text, str) for text in (name, file, title)) or Path(file).name != file:
        raise ValueError(name)
    return ModelEntry(name, folder / file, True, title)


def shipped() -> tuple[ModelEntry, ...]:
    """The models that ship with the program, in the order of offering; the first is the default.

    Empty where none ship; a model whose file is absent is left out.

    Raises
    ------
    CheckpointError
        The index is damaged.
    """
    folder = resource_folder("models")
    path = folder / INDEX
    if not path.exists():
        return ()
    data = read_bytes(path, cap=MAX_INDEX, what="list of models", error=CheckpointError)
    try:
        entries = [_entry(folder, item) for item in strict_json(data, "list")["models"]]
    except (HeaderError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise CheckpointError(f"The list of models {shown(path)} is damaged; install the program again.") from problem
    return tuple(entry for entry in entries if entry.path.is_file())


def my_models_folder() -> Path:
    """Where the user's own models lie; it may not exist yet."""
    return data_folder() / "models"


def my_models() -> tuple[ModelEntry, ...]:
    """The user's own models, newest first; names that cannot be shown are left out."""
    found = []
    with contextlib.suppress(OSError), os.scandir(my_models_folder()) as items:
        for item in items:
            if not item.name.endswith(ENDING) or item.name.startswith(".") or not item.name.isprintable():
                continue
            with contextlib.suppress(OSError):  # deleted or made unreadable meanwhile
                if item.is_file():
                    found.append((-item.stat().st_mtime_ns, item.name))
    return tuple(ModelEntry(name.removesuffix(ENDING), my_models_folder() / name, False) for _, name in sorted(found))


def default_model() -> Path | None:
    """The file of the first shipped model, else of the newest own one; None where there is none.

    Raises
    ------
    CheckpointError
        The index of the shipped ones is damaged.
    """
    return next((entry.path for entry in (*shipped(), *my_models())), None)


def resolve_model(text: str) -> Path:
    """The file of a model: an existing path, else a shipped name, else a name in "My models".

    Raises
    ------
    CheckpointError
        There is no such model; the sentence lists the names, of many the shipped ones and the newest.
    """
    with contextlib.suppress(OSError, ValueError):
        # A folder is no model, so it hides no name.
        if text and Path(text).exists() and not Path(text).is_dir():
            return Path(text)
    entries = (*shipped(), *my_models())
    for entry in entries:
        if entry.name == text:
            return entry.path
    known = list(dict.fromkeys(shown(entry.name) for entry in entries))
    names = ", ".join(known[:LISTED]) or "none yet"
    more = f" (and {len(known) - LISTED} older ones in My models)" if len(known) > LISTED else ""
    raise CheckpointError(
        f'There is no model file or model "{shown(text)}"; give the path of a model file or one of these names: {names}{more}.'
    )


def reference_to(path: Path) -> str:
    """What `resolve_model` takes for a file from any folder: its name if it is shipped or in "My models", else its full path.

    Raises
    ------
    CheckpointError
        The list of shipped models is damaged.
    """
    path = Path(os.path.abspath(path))
    for entry in (*shipped(), *my_models()):
        if Path(os.path.abspath(entry.path)) == path and resolve_model(entry.name) == entry.path:
            return entry.name
    return str(path)


def _check_name(name: str) -> str:
    """The name without outer spaces, if it can be a file name on every system."""
    name = name.strip()
    if not name:
        raise ExportError("A model's name cannot be empty; type at least one letter.")
    quoted = f'The name "{shown(name)}"'
    if not name.isprintable() or not _FORBIDDEN.isdisjoint(name):
        raise ExportError(f'{quoted} cannot be used: choose one without / \\ : * ? " < > | and control characters.')
    if name.startswith(".") or name.endswith("."):
        raise ExportError(f"{quoted} cannot be used: choose one that neither starts nor ends with a full stop.")
    if _RESERVED.fullmatch(name):
        raise ExportError(f"{quoted} cannot be used: some systems reserve it; choose another one.")
    if len(name) > MAX_NAME or len(name.encode("utf-8")) > 2 * MAX_NAME:
        raise ExportError(f"{quoted} cannot be used: choose one of at most {MAX_NAME} characters.")
    return name


def _taken() -> frozenset[str]:
    """Names in use, in lower case: some systems do not tell upper from lower."""
    try:
        return frozenset(path.name.lower() for path in my_models_folder().iterdir())
    except OSError:
        return frozenset()


def _reservation(name: str) -> str:
    return f".{name}{RESERVED_ENDING}"


def automatic_name(data: str, model: ModelConfig, when: datetime) -> str:
    """A name such as "digits dense 512-512 2026-11-20 14.03.05", not yet used in "My models".

    Parameters
    ----------
    data : str
        The data set's name; characters that a file name cannot have are left out.
    model : ModelConfig
        The family is named unless it is the VAE, and the number of latent dimensions unless it is 2.
    when : datetime
    """
    clean = "".join(c for c in data if c.isprintable() and c not in _FORBIDDEN).strip(" .")[:30] or "images"
    parts = [numbers for numbers in (model.stages, model.hidden) if numbers]
    widths = " ".join("-".join(str(n) for n in numbers[:4]) + ("-etc" if len(numbers) > 4 else "") for numbers in parts)
    dimensions = "" if model.latent_dim == 2 else f"{model.latent_dim}-D "
    family = "" if model.family == "vae" else f"{model.family} "
    rest = f" {family}{model.network} {widths} {dimensions}{when:%Y-%m-%d %H.%M.%S}"
    base = clean[: max(8, MAX_NAME - 5 - len(rest))].rstrip(" .") + rest  # five characters are for a number
    taken = _taken()
    name, number = base, 2
    while not taken.isdisjoint((f"{name}{ENDING}".lower(), _reservation(name).lower())):
        name, number = f"{base} {number}", number + 1
    return name


def reserve_name(data: str, model: ModelConfig, when: datetime) -> str:
    """An `automatic_name` that nobody else is given, also where two programs ask in the same second.

    Where nothing can be written it is the name alone: whoever writes the model will hear why.

    Raises
    ------
    ExportError
        The folder cannot be made.
    """
    while True:
        name = automatic_name(data, model, when)
        folder = my_model_path(name).parent
        with contextlib.suppress(OSError):
            _let_go_of_old(folder)
        try:
            os.close(os.open(folder / _reservation(name), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except FileExistsError:
            continue  # somebody was quicker; the next name counts theirs
        except OSError:
            pass
        return name


def _let_go_of_old(folder: Path) -> None:
    """Reservations whose models are written, or never will be."""
    for path in folder.glob(f".*{RESERVED_ENDING}"):
        if time.time() - path.stat().st_mtime > RESERVED_FOR:
            path.unlink()


def my_model_path(name: str) -> Path:
    """The file for a name in "My models"; the folder is made where it is absent.

    Raises
    ------
    ExportError
        The name cannot be a file name, or the folder cannot be made.
    """
    name = _check_name(name)
    folder = my_models_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise ExportError(f"The folder {shown(folder)} cannot be made: {problem.strerror}; check its permissions.") from problem
    return folder / f"{name}{ENDING}"


def _check_mine(path: Path) -> None:
    if path.parent.resolve() != my_models_folder().resolve() or path.suffix != ENDING or not path.is_file():
        raise ExportError(f"The file {shown(path)} is not in My models; only models there can be renamed or deleted here.")


def _renamed(path: Path, name: str) -> bytes:
    """The file's bytes with another name in its record; all else stays, also what a newer version wrote."""
    read_record(path)  # refuses what is no sound model, in a sentence
    data = read_bytes(path, cap=CAP, what="model file", error=CheckpointError)
    metadata = dict(parse_header(data).metadata)
    metadata[KEY] = dump_json({**strict_json(metadata[KEY], "record"), "name": name})
    return with_metadata(data, metadata)


def _refuse_shipped(name: str) -> None:
    """A shipped model would hide an own one of its name on the command line."""
    if name.lower() in {entry.name.lower() for entry in shipped()}:
        raise ExportError(f'The name "{shown(name)}" belongs to a model that comes with the program; choose another one.')


def rename_model(path: Path, new_name: str) -> Path:
    """Give a model in "My models" another name, in its file name and in its record.

    Returns
    -------
    Path
        The new file.

    Raises
    ------
    ExportError
        It is not in "My models", or the name cannot be used, is taken, or cannot be written.
    CheckpointError
        The file is no sound model.
    """
    _check_mine(path)
    target = my_model_path(new_name)
    if target.name == path.name:
        return path
    if target.name.lower() in _taken() - {path.name.lower()}:
        raise ExportError(f'The name "{shown(target.stem)}" is taken; choose another one.')
    status = path.stat()
    atomic_write(path, _renamed(path, target.name.removesuffix(ENDING)))
    try:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # a new name makes no model newer
        os.rename(path, target)
    except OSError as problem:
        raise ExportError(f"The model {shown(path)} cannot be renamed: {problem.strerror}; check the folder's permissions.") from problem
    return target


def delete_model(path: Path) -> None:
    """Delete a model in "My models"; a link is removed, not what it leads to.

    Raises
    ------
    ExportError
        It is not in "My models", or cannot be deleted.
    """
    _check_mine(path)
    try:
        path.unlink()
    except OSError as problem:
        raise ExportError(f"The model {shown(path)} cannot be deleted: {problem.strerror}; check the folder's permissions.") from problem
