"""Points are drawn by compiled code, when that is loaded; until then, and where it cannot be had, numpy draws them."""

from __future__ import annotations

import logging

from PySide6.QtCore import QObject

from latent_explorer.app.session import Session
from latent_explorer.core.raster.engine import load_kernels
from latent_explorer.core.types import Slot
from latent_explorer.workers.lanes import Lane
from latent_explorer.workers.task import Context, Task

log = logging.getLogger("latent_explorer")


class CompiledFeature(QObject):
    """Loads it once, after the networks: it takes Python's lock as their loading does, and the first decode comes first.

    Loading takes half a second; at the program's very first start some seconds more, to compile.
    """

    def __init__(self, session: Session, lane: Lane, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._lane = session, lane
        session.slotChanged.connect(self._slot_changed)

    def _slot_changed(self, slot: Slot) -> None:
        if slot.ready or slot.handle is None:
            self._session.slotChanged.disconnect(self._slot_changed)
            self._lane.submit(Task("", _load, self._loaded, torch=False, kind="compiled"))

    def _loaded(self, found: bool) -> None:
        if not found:
            log.info("numba cannot be loaded: many points are drawn more slowly")


def _load(context: Context) -> bool:
    """In the lane."""
    return load_kernels()
