"""Results that may be asked for again, kept until their memory is needed for newer ones."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from numpy.typing import NDArray

BUDGET = 256 << 20  # bytes
OVERHEAD = 400  # bytes that an entry takes beside its pixels: key, array, links


class Cache:
    """Arrays by what they are the answer to; when they outgrow the budget, those that were not asked for the longest go. Any thread.

    A key begins with what the model is known by, its content hash, or for a model in training the id of its handle and the
    revision; so nothing ever has to be taken back. The arrays are shared and must not be changed.

    Parameters
    ----------
    budget : int
        Bytes of all entries together.
    """

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget = budget
        self._entries: OrderedDict[Hashable, NDArray[Any]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._entries

    @property
    def size(self) -> int:
        """Bytes that all entries take."""
        return self._bytes

    def find(self, keys: Sequence[Hashable]) -> list[NDArray[Any] | None]:
        """The arrays, which now count as just asked for; None for those that are not there, or no longer."""
        with self._lock:
            found = [self._entries.get(key) for key in keys]
            for key, array in zip(keys, found, strict=True):
                if array is not None:
                    self._entries.move_to_end(key)
            return found

    def put(self, key: Hashable, array: NDArray[Any]) -> None:
        """Keep an array, in the place of another one under this key. One that is larger than the budget is not kept.

        It must own its memory: a view would hold on to all of the array that it looks into.
        """
        if array.base is not None:
            raise ValueError("a view keeps more memory than it says")
        with self._lock:
            self._remove(key)
            if array.nbytes + OVERHEAD > self._budget:
                return
            self._entries[key] = array
            self._bytes += array.nbytes + OVERHEAD
            while self._bytes > self._budget:
                self._remove(next(iter(self._entries)))

    def drop(self, keys: Iterable[Hashable]) -> None:
        """Let go what nobody will ask for again, such as the pictures of older weights; what is not there is no error."""
        with self._lock:
            for key in keys:
                self._remove(key)

    def _remove(self, key: Hashable) -> None:
        array = self._entries.pop(key, None)
        if array is not None:
            self._bytes -= array.nbytes + OVERHEAD
