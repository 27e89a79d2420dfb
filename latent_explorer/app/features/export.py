"""Export of the decoded image as PNG."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog

from latent_explorer.app.features.probe import ProbeFeature
from latent_explorer.app.session import Session
from latent_explorer.core.errors import LatentExplorerError
from latent_explorer.core.export.image import image_metadata, save_png, told_metadata
from latent_explorer.core.palette import apply_grey_map
from latent_explorer.core.types import Images
from latent_explorer.views.dialogs.export import ExportDialog, ask_save_path
from latent_explorer.views.main_window import MainWindow
from latent_explorer.workers.lanes import Lane
from latent_explorer.workers.task import Context, Task

IN_A_NAME = 4  # coordinates; all of them are in the file


class ExportFeature(QObject):
    """Asks how large and where, then writes on the jobs lane."""

    def __init__(self, session: Session, window: MainWindow, lane: Lane, probe: ProbeFeature) -> None:
        super().__init__(window)
        self._session, self._window, self._lane, self._probe = session, window, lane, probe
        window.wish.connect(self._wished)
        window.image.exportRequested.connect(self.ask)

    def _wished(self, wish: str) -> None:
        if wish == "export":
            self.ask()

    def ask(self) -> None:
        """The dialogs; what is exported is what was shown when they were opened."""
        shown, slot = self._probe.shown, self._session.slot
        if slot is not None and slot.table is not None:
            self._session.notice("A table of codes has no decoder, so there is no image to export; open a model.", trouble=True)
            return
        if shown is None or slot is None or slot.handle is None:
            self._session.notice("There is no decoded image to export yet; move over the plane first.", trouble=True)
            return
        z, pixels = shown
        dialog = ExportDialog(pixels.shape[0], pixels.shape[1], parent=self._window)
        accepted = dialog.exec() == QDialog.DialogCode.Accepted
        dialog.deleteLater()
        if not accepted:
            return
        place = "_".join(f"{value:.2f}" for value in z[:IN_A_NAME])
        path = ask_save_path(self._window, "Export the decoded image", Path.home() / f"{slot.name}_{place}.png", ".png")
        if path is not None:
            self.export(path, dialog.scale, z, pixels)

    def export(self, path: Path, scale: int, z: tuple[float, ...], pixels: Images) -> None:
        """Write one decoded image, enlarged by whole pixels, as it is shown."""
        slot, layers = self._session.slot, self._session.scene.layers
        assert slot is not None and slot.handle is not None
        if pixels.shape[2] == 1 and layers.grey_map != "grey":
            pixels = apply_grey_map(pixels, layers.grey_map)
        told = told_metadata(slot.condition, slot.seed)
        metadata = image_metadata(z, slot.name, slot.handle.content_hash, slot.handle.architecture.family, **told)
        self._lane.submit(
            Task(
                f"Exporting {path.name}",
                partial(_write, path, scale, pixels, metadata),
                self._written,
                self._refused,
                torch=False,
                must_finish=True,
            )
        )

    def _written(self, path: Path) -> None:
        self._session.notice(f"Exported to {path}.")

    def _refused(self, error: Exception) -> None:
        if not isinstance(error, LatentExplorerError):
            raise error
        self._session.notice(str(error), trouble=True)


def _write(path: Path, scale: int, pixels: Images, metadata: dict[str, object], context: Context) -> Path:
    save_png(path, pixels, scale=scale, metadata=metadata)
    return path
