"""Adam, with a state that travels as plain arrays so that a stopped run can be continued exactly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

MOMENTS = ("exp_avg", "exp_avg_sq")


class Optimizer:
    """torch's fused Adam (Kingma & Ba 2015) over all weights of a module."""

    def __init__(self, module: nn.Module) -> None:
        self.names = [name for name, _ in module.named_parameters()]
        self.parameters = list(module.parameters())
        self.adam = torch.optim.Adam(self.parameters, lr=1e-3, fused=self.parameters[0].device.type in ("cpu", "cuda"))

    def zero_grad(self) -> None:
        """Forget the gradients."""
        self.adam.zero_grad(set_to_none=True)

    def step(self, lr: float) -> None:
        """One update with learning rate `lr`."""
        self.adam.param_groups[0]["lr"] = lr
        self.adam.step()

    def state(self) -> dict[str, NDArray[Any]]:
        """``optim.<moment>.<weight>`` and ``optim.step``, copies on the CPU; the moments are missing before the first step."""
        arrays: dict[str, NDArray[Any]] = {}
        steps = 0.0
        for name, parameter in zip(self.names, self.parameters, strict=True):
            values = self.adam.state.get(parameter)
            if values:
                steps = float(values["step"])
                arrays |= {f"optim.{moment}.{name}": values[moment].detach().cpu().numpy().copy() for moment in MOMENTS}
        return arrays | {"optim.step": np.array([steps], np.float32)}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `state` gave; KeyError or ValueError when it does not fit the module."""
        steps = float(state["optim.step"][0])
        if steps == 0:
            return
        for name, parameter in zip(self.names, self.parameters, strict=True):
            entry: dict[str, torch.Tensor] = {"step": torch.tensor(steps, dtype=torch.float32, device=parameter.device)}
            for moment in MOMENTS:
                array = np.array(state[f"optim.{moment}.{name}"], np.float32)
                if array.shape != tuple(parameter.shape) or not np.isfinite(array).all():
                    raise ValueError(f"{moment} of {name} does not fit")
                entry[moment] = torch.from_numpy(array).to(parameter.device)
            self.adam.state[parameter] = entry
