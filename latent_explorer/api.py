"""The Python API: models for notebooks and scripts, numpy in and numpy out.

The package itself gives these names (``latent_explorer.load``), each loaded when it is asked for first; docs/api.md
says what is guaranteed. Torch is loaded by `load`, Qt never.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from latent_explorer.core.errors import InputError, SettingError
from latent_explorer.core.files.gate import shown
from latent_explorer.core.types import Codes, ModelRecord, main_codes

if TYPE_CHECKING:
    from latent_explorer.core.posterior import Posterior
    from latent_explorer.core.types import ImageDataset

MAX_THREADS = 1024


class Encoded(NamedTuple):
    """What the encoder says of n images: q(z|x) = N(mu, diag(std^2)), by its parameters.

    Parameters
    ----------
    mu : float32 array, shape (n, d)
        The posterior means: where the images lie in latent space.
    log_var : float32 array, shape (n, d)
        The logarithms of the posterior variances.
    """

    mu: NDArray[np.float32]
    log_var: NDArray[np.float32]

    @property
    def std(self) -> NDArray[np.float32]:
        """The posterior standard deviations, ``exp(log_var / 2)``; float32, shape (n, d)."""
        deviations: NDArray[np.float32] = np.exp(0.5 * self.log_var)
        return deviations


class Model:
    """A model that encodes and decodes; made by `load`.

    It may be used as a context manager. Its weights stay in memory until `close`, or until nothing refers to it any
    more. Several threads may use one model.
    """

    def __init__(self, record: ModelRecord, device: str, threads: int | None) -> None:
        from latent_explorer.core.nn.handles import forget

        self._record, self._device, self._threads = record, device, threads
        self._forget = weakref.finalize(self, forget, record.handle)
        self._forget.atexit = False

    @property
    def record(self) -> ModelRecord:
        """All that the file says besides its weights: architecture, data, training settings, losses, figures, versions."""
        return self._record

    @property
    def name(self) -> str:
        """The model's name."""
        return self._record.name

    @property
    def hash(self) -> str:
        """SHA-256 over weights and architecture, as hexadecimal digits: equal for equal models, whatever their files are called."""
        return self._record.handle.content_hash

    @property
    def latent_dim(self) -> int:
        """Number of latent dimensions, d."""
        return self._record.handle.architecture.latent_dim

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels (1 or 3) of one image."""
        return self._record.handle.architecture.image_shape

    @property
    def codes(self) -> Codes | None:
        """The stored codes, posterior means of the data set's test images; None where the file holds none.

        ``z`` (n, d) float32, ``index`` (n,) int64 row in the data set, ``labels`` (n,) int64 with -1 for none. The
        arrays are read-only.
        """
        return main_codes(self._record.codes)

    @property
    def device(self) -> str:
        """Where it computes: "cpu", "cuda" or "mps"."""
        return self._device

    @property
    def closed(self) -> bool:
        """Whether its weights were let go."""
        return not self._forget.alive

    def encode(self, images: ArrayLike, *, labels: ArrayLike | None = None) -> Encoded:
        """Where images lie in latent space.

        Parameters
        ----------
        images : array, shape (n, H, W, C); for grey images also (n, H, W); or one image, (H, W, C) or (H, W)
            uint8 in 0..255, or floats (or bools) in 0..1. One image counts as n = 1.
        labels : whole numbers, shape (n,), or one for all; None
            The classes of the images, which a conditional model must be told. Other models are told none.

        Returns
        -------
        Encoded
            ``mu`` and ``log_var``, float32, shape (n, d).

        Raises
        ------
        InputError
            Another shape, type or range, classes that are missing or too many, or the model was closed.
        DeviceError
            Memory ran out.
        """
        from latent_explorer.core.nn.inference import encode
        from latent_explorer.core.telling import told_classes

        pixels = self._pixels(_array("images", images))
        given = None if labels is None else _array("labels", labels)
        told = told_classes(self._record.handle.architecture, given, len(pixels), "image")
        with self._computing():
            return Encoded(*encode(self._record.handle, pixels, told))

    def decode(self, z: ArrayLike, condition: int | None = None, seed: int = 0, *, labels: ArrayLike | None = None) -> NDArray[np.float32]:
        """The images at latent points: the pixels' expected values under the likelihood, never samples.

        Parameters
        ----------
        z : array of finite numbers, shape (n, d), or one point (d,), which counts as n = 1
        condition : int or None
            One class for all points, where a conditional model is told no `labels`. Other models are told none.
        seed : int
            Of a draw of what lies below z in a hierarchical model; 0 is its mean.
        labels : whole numbers, shape (n,), or one for all; None
            The class of each point, which a conditional model must be told.

        Returns
        -------
        float32 array, shape (n, H, W, C), in 0..1

        Raises
        ------
        InputError
            Another shape or type, classes that are missing or too many, or the model was closed.
        DeviceError
            Memory ran out.
        """
        from latent_explorer.core.nn.inference import decode
        from latent_explorer.core.telling import told_class, told_classes

        points, config = self._points(_array("z", z)), self._record.handle.architecture
        if condition is not None and labels is not None:
            raise InputError("Both condition and labels are given; give labels alone.")
        if condition is not None:
            told: int | NDArray[np.int64] | None = told_class(config, condition, self._record.data.class_names)
        else:
            told = told_classes(config, None if labels is None else _array("labels", labels), len(points), "point")
        with self._computing():
            return decode(self._record.handle, points, told, seed)

    def posterior(
        self, image: ArrayLike, resolution: int = 128, *, mask: ArrayLike | None = None, condition: int | None = None
    ) -> Posterior:
        """The exact posterior p(z|x) of one image on a grid of latent space; no encoder is asked.

        Parameters
        ----------
        image : array, shape (H, W, C); for grey images also (H, W)
            As of `encode`. A Bernoulli decoder has a likelihood for black and white pixels alone: for a grey image
            ``score`` is "grey score", a lower bound of the mean of log p(x) over its binary draws.
        resolution : int
            Nodes along each axis, a multiple of 4 from 16 to 2048.
        mask : bool array, shape (H, W) or (H, W, C), or None
            The pixels that are known; None for all.
        condition : int or None
            The class, for a conditional model.

        Returns
        -------
        Posterior
            ``probability`` (resolution, resolution) float32, ``z`` (n, d), ``log_evidence``, ``mode``, ``mean``,
            ``covariance``, ``entropy`` and more. The arrays are read-only.

        Raises
        ------
        SettingError
            There is no exact inference for this model (the text says why), or an argument is out of range.
        InputError
            Another shape, type or range, or the model was closed.
        DeviceError
            Memory ran out.
        """
        from latent_explorer.core.nn.exact.posterior import posterior

        pixels = self._pixels(_array("image", image))
        if len(pixels) != 1:
            raise InputError(f"image has the shape {np.shape(image)}; give one image, {self.image_shape}.")
        known = None if mask is None else _array("mask", mask)
        with self._computing():
            return posterior(self._record.handle, pixels[0], resolution, known, condition)

    def close(self) -> None:
        """Let the weights go; `record` and `codes` stay. Closing twice is no error."""
        self._forget()

    @contextmanager
    def _computing(self) -> Iterator[None]:
        from latent_explorer.core.nn.device import memory_in_a_sentence, threads_inside

        if self.closed:
            raise InputError(f"The model {shown(self.name)} was closed; load it again.")
        with threads_inside(self._threads), memory_in_a_sentence(self._device):
            yield

    def _pixels(self, images: NDArray[Any]) -> NDArray[np.uint8] | NDArray[np.float32]:
        """What was given as uint8, or as float32 in 0..1, shape (n, H, W, C)."""
        height, width, channels = self.image_shape
        if images.shape == self.image_shape or (channels == 1 and images.shape == (height, width)):
            batch = images.reshape(1, *self.image_shape)
        elif images.shape[1:] == self.image_shape or (channels == 1 and images.ndim == 3 and images.shape[1:] == (height, width)):
            batch = images.reshape(len(images), *self.image_shape)
        else:
            one = f"{height}, {width}, {channels}"
            takes = f"(n, {one}), or one image ({one})"
            if channels == 1:
                takes = f"(n, {one}) or (n, {height}, {width}), or one image ({one}) or ({height}, {width})"
            raise InputError(f"images have the shape {images.shape}; {shown(self.name)} takes {takes}.")
        if batch.dtype == np.uint8:
            return batch
        if batch.dtype.kind not in "fb":
            raise InputError(f"images are of the type {batch.dtype}; give uint8 in 0..255, or floats in 0..1.")
        if batch.size and not (batch.min() >= 0 and batch.max() <= 1):
            low, high = f"{batch.min():.4g}", f"{batch.max():.4g}"
            raise InputError(f"images have values from {low} to {high}; give floats in 0..1 (divide or clip them), or uint8 in 0..255.")
        return batch.astype(np.float32)

    def _points(self, z: NDArray[Any]) -> NDArray[np.float32]:
        """What was given as finite float32, shape (n, d)."""
        d = self.latent_dim
        if z.ndim not in (1, 2) or z.shape[-1] != d:
            raise InputError(f"z has the shape {z.shape}; {shown(self.name)} takes (n, {d}) or one point ({d},).")
        if z.dtype.kind not in "fiu":
            raise InputError(f"z is of the type {z.dtype}; give numbers.")
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused with its like
            points = z.astype(np.float32).reshape(-1, d)
        if not np.isfinite(points).all():
            raise InputError("z holds NaN, infinity or a number too large for float32; give finite numbers.")
        return points

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        architecture = self._record.handle.architecture
        size = " x ".join(str(n) for n in self.image_shape)
        state = "closed" if self.closed else f"on {self._device}"
        return (
            f"<Model {shown(self.name)!r}: {architecture.family}, {architecture.network}, images {size}, latent_dim {self.latent_dim},"
            f" hash {self.hash[:12]}, {state}>"
        )


def _array(what: str, values: ArrayLike) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except (ValueError, TypeError) as problem:  # lists of unequal lengths, a tensor on a device
        raise InputError(f"{what} cannot become a numpy array: {str(problem).rstrip('.')}.") from problem


def load(path_or_name: str | os.PathLike[str], *, device: str = "cpu", threads: int | None = None) -> Model:
    """Load a model.

    Parameters
    ----------
    path_or_name : str or path
        A model file, else the name of a model that comes with the program, else a name in "My models"; as on the
        command line.
    device : str
        "cpu", "cuda", "mps", or "auto" for the best there is.
    threads : int or None
        Threads to compute with, in calls of this model only; None leaves torch's own setting as it is. Equal numbers to
        the last bit need equal threads.

    Raises
    ------
    CheckpointError
        There is no such model, or its file cannot be used.
    SettingError, DeviceError
        `threads` or `device` is out of range, or the device is not there.
    """
    given: object = threads  # from a caller without a type checker it may be anything
    if given is not None and (isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= MAX_THREADS):
        raise SettingError(f"threads is {threads!r}; it must be a whole number from 1 to {MAX_THREADS}, or None.")
    from latent_explorer.core.checkpoint.library import resolve_model

    path = resolve_model(os.fspath(path_or_name))

    from latent_explorer.core.checkpoint.weights import load_model
    from latent_explorer.core.nn.device import resolve_device, threads_inside

    place = resolve_device(device).type
    with threads_inside(threads):
        return Model(load_model(path, place), place, threads)


def models() -> tuple[str, ...]:
    """Names that `load` takes: the models that come with the program, then those in "My models", newest first.

    Raises
    ------
    CheckpointError
        The list of the models that come with the program is damaged.
    """
    from latent_explorer.core.checkpoint.library import my_models, shipped

    return tuple(dict.fromkeys(entry.name for entry in (*shipped(), *my_models())))


def load_dataset(name_or_path: str | os.PathLike[str]) -> ImageDataset:
    """Load a data set by its name ("digits" comes with the program) or from its folder; as ``--data`` on the command line.

    Returns
    -------
    ImageDataset
        ``images`` uint8 (N, H, W, C); ``labels`` int64 (N,) or None, -1 for none; ``class_names``; ``split`` with the rows
        ``train``, ``validation`` and ``test``. The arrays are read-only.

    Raises
    ------
    DatasetError
        There is no such data set, or its files cannot be used.
    """
    from latent_explorer.core.data import registry

    return registry.load_dataset(os.fspath(name_or_path))
