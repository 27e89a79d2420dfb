"""Which column of a table means what: coordinates, label, row of the data set, values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, takewhile

from latent_explorer.core.errors import DatasetError
from latent_explorer.core.files.gate import shown

LABELS = ("label", "labels", "class", "classes", "category", "cluster", "target")
INDICES = ("index", "")  # pandas leaves the name of its index empty
MOST_COLUMNS = 4096
NAMED = 8  # columns that a sentence names

# Decimals; whole numbers; numbers that are whole as far as there are any; words; anything else.
FLOAT, INT, NUMBER, TEXT, OTHER = "float", "int", "number", "text", "other"


@dataclass(frozen=True)
class Layout:
    """Numbers of columns, by what they mean.

    ``label`` may turn out to have too many classes: then it is one of the values, or left out.
    """

    names: tuple[str, ...]
    coordinates: tuple[int, ...]
    label: int | None
    index: int | None
    values: tuple[int, ...]
    left_out: tuple[int, ...]

    def without_classes(self, *, numbers: bool) -> Layout:
        """The same, with the label's column among the values where it holds numbers, else left out."""
        assert self.label is not None
        values = tuple(sorted((*self.values, self.label))) if numbers else self.values
        left_out = self.left_out if numbers else tuple(sorted((*self.left_out, self.label)))
        return Layout(self.names, self.coordinates, None, self.index, values, left_out)

    def named(self, columns: Sequence[int]) -> tuple[str, ...]:
        """Names of columns, fit to be shown."""
        return tuple(shown(self.names[column]) or f"column {column + 1}" for column in columns)


def lay_out(names: Sequence[str], kinds: Sequence[str], who: str) -> Layout:
    """Find out what columns mean by their names and kinds.

    Coordinates are z0, z1 and so on; else x and y; else the first two of decimals. Labels are the first of `LABELS`, else the
    first column of text. ``index`` (whole numbers) is the row in a data set. All other columns of numbers are values.

    Parameters
    ----------
    names : sequence of str
        Spaces around them and their case do not count.
    kinds : sequence of str
        `FLOAT`, `INT`, `NUMBER`, `TEXT` or `OTHER`.
    who : str
        What a sentence begins with, such as "The file codes.csv".

    Raises
    ------
    DatasetError
        There are no two coordinate columns, too many columns, or two of one name.
    """
    plain = [name.strip().lower() for name in names]
    if len(plain) > MOST_COLUMNS:
        raise DatasetError(f"{who} has {len(plain):,} columns, and at most {MOST_COLUMNS:,} can be opened; leave some out.")
    twice = next((names[k] for k, name in enumerate(plain) if name and name in plain[:k]), None)
    if twice is not None:
        raise DatasetError(f"{who} has two columns named {shown(twice.strip())}; rename one of them.")
    of = {name: k for k, name in enumerate(plain)}
    index = next((of[name] for name in INDICES if name in of and kinds[of[name]] == INT), None)
    label = next((of[name] for name in LABELS if name in of and kinds[of[name]] != OTHER), None)
    numbered = [of[name] for name in takewhile(of.__contains__, (f"z{k}" for k in count()))]
    decimals = [k for k, kind in enumerate(kinds) if kind == FLOAT and k != label]
    if len(numbered) >= 2 or (numbered and index is not None and label is not None):  # one: a file of ours, of a 1-D model
        coordinates = tuple(numbered)
    elif "x" in of and "y" in of:
        coordinates = of["x"], of["y"]
    elif len(decimals) >= 2:
        coordinates = decimals[0], decimals[1]
    else:
        raise DatasetError(f"{who} needs two coordinate columns (x and y, z0 and z1, or two of decimals); it has {_listed(names)}.")
    wrong = next((k for k in coordinates if kinds[k] not in (FLOAT, INT, NUMBER)), None)
    if wrong is not None:
        raise DatasetError(f"{who} has no numbers in its column {shown(names[wrong])}, which should be a coordinate.")
    if label is None:
        label = next((k for k, kind in enumerate(kinds) if kind == TEXT), None)
    rest = [k for k in range(len(plain)) if k not in (*coordinates, label, index)]
    values = tuple(k for k in rest if kinds[k] in (FLOAT, INT, NUMBER))
    return Layout(tuple(name.strip() for name in names), coordinates, label, index, values, tuple(k for k in rest if k not in values))


def _listed(names: Sequence[str]) -> str:
    some = ", ".join(shown(name.strip()) or "one without a name" for name in names[:NAMED])
    return f"{some} and {len(names) - NAMED:,} more" if len(names) > NAMED else some or "none"
