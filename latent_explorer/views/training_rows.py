"""The rows of the form of a run: which settings there are, for whom, and how they are written."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from latent_explorer.core.config import CONVOLUTIONAL, SCHEDULES
from latent_explorer.core.errors import SettingError
from latent_explorer.core.families import FAMILIES, Family

MODEL, TRAINING, MACHINE = "model", "training", "machine"
NETWORK_WORDS = {"dense": "dense", "residual": "residual dense", "conv": "convolutional", "resconv": "residual convolutional"}
LIKELIHOOD_WORDS = {
    "bernoulli": "Bernoulli",
    "continuous_bernoulli": "continuous Bernoulli",
    "gaussian": "Gaussian",
    "discretised_logistic": "discretised logistic",
}
OBJECTIVE_WORDS = {
    "elbo": "ELBO",
    "iwae": "IWAE bound",
    "quadrature": "quadrature",
    "reconstruction": "reconstruction",
    "adversarial": "discriminator's features",
    "wasserstein": "reconstruction and MMD",
    "closed": "closed form",
}


@dataclass(frozen=True)
class Chosen:
    """What the lists say that other rows depend on."""

    facts: Family
    network: str
    likelihood: str
    objective: str

    @property
    def steps(self) -> bool:
        """Whether training goes step by step; PCA is computed at once."""
        return self.objective != "closed"

    @property
    def weighed(self) -> bool:
        """Whether a part of the loss is multiplied by beta."""
        return self.facts.penalty != "" and self.facts.bound != "ll"


def _always(chosen: Chosen) -> bool:
    return True


def _in_steps(chosen: Chosen) -> bool:
    return chosen.steps


def _two_networks(chosen: Chosen) -> bool:
    return chosen.steps and chosen.facts.encoder


def _weighed(chosen: Chosen) -> bool:
    return chosen.weighed


def _by_nodes(chosen: Chosen) -> bool:
    return chosen.objective == "quadrature"


@dataclass(frozen=True)
class Row:
    """A setting: its field, which is also its term in the glossary, its label, and whose it is.

    ``choices`` maps values to what is shown; ``empty`` is what an empty field stands for; ``there`` says for which choices it
    exists; ``rare`` rows are folded away unless they say something unusual.
    """

    name: str
    label: str
    owner: str
    choices: Mapping[str, str] = field(default_factory=dict)
    empty: str = ""
    widths: bool = False
    there: Callable[[Chosen], bool] = _always
    rare: bool = False


ROWS = (
    Row("family", "Family", MODEL, {key: facts.title for key, facts in FAMILIES.items()}),
    Row("network", "Network", MODEL, NETWORK_WORDS, there=lambda chosen: len(chosen.facts.networks) > 1),
    Row("channels", "Channels", MODEL, empty="32,64", widths=True, there=lambda chosen: chosen.network in CONVOLUTIONAL),
    Row("hidden", "Hidden layers", MODEL, widths=True, there=_in_steps),
    Row("latent_dim", "Latent size", MODEL, there=lambda chosen: chosen.facts.space == "plane"),
    Row("lower_dim", "Lower level", MODEL, empty="16", there=lambda chosen: chosen.facts.levels),
    Row("likelihood", "Likelihood", MODEL, LIKELIHOOD_WORDS, there=lambda chosen: len(chosen.facts.likelihoods) > 1),
    Row("sigma", "σ", MODEL, empty="learned", there=lambda chosen: chosen.likelihood == "gaussian"),
    Row("objective", "Objective", TRAINING, OBJECTIVE_WORDS, there=lambda chosen: len(chosen.facts.objectives) > 1),
    Row("samples", "Samples K", TRAINING, there=lambda chosen: chosen.objective == "iwae"),
    Row("nodes", "Nodes a side", TRAINING, widths=True, there=_by_nodes),
    Row(
        "start",
        "Start",
        TRAINING,
        {"scratch": "from scratch", "pca": "from PCA", "model": "from the shown model"},
        there=lambda chosen: chosen.facts.bound == "ll",
    ),
    Row("epochs", "Epochs", TRAINING, there=_in_steps),
    Row("batch_size", "Batch", TRAINING, there=_in_steps),
    Row("lr", "Learning rate", TRAINING, there=_in_steps),
    Row("beta", "β", TRAINING, there=_weighed),
    Row(
        "binarize",
        "Binarisation",
        TRAINING,
        {"dynamic": "dynamic", "none": "none (grey BCE)"},
        there=lambda chosen: chosen.likelihood == "bernoulli" and chosen.facts.bound != "",
    ),
    Row("decoder_hidden", "Decoder", MODEL, empty="mirrored", widths=True, there=_two_networks, rare=True),
    Row("warmup_epochs", "KL warm-up", TRAINING, there=_weighed, rare=True),
    Row("schedule", "Schedule", TRAINING, {name: name for name in SCHEDULES}, there=_in_steps, rare=True),
    Row("clip_norm", "Clip gradient", TRAINING, there=_in_steps, rare=True),
    Row("weight_decay", "Weight decay", TRAINING, there=_in_steps, rare=True),
    Row("average", "Averaging", TRAINING, there=_in_steps, rare=True),
    Row("validation", "Validation", TRAINING, empty="automatic", rare=True),
    Row("seed", "Seed", TRAINING, rare=True),
    Row(
        "precision", "Precision", TRAINING, {"float32": "float32", "bfloat16": "bfloat16 (faster)"}, there=_in_steps, rare=True
    ),
    Row("device", "Device", MACHINE, {"auto": "auto", "cpu": "cpu", "cuda": "cuda", "mps": "mps"}, rare=True),
)  # fmt: skip
LABELS: Mapping[str, str] = MappingProxyType({row.name: row.label for row in ROWS})
LIMITED = {"network": "networks", "likelihood": "likelihoods", "objective": "objectives"}  # lists that a family shortens
_SPELLED = {
    "batch_size": "batch-size",
    "warmup_epochs": "warmup",
    "clip_norm": "clip",
    "latent_dim": "latent-dim",
    "lower_dim": "lower-dim",
    "weight_decay": "weight-decay",
    "decoder_hidden": "decoder-hidden",
}


def spelled(name: str) -> str:
    """A field of the settings as the command line and the sentences spell it."""
    return _SPELLED.get(name, name)


def shown(value: object) -> str:
    """As it was typed: with all digits of a float that matter, so that the form gives back just this value."""
    if isinstance(value, list | tuple):
        return ",".join(str(number) for number in value)
    return "" if value is None else repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def short(text: str) -> str:
    """For a field: a number with more than six digits, as a root, in four; anything else as it is."""
    found = number(text)
    long = isinstance(found, float) and math.isfinite(found) and float(f"{found:.6g}") != found
    return f"{found:.4g}" if long else text


def widths(name: str, text: str) -> tuple[int, ...]:
    """Whole numbers with commas or spaces between them."""
    found = []
    for word in text.replace(" ", ",").split(","):
        try:
            found += [int(word)] if word else []
        except ValueError:
            raise SettingError(f"{name} is {word[:20]!r}; type widths such as 512,512.") from None
    return tuple(found)


def number(text: str) -> int | float | str:
    """A number as people type it; anything else stays text, which the settings refuse by name."""
    for kind in (int, float):
        try:
            return kind(text) if "_" not in text else text
        except ValueError:
            continue
    return text
