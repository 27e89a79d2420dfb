"""A person's own picture, opened, dropped or pasted: the model is asked about it.

It stands in the panel of the exact posterior. Where a model has no exact inference, its encoder is asked, and the probe held there.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog

from latent_explorer.app.features.posterior import Own, PosteriorFeature
from latent_explorer.app.features.probe import ProbeFeature
from latent_explorer.app.session import Session
from latent_explorer.core.errors import Cancelled, LatentExplorerError
from latent_explorer.core.files.gate import shown
from latent_explorer.core.nn.exact.grids import why_not
from latent_explorer.core.types import Images, ModelHandle, Slot
from latent_explorer.views.main_window import MainWindow
from latent_explorer.views.picture import from_qimage
from latent_explorer.workers.lanes import Lanes
from latent_explorer.workers.task import Context, Task

if TYPE_CHECKING:
    from latent_explorer.core.data.picture import Picture

FILTER = "Images (*.png *.jpg *.jpeg *.bmp *.gif *.webp);;All files (*)"
NO_MODEL = "Only a model can be asked about an image; open a model, and the image again."
NOTHING_COPIED = "There is no image to paste; copy one, or the file of one, in another program first."


@dataclass(frozen=True, eq=False)
class Encoded:
    """Where the encoder of a model puts an image: z (d,), float32."""

    handle: ModelHandle
    z: np.ndarray


class PicturesFeature(QObject):
    """Reads files on the jobs lane; pictures of the clipboard are in memory already. The newest one counts."""

    def __init__(self, session: Session, window: MainWindow, lanes: Lanes, posterior: PosteriorFeature, probe: ProbeFeature) -> None:
        super().__init__(window)
        self._session, self._window, self._lanes = session, window, lanes
        self._posterior, self._probe = posterior, probe
        self._picture: Picture | None = None
        self._invert: bool | None = None  # None: as it looks
        self._inverted = False
        self._waiting = False  # for a model, or for its networks
        self._stop = threading.Event()
        self._title, self._cancellable = "", False
        window.wish.connect(self._wished)
        window.pictureGiven.connect(self._given)
        window.posterior.invertRequested.connect(self._set_inverted)
        window.status.cancelRequested.connect(self._cancel)
        lanes.jobs.progressed.connect(self._progressed)
        session.slotChanged.connect(self._slot_changed)

    # Wishes

    def _wished(self, wish: str) -> None:
        if wish == "open_image":
            chosen, _ = QFileDialog.getOpenFileName(self._window, "Open an image", "", FILTER)
            if chosen:
                self.open(Path(chosen))
        elif wish == "paste":
            data = QGuiApplication.clipboard().mimeData()
            if not self._window.take(data, "Pasted image"):
                self._session.notice(NOTHING_COPIED, trouble=True)
        elif wish == "invert_picture":
            self._set_inverted(not self._inverted)

    def open(self, path: Path) -> None:
        """Read a picture and ask about it; a refusal leaves all as it was."""
        self._stop.set()
        self._stop, self._title = threading.Event(), f"Reading {shown(path.name)}"
        self._lanes.jobs.submit(Task(self._title, partial(_read, path, self._stop), self._arrived, self._refused, torch=False))

    def _given(self, image: QImage, name: str) -> None:
        from latent_explorer.core.data.picture import MOST_PIXELS, MOST_SIDE, Picture, flat

        if image.width() * image.height() > MOST_PIXELS:
            self._session.notice(
                f"The image has {image.width():,} × {image.height():,} pixels, and at most {MOST_PIXELS / 1e6:.0f} million are taken;"
                " copy a part of it.",
                trouble=True,
            )
            return
        self._stop.set()  # what is still being read is not wanted any more
        self._arrived(Picture(name, flat(from_qimage(image, MOST_SIDE)), image.width(), image.height()))

    def _set_inverted(self, invert: bool) -> None:
        self._invert = invert
        if self._picture is not None:
            self._show(anew=False)

    # Reading

    def _progressed(self, title: str, what: str, part: float) -> None:
        if what and title == self._title and not self._stop.is_set():
            self._cancellable = True
            self._window.status.set_cancellable(True)
        elif self._cancellable:
            self._cancellable = False
            self._window.status.set_cancellable(False)

    def _cancel(self) -> None:
        if self._cancellable:
            self._cancellable = False
            self._stop.set()
            self._window.status.set_cancellable(False)
            self._session.notice(f"{self._title} was cancelled; nothing has changed.")

    def _refused(self, error: Exception) -> None:
        if not isinstance(error, LatentExplorerError):
            raise error
        self._session.notice(str(error), trouble=True)

    def _arrived(self, picture: Picture) -> None:
        self._picture, self._invert = picture, None
        self._waiting = self._session.slot is None
        if not self._waiting:
            self._show(anew=True)

    # Asking

    def _slot_changed(self, slot: Slot) -> None:
        if self._waiting and (slot.ready or slot.handle is None):
            self._waiting = False
            self._show(anew=True)
            return
        own = self._posterior.own
        if own is None or slot.handle is None:
            return
        model = slot.handle.architecture
        if own.image.shape != model.image_shape and not why_not(model):
            self._show(anew=False)  # another model, whose images have another shape

    def _show(self, *, anew: bool) -> None:
        """Ask the shown model about the picture; not `anew`, it only looks another way now."""
        from latent_explorer.core.data.fitting import fit

        slot, picture = self._session.slot, self._picture
        assert slot is not None and picture is not None
        if slot.handle is None:
            self._session.notice(NO_MODEL, trouble=True)
            return
        model = slot.handle.architecture
        fitted = fit(picture.pixels, model.image_shape, self._invert)
        self._inverted, grey = fitted.inverted, model.image_shape[2] == 1
        reason = why_not(model)
        if not reason:
            own = Own(f"Your image: {picture.name}", fitted.image, fitted.inverted if grey else None)
            self._posterior.show_own(own, anew=anew)
            if anew:
                self._tell(picture, slot, "")
        elif not model.facts.encoder:
            self._session.notice(f"{reason} It has no encoder either, so it says nothing of an image.", trouble=True)
        elif not slot.ready:
            self._waiting = True
        else:
            work = partial(_encode, slot.handle, fitted.image, slot.condition)
            self._lanes.compute.submit(Task("", work, self._encoded, self._refused, kind="picture"))

    def _encoded(self, encoded: Encoded) -> None:
        slot, picture = self._session.slot, self._picture
        if slot is None or slot.handle is None or slot.handle.id != encoded.handle.id or picture is None:
            return
        self._probe.put(tuple(encoded.z.tolist()))
        self._tell(picture, slot, " Without exact inference, the encoder was asked: the probe is held where it puts the image.")

    def _tell(self, picture: Picture, slot: Slot, more: str) -> None:
        """What was done to the picture, with a button to have it the other way round."""
        assert slot.handle is not None
        height, width, channels = slot.handle.architecture.image_shape
        done = f"{picture.name}: {picture.width:,} × {picture.height:,} pixels were made {width} × {height} in"
        done += " grey" if channels == 1 else " colour"
        if channels != 1:
            self._session.notice(f"{done}.{more}")
            return
        background = "and its light background was made black" if self._inverted and self._invert is None else "and inverted"
        sentence = f"{done}{', ' + background if self._inverted else ''}.{more}"
        words, hint = ("As it was", "Keep light and dark as they were.") if self._inverted else ("Invert", "Exchange light and dark.")
        self._window.notice.offer(sentence, words, "invert_picture", hint)


def _read(path: Path, stop: threading.Event, context: Context) -> Picture:
    from latent_explorer.core.data.picture import read_picture  # the window does not wait for it

    def poll() -> None:
        if stop.is_set():
            raise Cancelled
        context.progress("decoding", 0.0)

    return read_picture(path, poll)


def _encode(handle: ModelHandle, image: Images, condition: int | None, context: Context) -> Encoded:
    from latent_explorer.core.nn.handles import has
    from latent_explorer.core.nn.inference import encode

    if not has(handle):
        raise Cancelled  # the model was let go
    labels = None if condition is None else np.array([condition], np.int64)
    return Encoded(handle, encode(handle, image[None], labels)[0][0])
