"""Where the modules live: found by a handle's id, so that everything else can pass a plain value around.

Replacing an entry is one dictionary assignment; a reader holds either the old module or the new one, whole. A module
that was published is never changed afterwards, so no lock is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.nn.families.base import Model
from latent_explorer.core.types import ModelHandle

TrainingState = Mapping[str, NDArray[Any]]

_entries: dict[str, tuple[Model, TrainingState]] = {}


def publish(handle: ModelHandle, module: Model, state: TrainingState | None = None) -> None:
    """Put `module` (in eval mode, on any device, not to be changed any more) behind `handle`, with the state to go on training."""
    _entries[handle.id] = (module, dict(state or {}))


def has(handle: ModelHandle) -> bool:
    """Whether the module of `handle` is loaded."""
    return handle.id in _entries


def module_of(handle: ModelHandle) -> Model:
    """The module behind `handle`; KeyError when it was never loaded or already forgotten."""
    return _entries[handle.id][0]


def weights_of(handle: ModelHandle) -> dict[str, NDArray[np.float32]]:
    """The weights as float32 arrays by name, for a checkpoint."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in module_of(handle).state_dict().items()}


def state_of(handle: ModelHandle) -> TrainingState:
    """Optimiser and random state (``optim.*``, ``rng.*``) that belong to the published weights; empty for a finished model."""
    return _entries[handle.id][1]


def forget(handle: ModelHandle) -> None:
    """Let the module go; a handle that is not there is no error."""
    _entries.pop(handle.id, None)
