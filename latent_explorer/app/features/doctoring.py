"""The model doctor in the window: looks at the run that is on, at most once a second, and at what is known of a finished model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtCore import QObject, QTimer

from latent_explorer.app.features.training import Plan, TrainingFeature
from latent_explorer.app.session import Session
from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.doctor import Finding, diagnose
from latent_explorer.core.symptoms.steady import Steady
from latent_explorer.core.types import Codes, History, ImageDataset, ModelHandle, Slot, TrainingProgress
from latent_explorer.views.main_window import MainWindow
from latent_explorer.workers.examining import examined, own_split
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
    unseen: bool = False  # it is to be said that its codes were not looked at
    encode: tuple[ModelHandle, ImageDataset] | None = None  # whose validation images are to be encoded, and looked at


class DoctoringFeature(QObject):
    """Looks at settings and losses, and at codes of validation images.

    A run in this window brings them; those of a finished model are encoded where its data set is open.
    Never at the codes that are shown: those are of the test part, by which nobody is to choose.
    """

    def __init__(self, session: Session, window: MainWindow, compute: NewestLane, lane: TrainingLane, training: TrainingFeature) -> None:
        super().__init__(window)
        self._session, self._list, self._training, self._lane = session, window.training.doctor, training, compute
        self._plan: Plan | None = None  # of the run that is on, or was on last
        self._history: History | None = None  # its losses, here and below
        self._codes: Codes | None = None
        self._progress: TrainingProgress | None = None
        self._handle = ""
        self._steady = Steady()
        self._fresh = False  # something has come that has not been looked at
        self._seen: tuple[object, ...] | None = None  # a finished model, how its run ended, and whether its images are at hand
        self._case: _Case | None = None  # the newest; what is found of another one is not shown
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._look)
        lane.progressed.connect(self._progressed)
        session.slotChanged.connect(self._slot_changed)
        session.runStateChanged.connect(self._run_state_changed)
        session.datasetChanged.connect(self._data_changed)
        session.loadingChanged.connect(self._data_changed)

    def _run_state_changed(self, state: str) -> None:
        plan = self._training.run
        if plan is not None and plan is not self._plan:
            self._plan, self._history, self._codes, self._progress, self._handle = plan, None, None, None, ""
            self._steady, self._fresh, self._case = Steady(), False, None
            self._pause.stop()
            self._list.set_findings(None)  # what was found of another run would be taken for this one's
        elif state == "idle" and self._case is None:  # the run came to nothing, and what was shown is still there
            self._seen = None
            self._data_changed()

    def _progressed(self, progress: TrainingProgress) -> None:
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
        self._ask(self._of_run(plan, self._history, self._codes, progress.outcome))
        if not progress.outcome:
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
        images = None if ran or not slot.ready else self._session.dataset_of(slot)
        unseen = not ran and slot.ready and images is None and not self._session.loading
        seen = record, outcome, images, unseen
        if self._seen == seen:
            return
        self._seen = seen
        if record is None or record.history is None or record.training is None:
            self._case = None
            self._list.set_findings(None)
        elif ran and self._plan is not None:
            self._ask(self._of_run(self._plan, record.history, self._codes, outcome))
        else:
            case = _Case(record.handle.architecture, record.training, record.history, None, "", False, None, unseen)
            parted = own_split(record, images) if images is not None else None
            if parted is not None and slot.handle is not None:
                case = replace(case, validation=len(parted.split.validation), encode=(slot.handle, parted))
            self._ask(replace(case, unseen=unseen or (images is not None and parted is None)))

    def _data_changed(self, _: object = None) -> None:
        if self._session.slot is not None:
            self._slot_changed(self._session.slot)

    def _ask(self, case: _Case) -> None:
        self._case = case
        torch = case.encode is not None
        self._lane.submit(Task("", partial(_diagnosed, case), self._found, torch=torch, kind="doctor"))

    def _found(self, answer: tuple[_Case, tuple[Finding, ...]]) -> None:
        case, findings = answer
        if case is self._case:
            self._list.set_findings(self._steady.look(findings) if case.running else findings)


def _diagnosed(case: _Case, context: Context) -> Iterator[tuple[_Case, tuple[Finding, ...]] | None]:
    """In the compute lane: a look at 2,000 codes takes some tens of milliseconds; encoding them goes on in pieces after that."""
    yield case, _findings(case, case.codes)
    if case.encode is not None:
        for codes in examined(*case.encode):
            yield None if codes is None else (case, _findings(case, codes))


def _findings(case: _Case, codes: Codes | None) -> tuple[Finding, ...]:
    return diagnose(
        case.model,
        case.settings,
        case.history,
        codes,
        outcome=case.outcome,
        running=case.running,
        validation=case.validation,
        unseen=case.unseen,
    )
