"""The model doctor in the window: looks at the run that is on, at most once a second, and at what is known of a finished model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, QTimer

from latent_explorer.app.features.training import Plan, TrainingFeature
from latent_explorer.app.session import Session
from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.doctor import Finding, diagnose
from latent_explorer.core.symptoms.codes import told_by_now
from latent_explorer.core.symptoms.steady import Steady
from latent_explorer.core.types import Codes, History, ModelRecord, Slot, TrainingProgress
from latent_explorer.views.main_window import MainWindow
from latent_explorer.workers.lanes import NewestLane
from latent_explorer.workers.task import Context, Task
from latent_explorer.workers.training import TrainingLane

PAUSE_MS = 1000


@dataclass(frozen=True, eq=False)
class _Case:
    """All that the doctor is told: captured when he is asked, and looked at in the lane."""

    model: ModelConfig
    settings: TrainingConfig
    history: History
    codes: Codes | None
    outcome: str
    running: bool
    validation: int | None


class DoctoringFeature(QObject):
    """Looks at settings and losses, and at codes of validation images, which a run in this window brings.

    Never at the codes that are shown: those are of the test part, by which nobody is to choose.
    """

    def __init__(self, session: Session, window: MainWindow, compute: NewestLane, lane: TrainingLane, training: TrainingFeature) -> None:
        super().__init__(window)
        self._list, self._training, self._lane = window.training.doctor, training, compute
        self._plan: Plan | None = None  # of the run that is on, or was on last
        self._history: History | None = None  # its losses, here and below
        self._codes: Codes | None = None
        self._progress: TrainingProgress | None = None
        self._handle = ""
        self._steady = Steady()
        self._fresh = False  # something has come that has not been looked at
        self._seen: tuple[ModelRecord | None, str] | None = None  # a finished model, and how its run ended
        self._case: _Case | None = None  # the newest; what is found of another one is not shown
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._look)
        lane.progressed.connect(self._progressed)
        session.slotChanged.connect(self._slot_changed)

    def _progressed(self, progress: TrainingProgress) -> None:
        plan = self._training.run
        if plan is not None and plan is not self._plan:
            self._plan, self._history, self._codes, self._handle = plan, None, None, ""
            self._steady, self._seen = Steady(), None
        self._progress = progress
        self._history = progress.history or self._history
        self._codes = progress.examined or self._codes
        self._handle = self._handle if progress.snapshot is None else progress.snapshot.id
        self._fresh = self._fresh or progress.history is not None or progress.examined is not None
        if progress.outcome or not self._pause.isActive():
            self._look()

    def _look(self) -> None:
        plan, progress = self._plan, self._progress
        if not self._fresh or plan is None or progress is None or self._history is None:
            return
        self._fresh = False
        ended = bool(progress.outcome)
        codes = self._codes if ended or told_by_now(plan.model, plan.settings, progress.epoch, progress.step) else None
        self._ask(self._of_run(plan, self._history, codes, progress.outcome))
        if not ended:
            self._pause.start()

    def _of_run(self, plan: Plan, history: History, codes: Codes | None, outcome: str) -> _Case:
        count = len(plan.dataset.split.validation)  # without any, what comes are codes of training images
        return _Case(plan.model, plan.settings, history, codes if count else None, outcome, not outcome, count)

    def _slot_changed(self, slot: Slot) -> None:
        record = slot.record
        if slot.in_training:
            return
        ran = record is not None and record.handle.id == self._handle and self._progress is not None
        outcome = self._progress.outcome if ran and self._progress is not None else ""
        if self._seen == (record, outcome):
            return
        self._seen = record, outcome
        if record is None or record.history is None or record.training is None:
            self._case = None
            self._list.set_findings(None)
        elif ran and self._plan is not None:
            self._ask(self._of_run(self._plan, record.history, self._codes, outcome))
        else:
            self._ask(_Case(record.handle.architecture, record.training, record.history, None, "", False, None))

    def _ask(self, case: _Case) -> None:
        self._case = case
        self._lane.submit(Task("", partial(_diagnosed, case), self._found, torch=False, kind="doctor"))

    def _found(self, answer: tuple[_Case, tuple[Finding, ...]]) -> None:
        case, findings = answer
        if case is self._case:
            self._list.set_findings(self._steady.look(findings) if case.running else findings)


def _diagnosed(case: _Case, context: Context) -> tuple[_Case, tuple[Finding, ...]]:
    """In the compute lane: a look at 2,000 codes takes some tens of milliseconds."""
    found = diagnose(
        case.model,
        case.settings,
        case.history,
        case.codes,
        outcome=case.outcome,
        running=case.running,
        validation=case.validation,
    )
    return case, found
