"""What the shipped models reach, read from models/index.json: nothing is computed here.

`latent-explorer evaluate NAME --data DATA --json` computes these figures again. Peers are the best published figures of
the same protocol that were found (docs/science.md). Each key names its model; of several models the best one's is given.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from latent_explorer.core.resources import resource_folder
from tests.benchmarks.figure import Figure

# Key of the table, key in the index, unit, aim, best published figure. A log-likelihood has no ratio, so no peer stands beside it.
ROWS = (
    ("quality.ll_p1", "ll_quadrature.512", "nats", -114.0, None),
    ("quality.elbo_p1", "elbo", "nats", -131.0, None),
    ("quality.knn5", "knn5.exact_mode", "accuracy", 0.945, 0.961),
    ("quality.mse", "mse.exact_mode", "mean squared error", 0.0245, 0.036),
    ("quality.gap_256_512", "ll_agreement.256_512", "nats apart", 0.15, None),
    ("quality.gap_iwae", "ll_agreement.256_iwae", "nats apart", 0.1, None),
    ("quality.ll_adaptive", "ll_adaptive", "nats", None, None),
    ("quality.gap_adaptive_256_512", "ll_agreement.adaptive_256_512", "nats apart", 0.15, None),
    ("quality.gap_adaptive_iwae", "ll_agreement.adaptive_iwae", "nats apart", 0.1, None),
    ("quality.hole_mass", "hole_mass.exact", "probability", None, None),
    ("quality.leak", "leak.exact", "probability", None, None),
    ("quality.magnification_p99", "magnification_p99", "magnification", None, None),
)


def best_model(models: list[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The MNIST model of a plane with the highest exact log-likelihood."""
    known = [model for model in models if model["dataset"]["name"] == "mnist" and _value(model, "ll_quadrature.512") is not None]
    return max(known, key=lambda model: float(_value(model, "ll_quadrature.512") or 0.0), default=None)


def _value(model: Mapping[str, Any], key: str) -> float | None:
    value = model["figures"].get(key, {}).get("value")
    return None if value is None else float(value)


def measure() -> list[Figure]:
    models = json.loads((resource_folder("models") / "index.json").read_text("utf-8"))["models"]
    figures = []
    best = best_model(models)
    for key, source, unit, aim, peer in ROWS:
        model = best
        if source == "elbo":  # of the best model whose encoder is used
            encoders = [one for one in models if one["dataset"]["name"] == "mnist" and _value(one, source) is not None]
            model = max(encoders, key=lambda one: float(_value(one, "elbo") or 0.0), default=None)
        value = None if model is None else _value(model, source)
        if model is None or value is None:
            continue
        shown = abs(value) if unit == "nats apart" else value
        figures.append(Figure(f"{key}.{model['name']}", shown, unit, int(model["figures"][source]["n"]), aim, peer))
    return figures
