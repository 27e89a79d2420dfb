"""Puts a session, a window, lanes and features together, and takes them apart again."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMessageBox

from latent_explorer.app.features.anomalies import AnomaliesFeature
from latent_explorer.app.features.appearance import AppearanceFeature, dress
from latent_explorer.app.features.compiled import CompiledFeature
from latent_explorer.app.features.datasets import DatasetsFeature
from latent_explorer.app.features.doctoring import DoctoringFeature
from latent_explorer.app.features.download import DownloadFeature
from latent_explorer.app.features.exact_codes import ExactCodesFeature
from latent_explorer.app.features.export import ExportFeature
from latent_explorer.app.features.fields import FieldsFeature
from latent_explorer.app.features.hover import HoverFeature
from latent_explorer.app.features.indexing import IndexFeature
from latent_explorer.app.features.keeping import KeepingFeature
from latent_explorer.app.features.measuring import MeasuringFeature
from latent_explorer.app.features.mosaic import MosaicFeature
from latent_explorer.app.features.neighbours import NeighboursFeature
from latent_explorer.app.features.opening import OpeningFeature
from latent_explorer.app.features.pictures import PicturesFeature
from latent_explorer.app.features.pins import PinsFeature
from latent_explorer.app.features.posterior import PosteriorFeature
from latent_explorer.app.features.probe import ProbeFeature
from latent_explorer.app.features.python import PythonFeature
from latent_explorer.app.features.scenery import SceneryFeature
from latent_explorer.app.features.selection import SelectionFeature
from latent_explorer.app.features.slicing import SlicingFeature
from latent_explorer.app.features.telling import TellingFeature
from latent_explorer.app.features.thumbnails import ThumbnailsFeature
from latent_explorer.app.features.training import TrainingFeature
from latent_explorer.app.features.turning import TurningFeature
from latent_explorer.app.features.undo import UndoFeature
from latent_explorer.app.features.uniform import UniformFeature
from latent_explorer.app.session import Session
from latent_explorer.app.settings import Settings
from latent_explorer.core.checkpoint.reading import Reading
from latent_explorer.views.first_paint import FirstPaint
from latent_explorer.views.main_window import MainWindow
from latent_explorer.workers.lanes import Lanes
from latent_explorer.workers.training import TrainingLane

SWITCH_INTERVAL = 0.0005  # seconds: how soon a worker gives Python's lock back to the window


class Program(QObject):
    """One window and all that belongs to it. `close` must be called before it is let go: threads are running."""

    def __init__(self, theme: str | None = None) -> None:
        super().__init__()
        self._switch_interval = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_INTERVAL)
        self.settings = Settings()
        self.session = Session(self)
        dress(theme or self.settings.theme(), self.settings.scale())
        self.window = MainWindow()
        self.lanes = Lanes()
        self.training_lane = TrainingLane()
        self._jobs_held = False  # until the first picture is painted
        session, window, lanes = self.session, self.window, self.lanes
        self.appearance = AppearanceFeature(session, window, self.settings, theme)
        self.slicing = SlicingFeature(session, window)
        self.scenery = SceneryFeature(session, window, lanes.tiles)
        self.compiled = CompiledFeature(session, lanes.compute, self)
        self.probe = ProbeFeature(session, window, lanes.probe)
        self.pins = PinsFeature(session, window, lanes.tiles, self.probe)
        self.mosaic = MosaicFeature(session, window, lanes.tiles)
        self.fields = FieldsFeature(session, window, lanes.compute)
        self.neighbours = NeighboursFeature(session, window, lanes.tiles, self.probe)
        self.opening = OpeningFeature(session, window, lanes.jobs)
        self.datasets = DatasetsFeature(session, window, lanes.jobs, self.settings)
        self.download = DownloadFeature(session, window, lanes.downloads, self.datasets)
        self.training = TrainingFeature(session, window, self.training_lane)
        self.doctoring = DoctoringFeature(session, window, lanes.compute, self.training_lane, self.training)
        self.keeping = KeepingFeature(session, window, lanes.jobs)
        self.export = ExportFeature(session, window, lanes.jobs, self.probe)
        self.measuring = MeasuringFeature(session, window, lanes.jobs)
        self.python = PythonFeature(session, window, self.probe)
        self.index = IndexFeature(session, window, lanes.compute)
        self.hover = HoverFeature(session, window, lanes.probe, self.index, self.probe)
        self.selection = SelectionFeature(session, window, lanes, self.index, self.hover, self.probe)
        self.exact_codes = ExactCodesFeature(session, window, lanes.jobs)
        self.anomalies = AnomaliesFeature(session, window, self.index, self.exact_codes)
        self.posterior = PosteriorFeature(session, window, lanes.compute, self.fields, self.hover, self.probe)
        self.anomalies.found.connect(self.posterior.ask_about_row)
        self.pictures = PicturesFeature(session, window, lanes, self.posterior, self.probe)
        self.opening.pictureChosen.connect(self.pictures.open)
        self.thumbnails = ThumbnailsFeature(session, window, self.index)
        self.telling = TellingFeature(session, window)
        self.turning = TurningFeature(session, window)
        self.undo = UndoFeature(session, window)
        self.selection.jumped.connect(self.undo.view_moved)
        self.posterior.zoomed.connect(self.undo.view_moved)
        self.uniform = UniformFeature(session, window)  # after all that draw
        self.index.indexed.connect(self.probe.look_again)
        session.noticed.connect(window.notice.tell)
        window.filesDropped.connect(self._dropped)
        window.closeRequested.connect(self._ask_to_close)
        lanes.jobs.progressed.connect(self._job_progressed)
        for lane in lanes.all():
            lane.failed.connect(self._broke)

    def start(self, path: Path | None = None, reading: Reading | None = None) -> None:
        """Open a model file (or data folder), else the default model; then look for data. `reading` has begun with the model."""
        folder = path is not None and path.is_dir()
        if reading is not None:
            self.opening.open_early(reading)
        elif path is None or folder:
            self.opening.open_default()
        else:
            self.opening.refresh()
            self.opening.open(path)
        self.datasets.load_default()
        if folder:
            self.datasets.load(str(path))

    def paint_first(self) -> None:
        """Let loading torch and the data, which takes Python's lock for long, wait for the first picture, mosaic included."""
        self.lanes.jobs.hold()
        FirstPaint(self.window.plane.viewport()).painted.connect(self._first_painted)

    def _first_painted(self) -> None:
        self._jobs_held = True
        self.lanes.tiles.progressed.connect(self._begin_jobs)
        self._begin_jobs()

    def _begin_jobs(self) -> None:
        if self._jobs_held and not self.lanes.tiles.busy:  # what was said before the disconnection still arrives after it
            self._jobs_held = False
            self.lanes.tiles.progressed.disconnect(self._begin_jobs)
            self.lanes.jobs.release()

    def _dropped(self, paths: list[str]) -> None:
        for path in paths:
            if Path(path).is_file():
                self.opening.open(Path(path))

    def _job_progressed(self, title: str, what: str, part: float) -> None:
        if self.session.run_state == "idle":
            going = f"{title} {what} {part:.0%}" if what or part else f"{title} …"
            self.window.status.set_work(going if title else "")

    def _broke(self, error: Exception) -> None:
        """A worker met a bug: to the crash reporter, by way of Python's own hook."""
        sys.excepthook(type(error), error, error.__traceback__)

    def _ask_to_close(self) -> None:
        """While training: closing stops the run and keeps it."""
        if self.session.run_state != "idle":
            box = QMessageBox(self.window)
            box.setWindowTitle("Training is on")
            box.setText("Training is on. Closing stops it; what was learned is kept in My models and can be continued.")
            stop = box.addButton("Stop and close", QMessageBox.ButtonRole.AcceptRole)
            stay = box.addButton("Go on training", QMessageBox.ButtonRole.RejectRole)
            box.setDefaultButton(stop)
            box.setEscapeButton(stay)
            box.exec()
            box.deleteLater()  # else it lives as long as the window
            if box.clickedButton() is not stop:
                return
        self.window.may_close = True

    def close(self) -> None:
        """Stop all threads and keep what runs. The window remembers its layout when it closes, before Qt hides what floats."""
        self.training_lane.ask_to_close()
        self.lanes.close()
        self.training_lane.close()
        self.window.may_close = True
        self.window.close()
        self.window.deleteLater()
        sys.setswitchinterval(self._switch_interval)
