"""The table of selected points: order, what its cells say, and that it makes only what is seen."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from latent_explorer.views.selection_panel import SelectionPanel
from latent_explorer.views.selection_table import AT_ONCE, CLASS, IMAGE, NUMBER, PICTURE, VALUES, SelectedRows
from tests.views.hand import Ear, Hand, Key, pixels_of, settle, texts
from tests.views.room import cut

ASCENDING, DESCENDING = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder


def some(count: int = 6, *, images: bool = False) -> SelectedRows:
    generator = np.random.Generator(np.random.PCG64(0))
    error = generator.random(count).astype(np.float32)
    error[::3] = np.nan
    pixels = generator.integers(0, 256, (3 * count, 4, 4, 1), dtype=np.uint8) if images else None
    labels = np.arange(count, dtype=np.int64) % 3 - 1
    return SelectedRows(np.arange(count) * 2, np.arange(count) * 2 + 1, labels, ("zero", "one"), {"Error": error}, pixels)


@pytest.fixture
def panel(qtbot: QtBot) -> SelectionPanel:
    panel = SelectionPanel()
    qtbot.addWidget(panel)
    panel.resize(320, 420)
    return panel


def column(panel: SelectionPanel, number: int) -> list[str]:
    return [panel.model.index(k, number).data() for k in range(panel.model.rowCount())]


def test_cells_say_number_class_and_value(panel: SelectionPanel) -> None:
    shown = some()
    QAbstractItemModelTester(panel.model, QAbstractItemModelTester.FailureReportingMode.Warning, panel)
    panel.set_rows(shown, 5)
    assert column(panel, NUMBER) == ["1", "3", "5", "7", "9", "11"]
    assert column(panel, CLASS) == ["", "zero", "one"] * 2
    assert [value == "" for value in column(panel, VALUES)] == [True, False, False] * 2
    assert "6 points selected · 5 hidden" in texts(panel)
    panel.model.sort(VALUES, DESCENDING)
    panel.set_rows(SelectedRows(), 0)
    assert panel.model.rowCount() == 0
    assert "Nothing selected" in texts(panel)


@pytest.mark.parametrize("order", [ASCENDING, DESCENDING])
def test_rows_without_a_value_stand_last_either_way(panel: SelectionPanel, order: Qt.SortOrder) -> None:
    shown = some(30)
    panel.set_rows(shown, 0)
    panel.model.sort(VALUES, order)
    values = np.array([shown.columns["Error"][panel.model.row_at(k) // 2] for k in range(30)])
    known = values[np.isfinite(values)]
    assert np.isnan(values[len(known) :]).all()
    assert (np.diff(known) * (1 if order == ASCENDING else -1) >= 0).all()


def test_the_order_outlasts_another_selection_and_a_click_on_the_head_turns_it(panel: SelectionPanel) -> None:
    hand = Hand(panel)
    panel.set_rows(some(), 0)
    head = panel.table.horizontalHeader()
    place = head.sectionViewportPosition(CLASS) + 12
    hand.click(head.viewport(), (place, 8))
    assert column(panel, CLASS) == sorted(column(panel, CLASS), key=["", "zero", "one"].index)
    hand.click(head.viewport(), (place, 8))
    panel.set_rows(some(9), 0)
    assert column(panel, CLASS) == sorted(column(panel, CLASS), key=["one", "zero", ""].index)
    for k in range(9):
        row = panel.model.row_at(k)
        assert panel.model.place_of(row) == k


def test_a_sorted_column_is_known_by_its_name_and_waits_for_its_values(panel: SelectionPanel) -> None:
    shown, indicator = some(9), panel.table.horizontalHeader().sortIndicatorSection
    panel.set_rows(shown, 0)
    panel.table.sortByColumn(VALUES, DESCENDING)
    by_error = column(panel, NUMBER)
    values = {"age": -shown.columns["Error"], "Error": shown.columns["Error"]}
    panel.set_rows(replace(shown, columns={"age": values["age"]}), 0)
    assert column(panel, NUMBER) == sorted(by_error, key=int)
    assert indicator() == NUMBER
    panel.set_rows(SelectedRows(), 0)
    panel.set_rows(replace(shown, columns=values), 0)
    assert column(panel, NUMBER) == by_error != sorted(by_error, key=int)
    assert indicator() == VALUES + 1


def test_the_head_of_errors_says_what_they_are(panel: SelectionPanel) -> None:
    panel.set_rows(some(), 0)
    hints = [panel.model.headerData(k, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole) for k in range(4)]
    assert hints[:3] == [None] * 3
    assert "Mean squared" in hints[VALUES]


def test_only_images_that_are_seen_are_made(panel: SelectionPanel) -> None:
    Hand(panel)
    panel.set_rows(some(100_000, images=True), 0)
    settle()
    made = panel.model._pictures
    assert 3 <= len(made) <= 20
    shown = panel.model.shown
    assert shown.images is not None
    picture = pixels_of(panel.model.index(1, IMAGE).data(PICTURE))
    assert np.array_equal(picture, np.broadcast_to(shown.images[3], (4, 4, 3)))
    panel.table.verticalScrollBar().setValue(panel.table.verticalScrollBar().maximum())
    settle()
    assert len(made) <= 40
    assert max(made) == 199_998


def test_missing_images_are_asked_for_together_and_once(panel: SelectionPanel) -> None:
    hand = Hand(panel)
    ear = Ear(panel, "picturesWanted")
    panel.set_rows(some(5000), 0)
    settle()
    (asked,) = ear.of("picturesWanted")
    assert asked[0][:3] == [0, 2, 4]
    panel.set_pictures({row: np.full((4, 4, 1), 9, np.uint8) for row in asked[0]})
    ear.clear()
    settle()
    assert ear.heard == []
    for _ in range(30):
        hand.wheel(panel.table.viewport(), notches=-40)
    assert len(ear.of("picturesWanted")[-1][0]) <= AT_ONCE


def test_keys_and_buttons_speak(panel: SelectionPanel) -> None:
    hand = Hand(panel)
    ear = Ear(panel, "rowPicked", "removeRequested", "left", "wish")
    panel.set_rows(some(), 3)
    hand.click(panel.table.viewport(), panel.table.visualRect(panel.model.index(2, NUMBER)).center())
    panel.table.setFocus()
    for key in (Key.Key_Down, Key.Key_Return, Key.Key_Delete, Key.Key_Escape):
        hand.key(key)
    assert ear.heard == [("rowPicked", 4), ("rowPicked", 6), ("removeRequested", 6), ("left",)]
    ear.clear()
    for button in panel.findChildren(QPushButton):
        hand.click(button)
        assert button.toolTip() and button.accessibleName()
    assert [wish for _, wish in ear.heard] == ["show_only", "hide", "show_all", "jump", "export", "clear"]
    panel.set_rows(SelectedRows(), 3)
    assert [button.text() for button in panel.findChildren(QPushButton) if button.isEnabled()] == ["Show all"]


@pytest.mark.parametrize("width", [220, 320])
def test_no_word_of_it_is_cut(panel: SelectionPanel, width: int) -> None:
    panel.resize(width, 420)
    Hand(panel)
    panel.set_rows(some(), 3)
    settle()
    assert [cut(button) for button in panel.findChildren(QPushButton)] == [""] * 6


def test_the_marked_row_is_found_after_sorting(panel: SelectionPanel) -> None:
    panel.set_rows(some(50), 0)
    panel.set_current(40)
    assert panel.current_row() == 40
    panel.table.sortByColumn(NUMBER, DESCENDING)
    panel.set_current(8)
    assert panel.current_row() == 8
    panel.set_current(None)
    assert panel.current_row() is None


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([-124.0, -107.93, math.nan], ["−124.0", "−107.9", ""]),
        ([0.027163, 0.1, 0.0], ["0.0272", "0.1000", "0.0000"]),
        ([12345.6, -3.2, math.inf], ["12,346", "−3", ""]),
        ([-0.00001, 1.5, -1.0], ["0.000", "1.500", "−1.000"]),
        ([3.0, 1999.0, -2.0], ["3", "1,999", "−2"]),
        ([1e-7, -2.5e-7, 0.0], ["1e−07", "−2.5e−07", "0"]),
        ([3e12, 1.0, -1.0], ["3e+12", "1", "−1"]),
        ([math.nan, 0.0, -0.0], ["", "0", "0"]),
        ([math.nan] * 3, [""] * 3),
    ],
)
def test_numbers_of_a_column_have_the_same_decimals(panel: SelectionPanel, values: list[float], said: list[str]) -> None:
    panel.set_rows(replace(some(3), columns={"Error": np.array(values, np.float32)}), 0)
    assert column(panel, VALUES) == said


@pytest.fixture
def narrow(qtbot: QtBot) -> Iterator[SelectionPanel]:
    """In a wide window: one of its own would not become narrow."""
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(800, 500)
    panel = SelectionPanel(window)
    window.show()
    yield panel


def widths(panel: SelectionPanel) -> list[int]:
    return [panel.table.columnWidth(k) for k in range(panel.model.columnCount())]


def test_in_a_narrow_panel_classes_give_way_first_then_heads_and_numbers_never(narrow: SelectionPanel) -> None:
    values = np.linspace(-140, -101, 40, dtype=np.float32)
    shown = replace(some(40), class_names=("T-shirt or top", "a"), columns={"log p(x | class)": values, "ELBO": values})
    narrow.set_rows(shown, 0)
    metrics, head = narrow.table.fontMetrics(), narrow.table.horizontalHeader().fontMetrics()
    number = metrics.horizontalAdvance("−140.0")
    before: list[int] = []
    for width in (700, 420, 380, 340, 300, 260, 220, 700):
        narrow.resize(width, 420)
        settle()
        found = widths(narrow)
        assert found[NUMBER] >= head.horizontalAdvance("Image") and min(found[VALUES:]) >= number + 8, width
        classes, long = found[CLASS], found[VALUES] >= head.horizontalAdvance("log p(x | class)") + 8
        if classes > 24:
            assert long, width  # nothing else gives way as long as this one can
        if width >= 700:
            assert long and classes >= metrics.horizontalAdvance("T-shirt or top")
        before.append(classes)
    assert before[0] == before[-1] > 24 and 24 in before and sorted(before[:-1], reverse=True) == before[:-1]


def test_a_head_that_is_cut_says_all_of_it_in_its_tooltip(panel: SelectionPanel) -> None:
    panel.set_rows(replace(some(), columns={"log p(x | class)": np.zeros(6, np.float32)}), 0)
    assert panel.table.horizontalHeader().textElideMode() == Qt.TextElideMode.ElideRight
    told = panel.model.headerData(VALUES, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert "log p(x | class)" in told
