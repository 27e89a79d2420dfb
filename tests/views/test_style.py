"""Dark and light: what is written can be read, what is drawn is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QIcon, QPalette
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QLineEdit,
    QMessageBox,
    QProxyStyle,
    QPushButton,
    QSlider,
    QStyle,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from latent_explorer.core.palette import rgb
from latent_explorer.core.resources import resource_folder
from latent_explorer.views.style import DARK, LIGHT, Theme, apply_theme, icon, palette_of, program_icon, resolve_theme, style_sheet
from tests.views.hand import Hand, close_to, look, pixels_of

ROLES = QPalette.ColorRole
ICONS = sorted(path.stem for path in (resource_folder("assets") / "icons").glob("*.svg"))


def luminance(colour: QColor) -> float:
    """Relative luminance of sRGB: WCAG 2.2."""
    parts = np.array([colour.redF(), colour.greenF(), colour.blueF()])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def contrast(one: QColor | str, other: QColor | str) -> float:
    """WCAG's contrast ratio, 1 to 21."""
    dark, light = sorted((luminance(QColor(one)), luminance(QColor(other))))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_what_the_standard_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.fixture
def dressed(qapp: QApplication, theme: Theme) -> Iterator[Theme]:
    """The whole program in this theme; afterwards as before."""
    palette, font, sheet = qapp.palette(), qapp.font(), qapp.styleSheet()
    apply_theme(qapp, theme)
    yield theme
    qapp.setStyleSheet(sheet)
    qapp.setPalette(palette)
    qapp.setFont(font)


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        (ROLES.WindowText, ROLES.Window),
        (ROLES.WindowText, ROLES.AlternateBase),
        (ROLES.Text, ROLES.Base),
        (ROLES.Text, ROLES.AlternateBase),
        (ROLES.ButtonText, ROLES.Button),
        (ROLES.ButtonText, ROLES.Midlight),
        (ROLES.ToolTipText, ROLES.ToolTipBase),
        (ROLES.HighlightedText, ROLES.Highlight),
        (ROLES.PlaceholderText, ROLES.Base),
        (ROLES.PlaceholderText, ROLES.AlternateBase),
    ],
    ids=lambda role: role.name,
)
def test_text_can_be_read(theme: Theme, text: QPalette.ColorRole, ground: QPalette.ColorRole) -> None:
    palette = palette_of(theme)
    assert contrast(palette.color(text), palette.color(ground)) >= 4.5


GROUNDS = [("text", "window panel plane field hover"), ("muted", "window panel plane field"), ("on_accent", "accent")]


@pytest.mark.parametrize(("text", "grounds"), GROUNDS)
def test_text_of_the_style_sheet_can_be_read(theme: Theme, text: str, grounds: str) -> None:
    for ground in grounds.split():
        assert contrast(getattr(theme, text), getattr(theme, ground)) >= 4.5, ground


@pytest.mark.parametrize("role", ["total", "reconstruction", "kl", "accent"])
def test_curves_and_the_accent_stand_out(theme: Theme, role: str) -> None:
    assert contrast(getattr(theme, role), theme.panel) >= 3


def test_the_curves_can_be_told_apart(theme: Theme) -> None:
    curves = [np.array(rgb(getattr(theme, role))) for role in ("total", "reconstruction", "kl")]
    for k, one in enumerate(curves):
        for other in curves[:k]:
            assert np.abs(one.astype(int) - other).sum() > 120


def test_disabled_text_is_fainter_but_there(theme: Theme) -> None:
    palette = palette_of(theme)
    for role in (ROLES.WindowText, ROLES.Text, ROLES.ButtonText):
        faded = palette.color(QPalette.ColorGroup.Disabled, role)
        assert faded != palette.color(QPalette.ColorGroup.Active, role)
        assert faded.alpha() > 90


def test_the_two_themes_are_dark_and_light() -> None:
    assert luminance(QColor(DARK.window)) < 0.05
    assert luminance(QColor(LIGHT.window)) > 0.7
    assert resolve_theme("dark") is DARK
    assert resolve_theme("light") is LIGHT
    assert resolve_theme("system") in (DARK, LIGHT)


@pytest.mark.parametrize("scale", [0.8, 1.0, 1.5, 3.0])
def test_the_style_sheet_is_whole(theme: Theme, scale: float) -> None:
    """Qt says nothing of most mistakes: braces in pairs, no rest of a template, colours that are colours."""
    sheet = style_sheet(theme, scale)
    assert sheet.count("{") == sheet.count("}") > 20
    assert "None" not in sheet
    for colour in re.findall(r"#\w+(?=[;\s])", sheet):
        assert QColor(colour).isValid() or colour == "#notice", colour
    assert not re.search(r"\d\.\d+px", sheet)


def test_a_dressed_window_has_the_themes_colours(qtbot: QtBot, dressed: Theme) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    label, primary, plain, field = QLabel("MMMMM"), QPushButton("MMMMM"), QPushButton("MMMMM"), QLineEdit("MMMMM")
    primary.setProperty("role", "primary")
    for widget in (label, primary, plain, field):
        column.addWidget(widget)
    Hand(window)
    window.setFocus()
    for widget, ground, text in (
        (label, dressed.window, dressed.text),
        (primary, dressed.accent, dressed.on_accent),
        (plain, dressed.field, dressed.text),
        (field, dressed.field, dressed.text),
    ):
        picture = look(widget)
        assert close_to(picture, rgb(ground), 3).mean() > 0.4
        assert close_to(picture, rgb(text), 40).any()


def test_states_of_a_button_look_different(qtbot: QtBot, dressed: Theme) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    button, other = QPushButton("Train"), QPushButton("Step")
    column.addWidget(button)
    column.addWidget(other)
    hand = Hand(window)
    seen = {}
    hand.move(window, (1, 1))
    other.setFocus()
    seen["normal"] = look(button)
    hand.move(button)
    seen["hover"] = look(button)
    hand.press(button)
    seen["pressed"] = look(button)
    hand.release(window, (1, 1))
    hand.move(window, (1, 1))
    button.setFocus()
    seen["focus"] = look(button)
    button.setEnabled(False)
    seen["disabled"] = look(button)
    names = list(seen)
    for k, one in enumerate(names):
        for other_name in names[:k]:
            assert (seen[one] != seen[other_name]).any(), (one, other_name)


def test_the_scale_enlarges_the_text(qapp: QApplication, dressed: Theme) -> None:
    heights = []
    for scale in (0.8, 1.0, 2.0):
        apply_theme(qapp, dressed, scale)
        heights.append(QFontMetrics(qapp.font()).height())
    assert heights[0] < heights[1] < heights[2]
    assert heights[2] == pytest.approx(2 * heights[1], rel=0.15)


# --- icons -------------------------------------------------------------------------------------------------------------------


def test_there_are_icons() -> None:
    assert {"play", "pause", "step", "stop", "open", "probe", "pan", "fit"} <= set(ICONS)


def alphas(drawing: QIcon, size: int, mode: QIcon.Mode) -> np.ndarray:
    image = drawing.pixmap(QSize(size, size), mode).toImage()
    assert image.width() >= size
    return np.array([[image.pixelColor(x, y).alpha() for x in range(image.width())] for y in range(image.height())])


@pytest.mark.parametrize("name", ICONS)
def test_each_icon_is_drawn_in_its_colour(qapp: QApplication, theme: Theme, name: str) -> None:
    drawing = icon(name, theme.text)
    image = drawing.pixmap(QSize(20, 20)).toImage()
    normal, disabled = alphas(drawing, 20, QIcon.Mode.Normal), alphas(drawing, 20, QIcon.Mode.Disabled)
    assert 0.05 < (normal > 128).mean() < 0.9
    assert 0 < disabled.max() < 0.6 * normal.max()
    full = normal > 250
    assert full.any()
    pixels = pixels_of(image)
    assert close_to(pixels[full], rgb(theme.text), 12).mean() > 0.9
    assert 0.3 * normal.size > (normal[0] > 128).sum()  # not a filled square


def test_the_program_has_an_icon_at_every_size(qapp: QApplication) -> None:
    drawing = program_icon()
    assert not drawing.isNull()
    for size in (16, 32, 64, 256):
        image = drawing.pixmap(QSize(size, size)).toImage()
        assert len(np.unique(pixels_of(image).reshape(-1, 3), axis=0)) > 3


@pytest.mark.parametrize("scale", [0.87, 1.0, 1.15, 1.3225, 1.52, 2.0])
def test_the_handles_of_sliders_are_round_at_every_size(qtbot: QtBot, dressed: Theme, qapp: QApplication, scale: float) -> None:
    apply_theme(qapp, dressed, scale)
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    slider.setValue(50)
    slider.resize(200, 40)
    qtbot.addWidget(slider)
    handle = close_to(look(slider), rgb(dressed.text), 60)
    rows, columns = np.nonzero(handle)
    box = handle[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert min(box.shape) >= 6
    assert not box[[0, 0, -1, -1], [0, -1, 0, -1]].any()


class IconStyle(QProxyStyle):
    """As desktops are whose dialogs have icons on their buttons; the offscreen one has none."""

    def styleHint(self, hint: QStyle.StyleHint, *rest: Any) -> int:
        if hint == QStyle.StyleHint.SH_DialogButtonBox_ButtonsHaveIcons:
            return 1
        return int(super().styleHint(hint, *rest))


@pytest.mark.parametrize("ours", [False, True])
def test_buttons_of_dialogs_have_words_alone(qtbot: QtBot, qapp: QApplication, dressed: Theme, ours: bool) -> None:
    """Qt's stock icons go with none of ours."""
    qapp.setStyle(IconStyle("Fusion"))
    if not ours:
        qapp.setStyleSheet("")
    standard = QMessageBox.StandardButton
    box = QMessageBox(QMessageBox.Icon.Question, "Title", "Sentence.", standard.Open | standard.Save | standard.Cancel)
    qtbot.addWidget(box)
    box.show()
    assert [button.icon().isNull() for button in box.buttons()] == [ours] * 3
    qapp.setStyle("Fusion")
