"""Adam, with a state that travels as plain arrays so that a stopped run can be continued exactly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.optim.adam import adam  # torch's functional form: the class would load torch._dynamo (1.3 s) at its first step

BETAS, EPSILON = (0.9, 0.999), 1e-8


class Optimizer:
    """torch's fused Adam (Kingma & Ba 2015, arXiv 1412.6980) over all weights of a module."""

    def __init__(self, module: nn.Module) -> None:
        self.names = [name for name, _ in module.named_parameters()]
        self.parameters: list[torch.Tensor] = list(module.parameters())
        self.moments = {kind: [torch.zeros_like(p, requires_grad=False) for p in self.parameters] for kind in ("exp_avg", "exp_avg_sq")}
        self.steps = [torch.zeros((), dtype=torch.float32, device=p.device) for p in self.parameters]
        self._fused = self.parameters[0].device.type in ("cpu", "cuda")

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self, lr: float, clip_norm: float) -> bool:
        """One update with learning rate `lr`, by gradients shortened to `clip_norm`.

        Returns
        -------
        bool
            False, with nothing changed, when a gradient is not finite.
        """
        gradients = []
        for name, parameter in zip(self.names, self.parameters, strict=True):
            if parameter.grad is None:
                raise RuntimeError(f"{name} has no gradient: it takes no part in the loss")
            gradients.append(parameter.grad)
        # torch's clip_grad_norm_ would multiply every gradient at every step, mostly by 1.
        norm = nn.utils.get_total_norm(gradients).item()
        if not math.isfinite(norm):
            return False
        if norm > clip_norm:
            for gradient in gradients:
                gradient.mul_(clip_norm / norm)
        adam(
            self.parameters,
            gradients,
            self.moments["exp_avg"],
            self.moments["exp_avg_sq"],
            [],
            self.steps,
            fused=self._fused,
            amsgrad=False,
            beta1=BETAS[0],
            beta2=BETAS[1],
            lr=lr,
            weight_decay=0.0,
            eps=EPSILON,
            maximize=False,
        )
        return True

    def state(self) -> dict[str, NDArray[Any]]:
        """``optim.<moment>.<weight>`` and ``optim.step``, copies on the CPU; the moments are missing before the first step."""
        steps = self.steps[0].item()
        arrays: dict[str, NDArray[Any]] = {"optim.step": np.array([steps], np.float32)}
        if steps:
            for kind, moments in self.moments.items():
                arrays |= {f"optim.{kind}.{name}": moment.cpu().numpy().copy() for name, moment in zip(self.names, moments, strict=True)}
        return arrays

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `state` gave; KeyError or ValueError when it does not fit the module."""
        steps = float(state["optim.step"][0])
        if not 0 <= steps < math.inf:
            raise ValueError("the number of steps does not fit")
        for kind, moments in self.moments.items() if steps else ():
            for name, moment in zip(self.names, moments, strict=True):
                array = np.array(state[f"optim.{kind}.{name}"], np.float32)
                if array.shape != tuple(moment.shape) or not np.isfinite(array).all():
                    raise ValueError(f"{kind} of {name} does not fit")
                moment.copy_(torch.from_numpy(array))
        for step in self.steps:
            step.fill_(steps)
