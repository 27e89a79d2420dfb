"""The panel of an exact posterior, and the lines over its field, looked at pixel by pixel."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QCheckBox, QComboBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from latent_explorer.core.occlusion import PARTS
from latent_explorer.core.plane.cells import cells_between
from latent_explorer.core.plane.field import PlaneField
from latent_explorer.core.plane.fields import with_contours
from latent_explorer.core.plane.posterior_field import posterior_field
from latent_explorer.core.scene import Layers
from latent_explorer.views.plane.plane_view import PlaneView
from latent_explorer.views.plane.posterior import BRIGHTER
from latent_explorer.views.posterior_panel import HIDDEN, SCORES, WAITING, PosteriorFigures, PosteriorPanel
from latent_explorer.views.style import Theme
from tests.views.hand import Ear, Hand, close_to, look, pixels_of, settle, texts, where
from tests.views.planes import bare_plane

FIGURES = PosteriorFigures("grey score", "−143.28 nats", "−149.07 nats", "5.80 nats", "−1.206, 0.391", "0.051, 0.009")


@pytest.fixture
def panel(qtbot: QtBot) -> PosteriorPanel:
    made = PosteriorPanel()
    qtbot.addWidget(made)
    made.resize(280, 420)
    Hand(made)
    return made


def test_before_an_image_is_chosen_it_only_says_what_to_do(panel: PosteriorPanel) -> None:
    panel.set_subject("", "Select a point.")
    settle()
    assert texts(panel) == ["Select a point."]


def test_it_says_all_figures_and_names_the_score(panel: PosteriorPanel) -> None:
    panel.set_subject("Class 3 · image 7", "A note.")
    panel.set_figures(FIGURES)
    settle()
    said = texts(panel)
    for words in ("Class 3 · image 7", "A note.", "Grey score", "−143.28 nats", "−149.07 nats", "5.80 nats", "−1.206, 0.391"):
        assert words in said
    for score, (label, _) in SCORES.items():
        panel.set_figures(PosteriorFigures(score))
        assert label in texts(panel)


def test_a_score_of_grey_pixels_has_no_elbo(panel: PosteriorPanel) -> None:
    panel.set_subject("Class 3 · image 7", "")
    settle()
    for score, bound, meant in (("grey score", "Grey ELBO", "Grey score"), ("ll", "ELBO of the encoder", "log p(x)")):
        panel.set_figures(PosteriorFigures(score))
        assert bound in texts(panel)
        assert panel._rows["elbo"].accessibleName() == bound
        assert panel._rows["gap"].toolTip().startswith(f"{meant} −") and panel._labels["gap"].toolTip() == panel._rows["gap"].toolTip()
        assert ("no ELBO" in panel._rows["elbo"].toolTip().replace("\n", " ")) == (score == "grey score")


def test_what_is_not_defined_has_its_reason_as_a_tooltip(panel: PosteriorPanel) -> None:
    panel.set_figures(PosteriorFigures(elbo="none", gap="none", why="There is no encoder."))
    assert panel._rows["gap"].toolTip() == panel._rows["elbo"].toolTip() == "There is no encoder."
    panel.set_figures(FIGURES)
    assert "KL" in panel._rows["gap"].toolTip()


def test_hidden_pixels_are_squares_and_the_others_are_the_image_s(panel: PosteriorPanel) -> None:
    image = np.arange(64, dtype=np.uint8).reshape(8, 8, 1)
    mask = np.zeros((8, 8), np.bool_)
    mask[:4] = True
    panel.set_subject("An image", "")
    panel.set_image(image, mask)
    picture = panel._image.picture()
    assert picture is not None
    seen = pixels_of(picture)
    assert np.array_equal(seen[:4], np.broadcast_to(image[:4], (4, 8, 3)))
    assert set(np.unique(seen[4:]).tolist()) == set(HIDDEN)
    panel.set_image(image, None)
    picture = panel._image.picture()
    assert picture is not None and np.array_equal(pixels_of(picture), np.broadcast_to(image, (8, 8, 3)))


def test_parts_are_asked_for_and_rename_the_picture(panel: PosteriorPanel) -> None:
    ear = Ear(panel, "partRequested", "zoomRequested")
    panel.set_subject("An image", "")
    box = panel.findChild(QComboBox, "posterior_part")
    assert box is not None and [box.itemData(row) for row in range(box.count())] == list(PARTS)
    box.setCurrentIndex(2)
    box.activated.emit(2)
    assert ear.of("partRequested") == [(list(PARTS)[2],)]
    assert "Expected" in texts(panel)
    panel.set_part("lower")
    assert "Completed" in texts(panel) and box.currentData() == "lower"
    button = panel.findChild(QPushButton, "posterior_zoom")
    assert button is not None
    button.click()
    assert ear.of("zoomRequested") == [()]


@pytest.fixture
def plane(qtbot: QtBot, theme: Theme) -> Iterator[PlaneView]:
    yield bare_plane(qtbot, theme, Layers(points=False, mosaic=False))


def accent(theme: Theme) -> tuple[int, int, int]:
    colour = QColor(theme.accent)
    if theme.name == "dark":
        colour = colour.lighter(BRIGHTER)
    return colour.red(), colour.green(), colour.blue()


def test_ellipses_and_mode_lie_where_they_should(plane: PlaneView, theme: Theme) -> None:
    plane.set_cursor(None)
    angles = np.linspace(0, 2 * np.pi, 97)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    nothing = close_to(look(plane), accent(theme), 24).sum()
    plane.set_posterior((0.5, 0.25), (circle, 0.5 * circle))
    left, top, right, bottom = where(close_to(look(plane), accent(theme), 24))
    corner, end = (plane.viewport().mapTo(plane, plane.plane_to_pixel(*place)) for place in ((-1.0, 1.0), (1.0, -1.0)))
    assert (left, top, right, bottom) == pytest.approx((corner.x(), corner.y(), end.x(), end.y()), abs=3)
    plane.set_posterior((0.5, 0.25))
    left, top, right, bottom = where(close_to(look(plane), accent(theme), 24))
    mode = plane.viewport().mapTo(plane, plane.plane_to_pixel(0.5, 0.25))
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((mode.x(), mode.y()), abs=1.5)
    assert right - left < 20
    crossed = close_to(look(plane), accent(theme), 24)
    plane.set_posterior((0.5, 0.25), (), (-0.5, -0.5))
    ring = close_to(look(plane), accent(theme), 24) & ~crossed
    left, top, right, bottom = where(ring)
    place = plane.viewport().mapTo(plane, plane.plane_to_pixel(-0.5, -0.5))
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((place.x(), place.y()), abs=1.5)
    assert 5 <= right - left <= 12 and not ring[round(place.y()), round(place.x())]  # hollow
    plane.set_posterior(None)
    assert close_to(look(plane), accent(theme), 24).sum() == nothing


def test_only_a_grey_picture_of_one_s_own_can_be_inverted(panel: PosteriorPanel) -> None:
    box, ear = panel.findChild(QCheckBox, "posterior_invert"), Ear(panel, "invertRequested")
    panel.set_subject("Your image: a.png", "")
    assert box is not None and box.isHidden()
    panel.set_inverted(True)
    settle()
    assert box.isVisible() and box.isChecked() and not ear.heard
    Hand(panel).click(box, (8.0, box.height() / 2))
    assert ear.heard == [("invertRequested", False)]
    panel.set_inverted(None)
    assert box.isHidden()


@pytest.mark.parametrize(("width", "beside"), [(212, False), (420, True)])
def test_in_a_narrow_panel_the_choices_stand_below_the_pictures(qtbot: QtBot, panel: PosteriorPanel, width: int, beside: bool) -> None:
    panel.set_image(np.zeros((28, 28, 1), np.uint8), None)
    panel.set_subject("Class 3", "")
    assert panel.minimumSizeHint().width() <= 212
    panel.resize(width, 500)
    panel.show()
    settle()
    part, image, expected = (panel.findChild(QWidget, f"posterior_{name}") for name in ("part", "image", "expected"))
    assert part is not None and image is not None and expected is not None
    corner = part.mapTo(panel, part.rect().topLeft())
    assert (corner.x() > expected.mapTo(panel, expected.rect().topRight()).x()) == beside
    assert (corner.y() > image.mapTo(panel, image.rect().bottomLeft()).y()) == (not beside)
    assert part.mapTo(panel, part.rect().topRight()).x() < panel.width()


def test_without_an_encoder_there_are_no_rows_for_what_it_reaches(panel: PosteriorPanel) -> None:
    panel.set_subject("Class 3", "")
    panel.set_figures(FIGURES)
    assert {"Grey ELBO", "Gap"} <= set(texts(panel))
    panel.set_figures(replace(FIGURES, encoder=False))
    assert not {"Grey ELBO", "Gap"} & set(texts(panel)) and {"Grey score", "Mode"} <= set(texts(panel))
    panel.set_figures(FIGURES)
    assert {"Grey ELBO", "Gap"} <= set(texts(panel))


def test_while_it_works_names_are_the_final_ones_and_figures_of_before_are_faint(panel: PosteriorPanel) -> None:
    panel.set_subject("Class 3", "")
    panel.set_figures(PosteriorFigures("grey score"))
    assert "Grey score" in texts(panel) and {row.text() for row in panel._rows.values()} == {WAITING}
    panel.set_figures(FIGURES)
    assert not any(row._muted for row in panel._rows.values())
    panel.set_figures(PosteriorFigures("grey score"))
    assert panel._rows["evidence"].text() == FIGURES.evidence and all(row._muted for row in panel._rows.values())
    draft = replace(FIGURES, evidence="−140.00 nats", elbo="", gap="")
    panel.set_figures(draft, faint=True)
    assert (panel._rows["evidence"].text(), panel._rows["elbo"].text()) == ("−140.00 nats", FIGURES.elbo)
    assert all(row._muted for row in panel._rows.values())
    panel.set_figures(draft)
    assert {name for name, row in panel._rows.items() if row._muted} == {"elbo", "gap"}
    panel.set_figures(PosteriorFigures("ll"))  # no number stands under another name
    assert {row.text() for row in panel._rows.values()} == {WAITING}
    panel.set_figures(replace(FIGURES, encoder=False))
    panel.set_subject("", "Select a point.")
    panel.set_subject("Class 4", "")
    assert {row.text() for row in panel._rows.values()} == {WAITING} and "Gap" not in texts(panel)


def test_the_peaks_of_other_parts_have_smaller_fainter_crosses(plane: PlaneView, theme: Theme) -> None:
    plane.set_cursor(None)
    before = look(plane).astype(int)
    plane.set_posterior((0.5, 0.25), (), None, [(-0.5, -0.5), (1.0, -1.0)])
    after = look(plane).astype(int)
    ink, colours = [], []
    for place in ((0.5, 0.25), (-0.5, -0.5), (1.0, -1.0)):
        at = plane.viewport().mapTo(plane, plane.plane_to_pixel(*place)).toPoint()
        around = np.abs(after - before)[at.y() - 20 : at.y() + 21, at.x() - 20 : at.x() + 21]
        ink.append(int(around.sum()))
        colours.append(int(np.abs(after[at.y(), at.x()] - accent(theme)).sum()))
    assert ink[0] / 10 < min(ink[1:]) and max(ink[1:]) < 0.7 * ink[0]
    assert colours[0] + 20 < min(colours[1:])
    assert plane._posterior.others == ((-0.5, -0.5), (1.0, -1.0))
    plane.set_posterior(None)
    assert np.array_equal(look(plane), before)


def round_field() -> PlaneField:
    """The density of N((0.5, -0.5), 0.3^2 I), with its regions as lines."""
    cells = cells_between(np.full(2, -2.5), np.full(2, 2.5), 250, 250)
    peak = -math.log(2 * math.pi * 0.09)
    logs = peak - np.square(cells.centres() - (0.5, -0.5)).sum(1) / (2 * 0.09)
    levels = tuple(peak + math.log(1 - share) for share in (0.95, 0.68))
    return with_contours(posterior_field(logs, cells, peak, levels, "A note."), cells)


def test_points_are_fainter_over_a_posterior_and_come_back(plane: PlaneView, theme: Theme) -> None:
    """Their opacity stays what was set: a third of that is drawn while the field is there."""
    plane.set_cursor(None)
    layers = Layers(mosaic=False, point_size=8.0, point_opacity=1.0, field_opacity=0.6)
    plane.set_layers(layers)
    ground = look(plane).astype(int)
    plane.set_codes(np.array([[-1.0, 0.5]]), np.array([3]), {3: "3"}, frozenset())
    plane.legend.hide()
    at = plane.viewport().mapTo(plane, plane.plane_to_pixel(-1.0, 0.5)).toPoint()

    def strength() -> float:
        return float(np.abs(look(plane)[at.y(), at.x()].astype(int) - ground[at.y(), at.x()]).sum())

    alone = strength()
    field = round_field()
    plane.set_fields([field])
    assert strength() == pytest.approx(alone / 3, rel=0.05)
    plane.set_layers(replace(layers, point_opacity=0.5))
    assert strength() == pytest.approx(alone / 6, rel=0.1)  # the slider moves what is drawn
    plane.set_layers(replace(layers, field_opacity=0.0))
    assert strength() == alone  # there is nothing to be seen under them
    plane.set_layers(layers)
    plane.set_fields([replace(field, kind="density")])
    assert strength() == alone
    plane.set_fields([field])
    plane.set_fields([])
    assert strength() == alone


def test_a_posterior_s_lines_lie_over_the_points(plane: PlaneView, theme: Theme) -> None:
    """A point as large as the field hides its colours, not the lines; those of other fields stay under the points."""
    plane.set_cursor(None)
    layers = Layers(mosaic=False, point_size=30.0, point_opacity=1.0, field_opacity=0.6)
    plane.set_layers(layers)
    edge = 0.5 + 0.3 * math.sqrt(-2 * math.log(0.05))  # of the region with 95 %, to the right of the middle
    spots = np.array([[edge, -0.5]])
    plane.set_codes(spots, np.array([3]), {3: "3"}, frozenset())
    plane.legend.hide()
    at = plane.viewport().mapTo(plane, plane.plane_to_pixel(*spots[0])).toPoint()

    def steps() -> int:
        """The largest change of colour between neighbours along a short row across the line, inside of the point."""
        row = look(plane)[at.y(), at.x() - 6 : at.x() + 7].astype(int)
        return int(np.abs(np.diff(row, axis=0)).sum(axis=1).max())

    field = round_field()
    plane.set_fields([replace(field, kind="density")])
    assert steps() < 12
    plane.set_fields([field])
    assert steps() > 60
    plane.set_layers(replace(layers, contours=False))
    assert steps() < 40
