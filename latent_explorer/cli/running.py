"""A training run on the command line: Ctrl+C, saves on the way, what is written at the end."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from latent_explorer.cli.output import same_file, say
from latent_explorer.cli.progress import TrainingDisplay
from latent_explorer.core.errors import ExportError
from latent_explorer.core.types import History, ImageDataset, ModelRecord, TrainingProgress

if TYPE_CHECKING:
    from latent_explorer.core.config import ModelConfig, TrainingConfig
    from latent_explorer.core.nn.training import Control

AUTOSAVE = 60.0  # seconds between saves on the way


@dataclass(frozen=True, eq=False)
class Run:
    """What a run needs besides data.

    Parameters
    ----------
    model, settings : ModelConfig, TrainingConfig
    name, command : str
        For the record.
    out : Path
        Where the finished model goes.
    resumed : ModelRecord or None
        The unfinished run that goes on, its networks loaded.
    begin : (architecture, weights) or None
        Of the model whose decoder a new run begins with.
    """

    model: ModelConfig
    settings: TrainingConfig
    name: str
    command: str
    out: Path
    resumed: ModelRecord | None = None
    begin: tuple[ModelConfig, Mapping[str, Any]] | None = None

    @property
    def unfinished(self) -> Path:
        """Where saves of the unfinished run go.

        To `out` itself, unless another model lay there when the run began: that one is replaced by a finished run only.
        """
        if not self.out.exists() or (self.resumed is not None and self.resumed.path is not None and same_file(self.out, self.resumed.path)):
            return self.out
        return partial_path(self.out)


@dataclass(frozen=True, eq=False)
class Ended:
    """How a run ended: the last progress, and the record as written."""

    progress: TrainingProgress
    record: ModelRecord
    history: History | None


def partial_path(out: Path) -> Path:
    """The file beside `out` for an unfinished run."""
    return out.with_name(f"{out.stem}.partial.safetensors")


@contextlib.contextmanager
def stopping(control: Control) -> Iterator[None]:
    """Inside, the first Ctrl+C asks the run to stop; a second one interrupts at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if control.stop:
            raise KeyboardInterrupt
        control.stop = True

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.default_int_handler)


def train_to_file(run: Run, dataset: ImageDataset, *, device: str, quiet: bool) -> Ended:
    """Train and write the model, whatever the outcome.

    Raises
    ------
    TrainingError, DatasetError, SettingError
        Model, data and device do not fit.
    ExportError
        The model cannot be written where it should; it lies in "My models" then, if it can.
    KeyboardInterrupt
        At the second Ctrl+C.
    """
    from latent_explorer.core.nn.handles import forget, state_of, weights_of
    from latent_explorer.core.nn.training import Control, train

    start = None
    if run.resumed is not None:
        handle = run.resumed.handle
        start = (weights_of(handle), state_of(handle), run.resumed.history)
        forget(handle)
    dataset = dataset.with_validation(run.settings.validation, run.settings.split_seed)
    unfinished = run.unfinished
    saver = _Saver(run, dataset, unfinished)
    control = Control()
    with stopping(control):
        history = None
        with TrainingDisplay(run.model.facts, quiet=quiet) as display:
            for progress in train(run.model, run.settings, dataset, device=device, control=control, resume=start, begin=run.begin):
                history = progress.history or history
                if progress.resumable and not progress.outcome:
                    saver.autosave(progress)
                display.tell(progress)
        record = saver.record(progress)
        if progress.outcome == "finished":
            record = saver.save(record, run.out)
            if unfinished != run.out:
                unfinished.unlink(missing_ok=True)
        else:
            record = saver.save(record, unfinished, with_state=progress.outcome == "stopped")
    return Ended(progress, record, history)


class _Saver:
    """Writes the model of a run, now and then on the way and at the end."""

    def __init__(self, run: Run, dataset: ImageDataset, unfinished: Path) -> None:
        self._run, self._dataset, self._unfinished = run, dataset, unfinished
        self._next = time.monotonic() + AUTOSAVE
        self._complained = False

    def record(self, progress: TrainingProgress) -> ModelRecord:
        """All that the file says besides weights."""
        from latent_explorer.core.nn.records import run_record

        return run_record(progress, self._run.settings, self._dataset, name=self._run.name, command=self._run.command)

    def autosave(self, progress: TrainingProgress) -> None:
        """Write the run as it is when the last save is long ago; a full disk is said once and does not end the run."""
        from latent_explorer.core.checkpoint.weights import save_model

        if time.monotonic() < self._next:
            return
        try:
            save_model(self._unfinished, self.record(progress), with_state=True)
        except ExportError as error:
            if not self._complained:
                say(f"Not saved on the way: {error}")
            self._complained = True
        self._next = time.monotonic() + AUTOSAVE

    def save(self, record: ModelRecord, path: Path, *, with_state: bool = False) -> ModelRecord:
        """Write the model; where that fails, put it into "My models" and say so."""
        from datetime import datetime

        from latent_explorer.core.checkpoint.library import my_model_path, reserve_name
        from latent_explorer.core.checkpoint.weights import save_model

        try:
            return save_model(path, record, with_state=with_state)
        except ExportError as error:
            try:
                name = reserve_name(record.data.name, record.handle.architecture, datetime.now())
                save_model(my_model_path(name), replace(record, name=name), with_state=with_state)
            except ExportError:
                raise error from None
            raise ExportError(f'{str(error).rstrip(".")}; the model was kept in My models as "{name}".') from error
