"""One piece of work for a lane: what to do, and whom in the GUI thread to tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from latent_explorer.core.errors import Cancelled


class Context:
    """What running work may look at and say. Lives in the worker's thread; `cancel` is called from any thread."""

    def __init__(self, report: Callable[[str, float], None]) -> None:
        self._report = report
        self._cancelled = False

    def cancel(self) -> None:
        """Ask the work to end; it notices at its next `progress`."""
        self._cancelled = True

    @property
    def cancelled(self) -> bool:
        """Whether the work was asked to end."""
        return self._cancelled

    def progress(self, what: str, part: float) -> None:
        """Say how far the work is, `part` in 0..1.

        Raises
        ------
        Cancelled
            The user, or the end of the program, asked the work to stop.
        """
        if self._cancelled:
            raise Cancelled
        self._report(what, part)


@dataclass(frozen=True, eq=False)
class Task:
    """A function to run on a lane, and bound methods of the GUI thread that take what comes of it.

    Parameters
    ----------
    title : str
        What the status bar says while it runs, such as "Opening digits".
    work : callable(Context) -> result
        Runs in the lane's thread. In a lane where the newest wins it may return an iterator of results: each of them but None
        is told, and between two of them others may take their turn.
    done : callable(result)
        Called in the GUI thread.
    failed : callable(exception) or None
        Called in the GUI thread instead of `done`; without it the lane's own `failed` signal speaks.
    torch : bool
        Whether the work needs torch; the first such task of a lane loads it.
    must_finish : bool
        A person's file depends on it: neither cancelling nor closing drops it.
    kind : str
        In a lane where the newest wins, only tasks of the same kind take each other's place.
    """

    title: str
    work: Callable[[Context], Any]
    done: Callable[[Any], None]
    failed: Callable[[Exception], None] | None = None
    torch: bool = True
    must_finish: bool = False
    kind: str = ""
