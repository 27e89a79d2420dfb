"""The menu of what can be done with points."""

from __future__ import annotations

from collections.abc import Callable

# words, wish, shortcut; None is a line between
ENTRIES: tuple[tuple[str, str, str | None] | None, ...] = (
    ("Select the points in &view\tA", "selection_view", None),  # the letters are the plane's: in a field they are letters
    ("Select the point at the &probe\tS", "selection_place", None),
    ("Select the 50 s&trangest", "strangest", None),
    ("&Clear the selection", "selection_clear", None),
    ("E&xact posterior of the image", "posterior", "Ctrl+B"),
    None,
    ("Show &only the selected points", "selection_show_only", "Ctrl+Shift+O"),
    ("&Hide the selected points", "selection_hide", "Ctrl+Shift+H"),
    ("Show &all points", "selection_show_all", "Ctrl+Shift+A"),
    ("&Jump to the selection", "selection_jump", "Ctrl+J"),
    None,
    ("&Export the selected points…", "selection_export", "Ctrl+Shift+E"),
)


def fill(add: Callable[[str, str, str | None], object], separate: Callable[[], object]) -> None:
    """Add all entries."""
    for entry in ENTRIES:
        if entry is None:
            separate()
        else:
            add(*entry)
