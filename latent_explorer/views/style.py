"""How everything looks: one palette for dark and one for light, Fusion underneath."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontInfo, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from latent_explorer.core.resources import resource_folder

THEMES = ("system", "dark", "light")
USUAL_FONT = 13  # pixels, of an interface that is not enlarged


@dataclass(frozen=True)
class Theme:
    """Colours by role, "#rrggbb"."""

    name: str
    window: str
    panel: str
    plane: str
    field: str
    line: str
    text: str
    muted: str
    accent: str
    on_accent: str
    hover: str
    ink: str  # of the mosaic's pictures on the plane
    total: str
    reconstruction: str
    kl: str


DARK = Theme(
    "dark", "#14171c", "#181c22", "#0f1216", "#20252d", "#2b313b", "#e6e9ee", "#98a2b0",
    "#2d6fe6", "#ffffff", "#2a313c", "#ffffff", "#5aa2ff", "#f0bb19", "#e07992",
)  # fmt: skip
LIGHT = Theme(
    "light", "#f3f4f6", "#fafbfc", "#ffffff", "#ffffff", "#d5d9e0", "#1a1f27", "#5b6675",
    "#1d63d8", "#ffffff", "#e6eaf1", "#10151d", "#1d63d8", "#a86a00", "#b03060",
)  # fmt: skip


def resolve_theme(choice: str) -> Theme:
    """The theme for "dark", "light" or "system": what the system says."""
    if choice == "system":
        return LIGHT if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light else DARK
    return LIGHT if choice == "light" else DARK


def palette_of(theme: Theme) -> QPalette:
    """Qt's palette for a theme, with readable disabled text."""
    palette = QPalette()
    roles = QPalette.ColorRole
    for role, colour in {
        roles.Window: theme.window, roles.WindowText: theme.text, roles.Base: theme.field, roles.AlternateBase: theme.panel,
        roles.Text: theme.text, roles.Button: theme.field, roles.ButtonText: theme.text, roles.ToolTipBase: theme.field,
        roles.ToolTipText: theme.text, roles.Highlight: theme.accent, roles.HighlightedText: theme.on_accent,
        roles.PlaceholderText: theme.muted, roles.Link: theme.accent, roles.Mid: theme.line, roles.Dark: theme.line,
        roles.Midlight: theme.hover, roles.Light: theme.hover, roles.Shadow: theme.line,
    }.items():  # fmt: skip
        palette.setColor(role, QColor(colour))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        faded = QColor(theme.muted)
        faded.setAlpha(140)
        palette.setColor(QPalette.ColorGroup.Disabled, role, faded)
    return palette


def style_sheet(theme: Theme, scale: float = 1.0) -> str:
    """What the palette cannot say: a 4-pixel rhythm, quiet borders, and hover, focus, pressed and disabled states."""
    small, unit = round(11 * scale), round(4 * scale)
    # Qt draws corners square whose radius is more than half of the smaller side.
    handle = min(3 * unit, unit // 2 + 2 * (unit + unit // 4)) // 2
    t, arrows = theme, (resource_folder("assets") / "arrows").as_posix()  # of boxes: a style sheet takes files only
    return f"""
    QMainWindow::separator {{ background: {t.line}; width: 1px; height: 1px; }}
    QMainWindow::separator:hover {{ background: {t.accent}; }}
    QMenuBar {{ background: {t.window}; border-bottom: 1px solid {t.line}; }}
    QMenuBar::item {{ padding: {unit}px {2 * unit}px; background: transparent; }}
    QMenuBar::item:selected {{ background: {t.hover}; }}
    QMenu {{ background: {t.panel}; border: 1px solid {t.line}; padding: {unit}px; }}
    QMenu::item {{ padding: {unit}px {6 * unit}px {unit}px {4 * unit}px; border-radius: 3px; }}
    QMenu::item:selected {{ background: {t.accent}; color: {t.on_accent}; }}
    QMenu::item:disabled {{ color: {t.muted}; background: transparent; }}
    QMenu::separator {{ height: 1px; background: {t.line}; margin: {unit}px; }}
    QDockWidget {{
        color: {t.muted}; font-size: {small}px; font-weight: 600;
        titlebar-close-icon: url("{arrows}/close-{t.name}.svg"); titlebar-normal-icon: url("{arrows}/float-{t.name}.svg"); }}
    QDockWidget::title {{ background: {t.panel}; padding: {2 * unit}px {3 * unit}px {unit}px {3 * unit}px; text-align: left; }}
    QDockWidget > QWidget, QScrollArea, QScrollArea > QWidget > QWidget {{ background: {t.panel}; }}
    QLabel[role="head"] {{ color: {t.muted}; font-size: {small}px; font-weight: 600; padding-top: {unit}px; }}
    QLabel[role="muted"] {{ color: {t.muted}; }}
    QFrame[role="trust"] {{ border: 1px solid {t.line}; border-radius: 4px; background: {t.field}; }}
    QPushButton, QToolButton[role="button"] {{
        background: {t.field}; border: 1px solid {t.line}; border-radius: 4px; padding: {unit}px {3 * unit}px; min-height: {5 * unit}px; }}
    QPushButton:hover, QToolButton[role="button"]:hover {{ background: {t.hover}; border-color: {t.muted}; }}
    QPushButton:pressed, QToolButton[role="button"]:pressed {{ background: {t.line}; }}
    QToolButton[role="button"] {{ padding: {unit}px {unit}px; }}
    QPushButton:focus {{ border-color: {t.accent}; }}
    QPushButton:disabled, QToolButton[role="button"]:disabled {{ color: {t.muted}; background: {t.panel}; border-color: {t.line}; }}
    QPushButton[role="primary"] {{ background: {t.accent}; color: {t.on_accent}; border-color: {t.accent}; font-weight: 600; }}
    QPushButton[role="primary"]:hover {{ border-color: {t.text}; }}
    QPushButton[role="primary"]:disabled {{ background: {t.field}; color: {t.muted}; border-color: {t.line}; }}
    QToolButton[role="mode"] {{ border: none; border-radius: 4px; padding: {unit}px {2 * unit}px; background: transparent; }}
    QToolButton[role="mode"]:hover {{ background: {t.hover}; }}
    QToolButton[role="mode"]:checked {{ background: {t.accent}; color: {t.on_accent}; }}
    QFrame[role="card"] {{ background: {t.panel}; border: 1px solid {t.line}; border-radius: 6px; }}
    QComboBox, QSpinBox, QDoubleSpinBox, QLineEdit {{
        background: {t.field}; border: 1px solid {t.line}; border-radius: 4px;
        padding: {unit // 2}px {2 * unit}px; min-height: {5 * unit}px;
        selection-background-color: {t.accent}; selection-color: {t.on_accent}; }}
    QComboBox:hover, QSpinBox:hover, QDoubleSpinBox:hover, QLineEdit:hover {{ border-color: {t.muted}; }}
    QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus, QLineEdit:focus {{ border-color: {t.accent}; }}
    QComboBox:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QLineEdit:disabled {{ color: {t.muted}; background: {t.panel}; }}
    QLineEdit[bad="true"], QComboBox[bad="true"] {{ border-color: #d9485f; }}
    QComboBox::drop-down {{ border: none; width: {5 * unit}px; }}
    QComboBox::down-arrow, QSpinBox::down-arrow {{ image: url("{arrows}/down-{t.name}.svg"); width: {3 * unit}px; height: {3 * unit}px; }}
    QSpinBox::up-button, QSpinBox::down-button {{ border: none; width: {5 * unit}px; }}
    QSpinBox::up-arrow {{ image: url("{arrows}/up-{t.name}.svg"); width: {3 * unit}px; height: {3 * unit}px; }}
    QComboBox QAbstractItemView {{ background: {t.panel}; border: 1px solid {t.line}; }}
    QProgressBar {{ background: {t.field}; border: none; border-radius: 2px; max-height: {unit}px; min-height: {unit}px; }}
    QProgressBar::chunk {{ background: {t.accent}; border-radius: 2px; }}
    QStatusBar {{ border-top: 1px solid {t.line}; color: {t.muted}; }}
    QStatusBar::item {{ border: none; }}
    QDockWidget::close-button, QDockWidget::float-button {{ icon-size: {round(14 * scale)}px; border: none; border-radius: 3px; }}
    QDockWidget::close-button:hover, QDockWidget::float-button:hover {{ background: {t.hover}; }}
    QSlider::groove:horizontal {{ background: {t.line}; height: {unit // 2}px; border-radius: {unit // 4}px; }}
    QSlider::sub-page:horizontal {{ background: {t.accent}; border-radius: {unit // 4}px; }}
    QSlider::handle:horizontal {{
        background: {t.text}; width: {3 * unit}px; margin: -{unit + unit // 4}px 0; border-radius: {handle}px; }}
    QSlider::handle:horizontal:hover, QSlider::handle:horizontal:focus {{ background: {t.accent}; }}
    QSlider::sub-page:horizontal:disabled {{ background: {t.line}; }}
    QSlider::handle:horizontal:disabled {{ background: {t.muted}; }}
    QCheckBox::indicator {{ width: {round(14 * scale)}px; height: {round(14 * scale)}px; }}
    QTabBar::tab {{
        background: {t.window}; color: {t.muted}; border: 1px solid {t.line}; padding: {unit}px {2 * unit}px; margin: 0; }}
    QTabBar::tab:selected {{ background: {t.panel}; color: {t.text}; border-top-color: {t.panel}; }}
    QTabBar::tab:hover {{ background: {t.hover}; color: {t.text}; }}
    QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
    QTableView {{ background: {t.panel}; selection-background-color: {t.accent}; selection-color: {t.on_accent}; }}
    QHeaderView {{ background: {t.panel}; }}
    QHeaderView::section {{
        background: {t.panel}; color: {t.muted}; border: none; border-bottom: 1px solid {t.line}; padding: {unit // 2}px {unit}px; }}
    QToolTip {{ background: {t.field}; color: {t.text}; border: 1px solid {t.line}; padding: {unit}px; }}
    QScrollBar:vertical {{ background: transparent; width: {2 * unit + 2}px; }}
    QScrollBar::handle:vertical {{ background: {t.line}; border-radius: {unit}px; min-height: {6 * unit}px; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; width: 0; }}
    """


def apply_theme(application: QApplication, theme: Theme, scale: float = 1.0) -> None:
    """Dress the whole program; `scale` enlarges text and rhythm together."""
    application.setStyle("Fusion")
    application.setPalette(palette_of(theme))
    font = QFont(application.font())
    font.setPixelSize(round(USUAL_FONT * scale))
    font.setFeature(QFont.Tag("tnum"), 1)  # tabular digits: numbers do not dance
    application.setFont(font)
    application.setStyleSheet(style_sheet(theme, scale))


def enlargement(widget: QWidget) -> float:
    """How many times the interface is larger than usual, by the text of a widget."""
    return QFontInfo(widget.font()).pixelSize() / USUAL_FONT


def enlarge_icons(size: int, *buttons: QAbstractButton) -> None:
    """Icons of so many pixels at the usual size of the interface, in step with its text."""
    for button in buttons:
        side = round(size * enlargement(button))
        button.setIconSize(QSize(side, side))


def icon(name: str, colour: str, size: int = 20) -> QIcon:
    """One of our SVG drawings in the given colour, with a faded one for the disabled state; as sharp as the text at its present size."""
    return _icon(name, colour, round(size * max(1.0, QFontInfo(QGuiApplication.font()).pixelSize() / USUAL_FONT)))


@lru_cache(maxsize=128)
def _icon(name: str, colour: str, size: int) -> QIcon:
    drawing = (resource_folder("assets") / "icons" / f"{name}.svg").read_text("utf-8")
    result = QIcon()
    for mode, opacity in ((QIcon.Mode.Normal, 1.0), (QIcon.Mode.Disabled, 0.35)):
        renderer = QSvgRenderer(QByteArray(drawing.replace("#000000", colour).encode()))
        for ratio in (1, 2):
            pixmap = QPixmap(QSize(size, size) * ratio)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            painter.setOpacity(opacity)
            renderer.render(painter, QRectF(pixmap.rect()))
            painter.end()
            pixmap.setDevicePixelRatio(ratio)
            result.addPixmap(pixmap, mode)
    return result


def program_icon() -> QIcon:
    """The program's own icon."""
    return QIcon(str(resource_folder("assets") / "icon.svg"))
