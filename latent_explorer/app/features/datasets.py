"""Which data Train trains on: the built-in digits, MNIST where it is found, or a folder that the person opens."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from latent_explorer.app.session import Session
from latent_explorer.app.settings import Settings
from latent_explorer.core.data.catalogue import find_entry
from latent_explorer.core.data.registry import BUILTIN, available, load_dataset
from latent_explorer.core.errors import DatasetError, LatentExplorerError
from latent_explorer.core.files.gate import size_text
from latent_explorer.core.types import ImageDataset, Slot
from latent_explorer.views.main_window import MainWindow
from latent_explorer.views.model_panel import DOWNLOAD
from latent_explorer.workers.lanes import Lane
from latent_explorer.workers.task import Context, Task

BUILT_IN = "digits"
NO_MNIST = "MNIST's images are not on this computer; only their codes are shown."


class DatasetsFeature(QObject):
    """Loads data on the jobs lane."""

    def __init__(self, session: Session, window: MainWindow, lane: Lane, settings: Settings) -> None:
        super().__init__(window)
        self._session, self._window, self._lane, self._settings = session, window, lane, settings
        self._sources: dict[str, str] = {}  # what the box offers: name or folder, and what it shows
        self._asked = ""  # what was wished for last
        self._open = ""  # what the session's data came from
        self._by_person = self._chosen = False  # whether the person wished for what was asked for, and for what is open
        self._followed = 0  # the generation of the model whose data were last asked for unasked
        window.model.dataPicked.connect(self.load)
        window.model.openDataRequested.connect(self.ask_for_folder)
        window.filesDropped.connect(self._dropped)
        window.wish.connect(self._wished)
        session.datasetChanged.connect(self._changed)
        session.slotChanged.connect(self._slot_changed)
        session.runStateChanged.connect(self._run_state_changed)

    def load_default(self) -> None:
        """MNIST where it is known, else the built-in digits."""
        self._sources = {name: name for name in available()}
        folder = self._settings.mnist_folder()
        if folder is not None and folder.is_dir() and "mnist" not in self._sources:
            self._sources[str(folder)] = folder.name
        mnist = next((key for key in self._sources if key not in BUILTIN), BUILT_IN)
        self._submit("mnist" if "mnist" in self._sources else mnist)

    def load(self, source: str) -> None:
        """Read a data set by name or folder; a refusal leaves all as it was."""
        if source == "":
            self.ask_for_folder()
            return
        if self._session.run_state != "idle":
            self._session.notice("A run is on: stop it or let it finish before opening other data.", trouble=True)
            self._changed(self._session.dataset)
            return
        self._submit(source, by_person=True)

    def _submit(self, source: str, *, by_person: bool = False) -> None:
        self._asked, self._by_person = source, by_person
        self._session.set_loading(self._sources.get(source, Path(source).name))
        self._changed(self._session.dataset)  # the box shows what is waited for
        refused = partial(self._refused, source)
        self._lane.submit(Task(f"Loading {Path(source).name}", partial(_load, source), self._loaded, refused, torch=False))

    def add(self, name: str) -> None:
        """Offer data that have just arrived; what is open stays open."""
        self._sources.setdefault(name, name)
        self._changed(self._session.dataset)

    def _loaded(self, found: tuple[str, ImageDataset]) -> None:
        source, dataset = found
        if source != self._asked:
            return  # another wish came after it
        if self._session.run_state != "idle":
            self._session.set_loading("")
            self._changed(self._session.dataset)  # the box goes back to what is open
            return
        self._sources.setdefault(source, dataset.name)
        if Path(source).is_dir() and source not in available():
            self._settings.set_mnist_folder(Path(source))
        self._open, self._chosen = source, self._by_person
        self._session.set_dataset(dataset)
        if self._session.slot is not None:
            self._follow(self._session.slot)  # not before a run that waited for these data has begun

    def _refused(self, source: str, error: Exception) -> None:
        if not isinstance(error, LatentExplorerError):
            raise error
        self._session.notice(str(error), trouble=True)
        if source == self._asked:
            self._session.set_loading("")
        if self._session.dataset is None and source == self._asked and source != BUILT_IN:
            self._submit(BUILT_IN)
        else:
            self._changed(self._session.dataset)

    def ask_for_folder(self) -> None:
        """The folder dialog."""
        chosen = QFileDialog.getExistingDirectory(self._window, "Open a folder with MNIST's four files")
        if chosen:
            self.load(chosen)
        else:
            self._changed(self._session.dataset)

    def _dropped(self, paths: list[str]) -> None:
        """A folder is data; files are left to others."""
        for path in paths:
            if Path(path).is_dir():
                self.load(path)

    def _wished(self, wish: str) -> None:
        if wish == "open_data":
            self.ask_for_folder()

    def _changed(self, dataset: ImageDataset | None) -> None:
        current = self._asked if self._session.loading else self._open if self._open in self._sources else BUILT_IN
        names = list({**self._sources, current: self._sources.get(current, Path(current).name)}.items())
        if not self._knows_mnist():
            entry = find_entry("mnist")
            names.append((DOWNLOAD, f"Download {entry.title} ({size_text(entry.size)})…"))
        names.append(("", "Open an MNIST folder…"))
        self._window.model.set_data(names, current)
        if self._session.slot is not None:
            self._offer(self._session.slot)

    def _slot_changed(self, slot: Slot) -> None:
        self._follow(slot)
        self._offer(slot)

    def _others(self, slot: Slot) -> str:
        """The name of the data that this model was trained on, where other ones are open; else ""."""
        dataset = self._session.dataset
        return slot.data.name if slot.data is not None and dataset is not None and slot.data.name != dataset.name else ""

    def _follow(self, slot: Slot) -> None:
        """Load what the shown model was trained on, unless the person chose what is open; once for each model."""
        name = self._others(slot)
        free = self._session.run_state == "idle" and not self._session.loading and not self._chosen
        if name in self._sources and name in available() and free and slot.ready and slot.generation != self._followed:
            self._followed = slot.generation
            self._submit(name)

    def _offer(self, slot: Slot) -> None:
        name, panel = self._others(slot), self._window.model
        if name == "mnist" and not self._knows_mnist():
            panel.set_offer(NO_MNIST)
        elif name in self._sources and not self._session.loading and slot.ready:
            panel.set_offer(f"This model was trained on {name}; open it to see its real images beside the decoded ones.", name)
        else:
            panel.set_offer("")

    def _knows_mnist(self) -> bool:
        return any(text == "mnist" or key == "mnist" for key, text in self._sources.items())

    def _run_state_changed(self, state: str) -> None:
        self._window.model.set_locked(state != "idle")


def _load(source: str, context: Context) -> tuple[str, ImageDataset]:
    dataset = load_dataset(source)
    if len(dataset.split.test) == 0:
        raise DatasetError(f"{dataset.name} has no test images, so there would be nothing to show; choose another data set.")
    # The hash is part of what a run keeps; computing it here keeps it off the GUI thread.
    _ = dataset.content_hash
    return source, dataset
