"""Numbers out: codes as CSV or npz, decoded images as npz."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.files.atomic import atomic_write
from latent_explorer.core.types import Codes, Floats, Labels

PIECE = 20_000  # rows that are written between two words of progress


def codes_csv(codes: Codes) -> bytes:
    """One line for each image: ``index,label,z0,z1,...``, with the shortest decimals that give back the same float32."""
    columns = ["index", "label", *(f"z{k}" for k in range(codes.z.shape[1]))]
    # str of a numpy float32 is its shortest round-trip form, whatever the locale.
    rows = (
        f"{index},{label},{','.join(map(str, point))}"
        for index, label, point in zip(codes.index.tolist(), codes.labels.tolist(), codes.z, strict=True)
    )
    return "\n".join([",".join(columns), *rows, ""]).encode("ascii")


def npz(**arrays: Any) -> bytes:
    """Named arrays as the bytes of a compressed npz archive."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def save_codes(path: str | Path, codes: Codes) -> None:
    """Write codes by the file's ending: ``.csv``, or ``.npz`` with ``z``, ``label`` and ``index``.

    Raises
    ------
    ExportError
        The file cannot be written.
    """
    if Path(path).suffix.lower() == ".csv":
        atomic_write(path, codes_csv(codes))
    else:
        atomic_write(path, npz(z=codes.z, label=codes.labels, index=codes.index))


def flat_columns(columns: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Columns with N first as columns of single values: one of several numbers becomes ``name0, name1, ...``."""
    flat: dict[str, NDArray[Any]] = {}
    for name, values in columns.items():
        if values.ndim == 1:
            flat[name] = values
        else:
            lines = values.reshape(len(values), -1)
            flat |= {f"{name}{k}": lines[:, k] for k in range(lines.shape[1])}
    return flat


def save_rows(path: str | Path, codes: Codes, rows: Labels, more: Mapping[str, Floats], progress: Callable[[float], None]) -> None:
    """Write some rows of the codes with all that is known of them, by the file's ending as `save_codes` does.

    A ``.csv`` has ``index,label,z0,z1,...`` and then every column of the codes and of `more`, which has as many rows as are
    written, under its own name (several numbers: numbered); an ``.npz`` has them as arrays. A name that is taken has "_" after
    it, so that the file can be opened again. ``progress`` hears the part that is done, and may raise to stop.

    Raises
    ------
    ExportError
        The file cannot be written.
    """
    some = Codes(codes.kind, codes.z[rows], codes.index[rows], codes.labels[rows])
    columns = {**{name: values[rows] for name, values in codes.columns.items()}, **more}
    dimensions = some.z.shape[1]
    taken = ("index", "label", *(f"z{k}" for k in range(dimensions + 1)))  # one z more would be read as a coordinate
    if Path(path).suffix.lower() != ".csv":
        arrays = {"z": some.z, "label": some.labels, "index": some.index}
        free = _free_names(columns, (*taken, *arrays, "file", "args", "allow_pickle"))  # numpy's own words cannot be names
        atomic_write(path, npz(**arrays, **dict(zip(free, columns.values(), strict=True))))
        return
    flat = flat_columns(columns)
    head = [*taken[: 2 + dimensions], *map(_quoted, _free_names(flat, taken))]
    pieces = [(",".join(head) + "\n").encode()]
    for start in range(0, len(rows), PIECE):
        progress(start / len(rows))
        cut = slice(start, start + PIECE)
        # str of a numpy float32 is its shortest round-trip form, whatever the locale.
        numbers = [list(map(str, values[cut])) for values in (*some.z.T, *flat.values())]
        whole = [list(map(str, values[cut].tolist())) for values in (some.index, some.labels)]
        pieces.append("".join(f"{','.join(line)}\n" for line in zip(*whole, *numbers, strict=True)).encode("ascii"))
    atomic_write(path, b"".join(pieces))


def _free_names(names: Iterable[str], taken: Iterable[str]) -> list[str]:
    """The names, with as many "_" after them as none is taken or comes twice; case and spaces around do not tell them apart."""
    used, free = set(taken), []
    for name in names:
        new = name
        while new.strip().lower() in used:
            new = f"{new.rstrip()}_"
        used.add(new.strip().lower())
        free.append(new)
    return free


def _quoted(name: str) -> str:
    """A name as CSV holds it."""
    return '"' + name.replace('"', '""') + '"' if any(sign in name for sign in ',"\r\n') else name


def save_decoded(path: str | Path, z: NDArray[np.float32], images: NDArray[np.float32]) -> None:
    """Write an npz with ``z`` (n, d) and ``images``, float32 (n, H, W, C) in 0..1.

    Raises
    ------
    ExportError
        The file cannot be written.
    """
    atomic_write(path, npz(z=np.asarray(z, np.float32), images=np.asarray(images, np.float32)))
