"""Training in the window: the form and the transport, the run, and what it shows of itself while it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject

from latent_explorer.app.features.opening import MAIN_SLOT
from latent_explorer.app.features.slicing import first_frame, put_sliced
from latent_explorer.app.session import Session
from latent_explorer.core.checkpoint.library import my_model_path, my_models_folder, reserve_name
from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.errors import LatentExplorerError, TrainingError
from latent_explorer.core.losses import measure_of
from latent_explorer.core.memory import check_memory
from latent_explorer.core.types import ImageDataset, ModelHandle, ModelRecord, Slot, TrainingProgress
from latent_explorer.views.main_window import MainWindow
from latent_explorer.workers.keeping import RunKeeper
from latent_explorer.workers.training import Stoppable, TrainingLane

SNAPSHOTS_PER_SECOND = 10.0
SMALL_SET_EPOCHS = 300
SMALL_SET = 10_000


@dataclass(frozen=True, eq=False)
class Plan:
    """One run: what is trained, on what, and where it is kept. ``dataset`` has the run's own split."""

    model: ModelConfig
    settings: TrainingConfig
    dataset: ImageDataset
    name: str
    path: Path
    unfinished: ModelRecord | None
    device: str = "auto"
    begin: ModelHandle | None = None  # whose decoder it starts from


class TrainingFeature(QObject):
    """One run at a time. Its model takes the main slot with the first progress, and lies in My models from the first save."""

    def __init__(self, session: Session, window: MainWindow, lane: TrainingLane) -> None:
        super().__init__(window)
        self._session, self._window, self._lane = session, window, lane
        self._keeper: RunKeeper | None = None
        self._current: Plan | None = None  # of the run that is on
        self._run_id = ""  # of its handle, which the first snapshot names
        self._wanted = ""  # the wish that waits for data
        transport = window.transport
        transport.trainRequested.connect(self.start)
        transport.pauseRequested.connect(self.pause)
        transport.resumeRequested.connect(self.resume)
        transport.stepRequested.connect(self.step)
        transport.stopRequested.connect(self.stop)
        window.wish.connect(self._wished)
        lane.progressed.connect(self._progressed)
        lane.failed.connect(self._failed)
        session.datasetChanged.connect(self._dataset_changed)
        session.loadingChanged.connect(self._loading_changed)
        session.slotChanged.connect(self._slot_changed)
        window.training.settingsChanged.connect(self._settings_changed)
        self._shown_history: object = None
        self._named: object = None  # what the curves are called by

    @property
    def run(self) -> Plan | None:
        """What is being trained, and how; one object for the whole run."""
        return self._current

    # Wishes

    def start(self) -> None:
        """Continue the shown unfinished run, or begin a new one with the form's settings."""
        self._start(paused=False)

    def start_new(self) -> None:
        """Begin a new run with the form's settings, also where Continue is offered."""
        if self._session.run_state == "idle":
            self._start(paused=False, fresh=True)
        else:
            self._session.notice("A run is on: stop it or let it finish before beginning a new one.", trouble=True)

    def _start(self, *, paused: bool, fresh: bool = False) -> None:
        if self._session.run_state != "idle":
            return
        if self._session.dataset is None or self._session.loading:
            self._wanted = "step" if paused else "new_run" if fresh else "train"  # granted when they are there
            self._window.transport.set_word(f"Waiting for {self._session.loading or 'the data'} to be loaded.")
            return
        try:
            plan = self._plan(None if fresh else self._unfinished())
        except LatentExplorerError as error:
            self._session.notice(self._window.training.sentence(str(error)), trouble=True)
            self._window.raise_panel("training")
            return
        self._current, self._run_id = plan, ""
        if self._keeper is not None:
            self._keeper.deleteLater()
        self._keeper = RunKeeper(plan.path, partial(_record, plan), self)
        self._keeper.kept.connect(self._run_kept)
        self._keeper.failed.connect(self._not_kept)
        if plan.unfinished is None:
            self._window.losses.keep_as_earlier()
        self._window.transport.set_progress(None)
        self._window.transport.set_word(f"Starting on {plan.dataset.name}.")
        self._set_state("paused" if paused else "running")
        self._lane.start_run(partial(_run, plan), self._keeper, paused=paused)

    def _plan(self, unfinished: ModelRecord | None) -> Plan:
        """What the form asks for, or how the unfinished run goes on; LatentExplorerError when neither can be."""
        dataset = self._session.dataset
        if dataset is None:
            raise TrainingError("There are no data to train on yet: choose the built-in digits or open an MNIST folder.")
        if unfinished is not None and unfinished.training is not None:
            model, settings, name = unfinished.handle.architecture, unfinished.training, unfinished.name
            path = unfinished.path
            if path is None or path.parent != my_models_folder():
                # A file that the person keeps elsewhere is theirs: the continued run gets one of its own.
                name = reserve_name(dataset.name, model, datetime.now())
                path = my_model_path(name)
        else:
            model = self._window.training.model_config(dataset.image_shape, dataset.classes)
            settings = self._window.training.training_config()
            name = reserve_name(dataset.name, model, datetime.now())
            path = my_model_path(name)
        check_memory(model, settings, len(dataset.images), self._device())
        divided = dataset.with_validation(settings.validation, settings.split_seed)
        begin = self._shown_model() if settings.start == "model" and unfinished is None else None
        return Plan(model, settings, divided, name, path, unfinished, self._window.training.device(), begin)

    def _shown_model(self) -> ModelHandle:
        """The model whose decoder a run is to start from.

        Raises
        ------
        TrainingError
            None is shown, or its networks are not there yet.
        """
        slot = self._session.slot
        if slot is None or slot.handle is None or not slot.ready:
            raise TrainingError("There is no decoder to start from: open a model first, or start from scratch.")
        return slot.handle

    def _device(self) -> str:
        """What the run will be computed on, as far as it can be known without waiting for torch to be loaded."""
        chosen, slot = self._window.training.device(), self._session.slot
        if slot is None or not slot.ready:
            return chosen
        from latent_explorer.core.nn.device import resolve_device

        return resolve_device(chosen).type

    def pause(self) -> None:
        """Hold after the current step."""
        self._lane.pause()
        self._set_state("paused")
        if self._current is not None:
            self._window.transport.set_word(f"Paused: {self._current.name}")

    def resume(self) -> None:
        """Go on."""
        self._lane.resume()
        self._set_state("running")

    def step(self) -> None:
        """One step, then hold; starts a run when none is on."""
        if self._session.run_state == "idle":
            self._start(paused=True)
        if self._session.run_state in ("running", "paused"):
            self._lane.step()
            self._set_state("paused")

    def stop(self) -> None:
        """End the run; it is kept."""
        if self._session.run_state in ("running", "paused"):
            self._set_state("stopping")
            self._lane.stop()

    def _wished(self, wish: str) -> None:
        if wish == "train":
            {"idle": self.start, "running": self.pause, "paused": self.resume}.get(self._session.run_state, _nothing)()
        elif wish == "step":
            self.step()
        elif wish == "new_run":
            self.start_new()
        elif wish == "stop":
            self.stop()

    # What the run says

    def _progressed(self, progress: TrainingProgress) -> None:
        window = self._window
        plan = self._current
        if plan is None:
            return
        window.transport.set_progress(progress)
        if progress.history is not None:
            window.losses.set_history(progress.history)
            self._shown_history = progress.history
        if progress.snapshot is not None:
            self._show_snapshot(progress, plan)
        if progress.outcome:
            self._ended(progress)
        else:
            word = "Paused" if self._session.run_state == "paused" else "Training"
            window.transport.set_word(f"{word}: {plan.name}")
            window.status.set_work(f"training: loss {progress.loss:.1f}, {progress.steps_per_second:,.0f} steps/s")

    def _show_snapshot(self, progress: TrainingProgress, plan: Plan) -> None:
        slot = self._session.slot
        if slot is not None and self._is_run(slot):
            codes = {"mean": progress.codes} if progress.codes is not None else slot.codes
            slot = replace(slot, codes=codes, epoch=progress.epoch, revision=progress.revision)
        else:
            assert progress.snapshot is not None
            self._run_id = progress.snapshot.id
            slot = Slot(
                slot_id=MAIN_SLOT,
                generation=self._session.new_generation(),
                frame=first_frame(plan.model.latent_dim, progress.codes, plan.model.facts.space),
                codes={"mean": progress.codes} if progress.codes is not None else {},
                handle=progress.snapshot,
                name=plan.name,
                data=plan.dataset.reference(),
                epoch=progress.epoch,
                revision=progress.revision,
                ready=True,
            )
        put_sliced(self._session, slot)

    def _is_run(self, slot: Slot) -> bool:
        """Whether this is the model of the run that is on, or was on last; its plane may have moved meanwhile."""
        return slot.handle is not None and slot.handle.id == self._run_id

    def _ended(self, progress: TrainingProgress) -> None:
        slot = self._session.slot
        kept = slot is not None and slot.record is not None and slot.record.path is not None
        where = "kept in My models" if kept else "in no file yet (use Save model as)"
        word = {
            "finished": f"Finished after {progress.epochs} epochs; {where}.",
            "stopped": f"{_stopped(progress.epoch)}; {where}. Continue goes on with it.",
            "diverged": f"The loss stopped being a number; the last good weights are {where}. Try a smaller learning rate.",
        }[progress.outcome]
        self._window.transport.set_word(word)
        if progress.outcome == "diverged" and kept:
            self._session.notice(word, trouble=True)
        self._window.status.set_work("")
        self._current = None
        self._set_state("idle")

    def _run_kept(self, record: ModelRecord, outcome: str) -> None:
        """The run's model is in its file; at the end the file's record is what is shown."""
        if outcome:
            self._take_record(record)
        self._session.modelsChanged.emit()

    def _not_kept(self, record: ModelRecord, outcome: str, problem: str) -> None:
        """What was trained is still here: it can be saved elsewhere."""
        if outcome:
            self._take_record(record)
        self._session.notice(f"The run could not be kept in My models: {problem}", trouble=True)

    def _take_record(self, record: ModelRecord) -> None:
        slot = self._session.slot
        if slot is not None and self._is_run(slot):
            self._session.revise_slot(record=record, handle=record.handle, epoch=record.epoch)

    def _failed(self, error: Exception) -> None:
        self._current = None
        self._window.transport.set_word("")
        self._window.status.set_work("")
        self._set_state("idle")
        if not isinstance(error, LatentExplorerError):
            raise error
        self._session.notice(str(error), trouble=True)

    # What others say

    def _dataset_changed(self, dataset: ImageDataset | None) -> None:
        if dataset is not None:
            self._window.training.set_data(dataset.image_shape, len(dataset.images), dataset.classes)
            self._suggest_epochs(dataset)
        self._refresh_transport()
        if self._wanted and dataset is not None:
            wanted, self._wanted = self._wanted, ""
            self._wished(wanted)

    def _suggest_epochs(self, dataset: ImageDataset) -> None:
        small = len(dataset.split.train) + len(dataset.split.validation) < SMALL_SET
        self._window.training.suggest_epochs(SMALL_SET_EPOCHS if small else TrainingConfig().epochs)

    def _loading_changed(self, name: str) -> None:
        """What Train waits for is another set, or will not come: then it trains on no other one instead."""
        if not self._wanted:
            return
        if name:
            self._window.transport.set_word(f"Waiting for {name} to be loaded.")
        else:
            self._wanted = ""
            self._window.transport.set_word("The data could not be loaded, so no run was begun.")

    def _name_losses(self, slot: Slot) -> None:
        """Bound or loss, KL or MMD: what the family of the shown model has, and what its losses can be compared with."""
        if slot.handle is None:
            return
        model = slot.handle.architecture
        own = self._current.settings if self._current is not None and self._is_run(slot) else None
        settings = own or (slot.record.training if slot.record is not None else None)
        measure = None if settings is None or slot.data is None else measure_of(model, settings, slot.data.content_hash)
        named = model.facts, measure
        if (*named, model) != self._named:  # a run's network is told beside its beta
            self._named = *named, model
            self._window.losses.set_run(*named)

    def _slot_changed(self, slot: Slot) -> None:
        self._name_losses(slot)
        history = slot.record.history if slot.record is not None else None
        if not self._is_run(slot) and history is not self._shown_history:
            self._shown_history = history
            self._window.losses.set_history(history)
            self._window.transport.set_progress(None)
            self._window.transport.set_word("")
            if slot.record is not None and slot.record.resumable and slot.record.training is not None and slot.handle is not None:
                # So that Continue goes on with these, and a change of them begins a new run.
                self._window.training.set_settings(slot.handle.architecture, slot.record.training)
            else:
                self._window.training.release_epochs()
                if self._session.dataset is not None:
                    self._suggest_epochs(self._session.dataset)
        self._refresh_transport()

    def _settings_changed(self, problem: str) -> None:
        if not problem:
            self._window.notice.settle()
        self._refresh_transport()

    def _unfinished(self) -> ModelRecord | None:
        """The shown model, when it is a stopped run whose data are open."""
        slot, dataset = self._session.slot, self._session.dataset
        record = slot.record if slot is not None else None
        if slot is None or record is None or not record.resumable or not slot.ready or dataset is None:
            return None
        same_data = record.data.content_hash == dataset.content_hash
        return record if same_data and self._window.training.shows(record.handle.architecture, record.training) else None

    def _set_state(self, state: str) -> None:
        self._session.set_run_state(state)
        self._window.training.set_locked(state != "idle")
        self._refresh_transport()

    def _refresh_transport(self) -> None:
        self._window.transport.set_state(self._session.run_state, can_continue=self._unfinished() is not None)


def _nothing() -> None:
    """No wish can be granted while the run is stopping."""


def _stopped(epochs: int) -> str:
    """As the counter beside it says: epochs that have ended."""
    return f"Stopped after {epochs} epoch{'s' if epochs > 1 else ''}" if epochs else "Stopped in the first epoch"


def _record(plan: Plan, progress: TrainingProgress) -> ModelRecord:
    from latent_explorer.core.nn.records import run_record

    command = plan.unfinished.command if plan.unfinished is not None else ""
    return run_record(progress, plan.settings, plan.dataset, name=plan.name, command=command)


def _run(plan: Plan) -> tuple[Iterator[TrainingProgress], Stoppable]:
    """Training thread: make the generator."""
    from latent_explorer.core.nn.handles import state_of, weights_of
    from latent_explorer.core.nn.training import Control, train

    control = Control()
    resume = None
    if plan.unfinished is not None:
        resume = weights_of(plan.unfinished.handle), state_of(plan.unfinished.handle), plan.unfinished.history
    progresses = train(
        plan.model,
        plan.settings,
        plan.dataset,
        device=plan.device,
        control=control,
        snapshots_per_second=SNAPSHOTS_PER_SECOND,
        resume=resume,
        begin=None if plan.begin is None else (plan.begin.architecture, weights_of(plan.begin)),
    )
    return progresses, control
