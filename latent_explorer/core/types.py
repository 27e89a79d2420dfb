"""The currency between rooms: frozen values of read-only numpy arrays and plain Python.

They are compared by identity. Torch tensors and Qt objects never appear here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.errors import DatasetError
from latent_explorer.core.once import once
from latent_explorer.core.plane.extent import counts_of
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.index import PlaneIndex
from latent_explorer.core.plane.slices import Spread, spread_of
from latent_explorer.core.quick import QuickDecoder

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]
Floats = NDArray[np.float32]

KINDS = ("mean", "exact_mode", "exact_mean")  # of codes
MNIST_SIZE = 50_000  # "sets of MNIST's size": from here on the default validation part is 10,000


A = TypeVar("A", bound=NDArray[Any])


def freeze(array: A) -> A:
    """The same array, read-only."""
    array.setflags(write=False)
    return array


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of the data set, int64, disjoint: what trains, what chooses, what is quoted and shown."""

    train: Labels
    validation: Labels
    test: Labels


@dataclass(frozen=True, eq=False)
class ImageDataset:
    """Images with labels, held as bytes.

    Parameters
    ----------
    name : str
        Short name such as "mnist".
    images : uint8 array, shape (N, H, W, C), C 1 or 3
    labels : int64 array, shape (N,), or None; -1 means "no label"
    class_names : tuple of str
        Name of class k at position k.
    split : Split
    columns : mapping of str to float32 array (N,)
        Factors, continuous labels.
    source : str
        Where it came from, for people ("built in", or a folder).

    Raises
    ------
    DatasetError
        Shapes, types or labels do not fit together.
    """

    name: str
    images: Images
    labels: Labels | None
    class_names: tuple[str, ...]
    split: Split
    columns: Mapping[str, Floats] = field(default_factory=dict)
    source: str = ""

    def __post_init__(self) -> None:
        images = self.images
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3) or min(images.shape) < 1:
            raise DatasetError(f"{self.name}: images must be bytes of shape (N, H, W, 1 or 3), not {images.dtype} {images.shape}.")
        count = len(images)
        if self.labels is not None:
            if self.labels.dtype != np.int64 or self.labels.shape != (count,):
                labels = f"{self.labels.dtype} {self.labels.shape}"
                raise DatasetError(f"{self.name}: there are {count:,} images but labels of {labels}, not int64 ({count},).")
            if self.labels.min() < -1 or self.labels.max() >= len(self.class_names):
                raise DatasetError(f"{self.name}: labels must lie between -1 and {len(self.class_names) - 1}.")
            freeze(self.labels)
        for name, column in self.columns.items():
            if column.dtype != np.float32 or column.shape != (count,):
                found = f"{column.dtype} {column.shape}"
                raise DatasetError(f"{self.name}: column {name!r} is {found}, but there are {count:,} images: float32 ({count},).")
            freeze(column)
        for rows in (self.split.train, self.split.validation, self.split.test):
            freeze(rows)
        freeze(images)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        height, width, channels = self.images.shape[1:]
        return int(height), int(width), int(channels)

    @property
    def classes(self) -> int | None:
        """Number of classes, for a model that is told them; None where an image has none."""
        return len(self.class_names) if self.labels is not None and self.labels.min() >= 0 else None

    def reference(self) -> DataReference:
        """What a model or session remembers of this data set."""
        split = self.split
        sizes = len(split.train), len(split.validation), len(split.test)
        return DataReference(self.name, self.content_hash, self.class_names, self.image_shape, sizes)

    @once
    def content_hash(self) -> str:
        """SHA-256 over the images' shape and bytes, then the labels; not over the split."""
        digest = hashlib.sha256(str(tuple(int(n) for n in self.images.shape)).encode())
        digest.update(np.ascontiguousarray(self.images).data)
        if self.labels is not None:
            digest.update(np.ascontiguousarray(self.labels.astype("<i8")).data)
        return digest.hexdigest()

    def default_validation(self) -> int:
        """10,000 for sets of MNIST's size, else a tenth, of all that is not test."""
        available = len(self.split.train) + len(self.split.validation)
        return 10_000 if available >= MNIST_SIZE else available // 10

    def with_validation(self, count: int | None, split_seed: int = 0) -> ImageDataset:
        """The same data with `count` validation images, from the end of a seeded permutation of the training set.

        Raises
        ------
        DatasetError
            Fewer than one image would be left to train on, or there is none to begin with.
        """
        pool = np.sort(np.concatenate([self.split.train, self.split.validation]))
        if len(pool) == 0:
            raise DatasetError(f"{self.name} has no training images; choose another data set to train on.")
        count = self.default_validation() if count is None else count
        if not 0 <= count < len(pool):
            raise DatasetError(f"validation is {count:,}; {self.name} has {len(pool):,} training images, so choose 0 to {len(pool) - 1:,}.")
        order = pool[np.random.Generator(np.random.PCG64(split_seed)).permutation(len(pool))]
        cut = len(pool) - count
        parted = replace(self, split=Split(freeze(order[:cut]), freeze(order[cut:]), self.split.test))
        if "content_hash" in self.__dict__:  # does not depend on the split, and takes long for many images
            parted.__dict__["content_hash"] = self.content_hash
        return parted


@dataclass(frozen=True)
class DataReference:
    """What a model or session remembers of its data: enough to find it again and to know that it is the same."""

    name: str
    content_hash: str
    class_names: tuple[str, ...] = ()
    image_shape: tuple[int, int, int] = (1, 1, 1)
    sizes: tuple[int, int, int] = (0, 0, 0)  # train, validation, test


@dataclass(frozen=True, eq=False)
class Codes:
    """Where images lie in latent space.

    Parameters
    ----------
    kind : str
        One of `KINDS`: posterior means of the encoder (or of a few fixed nodes), modes and means of exact posteriors.
    z : float32 array, shape (N, d)
    index : int64 array, shape (N,): row in the data set
    labels : int64 array, shape (N,), -1 for none
    columns : mapping of str to float32 array with N first: "log_var" (N, d), "elbo" (N,), ...
    """

    kind: str
    z: Floats
    index: Labels
    labels: Labels
    columns: Mapping[str, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.z)
        if self.z.ndim != 2 or self.index.shape != (count,) or self.labels.shape != (count,):
            raise ValueError(f"codes do not fit: z {self.z.shape}, index {self.index.shape}, labels {self.labels.shape}")
        arrays: list[NDArray[Any]] = [self.z, self.index, self.labels, *self.columns.values()]
        for array in arrays:
            freeze(array)
        object.__setattr__(self, "columns", MappingProxyType(dict(self.columns)))

    def same_images(self, others: Codes | None) -> bool:
        """Whether the others are other places of the same images."""
        if self is others:
            return True
        return others is not None and np.array_equal(self.index, others.index) and np.array_equal(self.labels, others.labels)

    @once
    def spread(self) -> Spread:
        """How they lie along each latent axis; the first asking takes 10 ms for 10,000 x 256, so let it be a worker's."""
        return spread_of(self.z)

    @once
    def finder(self) -> PlaneIndex:
        """Finds codes of two dimensions by their place; sorting a million takes a tenth of a second, in a worker."""
        return PlaneIndex(self.z)

    @once
    def class_counts(self) -> Labels:
        """How many codes each label from 0 on has; a worker's, too, where there are millions."""
        return freeze(counts_of(self.labels))


@dataclass(frozen=True)
class ModelHandle:
    """An opaque name for a model. Workers, command line and API find the module by `id` in `core.nn.handles`.

    ``content_hash`` is empty for a model in training.
    """

    id: str
    architecture: ModelConfig
    content_hash: str = ""


@dataclass(frozen=True, eq=False)
class History:
    """Losses over a run, nats per image; smaller is better. All arrays are float32, shape (E,), NaN where not measured.

    ``epoch`` is the fractional number of finished epochs. Columns: ``train_loss``, ``train_reconstruction``,
    ``train_kl`` (means since the row before) and ``validation_loss``, ``validation_reconstruction``,
    ``validation_kl`` (at the end of an epoch). ``loss = reconstruction + beta * kl``.
    """

    epoch: Floats
    columns: Mapping[str, Floats]

    def __post_init__(self) -> None:
        for array in (self.epoch, *self.columns.values()):
            freeze(array)
        object.__setattr__(self, "columns", MappingProxyType(dict(self.columns)))


@dataclass(frozen=True, eq=False)
class TableFacts:
    """What a table of codes says about itself: its file, the names of the columns that are coordinates and values, its middle."""

    path: Path
    coordinates: tuple[str, ...]
    columns: tuple[str, ...] = ()
    middle: tuple[float, ...] = ()  # where the probe is to begin; one number for each coordinate


def main_kind(kinds: Collection[str]) -> str:
    """The kind of codes that stands for a model where nobody has chosen: the encoder's means, else the exact posteriors' modes."""
    return next((kind for kind in KINDS if kind in kinds), KINDS[0])


def main_codes(codes: Mapping[str, Codes]) -> Codes | None:
    """The codes of `main_kind`; None where there are none."""
    return codes.get(main_kind(codes))


@dataclass(frozen=True, eq=False)
class ModelRecord:
    """All that a checkpoint says besides its weights; read without torch."""

    handle: ModelHandle
    name: str
    codes: Mapping[str, Codes]
    history: History | None
    data: DataReference
    training: TrainingConfig | None
    figures: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    epoch: int = 0
    resumable: bool = False
    path: Path | None = None


@dataclass(frozen=True, eq=False)
class Slot:
    """One model on one plane.

    ``generation`` changes when model or frame is replaced: an answer for another one is dropped. Only while the same model
    is shown on the same axes, and a slice through it moves, is an older answer shown until a newer one arrives: those from
    generation ``since`` on (0: none but this one). ``revision`` counts the snapshots of a model in training. ``record`` is
    what the model's file says, or would say if it were written now.
    """

    slot_id: int
    generation: int
    frame: PlaneFrame
    codes: Mapping[str, Codes]
    handle: ModelHandle | None = None
    name: str = ""
    data: DataReference | None = None
    epoch: int = 0
    revision: int = 0
    ready: bool = False  # the workers hold the networks
    record: ModelRecord | None = None
    since: int = 0
    quick: QuickDecoder | None = None  # decodes until the networks are there; none where it cannot, or need not any more
    table: TableFacts | None = None  # where the codes come from a table, and there is no model
    condition: int | None = None  # the class that a conditional model is told; none for others
    seed: int = 0  # of what lies below the plane of a hierarchical model; 0 is its mean
    kind: str = "mean"  # of the codes that are shown, where there are any of it

    @property
    def points(self) -> Codes | None:
        """The codes that are shown: of the chosen kind, else posterior means, else of any kind."""
        return self.codes.get(self.kind) or main_codes(self.codes)

    @property
    def in_training(self) -> bool:
        """Whether its model has no file yet that says how it ended."""
        return self.handle is not None and self.record is None

    @property
    def decodes(self) -> bool:
        """Whether decodes can be asked for."""
        return self.handle is not None and (self.ready or self.quick is not None)

    @property
    def evens_out(self) -> bool:
        """Whether it can be shown in coordinates in which its prior is uniform: the plane lies along two axes of N(0, I)."""
        normal = self.handle is not None and self.handle.architecture.facts.prior and self.frame.kind == "affine"
        return normal and self.frame.pair is not None

    @property
    def conditional(self) -> bool:
        """Whether there is a plane for each class."""
        return self.handle is not None and self.handle.architecture.facts.conditional

    def ask(self, z: Floats, labels: Labels | None = None) -> DecodeRequest:
        """What is to be decoded: places (n, d) of the plane as it is shown, or codes of images, each as its own class (n,)."""
        assert self.handle is not None
        condition: int | Labels | None = self.condition
        if self.conditional and labels is not None:
            condition = np.where(labels >= 0, labels, self.condition or 0)
        return DecodeRequest(self.slot_id, self.generation, self.handle, z, condition, self.seed, self.quick)

    def class_name(self, label: int) -> str:
        """What people call a class; its number where it has no name."""
        names = self.data.class_names if self.data is not None else ()
        return names[label] if 0 <= label < len(names) else str(label)

    def takes(self, generation: int) -> bool:
        """Whether an answer for this generation may be shown."""
        return (self.since or self.generation) <= generation <= self.generation

    def on(self, frame: PlaneFrame, generation: int) -> Slot:
        """The same model on another plane, under a new generation."""
        since = (self.since or self.generation) if frame.continues(self.frame) else 0
        return replace(self, frame=frame, generation=generation, since=since)


@dataclass(frozen=True, eq=False)
class DecodeRequest:
    """Latent points (n, d), float32, to be decoded by the model in `handle`; ``condition`` is a class for all, or one for each."""

    slot_id: int
    generation: int
    handle: ModelHandle
    z: Floats
    condition: int | Labels | None = None
    seed: int = 0
    quick: QuickDecoder | None = None  # decodes in the place of the networks


@dataclass(frozen=True, eq=False)
class DecodeResult:
    """The answer: ``images`` uint8 (n, H, W, C), expected pixels under the likelihood; ``milliseconds`` of decoding."""

    request: DecodeRequest
    images: Images
    milliseconds: float


@dataclass(frozen=True, eq=False)
class TrainingProgress:
    """What the training loop says after every step; the heavy fields are None except at set moments.

    Parameters
    ----------
    epoch, epochs : int
        Finished epochs, and how many there will be.
    step, steps : int
        Finished steps of the whole run, and how many there will be.
    seconds, seconds_left : float
        Time spent training (pauses excluded), and the estimate of what is left; NaN before one is known.
    loss : float
        Of this step's batch, nats per image.
    snapshot : ModelHandle or None
        Names CPU copies of the newest weights; the id stays the same during a run, `revision` counts.
    codes : Codes or None
        Where the shown images lie now.
    examined : Codes or None
        Where validation images lie now (training images where none are set aside): what the model doctor may look at. None at
        the start of a run, where codes tell nothing yet.
    history : History or None
        All losses so far.
    resumable : bool
        The snapshot comes with optimiser and random state, so a run can be continued from it exactly.
    outcome : str
        "" while running; then "finished", "stopped" or "diverged".
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    seconds: float
    loss: float
    beta: float = 1.0
    steps_per_second: float = 0.0
    seconds_left: float = float("nan")
    snapshot: ModelHandle | None = None
    revision: int = 0
    codes: Codes | None = None
    history: History | None = None
    resumable: bool = False
    outcome: str = ""
    examined: Codes | None = None
