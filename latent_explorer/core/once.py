"""What is worked out when it is first asked for, and then known."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class once(Generic[T]):  # noqa: N801  # used as property is
    """As `functools.cached_property`, but only those wait who ask the same object.

    Python 3.11's has one lock for all objects of a class: the window would wait for ten points while a worker sorts ten million;
    later ones have none, and two threads would do the work twice.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name, self._lock = name, f"_{name}_lock"

    @overload
    def __get__(self, instance: None, owner: type) -> once[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> once[T] | T:
        """The value; afterwards it is the object's own attribute, and this is not called again."""
        if instance is None:
            return self
        known = instance.__dict__
        with known.setdefault(self._lock, threading.RLock()):
            if self._name not in known:
                known[self._name] = self._compute(instance)
        value: T = known[self._name]
        return value
