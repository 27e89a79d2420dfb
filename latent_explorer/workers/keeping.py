"""Keeps a run's model in a file while it trains, so that nothing learned is lost."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal

from latent_explorer.core.errors import LatentExplorerError
from latent_explorer.core.types import ModelRecord, TrainingProgress

log = logging.getLogger("latent_explorer")
SECONDS_BETWEEN = 20.0


class RunKeeper(QObject):
    """Called in the training thread with every resumable progress; writes at most every 20 s, and always at the end.

    Signals (arriving in the GUI thread)
    ------------------------------------
    kept(ModelRecord, str) : written, with the run's outcome ("" while it goes on).
    failed(ModelRecord, str, str) : could not be written, with the outcome and a sentence why; the run goes on. The record
        is what the file would have said, so that the model can be saved elsewhere.
    """

    kept = Signal(object, str)
    failed = Signal(object, str, str)
    _said = Signal(object, str, str)

    def __init__(self, path: Path, record_of: Callable[[TrainingProgress], ModelRecord], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.path = path
        self._record_of = record_of
        self._last = time.monotonic()
        self._said.connect(self._tell, Qt.ConnectionType.QueuedConnection)

    def __call__(self, progress: TrainingProgress) -> None:
        """Training thread."""
        if not progress.outcome and time.monotonic() - self._last < SECONDS_BETWEEN:
            return
        self._last = time.monotonic()
        from latent_explorer.core.checkpoint.weights import save_model

        record = self._record_of(progress)
        path = self.path
        if progress.outcome == "diverged" and path.exists():
            # The file of a run that can be continued is not replaced by one that cannot.
            path = path.with_name(f"{path.stem} diverged{path.suffix}")
        try:
            record = save_model(path, record, with_state=progress.resumable)
        except LatentExplorerError as error:
            log.error("a run was not kept: %s", error)
            self._said.emit(record, progress.outcome, str(error) + (self._keep_aside(record, progress) if progress.outcome else ""))
        else:
            self._said.emit(record, progress.outcome, "")

    def _keep_aside(self, record: ModelRecord, progress: TrainingProgress) -> str:
        """At the end of a run whose file cannot be written: the system's folder for temporary files, and a sentence on it."""
        from latent_explorer.core.checkpoint.weights import save_model

        aside = Path(tempfile.gettempdir()) / self.path.name
        try:
            if aside.exists():
                return ""
            save_model(aside, record, with_state=progress.resumable)
        except LatentExplorerError:
            return ""
        log.error("it lies in %s instead", aside)
        return f" Until then it lies in {aside}."

    def _tell(self, record: ModelRecord, outcome: str, problem: str) -> None:
        if problem:
            self.failed.emit(record, outcome, problem)
        else:
            self.kept.emit(record, outcome)
