"""What a model is and how it is trained: frozen, checked on creation, plain values only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Any, Self

from latent_explorer.core.errors import SettingError

FAMILIES = ("vae",)
NETWORKS = ("dense",)
LIKELIHOODS = ("bernoulli",)
ACTIVATIONS = ("silu", "relu", "tanh")
SCHEDULES = ("cosine", "constant")
BINARIZE = ("dynamic", "none")

MAX_IMAGE_SIDE = 1024
MAX_LATENT_DIM = 1024
MAX_LAYERS = 16
MAX_WIDTH = 8192
MAX_PARAMETERS = 200_000_000


def _whole(name: str, value: object, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise SettingError(f"{name} is {value!r}; it must be a whole number from {low} to {high}.")
    return value


def _real(name: str, value: object, low: float, high: float, *, above: bool = False) -> float:
    number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not (math.isfinite(number) and low <= number <= high) or (above and number == low):
        start = f"above {low:g}" if above else f"from {low:g}"
        raise SettingError(f"{name} is {value!r}; it must be a number {start} up to {high:.10g}.")
    return number


def _choice(name: str, value: object, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise SettingError(f"{name} is {value!r}; it must be one of {', '.join(choices)}.")
    return value


def _widths(name: str, value: object) -> tuple[int, ...]:
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= MAX_LAYERS:
        raise SettingError(f"{name} is {value!r}; it must be 1 to {MAX_LAYERS} widths, such as 512,512.")
    return tuple(_whole(f"a width of {name}", width, 1, MAX_WIDTH) for width in value)


@dataclass(frozen=True)
class ModelConfig:
    """The architecture: enough to build the same networks again.

    Parameters
    ----------
    image_shape : (int, int, int)
        Height, width, channels (1 or 3).
    latent_dim : int
        Number of latent dimensions.
    hidden : tuple of int
        Encoder widths, from the image inward.
    decoder_hidden : tuple of int or None
        Decoder widths, from the code outward; None mirrors ``hidden``.

    Raises
    ------
    SettingError
        A value outside its range.
    """

    image_shape: tuple[int, int, int]
    latent_dim: int = 2
    hidden: tuple[int, ...] = (512, 512, 512)
    decoder_hidden: tuple[int, ...] | None = None
    activation: str = "silu"
    family: str = "vae"
    network: str = "dense"
    likelihood: str = "bernoulli"

    def __post_init__(self) -> None:
        shape: object = self.image_shape  # from a file it may be anything
        if not isinstance(shape, list | tuple) or len(shape) != 3:
            raise SettingError(f"image_shape is {shape!r}; it must be height, width and channels.")
        height = _whole("image height", shape[0], 1, MAX_IMAGE_SIDE)
        width = _whole("image width", shape[1], 1, MAX_IMAGE_SIDE)
        channels = _whole("image channels", shape[2], 1, 3)
        if channels == 2:
            raise SettingError("image channels is 2; it must be 1 (grey) or 3 (colour).")
        object.__setattr__(self, "image_shape", (height, width, channels))
        _whole("latent-dim", self.latent_dim, 1, MAX_LATENT_DIM)
        hidden = _widths("hidden", self.hidden)
        object.__setattr__(self, "hidden", hidden)
        mirrored = hidden[::-1] if self.decoder_hidden is None else self.decoder_hidden
        object.__setattr__(self, "decoder_hidden", _widths("decoder-hidden", mirrored))
        _choice("activation", self.activation, ACTIVATIONS)
        _choice("family", self.family, FAMILIES)
        _choice("network", self.network, NETWORKS)
        _choice("likelihood", self.likelihood, LIKELIHOODS)
        if self.parameters > MAX_PARAMETERS:
            raise SettingError(
                f"These networks would have {self.parameters:,} weights, more than {MAX_PARAMETERS:,}; "
                "choose smaller widths or smaller images."
            )

    @property
    def pixels(self) -> int:
        """Numbers in one image: height x width x channels."""
        height, width, channels = self.image_shape
        return height * width * channels

    @property
    def decoder_widths(self) -> tuple[int, ...]:
        """``decoder_hidden``, always set after creation."""
        return self.decoder_hidden or self.hidden[::-1]

    @property
    def parameters(self) -> int:
        """Number of weights and biases of encoder and decoder."""
        encoder = (self.pixels, *self.hidden, 2 * self.latent_dim)
        decoder = (self.latent_dim, *self.decoder_widths, self.pixels)
        return sum((a + 1) * b for sizes in (encoder, decoder) for a, b in pairwise(sizes))

    def to_record(self) -> dict[str, Any]:
        """The architecture record: plain JSON values, the same keys always."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Build from `to_record`'s values; unknown keys are refused, since they could change the networks.

        Raises
        ------
        SettingError
            A key is unknown or missing, or a value is outside its range.
        """
        known = {field.name for field in fields(cls)}
        unknown = sorted(str(key) for key in set(record) - known)
        if unknown:
            raise SettingError(f"the architecture has the unknown entry {unknown[0][:60]!r}.")
        if "image_shape" not in record:
            raise SettingError("the architecture lacks image_shape.")
        return cls(**record)


@dataclass(frozen=True)
class TrainingConfig:
    """How to train: one value for each choice that changes the result.

    ``beta`` multiplies the KL, which is summed over latent dimensions, against a reconstruction summed over
    pixels; so ``beta`` is the effective beta. ``warmup_epochs`` raises it linearly from 0. ``validation`` is the
    number of images taken from the training set (None: 10,000 for sets of MNIST's size, else a tenth).
    """

    epochs: int = 20
    batch_size: int = 128
    lr: float = 1e-3
    schedule: str = "cosine"
    beta: float = 1.0
    warmup_epochs: float = 0.0
    clip_norm: float = 100.0
    seed: int = 0
    validation: int | None = None
    split_seed: int = 0
    binarize: str = "dynamic"

    def __post_init__(self) -> None:
        _whole("epochs", self.epochs, 1, 100_000)
        _whole("batch-size", self.batch_size, 1, 100_000)
        object.__setattr__(self, "lr", _real("lr", self.lr, 0.0, 1.0, above=True))
        _choice("schedule", self.schedule, SCHEDULES)
        object.__setattr__(self, "beta", _real("beta", self.beta, 0.0, 10_000.0))
        object.__setattr__(self, "warmup_epochs", _real("warmup", self.warmup_epochs, 0.0, 100_000.0))
        object.__setattr__(self, "clip_norm", _real("clip", self.clip_norm, 0.0, 1e9, above=True))
        _whole("seed", self.seed, 0, 2**63 - 1)
        if self.validation is not None:
            _whole("validation", self.validation, 0, 10**9)
        _whole("split-seed", self.split_seed, 0, 2**63 - 1)
        _choice("binarize", self.binarize, BINARIZE)

    def to_record(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Build from `to_record`'s values; keys of a newer version are ignored."""
        known = {field.name for field in fields(cls)}
        return cls(**{key: value for key, value in record.items() if key in known})
