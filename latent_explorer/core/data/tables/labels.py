"""Classes of a table: whole numbers or words in, labels from 0 and class names out."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.files.gate import shown

MOST_CLASSES = 10_000
LONGEST = 1000  # characters of a text that tell it from others

_WHOLE = re.compile(r"\s*([+-]?[0-9]{1,18})(\.0*)?\s*", re.ASCII)


class NoClassesError(Exception):
    """More than `MOST_CLASSES`, or decimals: the column holds no classes. ``numbers`` tells whether it may hold values."""

    def __init__(self, *, numbers: bool) -> None:
        super().__init__()
        self.numbers = numbers


class LabelBook:
    """Gives each distinct text a number, block by block; -1 for none."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    @property
    def texts(self) -> list[str]:
        """All texts so far, by their numbers."""
        return list(self._numbers)

    def enter(self, texts: Sequence[str | None], which: NDArray[np.integer]) -> NDArray[np.int32]:
        """Numbers (n,) of the rows whose texts are ``texts[which]``; -1 in `which`, None and the empty text are none.

        Raises
        ------
        NoClassesError
        """
        book = self._numbers
        cut = [text.strip()[:LONGEST] if text else "" for text in texts]
        own = [book.setdefault(text, len(book)) if text else -1 for text in cut]
        if len(book) > MOST_CLASSES:
            raise NoClassesError(numbers=all(map(is_number, book)))
        numbers: NDArray[np.int32] = np.array([*own, -1], np.int32)[which]
        return numbers

    def enter_whole(self, values: NDArray[np.integer]) -> NDArray[np.int32]:
        """The same for whole numbers (n,).

        Raises
        ------
        NoClassesError
        """
        low, high = int(values.min(initial=0)), int(values.max(initial=0))
        if high - low < 1 << 16:  # counting is ten times as quick as sorting
            places = values - low
            distinct = np.flatnonzero(np.bincount(places)) + low
            which = np.empty(high - low + 1, np.int64)
            which[distinct - low] = np.arange(len(distinct))
            which = which[places]
        else:
            distinct, which = np.unique(values, return_inverse=True)
        if len(distinct) > MOST_CLASSES:
            raise NoClassesError(numbers=True)
        return self.enter([str(value) for value in distinct.tolist()], which)

    def check(self) -> None:
        """At the end.

        Raises
        ------
        NoClassesError
            All are numbers and some of them are not whole.
        """
        texts = self.texts
        if texts and all(map(is_number, texts)) and not all(map(is_whole, texts)):
            raise NoClassesError(numbers=True)


def is_number(text: str) -> bool:
    """Whether this is a number as files write it; Python would read 2020_01_05 and digits of other scripts too."""
    if "_" in text or not text.isascii():
        return False
    try:
        float(text)
    except ValueError:
        return False
    return True


def is_whole(text: str) -> bool:
    """Whether this is a whole number, such as 3 or 3.0."""
    return _WHOLE.fullmatch(text) is not None


def classes_of(texts: Sequence[str]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Label of each text, and the names of the classes; -1 for none.

    Whole numbers from -1 (none) on are labels as they are, as far as there may be classes; others are classes named by
    themselves, in order. Words are classes in the order of the alphabet.
    """
    found = [_WHOLE.fullmatch(text) for text in texts]
    if texts and all(found):
        numbers = [int(match[1]) for match in found if match is not None]
        if min(numbers) >= -1 and max(numbers) < MOST_CLASSES:
            return np.array(numbers, np.int64), tuple(str(k) for k in range(max(numbers) + 1))
        order, label = np.unique(np.array(numbers, np.int64), return_inverse=True)
        return label.astype(np.int64), tuple(map(str, order.tolist()))
    names = sorted(texts)
    place = {name: k for k, name in enumerate(names)}
    return np.array([place[text] for text in texts], np.int64), tuple(map(shown, names))
