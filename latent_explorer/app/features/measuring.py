"""ELBO, reconstruction and squared error of every shown image, when a person asks for them: then points can be coloured by them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject

from latent_explorer.app.session import Session
from latent_explorer.core.types import Codes, Slot
from latent_explorer.views.main_window import MainWindow
from latent_explorer.workers.lanes import Lane
from latent_explorer.workers.measuring import measure_images
from latent_explorer.workers.task import Task

FIRST = "elbo"  # what the points are coloured by when it is there


class MeasuringFeature(QObject):
    """Asks for each image's terms in the jobs lane, and gives them to the codes of the slot they belong to."""

    def __init__(self, session: Session, window: MainWindow, lane: Lane) -> None:
        super().__init__(window)
        self._session, self._lane = session, lane
        self._asked: Codes | None = None
        window.wish.connect(self._wished)

    def _wished(self, wish: str) -> None:
        if wish == "measure":
            self.measure()

    def measure(self) -> None:
        """Begin, or say why not."""
        slot = self._session.slot
        if slot is None or slot.handle is None or not slot.ready:
            self._refuse("Only a model that is open and loaded can measure images.")
            return
        codes, dataset = slot.points, self._session.dataset_of(slot)
        if slot.in_training:
            self._refuse("Images are measured when the run has ended, since every step changes the model.")
        elif codes is None or dataset is None or not len(codes.z):
            self._refuse("The data set of this model is not open; open it first (File menu), then its images can be measured.")
        elif not 0 <= codes.index.min() <= codes.index.max() < len(dataset.images):
            self._refuse("The codes do not belong to the images that are open, so they cannot be measured.")
        elif FIRST in codes.columns:
            self._show()
        elif codes is not self._asked or not self._lane.busy:  # not asked yet, or cancelled
            self._asked = codes
            work = partial(measure_images, slot.handle, codes, dataset)
            self._lane.submit(Task("Measuring images", work, partial(self._measured, slot), self._failed))

    def _refuse(self, sentence: str) -> None:
        self._session.notice(sentence, trouble=True)

    def _measured(self, asked: Slot, codes: Codes) -> None:
        before, self._asked = self._asked, None
        slot = self._session.slot
        if slot is None or slot.handle is not asked.handle or slot.points is not before:
            return  # another model, or newer codes
        self._session.revise_slot(codes={**slot.codes, "mean": codes})
        self._show()
        self._session.notice("Every image is measured: points can be coloured by ELBO, reconstruction or squared error (Layers).")

    def _failed(self, error: Exception) -> None:
        self._asked = None
        self._lane.failed.emit(error)

    def _show(self) -> None:
        self._session.set_scene(layers=replace(self._session.scene.layers, point_colour=FIRST))
