"""The strangest images: those with the smallest exact score, selected and listed, the strangest first."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Signal

from latent_explorer.app.features.exact_codes import ExactCodesFeature
from latent_explorer.app.features.hover import config_of, name_of
from latent_explorer.app.features.indexing import IndexFeature
from latent_explorer.app.session import Session
from latent_explorer.core.nn.exact.grids import why_not
from latent_explorer.core.plane.values import pixels_of, score_of
from latent_explorer.core.scene import Rows
from latent_explorer.core.types import Slot
from latent_explorer.views.main_window import MainWindow

COUNT = 50
NO_MODEL = "A table of codes has no decoder, so no row has a likelihood."


class AnomaliesFeature(QObject):
    """Points > Select the 50 strangest. Scores come with the exact codes, which are computed first where they are not there.

    Signals: found(int), the row of the strangest of those that are selected now.
    """

    found = Signal(int)

    def __init__(self, session: Session, window: MainWindow, index: IndexFeature, exact: ExactCodesFeature) -> None:
        super().__init__(window)
        self._session, self._window, self._index, self._exact = session, window, index, exact
        window.wish.connect(self._wished)
        session.slotChanged.connect(self._slot_changed)

    def _slot_changed(self, slot: Slot) -> None:
        """The entry of the menu is there where images have a likelihood."""
        codes, reason = slot.points, ""
        if codes is None or not score_of(codes):
            reason = NO_MODEL if slot.handle is None else why_not(slot.handle.architecture)
        self._window.set_strangest(reason)

    def _wished(self, wish: str) -> None:
        if wish == "strangest":
            slot = self._session.slot
            codes = slot.points if slot is not None else None
            if codes is not None and score_of(codes):
                self.select()
            else:
                self._exact.compute(self.select)

    def select(self) -> None:
        """Select them, of the points that can be seen; the table has them in order."""
        slot = self._session.slot
        codes = slot.points if slot is not None else None
        column = score_of(codes) if codes is not None else ""
        if slot is None or codes is None or not column:
            return
        scores, visible = codes.columns[column], self._index.visible
        rows = np.flatnonzero(np.isfinite(scores) if visible is None else np.isfinite(scores) & visible)
        chosen = rows[np.argsort(scores[rows], kind="stable")[:COUNT]]
        self._session.set_scene(selection=Rows(np.sort(chosen)))
        if len(chosen):
            self.found.emit(int(chosen[0]))
        dataset, config = self._session.dataset_of(slot), config_of(slot)
        pixels = pixels_of(config, None if dataset is None else dataset.images)
        self._window.selection.sort_by(name_of(column, codes, None if config is None else config.facts, pixels))
        self._window.raise_panel("selection")
