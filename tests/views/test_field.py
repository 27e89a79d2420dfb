"""The field under the points, looked at pixel by pixel: where its cells lie, what their colours are, and what the bar says of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from latent_explorer.core.colour_maps import colour_table
from latent_explorer.core.palette import class_colour, rgb
from latent_explorer.core.plane.cells import Cells, cells_between, cells_for
from latent_explorer.core.plane.field import PlaneField
from latent_explorer.core.plane.fields import holes_field, regions_field, with_contours
from latent_explorer.core.scene import Camera, Layers
from latent_explorer.views.picture import wrap_words
from latent_explorer.views.plane.colour_bar import ColourBar
from latent_explorer.views.plane.field import bar_of
from latent_explorer.views.plane.plane_view import PlaneView
from latent_explorer.views.style import DARK, Theme
from tests.views import hand
from tests.views.hand import pixels_of, settle
from tests.views.planes import bare_plane

BARE = Layers(points=False, mosaic=False, field="density", field_opacity=1.0, contours=False)


@pytest.fixture
def plane(qtbot: QtBot, theme: Theme) -> Iterator[PlaneView]:
    yield bare_plane(qtbot, theme, BARE)


def field(values: np.ndarray, cells: Cells, **more: object) -> PlaneField:
    made = PlaneField("density", "Amount", "per thing", values.astype(np.float32), cells.rectangle, "depth", 0.0, 1.0, levels=(0.5,))
    return replace(made, **more)  # type: ignore[arg-type]


def spot(plane: PlaneView, x: float, y: float) -> tuple[float, float]:
    """Where a place should be on the widget, pixels, not rounded."""
    at = plane.viewportTransform().map(plane.getPlotItem().getViewBox().mapViewToScene(QPointF(x, y)))
    at += plane.viewport().mapTo(plane, QPointF(0, 0))
    return at.x(), at.y()


def crossing(line: np.ndarray, at: float) -> float:
    """Where a rising or falling row of numbers goes through one, counting from the first pixel's left edge."""
    rising = line if line[-1] > line[0] else -line
    level = at if line[-1] > line[0] else -at
    after = int(np.argmax(rising > level))
    before = rising[after - 1]
    return float(after - 0.5 + (level - before) / (rising[after] - before))


@pytest.mark.parametrize("camera", [Camera(0.3, -0.2, 4.0), Camera(0.1, 0.1, 0.9), Camera(0.42, -0.13, 0.11)], ids=str)
@pytest.mark.parametrize("pixels", [1, 3, 8])
def test_cells_lie_where_they_belong(plane: PlaneView, camera: Camera, pixels: int) -> None:
    """Numbers that rise with x, then with y: the line of one half is painted where it lies, to half a pixel."""
    plane.set_camera(camera)
    cells = cells_for(plane.window_rectangle(), plane.window_pixels(), pixels, 0.25)
    left, bottom, width, height = plane.window_rectangle()
    middle = left + 0.57 * width, bottom + 0.39 * height
    ramp = 0.1 * width
    table = colour_table("depth", dark=plane._theme is DARK).astype(float).sum(axis=1)
    column, row = (round(place) for place in spot(plane, *middle))
    for axis, numbers in enumerate((cells.x[None] - middle[0], middle[1] - cells.y[:, None])):
        values = np.broadcast_to(np.clip(0.5 + numbers / ramp, 0, 1), (cells.rows, cells.columns))
        plane.set_fields([field(values, cells)])
        settle()
        picture = hand.look(plane).astype(float).sum(axis=2)
        line = picture[row, column - 20 : column + 20] if axis == 0 else picture[row - 20 : row + 20, column]
        found = (column, row)[axis] - 20 + crossing(line, table[127:129].mean())
        assert found == pytest.approx(spot(plane, *middle)[axis], abs=0.5)


def edge_of(plane: PlaneView, shown: PlaneField, x: float, y: float) -> tuple[float, float]:
    """Where left turns to right, and below to above, around a place."""
    plane.set_fields([shown])
    settle()
    picture = hand.look(plane).astype(float).sum(axis=2)
    px, py = spot(plane, x, y)
    column, row = round(px), round(py)
    across = picture[row + 12, column - 20 : column + 20]
    down = picture[row - 20 : row + 20, column + 12]
    return (
        column - 20 + crossing(across, (across[0] + across[-1]) / 2),
        row - 20 + crossing(down, (down[0] + down[-1]) / 2),
    )


@pytest.mark.parametrize("camera", [Camera(0.3, -0.2, 4.0), Camera(0.1, 0.1, 0.9), Camera(0.42, -0.13, 0.11)], ids=str)
@pytest.mark.parametrize("pixels", [1, 8])
def test_an_edge_between_cells_is_painted_where_it_lies(plane: PlaneView, camera: Camera, pixels: int) -> None:
    plane.set_camera(camera)
    cells = cells_for(plane.window_rectangle(), plane.window_pixels(), pixels, 0.25)
    column, row = cells.columns // 2, cells.rows // 2
    values = np.zeros((cells.rows, cells.columns))
    values[row:, column:] = 1.0
    x, y = cells.left + column * cells.step_x, cells.top - row * cells.step_y
    found = edge_of(plane, field(values, cells), x, y)
    assert found == pytest.approx(spot(plane, x, y), abs=0.5)


def test_a_field_stays_on_its_place_when_the_camera_moves(plane: PlaneView) -> None:
    """Nobody computes it anew here: it is stretched."""
    cells = cells_for(plane.window_rectangle(), plane.window_pixels(), 2, 0.5)
    column, row = cells.columns // 2, cells.rows // 2
    values = np.zeros((cells.rows, cells.columns))
    values[row:, column:] = 1.0
    x, y = cells.left + column * cells.step_x, cells.top - row * cells.step_y
    shown = field(values, cells)
    for camera in (Camera(0.3, -0.2, 3.0), Camera(x + 0.3, y - 0.2, 1.7), Camera(x, y, 5.0)):
        plane.set_camera(camera)
        assert edge_of(plane, shown, x, y) == pytest.approx(
            spot(plane, x, y), abs=0.5 + 0.5 * cells.step_x / (plane.window_rectangle()[2] / 500)
        )


def inside(plane: PlaneView) -> np.ndarray:
    """A pixel of the plot's middle."""
    x, y = spot(plane, 0.3, -0.2)
    return hand.look(plane)[round(y), round(x)].astype(int)


@pytest.mark.parametrize("number", [-3.0, 0.0, 0.25, 0.5, 0.9, 1.0, 7.0])
@pytest.mark.parametrize("opacity", [1.0, 0.6])
def test_the_bar_has_the_plane_s_own_colours(plane: PlaneView, qtbot: QtBot, number: float, opacity: float) -> None:
    plane.set_layers(replace(BARE, field_opacity=opacity))
    cells = cells_for(plane.window_rectangle(), plane.window_pixels(), 4, 0.25)
    plane.set_fields([field(np.full((cells.rows, cells.columns), number), cells)])
    settle()
    bar = plane.field_bar
    assert bar.isVisible() and bar.bar is not None and bar.bar.opacity == opacity
    place = bar.bar_rectangle()
    x = min(max(bar.place_of(number), place.left()), place.right() - 0.5)
    shown = pixels_of(bar.grab().toImage())[place.center().y(), int(x)].astype(int)
    assert np.abs(inside(plane) - shown).max() <= 6


def test_where_there_is_no_number_the_plane_shows(plane: PlaneView, theme: Theme) -> None:
    cells = cells_for(plane.window_rectangle(), plane.window_pixels(), 4, 0.25)
    for values in (np.full((cells.rows, cells.columns), np.nan), np.full((cells.rows, cells.columns), 1.0)):
        plane.set_fields([field(values, cells)])
        settle()
        assert (np.abs(inside(plane) - rgb(theme.plane)).max() <= 2) == bool(np.isnan(values).all())
    plane.set_fields([])
    settle()
    assert np.abs(inside(plane) - rgb(theme.plane)).max() <= 2
    assert not plane.field_bar.isVisible()


def test_finer_cells_lie_over_coarser_ones(plane: PlaneView) -> None:
    wide = cells_for(plane.window_rectangle(), plane.window_pixels(), 8, 0.25)
    narrow = cells_between(np.array([0.0, -0.5]), np.array([0.6, 0.1]), 60, 60)
    low, high = field(np.zeros((wide.rows, wide.columns)), wide), field(np.ones((60, 60)), narrow)
    table = colour_table("depth", dark=plane._theme is DARK).astype(int)
    plane.set_fields([low, high])
    settle()
    assert np.abs(inside(plane) - table[-1]).max() <= 3
    plane.set_fields([high, low])
    settle()
    assert np.abs(inside(plane) - table[0]).max() <= 3


def test_regions_have_the_classes_colours_and_shares_as_opacity(theme: Theme) -> None:
    cells = cells_between(np.zeros(2), np.ones(2), 2, 2)
    shown = regions_field(np.array([0, 7, 12, -1]), np.array([1.0, 0.5, 1.0, 1.0], np.float32), cells)
    picture = wrap_words(shown.words(theme is DARK))
    colours = [picture.pixelColor(x, y) for y in range(2) for x in range(2)]
    assert [colour.alpha() for colour in colours] == [255, 128, 255, 0]
    for colour, label in zip(colours, (0, 7, 12), strict=False):
        assert np.abs(np.array(colour.getRgb()[:3]) - rgb(class_colour(label))).max() <= 2


def test_contours_are_drawn_where_the_number_is(plane: PlaneView, theme: Theme) -> None:
    cells = cells_for(plane.window_rectangle(), plane.window_pixels(), 1)
    values = np.broadcast_to((cells.x - 0.3) / 4 + 0.5, (cells.rows, cells.columns))
    plane.set_layers(replace(BARE, contours=True))
    flat = with_contours(field(values, cells), cells)
    plane.set_fields([flat])
    settle()
    with_line = hand.look(plane).astype(int).sum(axis=2)
    plane.set_layers(BARE)
    settle()
    changed = np.abs(with_line - hand.look(plane).astype(int).sum(axis=2))
    x, y = spot(plane, 0.3, -0.2)
    columns = np.flatnonzero(changed[round(y)] > 60)
    assert len(columns) in (1, 2)
    assert columns.mean() + 0.5 == pytest.approx(x, abs=1.0)


def test_the_bar_says_title_unit_and_round_numbers(qtbot: QtBot, theme: Theme) -> None:
    bar = ColourBar()
    qtbot.addWidget(bar)
    cells = cells_between(np.zeros(2), np.ones(2), 2, 2)
    bar.set_bar(bar_of(holes_field(np.ones((2, 2), np.float32), cells, "A note."), theme, 0.6))
    assert bar.spoken() == "Colours: Holes, codes / prior, 0.01 to 100"
    assert "A note." in bar.toolTip()
    assert bar.bar is not None and [text for _, text in bar.bar.ticks] == ["0.01", "0.1", "1", "10", "100"]
    logs = field(np.zeros((2, 2)), cells, log=True, low=-2.5, high=-0.5, levels=(-2.0, float(np.log10(0.03)), -1.0))
    assert [text for _, text in bar_of(logs, theme, 1.0).ticks] == ["0.01", "0.03", "0.1"]
    bar.set_bar(None)
    assert bar.spoken() == "" and not bar.isVisible()


def test_two_bars_stand_one_above_the_other_and_the_legend_has_the_rest(plane: PlaneView) -> None:
    count = 60
    values = np.linspace(0, 1, count, dtype=np.float32)
    places = np.stack([values, values], axis=1)
    plane.set_codes(places, np.arange(count), {k: f"class {k}" for k in range(count)}, frozenset(), {"error": values})
    plane.set_layers(replace(BARE, points=True, point_colour="error"))
    cells = cells_for(plane.window_rectangle(), plane.window_pixels(), 8)
    plane.set_fields([field(np.zeros((cells.rows, cells.columns)), cells)])
    settle()
    shown = [part.geometry() for part in (plane.field_bar, plane.points_bar, plane.legend)]
    assert all(part.isVisible() for part in (plane.field_bar, plane.points_bar, plane.legend))
    for one in range(3):
        assert plane.rect().contains(shown[one])
        assert not any(shown[one].intersects(shown[other]) for other in range(3) if other != one)
