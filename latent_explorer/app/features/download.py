"""Downloads MNIST when the person asks for it, on a lane of its own, and opens it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject

from latent_explorer.app.features.datasets import DatasetsFeature
from latent_explorer.app.session import Session
from latent_explorer.core.data.catalogue import CatalogueEntry, find_entry
from latent_explorer.core.errors import LatentExplorerError
from latent_explorer.views.dialogs.download import DownloadDialog
from latent_explorer.views.main_window import MainWindow
from latent_explorer.workers.lanes import Lane
from latent_explorer.workers.task import Context, Task

MNIST = "mnist"


class DownloadFeature(QObject):
    """The offer in the model panel and the entry in the menu File; one download at a time."""

    def __init__(self, session: Session, window: MainWindow, lane: Lane, datasets: DatasetsFeature) -> None:
        super().__init__(window)
        self._session, self._window, self._lane, self._datasets = session, window, lane, datasets
        window.wish.connect(self._wished)
        window.model.downloadRequested.connect(self.ask)
        window.model.downloadCancelRequested.connect(self.cancel)
        lane.progressed.connect(self._progressed)

    def _wished(self, wish: str) -> None:
        if wish == "download":
            self.ask()

    def ask(self) -> None:
        """Say what would be downloaded; what is there already is opened instead."""
        entry = find_entry(MNIST)
        if self._lane.busy:
            self._window.raise_panel("model")
        elif entry.is_here():
            self._session.notice(f"{entry.title} is on this computer already, in {entry.folder}.")
            self._arrived(entry.folder)
        else:
            dialog = DownloadDialog(entry, self._window)
            dialog.accepted.connect(self.start)
            dialog.open()

    def start(self) -> None:
        """Download; the window goes on as before meanwhile."""
        entry = find_entry(MNIST)
        self._window.raise_panel("model")
        self._window.notice.settle()
        self._window.model.set_download("Connecting…", 0.0)
        self._lane.submit(Task(f"Downloading {entry.title}", partial(_download, entry), self._arrived, self._refused, torch=False))

    def cancel(self) -> None:
        """Stop; what has come is kept for the next time."""
        self._lane.cancel()

    def _progressed(self, title: str, what: str, part: float) -> None:
        self._window.model.set_download(what if title else "", part)

    def _arrived(self, folder: Path) -> None:
        self._datasets.add(MNIST)
        if self._session.run_state == "idle":
            self._datasets.load(MNIST)
        else:
            self._session.notice("MNIST is on this computer now; choose it under Train on when the run has ended.")

    def _refused(self, error: Exception) -> None:
        if not isinstance(error, LatentExplorerError):
            raise error
        self._session.notice(str(error), trouble=True)


def _download(entry: CatalogueEntry, context: Context) -> Path:
    # Imported when it is needed: what speaks with the web takes time to load, and most starts download nothing.
    from latent_explorer.core.data.download import download, progress_words

    def tell(done: int, total: int) -> None:
        context.progress(progress_words(done, total), done / total)

    return download(entry, tell)
