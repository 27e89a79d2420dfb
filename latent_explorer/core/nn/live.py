"""What training shows of itself: copies of the weights, codes that are re-encoded bit by bit, losses so far."""

from __future__ import annotations

import math
import time
from copy import deepcopy

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.nn.families.base import Model
from latent_explorer.core.nn.inference import read_with
from latent_explorer.core.types import Codes, History, ImageDataset

ENCODE_SHARE = 0.1  # of the training time at most
EXAMINE_SHARE = 0.03  # likewise
EXAMINED = 2000  # images
PARTS = 8
MAX_WINDOWS = 2000
SERIES = ("train_loss", "train_reconstruction", "train_kl", "validation_loss", "validation_reconstruction", "validation_kl")


def copy_to_cpu(module: Model) -> Model:
    """The same networks with weights of their own on the CPU, in eval mode and without gradients."""
    return deepcopy(module).cpu().eval().requires_grad_(False)


def examined_rows(dataset: ImageDataset) -> NDArray[np.int64]:
    """The images that the model doctor may look at: of the validation part, else of the training part, never of the test part."""
    split = dataset.split
    return (split.validation if len(split.validation) else split.train)[:EXAMINED]


class LiveCodes:
    """Posterior means of the shown images while training.

    Encoding all of them takes long, so every call re-encodes one interleaved eighth, and only when encoding has used
    less than a tenth of the training time. All points are always there; each is at most eight calls old.
    """

    def __init__(self, dataset: ImageDataset, rows: NDArray[np.int64]) -> None:
        self._images, self._rows = dataset.images, rows
        self._labels = np.full(len(rows), -1, np.int64) if dataset.labels is None else dataset.labels[rows]
        self._z = np.zeros((0, 0), np.float32)
        self._columns: dict[str, NDArray[np.float32]] = {}
        self._next = 0
        self._spent = 0.0

    def all(self, module: Model) -> Codes:
        """Every row, encoded now."""
        self._z, self._columns = read_with(module, self._images[self._rows], self._labels)
        return self._codes()

    def all_if_due(self, module: Model, seconds: float) -> Codes | None:
        """Every row, or None when that has taken more than `EXAMINE_SHARE` of the `seconds` of training so far."""
        if self._spent > EXAMINE_SHARE * seconds:
            return None
        begun = time.perf_counter()
        codes = self.all(module)
        self._spent += time.perf_counter() - begun
        return codes

    def some(self, module: Model, seconds: float) -> Codes | None:
        """One part re-encoded, or None when encoding has had its share of the `seconds` of training so far."""
        if self._spent > ENCODE_SHARE * seconds:
            return None
        begun = time.perf_counter()
        part = slice(self._next, None, PARTS)
        self._next = (self._next + 1) % PARTS
        self._z[part], columns = read_with(module, self._images[self._rows[part]], self._labels[part])
        for name, column in columns.items():
            self._columns[name][part] = column
        self._spent += time.perf_counter() - begun
        return self._codes()

    def _codes(self) -> Codes:
        columns = {name: column.copy() for name, column in self._columns.items()}
        codes = Codes("mean", self._z.copy(), self._rows.copy(), self._labels.copy(), columns)
        if codes.z.shape[1] > 2:
            _ = codes.spread  # the window lays its plane by it; computing it here keeps it off the GUI thread
        return codes


class LossHistory:
    """Losses of a run: a row for every window of steps, and one at each end of an epoch with the validation losses."""

    def __init__(self, steps_per_epoch: int, steps: int) -> None:
        self._steps_per_epoch = steps_per_epoch
        self._window = max(1, steps_per_epoch // 20, steps // MAX_WINDOWS)
        self._rows: list[tuple[float, ...]] = []
        self._sums = np.zeros(3)
        self._count = 0

    def add(self, step: int, loss: float, reconstruction: float, kl: float, images: int) -> None:
        """One step's batch means, weighed by its number of images."""
        self._sums += np.array([loss, reconstruction, kl]) * images
        self._count += images
        if step % self._window == 0 or step % self._steps_per_epoch == 0:
            self._rows.append((step / self._steps_per_epoch, *(self._sums / self._count), math.nan, math.nan, math.nan))
            self._sums, self._count = np.zeros(3), 0

    def add_validation(self, step: int, loss: float, reconstruction: float, kl: float) -> None:
        """The validation losses of an epoch that has just ended, beside its last training losses."""
        epoch = step / self._steps_per_epoch
        if self._rows and self._rows[-1][0] == epoch:
            self._rows[-1] = (*self._rows[-1][:4], loss, reconstruction, kl)
        else:
            self._rows.append((epoch, math.nan, math.nan, math.nan, loss, reconstruction, kl))

    def cut(self, step: int) -> None:
        """Forget what came after `step`: the run has gone back to the weights it had then."""
        self._rows = [row for row in self._rows if row[0] <= step / self._steps_per_epoch]

    def freeze(self) -> History:
        """All rows so far, as a value that may leave."""
        table = np.array(self._rows, np.float32).reshape(-1, 1 + len(SERIES))
        return History(table[:, 0].copy(), {name: table[:, k + 1].copy() for k, name in enumerate(SERIES)})

    def window(self) -> NDArray[np.float64]:
        """What the next row has gathered so far: loss, reconstruction and KL times images, and images; shape (4,)."""
        return np.array([*self._sums, self._count], np.float64)

    def load(self, history: History | None, window: NDArray[np.floating]) -> None:
        """Take over rows and window of a run that is continued; ValueError when the window is none."""
        if window.shape != (4,) or not np.isfinite(window).all():
            raise ValueError("the window of losses does not fit")
        self._sums, self._count = np.array(window[:3], np.float64), int(window[3])
        if history is None:
            return
        missing = np.full(len(history.epoch), np.nan, np.float32)
        columns = [history.epoch, *(history.columns.get(name, missing) for name in SERIES)]
        self._rows = [tuple(float(value) for value in row) for row in np.stack(columns, axis=1)]
