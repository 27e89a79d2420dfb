"""Save as, rename, delete: where models are kept."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QInputDialog, QLineEdit, QMessageBox

from latent_explorer.app.session import Session
from latent_explorer.core.checkpoint.library import delete_model, rename_model
from latent_explorer.core.checkpoint.record import read_record, write_checkpoint
from latent_explorer.core.checkpoint.tensors import Arrays
from latent_explorer.core.errors import LatentExplorerError
from latent_explorer.core.types import ModelRecord
from latent_explorer.views.dialogs.export import ask_save_path
from latent_explorer.views.main_window import MainWindow
from latent_explorer.workers.lanes import Lane
from latent_explorer.workers.task import Context, Task


class KeepingFeature(QObject):
    """Menus File and Model."""

    def __init__(self, session: Session, window: MainWindow, lane: Lane) -> None:
        super().__init__(window)
        self._session, self._window, self._lane = session, window, lane
        window.wish.connect(self._wished)

    def _wished(self, wish: str) -> None:
        if wish in ("save_as", "rename", "delete"):
            record = self._record()
            if record is not None:
                {"save_as": self._save_as, "rename": self._rename, "delete": self._delete}[wish](record)

    def _record(self) -> ModelRecord | None:
        slot = self._session.slot
        if self._session.run_state != "idle":
            self._session.notice("Stop the run, or let it finish, before its model is saved elsewhere, renamed or deleted.", trouble=True)
            return None
        if slot is not None and slot.table is not None:
            self._session.notice("A table of codes has no model to save, rename or delete; its file stays as it is.", trouble=True)
            return None
        if slot is None or slot.record is None or not slot.ready:
            self._session.notice("There is no model to save, rename or delete yet; open one, or train one.", trouble=True)
            return None
        return slot.record

    def _save_as(self, record: ModelRecord) -> None:
        path = ask_save_path(self._window, "Save the model as", Path.home() / f"{record.name}.safetensors", ".safetensors")
        if path is not None:
            self.save_as(record, path)

    def save_as(self, record: ModelRecord, path: Path) -> None:
        """Write the shown model to a file, under the file's name."""
        from latent_explorer.core.nn.handles import state_of, weights_of

        # Taken now: the model may be replaced on the plane before its turn comes.
        renamed = replace(record, name=path.stem)
        work = partial(_save, renamed, path, weights_of(record.handle), state_of(record.handle) if record.resumable else None)
        self._lane.submit(Task(f"Saving {path.name}", work, self._saved, self._refused, torch=False, must_finish=True))

    def _saved(self, record: ModelRecord) -> None:
        assert record.path is not None
        self._session.notice(f"Saved as {record.path}.")

    def _rename(self, record: ModelRecord) -> None:
        name, accepted = QInputDialog.getText(self._window, "Rename the model", "New name", QLineEdit.EchoMode.Normal, record.name)
        if accepted:
            self.rename(record, name)

    def rename(self, record: ModelRecord, name: str) -> None:
        """Give the shown own model another name."""
        assert record.path is not None
        try:
            path = rename_model(record.path, name)
            written = read_record(path)
        except LatentExplorerError as error:
            self._session.notice(str(error), trouble=True)
            return
        self._window.notice.settle()
        slot = self._session.slot
        if slot is not None and slot.record is record:
            self._session.revise_slot(name=written.name, record=replace(record, name=written.name, path=path))
        self._session.modelsChanged.emit()

    def _delete(self, record: ModelRecord) -> None:
        box = QMessageBox(self._window)
        box.setWindowTitle("Delete the model")
        box.setText(f"Delete {record.name} from My models? This cannot be undone.")
        box.addButton("Delete", QMessageBox.ButtonRole.DestructiveRole)
        keep = box.addButton("Keep", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.setEscapeButton(keep)
        box.exec()
        box.deleteLater()
        if box.clickedButton() is not keep:
            self.delete(record)

    def delete(self, record: ModelRecord) -> None:
        """Delete the shown own model's file; the plane keeps showing it until another one is opened."""
        assert record.path is not None
        try:
            delete_model(record.path)
        except LatentExplorerError as error:
            self._session.notice(str(error), trouble=True)
            return
        self._session.revise_slot(record=replace(record, path=None))
        self._session.modelsChanged.emit()
        self._session.notice(f"Deleted {record.name}. It is shown until you open another model.")

    def _refused(self, error: Exception) -> None:
        if not isinstance(error, LatentExplorerError):
            raise error
        self._session.notice(str(error), trouble=True)


def _save(record: ModelRecord, path: Path, weights: Arrays, state: Arrays | None, context: Context) -> ModelRecord:
    return write_checkpoint(path, record, weights, state)
