"""The model doctor in the window: looks at the losses of the run that is on, at most once a second, and at those of a finished model."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from latent_explorer.app.features.training import TrainingFeature
from latent_explorer.app.session import Session
from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.doctor import diagnose
from latent_explorer.core.types import History, Slot, TrainingProgress
from latent_explorer.views.main_window import MainWindow
from latent_explorer.workers.training import TrainingLane

PAUSE_MS = 1000


class DoctoringFeature(QObject):
    """Looks at losses and settings, never at the codes that are shown: those are of the test part, by which nobody is to choose."""

    def __init__(self, session: Session, window: MainWindow, lane: TrainingLane, training: TrainingFeature) -> None:
        super().__init__(window)
        self._session, self._list, self._training = session, window.training.doctor, training
        self._history: History | None = None
        self._outcome, self._handle = "", ""  # of the run that is on, or was on last
        self._run: tuple[ModelConfig, TrainingConfig] | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._look)
        lane.progressed.connect(self._progressed)
        session.slotChanged.connect(self._slot_changed)

    def _progressed(self, progress: TrainingProgress) -> None:
        if progress.history is not None:
            self._history = progress.history
        self._outcome, self._run = progress.outcome, self._training.run or self._run
        self._handle = self._handle if progress.snapshot is None else progress.snapshot.id
        if progress.outcome:
            self._look()
        elif progress.history is not None and not self._pause.isActive():
            self._look()
            self._pause.start()

    def _look(self) -> None:
        if self._run is not None and self._history is not None:
            model, settings = self._run
            self._list.set_findings(diagnose(model, settings, self._history, outcome=self._outcome, running=not self._outcome))

    def _slot_changed(self, slot: Slot) -> None:
        record = slot.record
        if slot.in_training:
            return
        if record is None or record.history is None or record.training is None:
            self._list.set_findings(None)
        else:
            outcome = self._outcome if record.handle.id == self._handle else ""
            self._list.set_findings(diagnose(record.handle.architecture, record.training, record.history, outcome=outcome))
