"""Selecting points by hand and by key, and what is done with them, on the real window with real events."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QDockWidget, QPushButton, QToolButton

from latent_explorer.app.features import selection as feature
from latent_explorer.core.checkpoint.library import shipped
from latent_explorer.core.scene import Camera
from latent_explorer.views.selection_table import IMAGE, NUMBER, PICTURE
from tests.app.conftest import Desk
from tests.views.hand import Key, Modifier, Place, pixels_of, settle

SHIFT, CONTROL, ALT = Modifier.ShiftModifier, Modifier.ControlModifier, Modifier.AltModifier


@pytest.fixture
def ready(opened: Desk) -> Desk:
    opened.wait(lambda: opened.program.index.shown is not None)
    opened.rest()
    return opened


def points(desk: Desk) -> np.ndarray:
    return desk.slot.frame.to_plane(desk.slot.codes["mean"].z)


def selected(desk: Desk) -> list[int]:
    selection = desk.session.scene.selection
    return [] if selection is None else selection.rows.tolist()


def box(desk: Desk, low: tuple[float, float], high: tuple[float, float]) -> set[int]:
    """Rows between two fractions of the plot, as the pixels of the mouse cut it."""
    plane = desk.window.plane
    (x0, y0), (x1, y1) = ((place.x(), place.y()) for place in (plane._to_plane(QPointF(desk.pixel(*corner))) for corner in (low, high)))
    found = points(desk)
    return set(np.flatnonzero((found >= (x0, y0)).all(axis=1) & (found <= (x1, y1)).all(axis=1)).tolist())


def drag(desk: Desk, places: list[Place], modifier: Modifier = Modifier.NoModifier) -> None:
    desk.hand.move(desk.plane, places[0])
    desk.hand.press(desk.plane, places[0], modifier=modifier)
    for place in places[1:]:
        desk.hand.move(desk.plane, place)
    desk.hand.release(desk.plane, places[-1], modifier=modifier)


def drag_box(desk: Desk, low: tuple[float, float], high: tuple[float, float], modifier: Modifier = SHIFT) -> None:
    drag(desk, [desk.pixel(*low), desk.pixel(*high)], modifier)


def pixel_of(desk: Desk, row: int) -> QPoint:
    x, y = points(desk)[row].tolist()
    return desk.window.plane.plane_to_pixel(x, y).toPoint()


def lonely(desk: Desk) -> int:
    """A point in view that lies far from all others."""
    found = points(desk)
    left, bottom, width, height = desk.window.plane.window_rectangle()
    inner = (found > (left + 0.15 * width, bottom + 0.15 * height)) & (found < (left + 0.75 * width, bottom + 0.75 * height))
    away = np.hypot(*(found[:, None] - found[None]).transpose(2, 0, 1))
    np.fill_diagonal(away, np.inf)
    return int(np.where(inner.all(axis=1), away.min(axis=1), 0).argmax())


def mode(desk: Desk, name: str) -> QToolButton:
    button = desk.window.plane.findChild(QToolButton, f"mode_{name}")
    assert button is not None
    return button


def panel_button(desk: Desk, wish: str) -> QPushButton:
    desk.window.raise_panel("selection")  # in a low window it lies behind the decoded image
    settle()
    return desk.button(f"selection_{wish}")


def dock(desk: Desk) -> QDockWidget:
    found = desk.window.findChild(QDockWidget, "dock_selection")
    assert found is not None
    return found


# --- by mouse ----------------------------------------------------------------------------------------------------------------


def test_shift_drag_selects_what_lies_in_the_rectangle_and_leaves_the_probe(ready: Desk) -> None:
    probe = ready.session.scene.probe
    drag_box(ready, (0.3, 0.3), (0.6, 0.7))
    assert set(selected(ready)) == box(ready, (0.3, 0.3), (0.6, 0.7)) != set()
    assert ready.session.scene.probe == probe
    drag_box(ready, (0.7, 0.8), (0.4, 0.2))  # from any corner; it takes the other's place
    assert set(selected(ready)) == box(ready, (0.4, 0.2), (0.7, 0.8))


def test_add_and_remove_by_the_bar_and_remove_by_alt(ready: Desk) -> None:
    first, second = box(ready, (0.3, 0.3), (0.5, 0.6)), box(ready, (0.4, 0.4), (0.7, 0.7))
    assert not mode(ready, "add").isVisible()
    drag_box(ready, (0.3, 0.3), (0.5, 0.6))
    ready.hand.click(mode(ready, "add"))
    drag_box(ready, (0.4, 0.4), (0.7, 0.7))
    assert set(selected(ready)) == first | second
    drag_box(ready, (0.3, 0.3), (0.5, 0.6), SHIFT | ALT)
    assert set(selected(ready)) == second - first
    ready.hand.click(mode(ready, "remove"))
    drag_box(ready, (0.1, 0.1), (0.9, 0.9))
    assert selected(ready) == []


def test_beside_most_points_the_others_are_dimmed_and_beside_few_they_are_not(ready: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature, "MANY", 3)
    drag_box(ready, (0.0, 0.0), (1.0, 1.0))
    drag_box(ready, (0.5, 0.4), (0.6, 0.5), SHIFT | ALT)
    layer, count = ready.window.plane._selected, len(points(ready))
    assert count / 2 < len(layer._points) < count
    assert len(layer._points) + len(layer._others) == count
    drag_box(ready, (0.5, 0.4), (0.6, 0.5))
    assert 3 < len(layer._points) < count / 2
    assert not len(layer._others)


@pytest.mark.parametrize("key", [CONTROL, ALT])
def test_a_chosen_tool_keeps_its_shape_while_shift_adds_and_control_or_alt_removes(ready: Desk, key: Modifier) -> None:
    ready.hand.click(mode(ready, "lasso"))
    first, second = [(0.2, 0.2), (0.6, 0.2), (0.2, 0.7)], [(0.8, 0.8), (0.8, 0.3), (0.4, 0.8)]  # triangles, half of their boxes
    around = []
    for modifier, corners in ((Modifier.NoModifier, first), (SHIFT, second), (SHIFT | key, first)):
        drag(ready, [ready.pixel(*corner) for corner in (*corners, corners[0])], modifier)
        around.append(set(selected(ready)))
    alone, both, rest = around
    assert alone < both and alone < box(ready, (0.2, 0.2), (0.6, 0.7))
    assert rest == both - alone
    assert not rest & box(ready, (0.2, 0.2), (0.4, 0.4))


def test_a_lasso_selects_what_it_goes_around(ready: Desk) -> None:
    corners = [(0.3, 0.3), (0.7, 0.35), (0.65, 0.75), (0.45, 0.5), (0.3, 0.7)]
    places = [ready.pixel(*corner) for corner in corners]
    drag(ready, [*places, places[0]], SHIFT | CONTROL)
    edges = [ready.window.plane._to_plane(QPointF(place)) for place in places]
    found, inside = points(ready), np.zeros(len(points(ready)), np.bool_)
    for a, b in zip(edges, [*edges[1:], edges[0]], strict=True):  # how often a ray to the right meets the line
        crosses = (a.y() > found[:, 1]) != (b.y() > found[:, 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            inside ^= crosses & (found[:, 0] < (b.x() - a.x()) * (found[:, 1] - a.y()) / (b.y() - a.y()) + a.x())
    assert selected(ready) == np.flatnonzero(inside).tolist() != []


def test_shift_click_selects_the_nearest_within_reach(ready: Desk) -> None:
    row = lonely(ready)
    place = pixel_of(ready, row)
    ready.hand.press(ready.plane, place + QPoint(4, -3), modifier=SHIFT)
    ready.hand.release(ready.plane, place + QPoint(4, -3), modifier=SHIFT)
    assert selected(ready) == [row]
    ready.session.set_scene(camera=Camera(50.0, 50.0, 1.0))  # no point in reach
    ready.hand.press(ready.plane, ready.pixel(0.5, 0.5), modifier=SHIFT)
    ready.hand.release(ready.plane, ready.pixel(0.5, 0.5), modifier=SHIFT)
    assert selected(ready) == [row]


def test_modes_do_the_same_for_people_who_know_no_modifiers(ready: Desk) -> None:
    ready.hand.click(mode(ready, "rectangle"))
    drag_box(ready, (0.3, 0.3), (0.6, 0.7), Modifier.NoModifier)
    assert set(selected(ready)) == box(ready, (0.3, 0.3), (0.6, 0.7))
    row = lonely(ready)
    ready.hand.click(ready.plane, pixel_of(ready, row))
    assert selected(ready) == [row]
    ready.hand.click(mode(ready, "lasso"))
    drag(ready, [ready.pixel(*place) for place in ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))])
    assert set(selected(ready)) == box(ready, (0.2, 0.2), (0.8, 0.8))


def test_hidden_points_are_not_selected(ready: Desk) -> None:
    ready.session.set_scene(hidden_classes=frozenset({1, 3, 5}))
    drag_box(ready, (0.1, 0.1), (0.9, 0.9))
    labels = ready.slot.codes["mean"].labels
    assert set(selected(ready)) == {row for row in box(ready, (0.1, 0.1), (0.9, 0.9)) if labels[row] not in (1, 3, 5)}


def test_escape_stops_the_line_and_only_then_clears_the_selection(ready: Desk) -> None:
    drag_box(ready, (0.3, 0.3), (0.6, 0.7))
    before = selected(ready)
    ready.hand.press(ready.plane, ready.pixel(0.2, 0.2), modifier=SHIFT)
    ready.hand.move(ready.plane, ready.pixel(0.8, 0.8))
    ready.hand.key(Key.Key_Escape)
    ready.hand.release(ready.plane, ready.pixel(0.8, 0.8), modifier=SHIFT)
    assert selected(ready) == before
    ready.hand.key(Key.Key_Escape)
    assert selected(ready) == []
    assert ready.window.isVisible()


# --- by keyboard -------------------------------------------------------------------------------------------------------------


def test_everything_by_keyboard(ready: Desk) -> None:
    ready.window.plane.setFocus()
    ready.hand.key(Key.Key_A)
    left, bottom, width, height = ready.window.plane.window_rectangle()
    seen = (points(ready) >= (left, bottom)) & (points(ready) <= (left + width, bottom + height))
    assert selected(ready) == np.flatnonzero(seen.all(axis=1)).tolist()
    ready.hand.key(Key.Key_A, SHIFT)
    assert selected(ready) == []
    row = lonely(ready)
    ready.program.probe.put(tuple(ready.slot.codes["mean"].z[row].tolist()))
    ready.hand.key(Key.Key_S)
    assert selected(ready) == [row]
    ready.hand.key(Key.Key_X)
    assert ready.window.plane.modes.how == "add"
    ready.hand.key(Key.Key_A)
    ready.hand.key(Key.Key_S, SHIFT)
    assert selected(ready) == [k for k in np.flatnonzero(seen.all(axis=1)).tolist() if k != row]
    for key, name in ((Key.Key_R, "rectangle"), (Key.Key_L, "lasso"), (Key.Key_V, "probe")):
        ready.hand.key(key)
        assert ready.window.plane.modes.mode == name
    assert ready.window.plane.hasFocus()


# --- what is done with it ----------------------------------------------------------------------------------------------------


def test_show_only_hide_and_show_all(ready: Desk) -> None:
    count = len(points(ready))
    drag_box(ready, (0.3, 0.3), (0.6, 0.7))
    first = set(selected(ready))
    ready.hand.click(panel_button(ready, "show_only"))
    visible = ready.program.index.visible
    assert visible is not None
    assert set(np.flatnonzero(visible).tolist()) == first
    assert ready.says(f"{count:,} points, {count - len(first):,} hidden")
    drag_box(ready, (0.3, 0.3), (0.45, 0.7))
    second = set(selected(ready))
    assert second < first
    ready.hand.click(panel_button(ready, "hide"))
    visible = ready.program.index.visible
    assert visible is not None
    assert set(np.flatnonzero(visible).tolist()) == first - second
    assert selected(ready) == []
    assert dock(ready).isVisible()  # the way back is there
    ready.hand.click(panel_button(ready, "show_all"))
    assert ready.program.index.visible is None
    assert not dock(ready).isVisible()
    assert len(points(ready)) == count


def test_jump_brings_all_selected_points_into_view(ready: Desk) -> None:
    drag_box(ready, (0.3, 0.3), (0.6, 0.7))
    rows = selected(ready)
    ready.session.set_scene(camera=Camera(40.0, -7.0, 0.5))
    ready.hand.key(Key.Key_J, CONTROL)
    left, bottom, width, height = ready.window.plane.window_rectangle()
    found = points(ready)[rows]
    assert ((found >= (left, bottom)) & (found <= (left + width, bottom + height))).all()
    assert np.ptp(found, axis=0).max() > 0.5 * min(width, height)  # and not from far away


def test_the_panel_lists_them_with_images_and_errors_and_sorts(ready: Desk) -> None:
    assert not dock(ready).isVisible()
    drag_box(ready, (0.3, 0.3), (0.7, 0.7))
    assert dock(ready).isVisible()
    model, codes, dataset = ready.window.selection.model, ready.slot.codes["mean"], ready.session.dataset
    assert dataset is not None
    ready.wait(lambda: "Error" in model.shown.columns)
    rows = selected(ready)
    assert model.rowCount() == len(rows)
    error = model.columnCount() - 1
    assert model.headerData(error, Qt.Orientation.Horizontal) == "Error"
    model.sort(error, Qt.SortOrder.DescendingOrder)
    wanted = {}
    for row in rows:
        decoded = ready.decoded(codes.z[row])[..., :1].astype(np.float64)
        wanted[row] = np.square((decoded - dataset.images[codes.index[row]]) / 255).mean()
    order = [model.row_at(k) for k in range(len(rows))]
    assert [wanted[row] for row in order] == pytest.approx(sorted(wanted.values(), reverse=True), abs=2e-4)
    for k in (0, len(rows) - 1):
        picture = model.index(k, IMAGE).data(PICTURE)
        image = np.broadcast_to(dataset.images[codes.index[order[k]]], (8, 8, 3))
        assert np.array_equal(pixels_of(picture), image)
        assert model.index(k, NUMBER).data() == f"{codes.index[order[k]]:,}"
    assert ready.says(f"{len(rows):,} points selected")
    assert ready.says(f"{len(rows):,} selected")


def test_without_the_data_set_rows_show_decodes(ready: Desk) -> None:
    ready.session.set_dataset(None)
    drag_box(ready, (0.3, 0.3), (0.7, 0.7))
    model, codes = ready.window.selection.model, ready.slot.codes["mean"]
    assert "Error" not in model.shown.columns
    ready.window.raise_panel("selection")
    ready.wait(lambda: model.index(0, IMAGE).data(PICTURE) is not None)
    picture = pixels_of(model.index(0, IMAGE).data(PICTURE))
    assert np.abs(picture.astype(int) - ready.decoded(codes.z[model.row_at(0)])).max() <= 1


def test_a_click_on_a_row_goes_there_and_delete_takes_it_out(ready: Desk) -> None:
    drag_box(ready, (0.3, 0.3), (0.7, 0.7))
    ready.rest()
    panel = ready.window.selection
    ready.window.raise_panel("selection")
    settle()
    ready.session.set_scene(camera=Camera(40.0, -7.0, 0.5))
    table = panel.table
    ready.hand.click(table.viewport(), table.visualRect(panel.model.index(1, NUMBER)).center())
    row = panel.model.row_at(1)
    assert ready.session.scene.probe == pytest.approx(ready.slot.codes["mean"].z[row])
    assert (ready.session.scene.camera.x, ready.session.scene.camera.y) == pytest.approx(points(ready)[row].tolist())
    assert ready.program.hover.row == row
    assert ready.window.plane.hasFocus()
    before = selected(ready)
    table.setFocus()
    ready.hand.key(Key.Key_Delete)
    assert selected(ready) == [other for other in before if other != row]
    ready.hand.key(Key.Key_Escape)
    assert ready.window.plane.hasFocus()


@pytest.mark.parametrize("ending", ["csv", "npz"])
def test_export(ready: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"points.{ending}"
    monkeypatch.setattr(feature, "ask_table_path", lambda *arguments: path)
    drag_box(ready, (0.3, 0.3), (0.7, 0.7))
    ready.wait(lambda: "Error" in ready.window.selection.model.shown.columns)
    ready.hand.click(panel_button(ready, "export"))
    ready.wait(lambda: "exported" in ready.notice)
    rows, codes = selected(ready), ready.slot.codes["mean"]
    if ending == "csv":
        head, *lines = path.read_text().splitlines()
        assert head == "index,label,z0,z1,log_var0,log_var1,error"
        table = np.array([line.split(",") for line in lines]).astype(np.float64)
        index, z = table[:, 0], table[:, 2:4]
    else:
        with np.load(path) as archive:
            assert set(archive.files) == {"z", "label", "index", "log_var", "error"}
            index, z = archive["index"], archive["z"]
    assert np.array_equal(index, codes.index[rows])
    assert np.array_equal(z.astype(np.float32), codes.z[rows])


def test_another_data_sets_points_are_not_selected(ready: Desk, models: dict[str, Path]) -> None:
    drag_box(ready, (0.3, 0.3), (0.7, 0.7))
    rows = selected(ready)
    ready.program.opening.open(models["other"])  # of the same images
    ready.wait(lambda: ready.slot.name == "other")
    ready.rest()
    assert selected(ready) == rows
    ready.program.opening.open_default()
    ready.wait(lambda: ready.slot.name == shipped()[0].name)
    assert selected(ready) == []
    settle()
    assert not dock(ready).isVisible()
