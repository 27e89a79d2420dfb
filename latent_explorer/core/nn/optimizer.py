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
    """torch's fused Adam (Kingma & Ba 2015, arXiv 1412.6980) over all weights of a module, float32.

    Weights, gradients and moments lie in one array each, one weight after the other, so that norm and update are one pass;
    the module's own weights become views of it.

    Parameters
    ----------
    weight_decay : float
        Of AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101): each step takes ``lr * weight_decay`` of every weight away.
    average : float
        Decay, each step, of a running mean of the weights (Polyak & Juditsky 1992); 0 for none. While it is young it is the mean
        of all so far.
    """

    def __init__(self, module: nn.Module, *, weight_decay: float = 0.0, average: float = 0.0) -> None:
        named = [(name, parameter) for name, parameter in module.named_parameters() if parameter.requires_grad]
        self.names = [name for name, _ in named]
        self.parameters: list[nn.Parameter] = [parameter for _, parameter in named]
        self._weight_decay, self._decay = weight_decay, average
        self._weights = torch.cat([p.detach().reshape(-1) for p in self.parameters])
        for parameter, part in zip(self.parameters, self._parts(self._weights), strict=True):
            parameter.data = part
        self._gradient = torch.zeros_like(self._weights)
        self._gradients = self._parts(self._gradient)
        self._moments = {kind: torch.zeros_like(self._weights) for kind in ("exp_avg", "exp_avg_sq")}
        self._average = self._weights.clone() if average else None
        self._steps = torch.zeros((), dtype=torch.float32, device=self._weights.device)
        self._fused = self._weights.device.type in ("cpu", "cuda")

    def _parts(self, array: torch.Tensor) -> list[torch.Tensor]:
        """Views of an array over all weights, in the shapes of the weights."""
        pieces = array.split([p.numel() for p in self.parameters])
        return [piece.view(p.shape) for piece, p in zip(pieces, self.parameters, strict=True)]

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    def gradients_in_place(self) -> dict[torch.Tensor, torch.Tensor]:
        """For one who writes every gradient itself at every step: where that of each weight belongs."""
        for parameter, part in zip(self.parameters, self._gradients, strict=True):
            parameter.grad = part
        return dict(zip(self.parameters, self._gradients, strict=True))

    def _gather(self) -> None:
        """Bring gradients that autograd left elsewhere into the one array."""
        found = []
        for name, parameter in zip(self.names, self.parameters, strict=True):
            if parameter.grad is None:
                raise RuntimeError(f"{name} has no gradient: it takes no part in the loss")
            found.append(parameter.grad)
        if any(one is not part for one, part in zip(found, self._gradients, strict=True)):
            torch.cat([one.reshape(-1) for one in found], out=self._gradient)
            self.gradients_in_place()

    @torch.no_grad()
    def step(self, lr: float, clip_norm: float) -> bool:
        """One update with learning rate `lr`, by gradients shortened to `clip_norm`.

        Returns
        -------
        bool
            False, with nothing changed, when a gradient is not finite.
        """
        self._gather()
        # torch's clip_grad_norm_ would multiply every gradient at every step, mostly by 1.
        norm = torch.dot(self._gradient, self._gradient).item() ** 0.5
        if not math.isfinite(norm):
            return False
        if norm > clip_norm:
            self._gradient.mul_(clip_norm / norm)
        adam(
            [self._weights],
            [self._gradient],
            [self._moments["exp_avg"]],
            [self._moments["exp_avg_sq"]],
            [],
            [self._steps],
            fused=self._fused,
            amsgrad=False,
            beta1=BETAS[0],
            beta2=BETAS[1],
            lr=lr,
            weight_decay=0.0,  # would be added to the gradient; AdamW's is below
            eps=EPSILON,
            maximize=False,
        )
        if self._weight_decay:
            self._weights.mul_(1 - lr * self._weight_decay)
        if self._average is not None:
            steps = self._steps.item()
            self._average.lerp_(self._weights, 1 - min(self._decay, steps / (10 + steps)))
        return True

    def averaged(self) -> dict[str, torch.Tensor]:
        """The averaged weights by name, views; the newest ones themselves where none are averaged."""
        source = self._weights if self._average is None else self._average
        return dict(zip(self.names, self._parts(source), strict=True))

    @torch.no_grad()
    def forget_average(self) -> None:
        """Begin anew with the module's weights as they are now."""
        if self._average is not None:
            self._average.copy_(self._weights)

    def state(self) -> dict[str, NDArray[Any]]:
        """``optim.<moment>.<weight>`` and ``optim.step``, copies on the CPU; the moments are missing before the first step.

        Where weights are averaged, ``optim.newest.<weight>`` are those that the next step starts from.
        """
        steps = self._steps.item()
        arrays: dict[str, NDArray[Any]] = {"optim.step": np.array([steps], np.float32)}
        if steps:
            for kind, moments in self._moments.items():
                parts = zip(self.names, self._parts(moments), strict=True)
                arrays |= {f"optim.{kind}.{name}": part.cpu().numpy().copy() for name, part in parts}
            if self._average is not None:
                parts = zip(self.names, self._parts(self._weights), strict=True)
                arrays |= {f"optim.newest.{name}": part.cpu().numpy().copy() for name, part in parts}
        return arrays

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `state` gave; KeyError or ValueError when it does not fit the module."""
        steps = float(state["optim.step"][0])
        if not 0 <= steps < math.inf:
            raise ValueError("the number of steps does not fit")
        arrays = dict(self._moments)
        if self._average is not None:
            self._average.copy_(self._weights)  # the module was given the averaged ones
            arrays["newest"] = self._weights
        for kind, moments in arrays.items() if steps else ():
            for name, part in zip(self.names, self._parts(moments), strict=True):
                array = np.array(state[f"optim.{kind}.{name}"], np.float32)
                if array.shape != tuple(part.shape) or not np.isfinite(array).all():
                    raise ValueError(f"{kind} of {name} does not fit")
                part.copy_(torch.from_numpy(array))
        self._steps.fill_(steps)
