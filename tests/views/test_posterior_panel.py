"""The panel of an exact posterior, and the lines over its field, looked at pixel by pixel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QCheckBox, QComboBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from latent_explorer.core.occlusion import PARTS
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
