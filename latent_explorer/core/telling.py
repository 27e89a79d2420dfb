"""What a model is told besides z, checked: the class of a conditional one, or each image's or point's own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.errors import InputError


def told_class(model: ModelConfig, condition: int | str | None, class_names: tuple[str, ...] = ()) -> int | None:
    """The number of the class that a conditional model is told, given by number or name; class 0 where none is given.

    Raises
    ------
    InputError
        There is no such class, or the model is told none.
    """
    if model.classes is None:
        if condition is None:
            return None
        raise InputError(f"class is {condition!r}; {model.facts.title} is told no class, so leave it out.")
    if condition is None:
        return 0
    found = class_names.index(condition) if condition in class_names else condition
    if isinstance(found, str) and found.isdecimal():
        found = int(found)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found < model.classes:
        names = f", or a name such as {class_names[0]}" if class_names and class_names[0] != "0" else ""
        raise InputError(f"class is {condition!r}; this model is told one of 0 to {model.classes - 1}{names}.")
    return found


def told_classes(model: ModelConfig, labels: NDArray[np.generic] | None, count: int, what: str) -> NDArray[np.int64] | None:
    """Classes of so many images or points, by one number for all or one for each: int64 (count,); None for a model that is told none.

    Parameters
    ----------
    what : str
        What they are of, for people: "image" or "point".

    Raises
    ------
    InputError
        They are missing, or none of the model's classes, or the model is told none.
    """
    if model.classes is None:
        if labels is None:
            return None
        raise InputError(f"labels are given, but {model.facts.title} is told no class, so leave them out.")
    takes = f"one whole number from 0 to {model.classes - 1} for each {what}, or one for all"
    if labels is None:
        raise InputError(f"{model.facts.title} is told the class; give labels=, {takes}.")
    if labels.dtype.kind not in "iu" or labels.shape not in ((), (count,)):
        raise InputError(f"labels are {labels.dtype} of the shape {labels.shape}; give {takes}, {count:,} in all.")
    if labels.size and not (labels.min() >= 0 and labels.max() < model.classes):
        raise InputError(f"labels go from {labels.min()} to {labels.max()}; give {takes}.")
    return np.broadcast_to(labels.astype(np.int64), count)
