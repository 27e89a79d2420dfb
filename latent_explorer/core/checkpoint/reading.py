"""A model file that is read while the program is still loading what shows it."""

from __future__ import annotations

import threading
from pathlib import Path

from latent_explorer.core.checkpoint.record import Checkpoint, read_checkpoint
from latent_explorer.core.errors import CheckpointError


class Reading:
    """Reads a model file in a thread of its own, from its creation on.

    Most of that time goes to the file, the hash and the check for finite numbers, which leave Python's lock to others.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._outcome: Checkpoint | CheckpointError | None = None
        # A program that ends early does not wait for it.
        self._thread = threading.Thread(target=self._read, name="reading", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            self._outcome = read_checkpoint(self.path)
        except CheckpointError as error:
            self._outcome = error

    @property
    def done(self) -> bool:
        """Whether `result` comes at once."""
        return not self._thread.is_alive()

    def result(self) -> Checkpoint:
        """What was read, once it is.

        Raises
        ------
        CheckpointError
            As `read_checkpoint`.
        """
        self._thread.join()
        if isinstance(self._outcome, CheckpointError):
            raise self._outcome
        assert self._outcome is not None  # read_checkpoint raises nothing else
        return self._outcome
