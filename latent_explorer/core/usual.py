"""What each family is usually trained with, where that is not what the settings begin with; the window and the command line share it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from latent_explorer.core.config import ModelConfig, TrainingConfig, default_hidden
from latent_explorer.core.families import FAMILIES

QUADRATURE: Mapping[str, Any] = {"batch_size": 500, "lr": 5e-3, "clip_norm": 20.0, "weight_decay": 0.01, "average": 0.98}

# Fields of both configurations by family. Where from: Higgins et al. 2017 and Tolstikhin et al. 2018 for the weights of the
# penalties; Sonderby et al. 2016 for the warm-up of a hierarchy, whose upper level collapses first without; docs/science.md for QLVM.
_USUAL: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "qlvm": QUADRATURE,
        "qlvm-torus": QUADRATURE,
        "pca": {"likelihood": "gaussian", "epochs": 1},
        "beta-vae": {"beta": 4.0, "warmup_epochs": 10.0},
        "hierarchical-vae": {"warmup_epochs": 10.0},
        "wae-mmd": {"beta": 10.0},
    }
)
_TRAINING = TrainingConfig().to_record()
_MODEL = ModelConfig((1, 1, 1)).to_record()


def usual(family: str) -> dict[str, Any]:
    """What a family's own usual settings are: fields of `ModelConfig` and `TrainingConfig`, where they are other than the defaults."""
    return dict(_USUAL.get(family, {}))


def usual_value(field: str, family: str, network: str = "dense") -> Any:
    """What a field of either configuration usually is, by its name; None where the networks themselves know."""
    if field == "hidden":
        return default_hidden(network, family)
    if field == "latent_dim":
        return FAMILIES[family].latent_dim
    if field in ("lower_dim", "decoder_hidden"):
        return None
    own = _USUAL.get(family, {})
    return own[field] if field in own else (_TRAINING | _MODEL).get(field)


def with_usual(family: str, values: Mapping[str, Any], given: frozenset[str]) -> dict[str, Any]:
    """Values by field, those that nobody has `given` replaced by the family's usual ones, where it has its own."""
    own = _USUAL.get(family, {})
    return {field: own[field] if field in own and field not in given else value for field, value in values.items()}
