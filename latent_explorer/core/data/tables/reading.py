"""Opening a table of codes: which format it is by its first bytes, the reader for it, and what it says when it cannot."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

from latent_explorer.core.data.tables import npz
from latent_explorer.core.data.tables.table import Progress, Table, assemble, piece_of
from latent_explorer.core.data.tables.text import WHO, could_be_text
from latent_explorer.core.errors import DatasetError
from latent_explorer.core.files.apart import ApartError, read_apart
from latent_explorer.core.files.gate import HEAD, open_file, shown, sniff

CAP = 1 << 36  # bytes of a file: it is read in blocks
ENDINGS = (".csv", ".tsv", ".npz", ".parquet")

_APART = {
    "text": "latent_explorer.core.data.tables.text:messages",
    "parquet": "latent_explorer.core.data.tables.parquet:messages",
}


def table_kind(path: str | os.PathLike[str]) -> str:
    """Tell "npz", "parquet" and "text", which can only be tables, by a file's first bytes; "" for all else, also what cannot be read.

    A zip may hold a model of PyTorch too: it counts as a table when its first file is a numpy array.
    """
    try:
        with open_file(path, cap=CAP) as file:
            return _kind(file.read(HEAD) or b"", path)
    except DatasetError:
        return ""


def _kind(head: bytes, path: str | os.PathLike[str]) -> str:
    kind = sniff(head)
    if kind == "parquet":
        return "parquet"
    named = Path(path).suffix.lower() in ENDINGS
    if kind == "zip":
        return "npz" if named or b".npy" in head[30:300] else ""
    if kind == "unknown" and (could_be_text(head) or head.startswith((b"\xff\xfe", b"\xfe\xff"))):
        return "text"
    # What claims to be a table is refused as one.
    return "text" if named and kind in ("empty", "unknown") else ""


def read_table(path: str | os.PathLike[str], progress: Progress) -> Table:
    """Read a table of codes; csv and parquet in a process of their own.

    Parameters
    ----------
    path : str or path
    progress : callable(what, part)
        Called between blocks and while waiting, with words and a part in 0..1; what it raises ends the reading.

    Raises
    ------
    DatasetError
        The file cannot be read or is no table, in one sentence.
    """
    who = f"{WHO} {shown(path)}"
    now: tuple[str, float] = "", 0.0

    def tell(what: str, part: float) -> None:
        nonlocal now
        now = what, part
        progress(what, part)

    def poll() -> None:
        progress(*now)

    with open_file(path, cap=CAP, what="table") as file:
        head = file.read(HEAD) or b""
        kind = _kind(head, path)
        file.seek(0)
        if not head:
            raise DatasetError(f"{who} is empty; choose a file with column names and rows.")
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise DatasetError(f"{who} is in UTF-16; save it as UTF-8.")
        if not kind or (kind == "text" and not could_be_text(head)):
            raise DatasetError(f"{who} is no table of codes: no CSV, npz or Parquet file; choose another file.")
        try:
            if kind == "npz":
                return assemble(npz.pieces(file, who), who, tell)
            with closing(read_apart(_APART[kind], file, poll)) as messages:
                return assemble(map(piece_of, messages), who, tell)
        except DatasetError as problem:
            text = str(problem)  # the readers in other processes do not know the file's name
            raise DatasetError(text if text.startswith(who) else text.replace(WHO, who, 1)) from problem
        except ApartError as problem:
            raise DatasetError(f"{who} {problem}.") from problem
