"""Copy as Python: what the window shows, for a notebook or a script."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from latent_explorer.app.features.probe import ProbeFeature
from latent_explorer.app.session import Session
from latent_explorer.core.checkpoint.library import reference_to
from latent_explorer.core.errors import LatentExplorerError
from latent_explorer.core.export.snippet import python_snippet
from latent_explorer.views.main_window import MainWindow


class PythonFeature(QObject):
    """Puts lines on the clipboard that load the shown model and decode the shown point."""

    def __init__(self, session: Session, window: MainWindow, probe: ProbeFeature) -> None:
        super().__init__(window)
        self._session, self._probe = session, probe
        window.wish.connect(self._wished)

    def _wished(self, wish: str) -> None:
        if wish == "copy_python":
            self.copy()

    def copy(self) -> None:
        """The point is the one whose image is shown."""
        shown, slot = self._probe.shown, self._session.slot
        if slot is not None and slot.table is not None:
            self._session.notice("A table of codes has no model to copy as Python; open a model.", trouble=True)
            return
        if slot is None or slot.handle is None:
            self._session.notice("There is no model to copy as Python yet; open one, or train one.", trouble=True)
            return
        if shown is None:
            self._session.notice("The decoder is still loading; copy again in a moment.", trouble=True)
            return
        record = slot.record
        if record is None or record.path is None:
            advice = "save it first (Save model as…)" if self._session.run_state == "idle" else "copy again when the run has ended"
            self._session.notice(f"The model lies in no file yet, so Python cannot load it; {advice}.", trouble=True)
            return
        try:
            reference = reference_to(record.path)
        except LatentExplorerError as error:
            self._session.notice(str(error), trouble=True)
            return
        handle = record.handle
        QGuiApplication.clipboard().setText(
            python_snippet(reference, handle.content_hash, shown[0], handle.architecture.image_shape, slot.condition, slot.seed)
        )
        self._session.notice("The model and z are on the clipboard as lines of Python.")
