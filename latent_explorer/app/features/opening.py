"""Opening models (shipped ones, My models, files) and tables of codes. All is loaded to the side and swapped in by one change."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from latent_explorer.app.features.slicing import first_frame, put_sliced
from latent_explorer.app.features.tables import OpenedTable, open_table, table_slot, table_words
from latent_explorer.app.session import Session
from latent_explorer.core.checkpoint.library import ModelEntry, my_models, shipped
from latent_explorer.core.checkpoint.reading import Reading
from latent_explorer.core.checkpoint.record import Checkpoint, read_checkpoint
from latent_explorer.core.config import ModelConfig
from latent_explorer.core.errors import CheckpointError, LatentExplorerError
from latent_explorer.core.files.gate import shown
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.quick import QuickDecoder, quick_decoder
from latent_explorer.core.types import ModelHandle, ModelRecord, Slot, main_codes
from latent_explorer.views.main_window import MainWindow
from latent_explorer.workers.lanes import Lane
from latent_explorer.workers.task import Context, Task

MAIN_SLOT = 1
FILTER = (
    "Models, tables and images (*.safetensors *.csv *.tsv *.npz *.parquet *.png *.jpg *.jpeg *.bmp *.gif *.webp);;Models (*.safetensors)"
    ";;Tables of codes (*.csv *.tsv *.npz *.parquet);;Images (*.png *.jpg *.jpeg *.bmp *.gif *.webp);;All files (*)"
)


@dataclass(frozen=True, eq=False)
class Opened:
    """A checkpoint that was read, whether its networks are built already, and what decodes until they are."""

    checkpoint: Checkpoint
    path: Path
    ready: bool
    quick: QuickDecoder | None


def slot_of(record: ModelRecord, generation: int, *, ready: bool, quick: QuickDecoder | None = None) -> Slot:
    """The slot that shows a model."""
    model = record.handle.architecture
    return Slot(
        slot_id=MAIN_SLOT,
        generation=generation,
        frame=first_frame(model.latent_dim, main_codes(record.codes), model.facts.space),
        codes=record.codes,
        handle=record.handle,
        name=record.name,
        data=record.data,
        epoch=record.epoch,
        ready=ready,
        record=record,
        quick=quick,
    )


# Where the points of a model without an encoder lie, by the kind of its codes.
PLACED = {
    "exact_mode": "It has no encoder: each point lies where the exact posterior of its image is highest.",
    "exact_mean": "It has no encoder: each point lies at the mean of the exact posterior of its image.",
    "mean": "It has no encoder: each point lies at the mean of its image's posterior, from a coarse grid.",
}


class OpeningFeature(QObject):
    """Reads models on the jobs lane. The first one is shown before torch is loaded; later ones arrive ready.

    Signals: pictureChosen(Path), a file that is a person's own picture.
    """

    pictureChosen = Signal(object)  # Qt's manner

    def __init__(self, session: Session, window: MainWindow, lane: Lane) -> None:
        super().__init__(window)
        self._session, self._window, self._lane = session, window, lane
        self._entries: dict[str, ModelEntry] = {}
        self._shown_handle: ModelHandle | None = None
        self._fell_back = False
        self._stop = threading.Event()  # set when nobody wants the file any more that was asked for last
        self._title, self._cancellable = "", False
        window.model.modelPicked.connect(self._picked)
        window.model.openRequested.connect(self.ask_for_file)
        window.wish.connect(self._wished)
        session.modelsChanged.connect(self.refresh)
        session.slotChanged.connect(self._slot_changed)
        session.runStateChanged.connect(self._run_state_changed)
        window.status.cancelRequested.connect(self._cancel)
        lane.progressed.connect(self._progressed)

    def refresh(self) -> None:
        """Read the lists of models again."""
        try:
            entries = (*shipped(), *my_models())
        except LatentExplorerError as error:
            self._session.notice(str(error), trouble=True)
            entries = my_models()
        self._entries = {str(entry.path): entry for entry in entries}
        slot = self._session.slot
        if slot is not None:
            self._slot_changed(slot)

    def open_default(self) -> None:
        """The first shipped model, else the newest own one."""
        self.refresh()
        entry = next(iter(self._entries.values()), None)
        if entry is not None:
            self.open(entry.path)

    def open_early(self, reading: Reading) -> None:
        """Show the model whose reading began before the window was there: at once, if it is done."""
        self.refresh()
        if not reading.done:
            self._lane.submit(Task(f"Opening {reading.path.name}", partial(_finish, reading), self._opened, self._refused, torch=False))
            return
        try:
            opened = _finish(reading)
        except CheckpointError as error:
            self._refused(error)
        else:
            self._opened(opened)

    def open(self, path: Path) -> None:
        """Read a model or a table of codes and show it; a refusal leaves all as it was. A picture is left to others."""
        from latent_explorer.core.data.picture import picture_kind  # the window does not wait for it

        if picture_kind(path):
            if self._session.slot is None:
                self.open_default()  # to ask it about the picture
            self.pictureChosen.emit(path)
            return
        if self._session.run_state != "idle":
            self._session.notice("A run is on: stop it or let it finish before opening something else.", trouble=True)
            self.refresh()
            return
        # At the first start the scatter is to be there before torch is; afterwards a model comes whole.
        ready = "torch" in sys.modules and self._session.slot is not None
        self._stop.set()  # a table that is still being read would only be replaced
        self._stop, self._title = threading.Event(), f"Opening {shown(path.name)}"
        self._lane.submit(Task(self._title, partial(_read, path, ready, self._stop), self._opened, self._refused, torch=ready))

    def _progressed(self, title: str, what: str, part: float) -> None:
        """Only a table says how far it is, and can be cancelled."""
        self._cancellable = bool(what) and title == self._title and not self._stop.is_set()
        self._window.status.set_cancellable(self._cancellable)

    def _cancel(self) -> None:
        if not self._cancellable:
            return  # something else runs
        self._cancellable = False
        self._stop.set()
        self._window.status.set_cancellable(False)
        self.refresh()
        if self._session.slot is None:
            self.open_default()
        self._session.notice(f"{self._title} was cancelled; nothing has changed.")

    def _opened_table(self, opened: OpenedTable) -> None:
        if self._session.run_state != "idle":
            return  # a run began meanwhile and has the plane
        codes = opened.table.codes
        self._fell_back = False
        slot = table_slot(opened, MAIN_SLOT, self._session.new_generation(), first_frame(codes.z.shape[1], codes))
        self._window.notice.hide()  # it spoke of what was shown before
        put_sliced(self._session, slot)
        if opened.table.notes:
            self._session.notice(f"{shown(slot.name)}: {opened.table.notes}")

    def _opened(self, opened: Opened | OpenedTable) -> None:
        if isinstance(opened, OpenedTable):
            self._opened_table(opened)
            return
        if self._session.run_state != "idle":
            self._drop(opened)  # a run began meanwhile and has the plane
            return
        slot = slot_of(opened.checkpoint.record, self._session.new_generation(), ready=opened.ready, quick=opened.quick)
        previous = self._session.slot
        if not self._fell_back:
            self._window.notice.hide()  # it spoke of what was shown before
        self._fell_back = False
        put_sliced(self._session, slot)
        if not opened.ready:
            failed = partial(self._unbuildable, opened.checkpoint.record.handle, previous)
            self._lane.submit(Task("Loading PyTorch", partial(_build, opened), self._built, failed))

    def _drop(self, opened: Opened) -> None:
        if opened.ready:
            from latent_explorer.core.nn.handles import forget

            forget(opened.checkpoint.record.handle)

    def _built(self, record: ModelRecord) -> None:
        slot = self._session.slot
        if slot is not None and slot.handle == record.handle:
            self._session.revise_slot(ready=True, quick=None)
        else:
            from latent_explorer.core.nn.handles import forget

            forget(record.handle)  # another model was opened before this one was built

    def _unbuildable(self, handle: ModelHandle, previous: Slot | None, error: Exception) -> None:
        """The weights turned out not to fit: what was shown before comes back, at the first start an empty plane."""
        slot = self._session.slot
        if slot is not None and slot.handle == handle:
            empty = Slot(MAIN_SLOT, self._session.new_generation(), PlaneFrame.identity(), {})
            put_sliced(self._session, previous or empty)
        self._refused(error)

    def _refused(self, error: Exception) -> None:
        if not isinstance(error, LatentExplorerError):
            raise error
        self.refresh()
        slot = self._session.slot
        if (slot is None or (slot.handle is None and not slot.codes)) and not self._fell_back:
            # A bad file on the command line: the sentence, and the program as it starts without one.
            self._fell_back = True
            self.open_default()
        self._session.notice(str(error), trouble=True)

    def ask_for_file(self) -> None:
        """The file dialog."""
        chosen, _ = QFileDialog.getOpenFileName(self._window, "Open a model, a table of codes or an image", "", FILTER)
        if chosen:
            self.open(Path(chosen))

    def _picked(self, key: str) -> None:
        if key:  # a model in training, or a deleted one, is in the list without a file
            self.open(Path(key))

    def _wished(self, wish: str) -> None:
        if wish == "open":
            self.ask_for_file()

    def _run_state_changed(self, state: str) -> None:
        """A model whose run has ended can be renamed and deleted."""
        slot = self._session.slot
        if slot is not None:
            self._slot_changed(slot)

    def _let_go(self, slot: Slot) -> None:
        """Free the networks of the model that was shown before, once the new one is ready."""
        if not slot.ready and slot.table is None:
            return
        before, self._shown_handle = self._shown_handle, slot.handle
        if before is not None and (slot.handle is None or before.id != slot.handle.id):
            from latent_explorer.core.nn.handles import forget

            forget(before)

    def _slot_changed(self, slot: Slot) -> None:
        self._let_go(slot)
        record, panel = slot.record, self._window.model
        path = str(record.path) if record is not None and record.path is not None else ""
        if slot.table is not None:
            path = str(slot.table.path)
        elif record is None:  # in training: its file is there from the first save on
            path = next((key for key, entry in self._entries.items() if entry.name == slot.name and not entry.shipped), "")
        names = [(key, entry.name) for key, entry in self._entries.items()]
        if path not in self._entries and slot.name:
            names.insert(0, (path, slot.name))
        panel.set_models(names, path)
        self._window.set_model_title(slot.name)
        own = path in self._entries and not self._entries[path].shipped
        self._window.set_own_model(own and self._session.run_state == "idle")
        if slot.table is not None:
            panel.set_facts(table_words(slot), table=True)
            return
        facts = {"trained_for": f"{slot.epoch} epochs" if slot.epoch != 1 else "1 epoch"}
        codes = slot.points
        if codes is not None:
            facts["points"] = f"{len(codes.z):,}"
            if {"kl_top", "kl_lower"} <= codes.columns.keys():
                facts["levels"] = ", ".join(f"{codes.columns[name].mean():.2f}" for name in ("kl_top", "kl_lower"))
                if slot.handle is not None and slot.handle.architecture.likelihood == "bernoulli":
                    facts["levels"] += " (grey)"  # what the encoder saw, and not the binary ones that the bound is of
        quality, lacks = "elbo", ""
        if slot.handle is not None:
            model = slot.handle.architecture
            quality, lacks = model.facts.bound or "loss", model.facts.lacks
            if not model.facts.encoder and codes is not None:
                lacks = f"{lacks} {PLACED.get(codes.kind, PLACED['mean'])}".lstrip()
            facts["family"] = model.facts.title
            panel.set_family_hint(model.facts.sentence)
            height, width, channels = model.image_shape
            facts["image"] = f"{height} × {width} {'grey' if channels == 1 else 'colour'}"
            facts["network"] = model.network_words
            facts["likelihood"] = _likelihood(model, record)
        if record is not None and record.history is not None:
            columns = record.history.columns
            parts = ("loss",) if quality == "loss" else ("reconstruction", "kl")
            terms = [columns.get(f"validation_{part}", np.zeros(0)) for part in parts]
            measured = np.flatnonzero(np.isfinite(terms[0]))
            if len(measured):
                found = sum(float(values[measured[-1]]) for values in terms)
                facts[quality] = f"{found if quality == 'loss' else -found:.2f} nats".replace("-", "−")
        if record is not None and record.training is not None and record.training.validation == 0:
            facts.setdefault(quality, "none set aside")
        panel.set_facts(facts, quality=quality, lacks=lacks)


def _likelihood(model: ModelConfig, record: ModelRecord | None) -> str:
    """The likelihood in two words; with grey pixels Bernoulli's is none, and is called what it is."""
    if model.likelihood == "gaussian":
        return f"Gaussian, σ {'learned' if model.sigma is None else f'{model.sigma:g}'}"
    training = record.training if record is not None else None
    if model.likelihood == "bernoulli" and training is not None and training.binarize == "none":
        return "BCE (grey)"
    return model.likelihood_words.capitalize()


def _read(path: Path, ready: bool, stop: threading.Event, context: Context) -> Opened | OpenedTable:
    from latent_explorer.core.data.tables.reading import table_kind  # the window does not wait for it

    if table_kind(path):
        return open_table(path, stop, context)
    checkpoint = read_checkpoint(path)
    if not ready:
        return _shown_early(checkpoint, path)
    opened = Opened(checkpoint, path, True, None)
    slot_of(checkpoint.record, 0, ready=True)  # the spread of many coordinates is computed here and not in the GUI thread
    _build(opened, context)
    return opened


def _finish(reading: Reading, context: Context | None = None) -> Opened:
    return _shown_early(reading.result(), reading.path)


def _shown_early(checkpoint: Checkpoint, path: Path) -> Opened:
    return Opened(checkpoint, path, False, quick_decoder(checkpoint.record.handle.architecture, checkpoint.weights))


def _build(opened: Opened, context: Context) -> ModelRecord:
    from latent_explorer.core.checkpoint.weights import publish_checkpoint

    return publish_checkpoint(opened.checkpoint, opened.path)
