"""What a model is and how it is trained: frozen, checked on creation, plain values only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from itertools import pairwise
from typing import Any, Self

from latent_explorer.core.errors import SettingError

FAMILIES = ("vae",)
NETWORKS = ("dense", "residual", "conv")
LIKELIHOODS = ("bernoulli", "gaussian")
ACTIVATIONS = ("silu", "relu", "tanh")
SCHEDULES = ("cosine", "constant")
BINARIZE = ("dynamic", "none")
PRECISIONS = ("float32", "bfloat16")

MAX_IMAGE_SIDE = 1024
MAX_LATENT_DIM = 1024
MAX_LAYERS = 16
MAX_WIDTH = 8192
MAX_CHANNELS = 1024
MAX_STAGES = 8
MAX_PARAMETERS = 200_000_000
MAX_LAYER = 1 << 25  # numbers in the largest layer for one image, 134 MB: a small file must not ask for all memory
SIGMA_RANGE = (1e-3, 1e3)
DENSE_HIDDEN, CONV_HIDDEN, CONV_CHANNELS = (512, 512, 512), (256,), (32, 64)
KERNEL_AREA = {"encoder": 9, "decoder": 16}  # 3 x 3 down, 4 x 4 up: see core/nn/networks.py


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


def _widths(name: str, value: object, most: int = MAX_LAYERS, widest: int = MAX_WIDTH, example: str = "512,512") -> tuple[int, ...]:
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= most:
        raise SettingError(f"{name} is {value!r}; it must be 1 to {most} widths, such as {example}.")
    return tuple(_whole(f"a width of {name}", width, 1, widest) for width in value)


def default_hidden(network: str) -> tuple[int, ...]:
    """The widths of a kind of network when none are named."""
    return CONV_HIDDEN if network == "conv" else DENSE_HIDDEN


def stage_sizes(height: int, width: int, stages: int) -> tuple[tuple[int, int], ...]:
    """Heights and widths before, between and after the stages of a convolutional network: each halves them, rounded up."""
    sizes = [(height, width)]
    for _ in range(stages):
        height, width = (height + 1) // 2, (width + 1) // 2
        sizes.append((height, width))
    return tuple(sizes)


def chain_parameters(sizes: tuple[int, ...], *, residual: bool = False) -> int:
    """Weights and biases of dense layers from ``sizes[0]`` to ``sizes[-1]``; residual: and of the shortcuts between unequal widths."""
    weights = sum((a + 1) * b for a, b in pairwise(sizes))
    return weights + (sum(a * b for a, b in pairwise(sizes[1:-1]) if a != b) if residual else 0)


@dataclass(frozen=True)
class ModelConfig:
    """The architecture: enough to build the same networks again.

    Parameters
    ----------
    image_shape : (int, int, int)
        Height, width, channels (1 or 3).
    latent_dim : int
        Number of latent dimensions.
    hidden : tuple of int or None
        Encoder widths, from the image inward.
        None takes the network's default: 512,512,512, and 256 for ``conv``.
    decoder_hidden : tuple of int or None
        Decoder widths, from the code outward; None mirrors ``hidden``.
    network : str
        "dense"; "residual": dense layers with shortcuts around them; "conv": stages of convolutions between the image
        and the dense layers.
    channels : tuple of int or None
        Of the convolutional stages, from the image inward; each halves height and width. None takes 32,64. For ``conv`` only.
    likelihood : str
        "bernoulli" (binary pixels, or "BCE (grey)"), or "gaussian" (grey or colour pixels in 0..1).
    sigma : float or None
        Standard deviation of the Gaussian likelihood, pixels in 0..1; None learns one number for all pixels. For ``gaussian`` only.

    Raises
    ------
    SettingError
        A value outside its range.
    """

    image_shape: tuple[int, int, int]
    latent_dim: int = 2
    hidden: tuple[int, ...] = None  # type: ignore[assignment]  # always set after creation
    decoder_hidden: tuple[int, ...] | None = None
    activation: str = "silu"
    family: str = "vae"
    network: str = "dense"
    likelihood: str = "bernoulli"
    channels: tuple[int, ...] | None = None
    sigma: float | None = None

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
        _choice("network", self.network, NETWORKS)
        given: object = self.hidden
        hidden = _widths("hidden", default_hidden(self.network) if given is None else given)
        object.__setattr__(self, "hidden", hidden)
        mirrored = hidden[::-1] if self.decoder_hidden is None else self.decoder_hidden
        object.__setattr__(self, "decoder_hidden", _widths("decoder-hidden", mirrored))
        _choice("activation", self.activation, ACTIVATIONS)
        _choice("family", self.family, FAMILIES)
        _choice("likelihood", self.likelihood, LIKELIHOODS)
        if self.network == "conv":
            stages = CONV_CHANNELS if self.channels is None else self.channels
            object.__setattr__(self, "channels", _widths("channels", stages, MAX_STAGES, MAX_CHANNELS, "32,64"))
        elif self.channels is not None:
            raise SettingError(f"channels is {self.channels!r}; a {self.network} network has none, so leave it out or choose conv.")
        if self.sigma is not None:
            if self.likelihood != "gaussian":
                raise SettingError(
                    f"sigma is {self.sigma!r}; the {self.likelihood} likelihood has none, so leave it out or choose gaussian."
                )
            object.__setattr__(self, "sigma", _real("sigma", self.sigma, *SIGMA_RANGE))
        if self.parameters > MAX_PARAMETERS:
            raise SettingError(
                f"These networks would have {self.parameters:,} weights, more than {MAX_PARAMETERS:,}; "
                "choose smaller widths or smaller images."
            )
        if self.widest > MAX_LAYER:
            raise SettingError(
                f"The largest layer would have {self.widest:,} numbers for one image, more than {MAX_LAYER:,}; "
                "choose fewer channels or smaller images."
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
    def stages(self) -> tuple[int, ...]:
        """``channels``, empty but for a convolutional network."""
        return self.channels or ()

    @property
    def inner_pixels(self) -> int:
        """Numbers between the convolutional and the dense layers; without convolutions those of the image."""
        if not self.stages:
            return self.pixels
        height, width = stage_sizes(*self.image_shape[:2], len(self.stages))[-1]
        return height * width * self.stages[-1]

    @property
    def widest(self) -> int:
        """Numbers in the largest layer for one image."""
        sizes = stage_sizes(*self.image_shape[:2], len(self.stages))
        maps = [height * width * count for (height, width), count in zip(sizes[1:], self.stages, strict=True)]
        return max(self.pixels, *self.hidden, *self.decoder_widths, *maps)

    @property
    def parameters(self) -> int:
        """Number of weights and biases of encoder, decoder and likelihood."""
        residual = self.network == "residual"
        dense = chain_parameters((self.inner_pixels, *self.hidden, 2 * self.latent_dim), residual=residual)
        dense += chain_parameters((self.latent_dim, *self.decoder_widths, self.inner_pixels), residual=residual)
        down = tuple(pairwise((self.image_shape[2], *self.stages)))
        convolutions = sum((KERNEL_AREA["encoder"] * a + 1) * b + (KERNEL_AREA["decoder"] * b + 1) * a for a, b in down)
        learned_sigma = self.likelihood == "gaussian" and self.sigma is None
        return dense + (convolutions if self.stages else 0) + learned_sigma

    @property
    def network_words(self) -> str:
        """The networks in short, such as "dense 512-512", or "conv 32-64, 256": channels, then widths from the image inward."""
        parts = ["-".join(str(n) for n in numbers) for numbers in (self.stages, self.hidden) if numbers]
        return f"{self.network} {', '.join(parts)}"

    @property
    def likelihood_words(self) -> str:
        """The likelihood in short, such as "gaussian, sigma learned"."""
        if self.likelihood != "gaussian":
            return self.likelihood
        return f"gaussian, sigma {'learned' if self.sigma is None else f'{self.sigma:g}'}"

    def to_record(self) -> dict[str, Any]:
        """The architecture record: plain JSON values.

        What a kind of network or likelihood does not have is left out, so that a record, and with it a model's hash,
        stays what it is when other kinds are added.
        """
        record = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        if self.network != "conv":
            del record["channels"]
        if self.likelihood != "gaussian":
            del record["sigma"]
        return record

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
        needed = ("hidden", "channels") if record.get("network") == "conv" else ("hidden",)
        for name in needed:
            if record.get(name, ()) is None:
                raise SettingError(f"{name} is None; a record names its widths.")
        if "image_shape" not in record:
            raise SettingError("the architecture lacks image_shape.")
        return cls(**record)


@dataclass(frozen=True)
class TrainingConfig:
    """How to train: one value for each choice that changes the result.

    ``beta`` multiplies the KL, which is summed over latent dimensions, against a reconstruction summed over
    pixels; so ``beta`` is the effective beta. ``warmup_epochs`` raises it linearly from 0. ``validation`` is the
    number of images taken from the training set (None: 10,000 for sets of MNIST's size, else a tenth). ``binarize``
    speaks of the Bernoulli likelihood; for another one it must be "none" (`for_model`). ``precision`` "bfloat16" computes
    the matrix products of training with 8 significant bits; weights, sums and optimiser stay in float32.
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
    precision: str = "float32"

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
        _choice("precision", self.precision, PRECISIONS)

    def for_model(self, model: ModelConfig) -> TrainingConfig:
        """The same settings, with ``binarize`` as the model's likelihood needs it: "none" unless it is Bernoulli's."""
        return self if model.likelihood == "bernoulli" else replace(self, binarize="none")

    def to_record(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Build from `to_record`'s values; keys of a newer version are ignored."""
        known = {field.name for field in fields(cls)}
        return cls(**{key: value for key, value in record.items() if key in known})


def effective_beta_words(model: ModelConfig, settings: TrainingConfig) -> str:
    """What a fixed sigma makes of beta, one sentence; "" where none is fixed and beta itself is the effective beta.

    SSE / (2 sigma^2) + beta KL is the same objective as SSE / 2 + sigma^2 beta KL, up to a factor and a constant.
    """
    if model.sigma is None:
        return ""
    beta = f"{model.sigma**2 * settings.beta:.3g}"
    return (
        f"With sigma fixed at {model.sigma:g}, beta {settings.beta:g} is an effective beta of {beta}:"
        f" the objective is that of SSE/2 + {beta} KL, the squared error summed over pixels."
    )
