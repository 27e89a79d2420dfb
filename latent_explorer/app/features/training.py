"""Training in the window: the form and the transport, the run, and what it shows of itself while it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject

from latent_explorer.app.features.opening import MAIN_SLOT
from latent_explorer.app.session import Session
from latent_explorer.core.checkpoint.library import automatic_name, my_model_path
from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.errors import LatentExplorerError
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.types import ImageDataset, ModelRecord, Slot, TrainingProgress
from latent_explorer.views.main_window import MainWindow
from latent_explorer.workers.keeping import RunKeeper
from latent_explorer.workers.training import Stoppable, TrainingLane

SNAPSHOTS_PER_SECOND = 10.0
SMALL_SET_EPOCHS = 300
SMALL_SET = 10_000


class TrainingFeature(QObject):
    """One run at a time. Its model takes the main slot with the first progress, and lies in My models from the first save."""

    def __init__(self, session: Session, window: MainWindow, lane: TrainingLane) -> None:
        super().__init__(window)
        self._session, self._window, self._lane = session, window, lane
        self._keeper: RunKeeper | None = None
        self._dataset: ImageDataset | None = None  # of the run, with its split
        self._name = ""
        self._generation = -1
        self._kept: ModelRecord | None = None
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
        session.slotChanged.connect(self._slot_changed)
        self._shown_history: object = None

    # Wishes

    def start(self) -> None:
        """Continue the shown unfinished run, or begin a new one with the form's settings."""
        self._start(paused=False)

    def _start(self, *, paused: bool) -> None:
        if self._session.run_state != "idle":
            return
        dataset = self._session.dataset
        if dataset is None:
            self._session.notice("There are no data to train on yet: choose the built-in digits or open an MNIST folder.", trouble=True)
            return
        unfinished = self._unfinished()
        try:
            if unfinished is not None and unfinished.training is not None:
                model, settings = unfinished.handle.architecture, unfinished.training
                name, path = unfinished.name, unfinished.path or my_model_path(unfinished.name)
            else:
                unfinished = None
                model = self._window.training.model_config(dataset.image_shape)
                settings = self._window.training.training_config()
                name = automatic_name(dataset.name, model, datetime.now())
                path = my_model_path(name)
            dataset = dataset.with_validation(settings.validation, settings.split_seed)
        except LatentExplorerError as error:
            self._session.notice(str(error), trouble=True)
            self._window.raise_panel("training")
            return
        self._begin(model, settings, dataset, name, path, unfinished, paused=paused)

    def _begin(
        self, model: ModelConfig, settings: TrainingConfig, dataset: ImageDataset, name: str, path: Path,
        unfinished: ModelRecord | None, *, paused: bool,
    ) -> None:  # fmt: skip
        self._dataset, self._name, self._generation, self._kept = dataset, name, self._session.new_generation(), None
        command = unfinished.command if unfinished is not None else ""
        self._keeper = RunKeeper(path, partial(_record, settings, dataset, name, command), self)
        self._keeper.kept.connect(self._run_kept)
        self._keeper.failed.connect(self._not_kept)
        if unfinished is None:
            self._window.losses.keep_as_earlier()
        self._window.transport.set_progress(None)
        self._window.transport.set_word(f"Starting on {dataset.name}.")
        self._set_state("paused" if paused else "running")
        resume_from = None if unfinished is None else unfinished
        self._lane.start_run(partial(_run, model, settings, dataset, resume_from), self._keeper, paused=paused)

    def pause(self) -> None:
        """Hold after the current step."""
        self._lane.pause()
        self._set_state("paused")

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
        elif wish == "stop":
            self.stop()

    # What the run says

    def _progressed(self, progress: TrainingProgress) -> None:
        session, window = self._session, self._window
        if self._dataset is None:
            return
        window.transport.set_progress(progress)
        if progress.history is not None:
            window.losses.set_history(progress.history)
            self._shown_history = progress.history
        if progress.snapshot is not None:
            self._show_snapshot(progress)
        if progress.outcome:
            self._ended(progress)
        else:
            window.transport.set_word(f"Training {self._name}")
            window.status.set_work(f"training: loss {progress.loss:.1f}, {progress.steps_per_second:,.0f} steps/s")

    def _show_snapshot(self, progress: TrainingProgress) -> None:
        assert progress.snapshot is not None and self._dataset is not None
        slot = self._session.slot
        if slot is not None and slot.generation == self._generation:
            codes = {"mean": progress.codes} if progress.codes is not None else slot.codes
            slot = replace(slot, codes=codes, epoch=progress.epoch, revision=progress.revision)
        else:
            slot = Slot(
                slot_id=MAIN_SLOT,
                generation=self._generation,
                frame=PlaneFrame.identity(),
                codes={"mean": progress.codes} if progress.codes is not None else {},
                handle=progress.snapshot,
                name=self._name,
                data=self._dataset.reference(),
                epoch=progress.epoch,
                revision=progress.revision,
                ready=True,
            )
        self._session.put_slot(slot)

    def _ended(self, progress: TrainingProgress) -> None:
        word = {
            "finished": f"Finished after {progress.epochs} epochs; kept in My models.",
            "stopped": f"Stopped in epoch {progress.epoch + 1}; kept in My models. Train goes on with it.",
            "diverged": "The loss stopped being a number; the last good weights are kept in My models. Try a smaller learning rate.",
        }[progress.outcome]
        self._window.transport.set_word(word)
        if progress.outcome == "diverged":
            self._session.notice(word, trouble=True)
        self._window.status.set_work("")
        self._dataset = None
        self._set_state("idle")

    def _run_kept(self, record: ModelRecord, outcome: str) -> None:
        """The run's model is in its file; at the end the file's record is what is shown."""
        if outcome:
            slot = self._session.slot
            if slot is not None and slot.generation == self._generation:
                self._session.revise_slot(record=record, handle=record.handle, epoch=record.epoch)
        self._session.modelsChanged.emit()

    def _not_kept(self, problem: str) -> None:
        self._session.notice(f"The run could not be kept in My models: {problem}", trouble=True)

    def _failed(self, error: Exception) -> None:
        self._dataset = None
        self._window.transport.set_word("")
        self._window.status.set_work("")
        self._set_state("idle")
        if not isinstance(error, LatentExplorerError):
            raise error
        self._session.notice(str(error), trouble=True)

    # What others say

    def _dataset_changed(self, dataset: ImageDataset | None) -> None:
        if dataset is not None:
            small = len(dataset.split.train) + len(dataset.split.validation) < SMALL_SET
            self._window.training.suggest_epochs(SMALL_SET_EPOCHS if small else TrainingConfig().epochs)
        self._refresh_transport()

    def _slot_changed(self, slot: Slot) -> None:
        history = slot.record.history if slot.record is not None else None
        if slot.generation != self._generation and history is not self._shown_history:
            self._shown_history = history
            self._window.losses.set_history(history)
            self._window.transport.set_progress(None)
            self._window.transport.set_word("")
        self._refresh_transport()

    def _unfinished(self) -> ModelRecord | None:
        """The shown model, when it is a stopped run whose data are open."""
        slot, dataset = self._session.slot, self._session.dataset
        record = slot.record if slot is not None else None
        if slot is None or record is None or not record.resumable or not slot.ready or dataset is None:
            return None
        return record if record.data.content_hash == dataset.content_hash else None

    def _set_state(self, state: str) -> None:
        self._session.set_run_state(state)
        self._window.training.set_locked(state != "idle")
        self._refresh_transport()

    def _refresh_transport(self) -> None:
        self._window.transport.set_state(self._session.run_state, can_continue=self._unfinished() is not None)


def _nothing() -> None:
    """No wish can be granted while the run is stopping."""


def _record(settings: TrainingConfig, dataset: ImageDataset, name: str, command: str, progress: TrainingProgress) -> ModelRecord:
    from latent_explorer.core.nn.records import run_record

    return run_record(progress, settings, dataset, name=name, command=command)


def _run(
    model: ModelConfig, settings: TrainingConfig, dataset: ImageDataset, unfinished: ModelRecord | None
) -> tuple[Iterator[TrainingProgress], Stoppable]:
    """Training thread: make the generator."""
    from latent_explorer.core.nn.handles import state_of, weights_of
    from latent_explorer.core.nn.training import Control, train

    control = Control()
    resume = None
    if unfinished is not None:
        resume = weights_of(unfinished.handle), state_of(unfinished.handle), unfinished.history
    return train(model, settings, dataset, control=control, snapshots_per_second=SNAPSHOTS_PER_SECOND, resume=resume), control
