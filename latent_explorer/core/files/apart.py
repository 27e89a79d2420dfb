"""A reader in a process of its own: what a parser in C++ does with foreign bytes cannot take the program along.

The process gets the open file as its standard input and limits on memory and time; it never sees a path, opens no other file
and writes none. It answers in messages: words as JSON, and arrays. Both ends of that are here.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import queue
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.errors import DatasetError

Message = tuple[dict[str, Any], list[NDArray[Any]]]

POLL = 0.1  # seconds between two looks whether anybody cancelled
PATIENCE = 60.0  # seconds without a word, after which the process counts as stuck
MEMORY = 6 << 30  # bytes of address space: libraries reserve more than they use
WAITING = 2  # messages that are read ahead
MOST_WORDS, MOST_BYTES = 1 << 26, 1 << 28  # of one message
DTYPES = ("<f4", "<f8", "<i4", "<i8", "|u1")

_HEAD = struct.Struct("<Q")
_START = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from latent_explorer.core.files.apart import serve; serve(*sys.argv[2:])"


class ApartError(Exception):
    """The process did not answer as it should. The text continues a sentence that begins with the file's name."""


def read_apart(target: str, file: io.FileIO, poll: Callable[[], None], *, patience: float = PATIENCE) -> Generator[Message, None, None]:
    """Let `target` read an open file, in a process of its own; its messages come one by one.

    Parameters
    ----------
    target : str
        "module:function" of ours: a generator function that takes the file and yields messages.
    poll : callable
        Called about ten times a second and after each message; what it raises ends the process.

    Raises
    ------
    DatasetError
        What the target raised.
    ApartError
        The process died, was stuck, ran out of memory, or met anything that is none of its known errors.
    """
    paths = json.dumps([path for path in sys.path if path])  # not the current folder, whose files are the user's and not ours
    settings = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
    process = subprocess.Popen(
        [sys.executable, "-P", "-B", "-c", _START, paths, target, str(MEMORY)],
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **settings},
    )
    assert process.stdout is not None
    inbox: queue.Queue[Message | Exception | None] = queue.Queue(WAITING)
    over = threading.Event()
    thread = threading.Thread(target=_listen, args=(process.stdout, inbox, over), name="apart", daemon=True)
    thread.start()
    try:
        yield from _messages(inbox, poll, patience)
        if process.wait() != 0:
            raise ApartError("is damaged: reading it made the reader crash; copy or download it again")
    finally:
        over.set()
        process.kill()
        process.wait()
        thread.join()
        process.stdout.close()


def _messages(inbox: queue.Queue[Message | Exception | None], poll: Callable[[], None], patience: float) -> Iterator[Message]:
    last = time.monotonic()
    while True:
        poll()
        try:
            item = inbox.get(timeout=POLL)
        except queue.Empty:
            if time.monotonic() - last > patience:
                raise ApartError(f"cannot be read: nothing came of it within {patience:g} seconds; choose another file") from None
            continue
        if item is None:
            return
        if isinstance(item, Exception):
            raise item
        words, _ = item
        if "refused" in words:
            raise DatasetError(str(words["refused"]))
        if "trouble" in words:
            raise ApartError(str(words["trouble"]))
        yield item
        last = time.monotonic()


def _listen(pipe: BinaryIO, inbox: queue.Queue[Message | Exception | None], over: threading.Event) -> None:
    """In a thread, since a pipe cannot be waited for with a limit everywhere."""

    def put(item: Message | Exception | None) -> None:
        while not over.is_set():
            with contextlib.suppress(queue.Full):
                inbox.put(item, timeout=POLL)
                return

    try:
        while not over.is_set() and (message := receive(pipe)) is not None:
            put(message)
        put(None)
    except Exception as problem:
        put(problem)


# The wire


def send(pipe: BinaryIO, words: dict[str, Any], arrays: list[NDArray[Any]]) -> None:
    """Write one message."""
    arrays = [np.ascontiguousarray(array, array.dtype.newbyteorder("<")) for array in arrays]
    text = json.dumps({"words": words, "arrays": [[array.dtype.str, list(array.shape)] for array in arrays]}, ensure_ascii=False).encode(
        "utf-8", "replace"
    )
    pipe.write(_HEAD.pack(len(text)) + text)
    for array in arrays:
        if array.size:
            pipe.write(array.data.cast("B"))
    pipe.flush()


def receive(pipe: BinaryIO) -> Message | None:
    """Read one message, None at the end. It comes from a process that may have gone wrong: nothing in it is taken on trust.

    Raises
    ------
    ApartError
        It is none.
    """
    head = pipe.read(_HEAD.size)
    if not head:
        return None
    try:
        (length,) = _HEAD.unpack(head)
        if length > MOST_WORDS:
            raise ValueError
        parts = json.loads(pipe.read(length))
        arrays, left = [], MOST_BYTES
        for dtype, shape in parts["arrays"]:
            if dtype not in DTYPES or not all(type(n) is int and n >= 0 for n in shape):
                raise ValueError
            size = int(np.prod(shape, dtype=object)) * np.dtype(dtype).itemsize
            left -= size
            if left < 0:
                raise ValueError
            data = pipe.read(size)
            arrays.append(np.frombuffer(data, dtype).reshape(shape))
        return dict(parts["words"]), arrays
    except (struct.error, ValueError, KeyError, TypeError) as problem:
        raise ApartError("is damaged: reading it made the reader crash; copy or download it again") from problem


# In the process


def serve(target: str, memory: str) -> None:
    """Run `target` on standard input and send what it yields."""
    module, _, name = target.partition(":")
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what a library prints goes nowhere
    pipe = io.BufferedWriter(answers, 1 << 20)
    try:
        function = getattr(importlib.import_module(module), name)
        _limit(int(memory))
        with io.FileIO(0, "rb", closefd=False) as file:
            for words, arrays in function(file):
                send(pipe, words, arrays)
    except DatasetError as problem:
        send(pipe, {"refused": str(problem)}, [])
    except ModuleNotFoundError as problem:
        send(pipe, {"trouble": f"needs {problem.name}, which is not installed; install it with: pip install {problem.name}"}, [])
    except MemoryError:
        send(pipe, {"trouble": "cannot be read: there is not enough memory for it; close other programs or choose a smaller file"}, [])
    except Exception as problem:
        # Whatever foreign bytes provoke in a library is the file's fault, not a bug to show.
        send(pipe, {"trouble": f"is damaged ({type(problem).__name__}); copy or download it again, or choose another file"}, [])
    pipe.flush()
    os._exit(0)  # a library's threads are not waited for


def _limit(memory: int) -> None:
    """No more memory than this, and no file written, where the system knows such limits."""
    with contextlib.suppress(ImportError):  # Windows
        import resource

        for kind, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
            with contextlib.suppress(ValueError, OSError):  # a lower limit holds already, or macOS knows none
                resource.setrlimit(kind, (most, most))
