"""One process at a time: a lock that the system lets go by itself when its holder dies, however it dies."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

POLL = 0.1  # seconds between two looks at a lock that somebody else holds

# What "somebody else holds it" is called; any other error means that this file system knows no locks.
_HELD = (errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK, getattr(errno, "EDEADLOCK", errno.EDEADLK))


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextlib.contextmanager
def only_one(path: Path, waiting: Callable[[], None]) -> Iterator[bool]:
    """Inside, no other process (or thread) is inside with the same file.

    Parameters
    ----------
    path : Path
        The lock's file, which stays: removing it would let two in. Its folder must exist.
    waiting : callable
        Called ten times a second while somebody else is inside; what it raises ends the wait.

    Yields
    ------
    bool
        False on a file system without locks: nobody is kept out then.

    Raises
    ------
    OSError
        The file cannot be made.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        held = False
        while not held:
            try:
                _lock(descriptor)
                held = True
            except OSError as problem:
                if problem.errno not in _HELD:
                    break
                waiting()
                time.sleep(POLL)
        yield held
    finally:
        os.close(descriptor)  # which lets the lock go
