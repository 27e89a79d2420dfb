"""What a model is and how it is trained: frozen, checked on creation, plain values only."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from latent_explorer.core.errors import SettingError
from latent_explorer.core.families import FAMILIES, Family
from latent_explorer.core.sizes import layer_sizes, parameter_count, stage_sizes

NETWORKS = ("dense", "residual", "conv", "resconv")
LIKELIHOODS = ("bernoulli", "continuous_bernoulli", "gaussian", "discretised_logistic")
OBJECTIVES = ("elbo", "iwae", "quadrature", "reconstruction", "adversarial", "wasserstein", "closed")
CONVOLUTIONAL = ("conv", "resconv")
SCALED = ("gaussian", "discretised_logistic")  # likelihoods with one width for all pixels, fixed or learned
STARTS = ("scratch", "pca", "model")
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
SMALLER_CHANNELS = (CONV_CHANNELS, (16, 32, 64), (16, 32, 64, 64), (8, 16, 32, 64, 64), (8, 16, 32, 64, 64, 64))  # advice: `convolutional`
QUADRATURE_HIDDEN = (768, 768, 768, 768)
LOWER_DIM = 16
MAX_CLASSES = 1000
MAX_NODES = 512  # a side, in training


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


def _widths(
    name: str, value: object, most: int = MAX_LAYERS, widest: int = MAX_WIDTH, example: str = "512,512", least: int = 1
) -> tuple[int, ...]:
    if not isinstance(value, list | tuple) or not least <= len(value) <= most:
        raise SettingError(f"{name} is {value!r}; it must be {least} to {most} widths, such as {example}.")
    return tuple(_whole(f"a width of {name}", width, 1, widest) for width in value)


def default_hidden(network: str, family: str = "vae") -> tuple[int, ...]:
    """The widths of a kind of network when none are named."""
    if family == "pca":
        return ()
    if network in CONVOLUTIONAL:
        return CONV_HIDDEN
    return QUADRATURE_HIDDEN if family in FAMILIES and FAMILIES[family].bound == "ll" else DENSE_HIDDEN


@dataclass(frozen=True)
class ModelConfig:
    """The architecture: enough to build the same networks again.

    Parameters
    ----------
    image_shape : (int, int, int)
        Height, width, channels (1 or 3).
    latent_dim : int or None
        Number of latent dimensions; None takes the family's: 2, and 3 on the sphere.
    hidden : tuple of int or None
        Encoder widths, from the image inward; () is a linear encoder. Where there is no encoder, the decoder's from the image inward.
        None takes the network's default: 512,512,512, and 256 with convolutions.
    decoder_hidden : tuple of int or None
        Decoder widths, from the code outward; None mirrors ``hidden``.
    network : str
        "dense"; "residual": dense layers with shortcuts around them; "conv": stages of convolutions between the image
        and the dense layers; "resconv": the same with shortcuts around convolutions.
    family : str
        A key of `core.families.FAMILIES`.
    channels : tuple of int or None
        Of the convolutional stages, from the image inward; each halves height and width. None takes 32,64. With convolutions only.
    likelihood : str
        "bernoulli" (binary pixels, or "BCE (grey)"), "continuous_bernoulli" or "gaussian" (grey or colour pixels in 0..1), or
        "discretised_logistic" (the 256 levels of a pixel).
    classes : int or None
        Number of classes that a conditional family is told; for those only.
    lower_dim : int or None
        Latent dimensions of the lower level of a hierarchical family; None takes 16. For those only.
    sigma : float or None
        Standard deviation of the Gaussian likelihood, or scale of the discretised logistic, pixels in 0..1; None learns one number
        for all pixels. For these two only.

    Raises
    ------
    SettingError
        A value outside its range.
    """

    image_shape: tuple[int, int, int]
    latent_dim: int = None  # type: ignore[assignment]  # always set after creation
    hidden: tuple[int, ...] = None  # type: ignore[assignment]  # always set after creation
    decoder_hidden: tuple[int, ...] | None = None
    activation: str = "silu"
    family: str = "vae"
    network: str = "dense"
    likelihood: str = "bernoulli"
    channels: tuple[int, ...] | None = None
    sigma: float | None = None
    classes: int | None = None
    lower_dim: int | None = None

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
        _choice("family", self.family, tuple(FAMILIES))
        _choice("network", self.network, NETWORKS)
        _choice("likelihood", self.likelihood, LIKELIHOODS)
        _choice("activation", self.activation, ACTIVATIONS)
        self._check_family()
        given: object = self.hidden
        hidden = _widths("hidden", default_hidden(self.network, self.family) if given is None else given, least=0)
        object.__setattr__(self, "hidden", hidden)
        mirrored = hidden[::-1] if self.decoder_hidden is None else self.decoder_hidden
        object.__setattr__(self, "decoder_hidden", _widths("decoder-hidden", mirrored, least=0))
        if self.network in CONVOLUTIONAL:
            stages = CONV_CHANNELS if self.channels is None else self.channels
            object.__setattr__(self, "channels", _widths("channels", stages, MAX_STAGES, MAX_CHANNELS, "32,64"))
        elif self.channels is not None:
            raise SettingError(f"channels is {self.channels!r}; a {self.network} network has none, so leave it out or choose conv.")
        if self.sigma is not None:
            if self.likelihood not in SCALED:
                raise SettingError(
                    f"sigma is {self.sigma!r}; the {self.likelihood} likelihood has none, so leave it out or choose gaussian."
                )
            object.__setattr__(self, "sigma", _real("sigma", self.sigma, *SIGMA_RANGE))
        if self.parameters > MAX_PARAMETERS:
            conv = next(convolutional(self), None)
            advice = "smaller widths or smaller images"
            if conv is not None:
                advice = f"{conv.channel_words} ({conv.parameters:,} weights), or smaller images"
            raise SettingError(f"These networks would have {self.parameters:,} weights, more than {MAX_PARAMETERS:,}; choose {advice}.")
        if self.widest > MAX_LAYER:
            raise SettingError(
                f"The largest layer would have {self.widest:,} numbers for one image, more than {MAX_LAYER:,}; "
                "choose fewer channels or smaller images."
            )

    def _check_family(self) -> None:
        """What a family cannot be, with the nearest thing that works."""
        facts = self.facts
        latent_dim: object = self.latent_dim
        if latent_dim is None:
            object.__setattr__(self, "latent_dim", facts.latent_dim)
        _whole("latent-dim", self.latent_dim, 1, MAX_LATENT_DIM)
        if facts.space != "plane" and self.latent_dim != facts.latent_dim:
            kind = "the sphere" if facts.space == "sphere" else "the torus"
            raise SettingError(f"latent-dim is {self.latent_dim}; {kind} of {facts.title} has {facts.latent_dim}, so leave it out.")
        if facts.bound == "ll" and self.latent_dim > 2:
            raise SettingError(
                f"latent-dim is {self.latent_dim}; {facts.title} sums over nodes of a plane, so choose 1 or 2, or the family vae."
            )
        if self.network not in facts.networks:
            raise SettingError(f"network is {self.network!r}; {facts.title} takes {', '.join(facts.networks)}.")
        if self.likelihood not in facts.likelihoods:
            raise SettingError(f"likelihood is {self.likelihood!r}; {facts.title} takes {', '.join(facts.likelihoods)}.")
        if self.family == "pca" and self.hidden:
            raise SettingError(f"hidden is {self.hidden!r}; PCA is linear and has no hidden layers, so leave it out.")
        if facts.conditional:
            if self.classes is None:
                raise SettingError(f"{facts.title} is told each image's class, and these images have no labels; choose the family vae.")
            _whole("classes", self.classes, 2, MAX_CLASSES)
        elif self.classes is not None:
            raise SettingError(f"classes is {self.classes!r}; only a conditional family takes classes, so leave it out.")
        if facts.levels:
            object.__setattr__(
                self, "lower_dim", _whole("lower-dim", LOWER_DIM if self.lower_dim is None else self.lower_dim, 1, MAX_LATENT_DIM)
            )
        elif self.lower_dim is not None:
            raise SettingError(f"lower-dim is {self.lower_dim!r}; only a hierarchical family has a lower level, so leave it out.")

    @property
    def facts(self) -> Family:
        """What the family has, lacks and is shown as."""
        return FAMILIES[self.family]

    @property
    def pixels(self) -> int:
        """Numbers in one image: height x width x channels."""
        height, width, channels = self.image_shape
        return height * width * channels

    @property
    def decoder_widths(self) -> tuple[int, ...]:
        """``decoder_hidden``, always set after creation."""
        return self.hidden[::-1] if self.decoder_hidden is None else self.decoder_hidden

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
        return max(layer_sizes(self))

    @property
    def parameters(self) -> int:
        """Number of weights and biases of all networks and the likelihood."""
        return parameter_count(self)

    @property
    def sees_grey(self) -> bool:
        """Whether training shows pixels as they are: binary draws are for a Bernoulli likelihood, where that is what the loss bounds."""
        return self.likelihood != "bernoulli" or not self.facts.bound

    @property
    def network_words(self) -> str:
        """The networks in short, such as "dense 512-512", or "conv 32-64, 256": channels, then widths from the image inward."""
        parts = ["-".join(str(n) for n in numbers) for numbers in (self.stages, self.hidden) if numbers]
        return f"{self.network} {', '.join(parts)}"

    @property
    def channel_words(self) -> str:
        """How to ask for its convolutions, such as "the network conv with channels 32,64"."""
        return f"the network {self.network} with channels {','.join(str(count) for count in self.stages)}"

    @property
    def likelihood_words(self) -> str:
        """The likelihood in short, such as "gaussian, sigma learned"."""
        words = self.likelihood.replace("_", " ")
        if self.likelihood not in SCALED:
            return words
        width = "sigma" if self.likelihood == "gaussian" else "scale"
        return f"{words}, {width} {'learned' if self.sigma is None else f'{self.sigma:g}'}"

    def to_record(self) -> dict[str, Any]:
        """The architecture record: plain JSON values.

        What a kind of network or likelihood does not have is left out, so that a record, and with it a model's hash,
        stays what it is when other kinds are added.
        """
        record = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        if self.network not in CONVOLUTIONAL:
            del record["channels"]
        if self.likelihood not in SCALED:
            del record["sigma"]
        for name in ("classes", "lower_dim"):
            if record[name] is None:
                del record[name]
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
        needed = ("hidden", "latent_dim", *(("channels",) if record.get("network") in CONVOLUTIONAL else ()))
        for name in needed:
            if record.get(name, ()) is None:
                raise SettingError(f"{name} is None; a record names its sizes.")
        if "image_shape" not in record:
            raise SettingError("the architecture lacks image_shape.")
        return cls(**record)


def convolutional(model: ModelConfig) -> Iterator[ModelConfig]:
    """The same model with convolutions in the place of dense layers as wide as the image, the usual ones first, then ever smaller.

    None where the model has convolutions, its family takes none, or the layers next to the image are not most of it.
    """
    next_to_the_image = model.pixels * sum((*model.hidden[:1], *model.decoder_widths[-1:]))
    if model.network in CONVOLUTIONAL or "conv" not in model.facts.networks or 2 * next_to_the_image < model.parameters:
        return
    for channels in SMALLER_CHANNELS:
        try:
            yield replace(model, network="conv", channels=channels, hidden=CONV_HIDDEN, decoder_hidden=None)
        except SettingError:
            continue


@dataclass(frozen=True)
class TrainingConfig:
    """How to train: one value for each choice that changes the result.

    ``beta`` multiplies the KL, which is summed over latent dimensions, against a reconstruction summed over
    pixels; so ``beta`` is the effective beta. ``warmup_epochs`` raises it linearly from 0. ``validation`` is the
    number of images taken from the training set (None: 10,000 for sets of MNIST's size, else a tenth). ``binarize``
    speaks of families that bound a Bernoulli likelihood; for others it must be "none" (`for_model`). ``precision`` "bfloat16" computes
    the matrix products of training with 8 significant bits; weights, sums and optimiser stay in float32.

    ``objective`` (None: the family's usual one) is what is made large: the ELBO; the IWAE bound of ``samples`` draws (which of
    the ELBO are draws for each image); or the exact log-likelihood by quadrature, with ``nodes`` a side in equal parts of the
    epochs. ``weight_decay`` is AdamW's. ``average`` is the decay, each step, of the averaged weights that are shown and kept
    (0: the newest weights themselves). ``start``: from random weights; from the plane of PCA; or from another model's decoder.
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
    objective: str | None = None
    samples: int = 1
    nodes: tuple[int, ...] = (40, 64, 91)
    weight_decay: float = 0.0
    average: float = 0.0
    start: str = "scratch"

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
        if self.objective is not None:
            _choice("objective", self.objective, OBJECTIVES)
        _whole("samples", self.samples, 1, 10_000)
        nodes = _widths("nodes", self.nodes, MAX_LAYERS, MAX_NODES, "40,64,91")
        object.__setattr__(self, "nodes", nodes)
        object.__setattr__(self, "weight_decay", _real("weight-decay", self.weight_decay, 0.0, 10.0))
        object.__setattr__(self, "average", _real("average", self.average, 0.0, 1 - 1e-9))
        _choice("start", self.start, STARTS)

    def for_model(self, model: ModelConfig) -> TrainingConfig:
        """The same settings as a model needs them.

        The family's objective, ``binarize`` "none" where the model `sees_grey`, and one epoch for what is worked out in closed form.

        Raises
        ------
        SettingError
            The family cannot be trained by the objective.
        """
        facts = model.facts
        objective = self.objective or facts.objectives[0]
        if objective not in facts.objectives:
            advice = "leave it out" if len(facts.objectives) == 1 else "choose one of these"
            raise SettingError(f"objective is {objective!r}; {facts.title} is trained by {', '.join(facts.objectives)}, so {advice}.")
        if self.start != "scratch" and facts.bound != "ll":
            raise SettingError(
                f"start is {self.start!r}; only a model that is trained by quadrature starts elsewhere than at scratch,"
                " so leave it out or choose the family qlvm."
            )
        grey = model.sees_grey
        fitted = replace(self, objective=objective, binarize="none" if grey else self.binarize)
        return replace(fitted, epochs=1, warmup_epochs=0.0) if objective == "closed" else fitted

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
    if model.sigma is None or model.likelihood != "gaussian":
        return ""
    beta = f"{model.sigma**2 * settings.beta:.3g}"
    return (
        f"With sigma fixed at {model.sigma:.4g}, beta {settings.beta:g} is an effective beta of {beta}:"
        f" the objective is that of SSE/2 + {beta} KL, the squared error summed over pixels."
    )
