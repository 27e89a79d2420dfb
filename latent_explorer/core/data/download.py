"""Downloads a data set of the catalogue into the cache: a file gets its name there only when its hash is right."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from latent_explorer.core.data.catalogue import CatalogueEntry, RemoteFile, size_of
from latent_explorer.core.errors import DatasetError
from latent_explorer.core.files.gate import shown, size_text
from latent_explorer.core.files.lock import only_one
from latent_explorer.core.files.web import WebError, WebFile

ROUNDS = 5  # how often all mirrors are tried, as long as each round brings something

Tell = Callable[[int, int], None]

_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG)
_BLOCK = 1 << 20


def download(entry: CatalogueEntry, tell: Tell) -> Path:
    """Bring the files of a data set into the cache, those that are missing or damaged; the folder comes back.

    What a broken or cancelled download brought is kept beside as ``.part`` and resumed the next time. Of several processes
    that ask for the same set one downloads, and the others wait for it.

    Parameters
    ----------
    entry : CatalogueEntry
    tell : callable(done, total)
        Bytes; called about ten times a second, also while a server is silent. What it raises, such as Cancelled, ends the
        download.

    Raises
    ------
    DatasetError
        No mirror delivered, or the disk is full or protected: one sentence.
    """
    folder = entry.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with only_one(folder / ".lock", lambda: tell(_arrived(entry), entry.size)) as alone:
            if alone:
                _clear_away(folder)
            done = 0
            for file in entry.files:
                _Fetch(entry, file, alone, done, tell).into_place()
                done += file.size
                tell(done, entry.size)
    except OSError as problem:
        raise DatasetError(_disk_sentence(entry, problem)) from problem
    return folder


def progress_words(done: int, total: int) -> str:
    """How far it is, in bytes, for people: "3.4 of 11.6 MB", and "Connecting…" as long as nothing has come."""
    if not done:
        return "Connecting…"
    text = size_text(total)
    scale = {"GB": 1e9, "MB": 1e6, "kB": 1e3}.get(text.rpartition(" ")[2], 1)
    return f"{done / scale:.{1 if scale > 1 else 0}f} of {text}"


def _arrived(entry: CatalogueEntry) -> int:
    """Bytes that another process has brought so far."""
    paths = [entry.folder / file.name for file in entry.files]
    return min(entry.size, sum(max(size_of(path), size_of(_part(path))) for path in paths))


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _clear_away(folder: Path) -> None:
    """Temporary files of pooch that a killed process left; the lock says that no living one uses them."""
    for stray in folder.glob("tmp*"):
        with contextlib.suppress(OSError):
            stray.unlink()


class _Fetch:
    """Brings one file; called by pooch as its downloader.

    Parameters
    ----------
    entry, file : CatalogueEntry, RemoteFile
    alone : bool
        Whether no other process writes here. If one may, the part is this process's own, and nothing is resumed.
    before : int
        Bytes of the files before this one.
    tell : callable(done, total)
    """

    def __init__(self, entry: CatalogueEntry, file: RemoteFile, alone: bool, before: int, tell: Tell) -> None:
        self._entry, self._file, self._alone, self._before, self._tell = entry, file, alone, before, tell
        self._path = entry.folder / file.name
        self._part = _part(self._path) if alone else self._path.with_name(f"{file.name}.{os.getpid()}.part")

    def into_place(self) -> None:
        """Make the file be there, whole."""
        import pooch

        pooch.get_logger().setLevel("WARNING")  # it would tell each step on stderr
        if self._path.exists() and not self._is_right(self._path):
            self._path.unlink()
        try:
            pooch.retrieve(
                self._entry.mirrors[0] + self._file.name,
                known_hash=f"sha256:{self._file.sha256}",
                fname=self._file.name,
                path=self._entry.folder,
                downloader=self,
            )
        finally:
            if not self._alone:
                self._part.unlink(missing_ok=True)

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        """From any mirror into pooch's temporary file."""
        self._from_any_mirror()
        os.replace(self._part, output_file)

    def _from_any_mirror(self) -> None:
        for _ in range(ROUNDS):
            before, failures = self._start(), []
            for mirror in self._entry.mirrors:
                try:
                    self._from(mirror + self._file.name)
                except WebError as failure:
                    failures.append((urlsplit(mirror).netloc, failure))
                else:
                    return
            if size_of(self._part) <= before:
                break
        raise DatasetError(_sentence(self._entry, failures))

    def _from(self, url: str) -> None:
        """The whole file from one mirror, going on where the part ends.

        The part may be another mirror's, or of last year: the hash of the whole decides, so no mark of a version (ETag) is kept,
        and a whole that is wrong is fetched once more from its first byte on.
        """
        resumed = self._start() > 0
        try:
            self._transfer(url)
        except WebError as failure:
            if not (resumed and failure.bad_start):
                raise
        else:
            if self._is_right(self._part):
                return
        self._part.unlink(missing_ok=True)
        if resumed:  # perhaps only what was there before is wrong
            self._from(url)
            return
        raise WebError("sent other data than the original")

    def _start(self) -> int:
        """Bytes that are there already; a part that can be none is thrown away."""
        try:
            status = self._part.lstat()
        except FileNotFoundError:
            return 0
        if stat.S_ISREG(status.st_mode) and status.st_size <= self._file.size:
            return status.st_size
        self._part.unlink()
        return 0

    def _transfer(self, url: str) -> None:
        """Append to the part what is missing of it."""
        start, size = self._start(), self._file.size
        if start == size:
            return
        with WebFile(url, start, size, self._poll) as answer, open(self._part, "ab" if answer.begin else "wb") as part:
            for piece in answer:
                part.write(piece)
                part.flush()
                self._poll()
            os.fsync(part.fileno())
        if size_of(self._part) < size:
            raise WebError("broke off")

    def _poll(self) -> None:
        self._tell(self._before + size_of(self._part), self._entry.size)

    def _is_right(self, path: Path) -> bool:
        """Whether a file is the original: its own hash, and that of what it holds."""
        if size_of(path) != self._file.size:
            return False
        whole, content = hashlib.sha256(), hashlib.sha256()
        stream = zlib.decompressobj(wbits=31)
        with open(path, "rb") as file:
            while block := file.read(_BLOCK):
                whole.update(block)
        if whole.hexdigest() != self._file.sha256:
            return False
        with open(path, "rb") as file:  # only now: what is the original decompresses to a known size
            while block := file.read(_BLOCK):
                content.update(stream.decompress(block))
        return content.hexdigest() == self._file.content


def _sentence(entry: CatalogueEntry, failures: list[tuple[str, WebError]]) -> str:
    """What all mirrors did, and what to do."""
    start = f"{entry.title} could not be downloaded: "
    instead = f"or open a folder that holds {entry.title}'s files"
    if all(failure.offline for _, failure in failures):
        hosts = " and ".join(host for host, _ in failures)
        return f"{start}{hosts} cannot be reached; check that this computer is online and try again, {instead}."
    return f"{start}{' and '.join(f'{host} {failure}' for host, failure in failures)}; try again later, {instead}."


def _disk_sentence(entry: CatalogueEntry, problem: OSError) -> str:
    start = f"{entry.title} could not be downloaded to {shown(entry.folder)}: "
    if problem.errno in _FULL:
        return f"{start}the disk is full; free {size_text(entry.size)} and try again."
    if isinstance(problem, PermissionError) or problem.errno == errno.EROFS:
        return f"{start}you have no permission to write there; change that, or set LATENT_EXPLORER_HOME to another folder."
    if isinstance(problem, FileExistsError | NotADirectoryError):
        return f"{start}there is a file where a folder should be; move it away and try again."
    return f"{start}{(problem.strerror or type(problem).__name__).rstrip('.')}; try again, or open a folder that holds its files."
