"""The one guarded way to open any file: bounded, never blocking, refusing in one sentence."""

from __future__ import annotations

import io
import os
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from latent_explorer.core.errors import DatasetError, LatentExplorerError

HEAD = 512  # bytes that `sniff` wants to see

_CHUNK = 16 * 1024 * 1024
_SHOWN = 300
# Missing on Windows: O_NONBLOCK and O_NOCTTY; missing on POSIX: O_BINARY.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF8", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"\x93NUMPY", "npy"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"%PDF-", "pdf"),
    (b"%!PS", "postscript"),
    (b"PAR1", "parquet"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
)


def shown(path: str | os.PathLike[str]) -> str:
    """A file's name as it may stand in a sentence: one line, no control or direction marks, at most 300 characters (cut in the middle)."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in os.fspath(path))
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN // 3]}…{text[-(_SHOWN * 2 // 3 - 1) :]}"


def size_text(count: int) -> str:
    """A number of bytes for people, such as "12 MB"."""
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= scale:
            return f"{count / scale:.3g} {unit}"
    return f"{count} bytes"


def reason(error: OSError) -> str:
    """The system's reason in plain words, without its full stop."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "it does not exist"
    if isinstance(error, PermissionError):
        return "you have no permission to read it"
    return (error.strerror or type(error).__name__).rstrip(".")


def _not_regular(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "is a folder; choose a file"
    kinds = ((stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"))
    kind = next((word for test, word in kinds if test(mode)), "no ordinary file")
    return f"is {kind}; choose an ordinary file"


def read_bytes(
    path: str | os.PathLike[str],
    *,
    cap: int,
    what: str = "file",
    error: type[LatentExplorerError] = DatasetError,
    check: Callable[[bytes], None] | None = None,
) -> bytes:
    """Read one whole regular file into memory, at most `cap` bytes.

    The file is looked at before it is opened (opening some devices acts on them) and again once it is open, so a
    swap in between is seen. Nothing is memory-mapped: truncating the file later cannot hurt.

    Parameters
    ----------
    path : str or path
    cap : int
        Largest size in bytes.
    what : str
        What the file is, for the sentence, such as "model file".
    error : type of LatentExplorerError
        What to raise.
    check : callable or None
        Sees the first `HEAD` bytes before the rest is read; it raises to refuse the file early.

    Raises
    ------
    LatentExplorerError
        Of the type `error`: a missing file, a folder, pipe or device, no permission, too large, or changed meanwhile.
    """
    name = f"The {what} {shown(path)}"
    with open_file(path, cap=cap, what=what, error=error) as file:
        size = os.fstat(file.fileno()).st_size
        data = bytearray()
        wanted = size + 1  # the one byte more shows a file that grows
        while len(data) < wanted:
            step = HEAD if check and not data else _CHUNK
            piece = file.read(min(step, wanted - len(data)))
            if not piece:
                break
            if check and not data:
                check(bytes(piece))
            data += piece
        if len(data) != size:
            raise error(f"{name} changed while it was being read; try again when nothing writes to it.")
        return bytes(data)


@contextmanager
def open_file(
    path: str | os.PathLike[str], *, cap: int, what: str = "file", error: type[LatentExplorerError] = DatasetError
) -> Iterator[io.FileIO]:
    """Open one regular file of at most `cap` bytes, for what is read piece by piece; what goes wrong inside is told as in `read_bytes`.

    Raises
    ------
    LatentExplorerError
        Of the type `error`: as `read_bytes`.
    """
    name = f"The {what} {shown(path)}"
    try:
        with _opened(path, cap, name, error) as file:
            yield file
    except OSError as problem:
        raise error(f"{name} cannot be read: {reason(problem)}; check the path and its permissions.") from problem
    except MemoryError as problem:
        raise error(
            f"{name} cannot be read: there is not enough memory for it; close other programs or choose a smaller file."
        ) from problem


def _opened(path: str | os.PathLike[str], cap: int, name: str, error: type[LatentExplorerError]) -> io.FileIO:
    try:
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            raise error(f"{name} {_not_regular(mode)}.")
        file = io.FileIO(os.open(path, _FLAGS), "rb")
    except ValueError as problem:  # a NUL or an unencodable character in the path
        raise error(f"{name} cannot be read: its name holds characters that no file name can have.") from problem
    try:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise error(f"{name} {_not_regular(status.st_mode)}.")
        if status.st_size > cap:
            raise error(f"{name} is too large: it has {size_text(status.st_size)}, and at most {size_text(cap)} can be opened.")
    except BaseException:
        file.close()
        raise
    return file


def _is_safetensors(head: bytes) -> bool:
    # No magic bytes: a header length that a header can have, then its opening brace.
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= 100_000_000


def sniff(head: bytes) -> str:
    """What a file is by its first bytes (`HEAD` are enough), never by its name.

    Returns
    -------
    str
        "empty", "safetensors", "gzip", "zip" (npz, PyTorch), "pickle", "idx", "npy", "png", "jpeg", "gif", "bmp",
        "tiff", "webp", "html", "xml", "hdf5", "pdf", "postscript", "parquet", "7z", "zstd", "bzip2", "xz" or "unknown".
    """
    if not head:
        return "empty"
    if _is_safetensors(head):
        return "safetensors"
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[0] == 0x80 and 2 <= int.from_bytes(head[1:2], "little") <= 5:
        return "pickle"
    if len(head) >= 4 and head[:2] == b"\0\0" and head[2] in (0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E) and 1 <= head[3] <= 8:
        return "idx"
    if head[:2] == b"BM" and head[6:10] == bytes(4):
        return "bmp"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "html"
    return "xml" if text.startswith((b"<?xml", b"<svg")) else "unknown"


def gunzip_head(data: bytes, count: int) -> bytes:
    """The first `count` decompressed bytes of a gzip stream, fewer where it is cut or damaged; never raises."""
    try:
        return zlib.decompressobj(wbits=31).decompress(data, count)
    except zlib.error:
        return b""


def gunzip(data: bytes, *, cap: int, path: str | os.PathLike[str], error: type[LatentExplorerError] = DatasetError) -> bytes:
    """Decompress one gzip stream of at most `cap` bytes; never more than `cap` + 1 bytes are produced.

    Parameters
    ----------
    data : bytes
        The compressed file.
    cap : int
        Largest decompressed size: what the caller expects.
    path : str or path
        For the sentence.

    Raises
    ------
    LatentExplorerError
        Of the type `error`: cut, damaged (checksum), followed by junk, or larger than `cap`.
    """
    name = f"The file {shown(Path(path))}"
    stream = zlib.decompressobj(wbits=31)
    try:
        plain = stream.decompress(data, cap + 1)
        if len(plain) <= cap and not stream.eof:
            plain += stream.decompress(stream.unconsumed_tail, cap + 1 - len(plain))
    except zlib.error as problem:
        raise error(f"{name} is damaged: its gzip data or checksum is wrong; copy or download it again.") from problem
    if len(plain) > cap:
        raise error(f"{name} holds more than the {size_text(cap)} expected once decompressed; copy or download it again.")
    if not stream.eof:
        raise error(f"{name} is cut: its gzip data ends too early; copy or download it again.")
    if stream.unused_data:
        raise error(f"{name} has {size_text(len(stream.unused_data))} of other data after its gzip data; copy or download it again.")
    return plain
