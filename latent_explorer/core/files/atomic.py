"""The one way to write a file: at any moment the old file or the new one is there, whole."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path

from latent_explorer.core.errors import ExportError
from latent_explorer.core.files.gate import shown

_FULL = (errno.ENOSPC, errno.EDQUOT) if hasattr(errno, "EDQUOT") else (errno.ENOSPC,)


def _reason(problem: OSError) -> str:
    if problem.errno in _FULL:
        return "the disk is full; free some space or choose another folder"
    if isinstance(problem, PermissionError) or problem.errno == errno.EROFS:
        return "you have no permission to write there; choose another folder"
    if isinstance(problem, FileNotFoundError | NotADirectoryError):
        return "its folder does not exist; create it or choose another one"
    if problem.errno == errno.ENAMETOOLONG:
        return "its name is too long; choose a shorter one"
    if problem.errno == errno.ELOOP:
        return "it is a link that leads to itself; choose another name"
    return f"{(problem.strerror or type(problem).__name__).rstrip('.')}; try another folder"


def _old_mode(target: Path, name: str) -> int | None:
    """Permission bits of the file to be replaced, None where there is none; refuses what must not be replaced."""
    try:
        status = target.stat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise ExportError(f"{name} cannot be written: it is a folder; choose a file name.")
    if not stat.S_ISREG(status.st_mode):
        raise ExportError(f"{name} cannot be written: it is a pipe or a device; choose an ordinary file.")
    if not status.st_mode & stat.S_IWUSR:
        # Replacing asks only for a writable folder, so a file that its owner protected is respected here.
        raise ExportError(f"{name} cannot be written: it is read-only; choose another name.")
    return stat.S_IMODE(status.st_mode)


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut, where the system can; the file itself is already there, whole."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):  # some network file systems refuse to sync a folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _write_whole(descriptor: int, data: bytes) -> None:
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def atomic_write(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to `path` so that a crash, a kill or a full disk leaves the old file or the new one, whole.

    A temporary file in the same folder is written, flushed, synced and then moved over the old one. The old file's
    mode is kept; a link is written through, not replaced.

    Parameters
    ----------
    path : str or path
        The file; its folder must exist.
    data : bytes

    Raises
    ------
    ExportError
        It could not be written: disk full, no permission, a folder, a missing folder, ...; the old file is untouched.
    """
    name = f"The file {shown(path)}"
    try:
        target = Path(os.path.realpath(path))
        mode = _old_mode(target, name)
        # A short name of its own: the target's name may already be as long as names can be.
        temporary = target.parent / f".{secrets.token_hex(8)}.tmp"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        descriptor = os.open(temporary, flags, 0o666)  # the user's umask applies, as for any new file
        try:
            _write_whole(descriptor, data)
            if mode is not None:
                os.chmod(temporary, mode)
            os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        _sync_folder(target.parent)
    except OSError as problem:
        raise ExportError(f"{name} cannot be written: {_reason(problem)}.") from problem
    except ValueError as problem:  # a NUL or an unencodable character in the path
        raise ExportError(f"{name} cannot be written: its name holds characters that no file name can have.") from problem
