"""What a model is told besides z, checked: the class of a conditional one."""

from __future__ import annotations

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
