"""Dark and light, size of the interface, layout, help."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QCoreApplication, QEvent, QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMessageBox

from latent_explorer import __version__
from latent_explorer.app.session import Session
from latent_explorer.app.settings import SCALES, Settings
from latent_explorer.views.dialogs.gestures import GestureSheet
from latent_explorer.views.main_window import MainWindow
from latent_explorer.views.style import Theme, apply_theme, resolve_theme

STEP = 1.15
LAYERS = 5  # a panel's own layout, its scroll area, its dock and the window: each hears of a new size after the one before


def dress(choice: str, scale: float) -> Theme:
    """The whole program in a theme; before its first window is made, whose widgets would keep the font that they were made with."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    theme = resolve_theme(choice)
    apply_theme(application, theme, scale)
    return theme


class AppearanceFeature(QObject):
    """What the View and Help menus do; remembered between starts."""

    def __init__(self, session: Session, window: MainWindow, settings: Settings, theme: str | None = None) -> None:
        super().__init__(window)
        self._session, self._window, self._settings = session, window, settings
        self._choice = theme or settings.theme()
        self._scale = settings.scale()
        self._sheet: GestureSheet | None = None
        self._docks_at_normal: QByteArray | None = None
        window.wish.connect(self._wished)
        window.themePicked.connect(self.set_theme)
        window.closing.connect(self.keep_layout)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)
        window.set_theme(self._choice, resolve_theme(self._choice))

    def set_theme(self, choice: str) -> None:
        """One of `THEMES`."""
        self._choice = choice
        self._settings.set_theme(choice)
        self._apply()

    def _system_changed(self) -> None:
        if self._choice == "system":
            self._apply()

    def _apply(self) -> None:
        self._window.set_theme(self._choice, dress(self._choice, self._scale))

    def _wished(self, wish: str) -> None:
        if wish in ("larger", "smaller", "normal_size"):
            self._set_scale({"larger": self._scale * STEP, "smaller": self._scale / STEP, "normal_size": 1.0}[wish])
        elif wish == "reset_layout":
            self._settings.forget_layout()
            self._window.arrange()
        elif wish == "gestures":
            self._show_gestures()
        elif wish == "about":
            QMessageBox.about(
                self._window,
                "About Latent Explorer",
                f"Latent Explorer {__version__}\nLook into the latent space of a variational autoencoder.\nMIT licence.",
            )

    def _set_scale(self, scale: float) -> None:
        """Enlarge the interface as far as the window's panels fit; back at normal size the docks are as they were."""
        before, size, window = self._scale, self._window.size(), self._window
        if before == 1.0:
            self._docks_at_normal = window.saveState()
        self._scale = min(max(scale, SCALES[0]), SCALES[1])
        self._apply()
        needed, room = window.minimumSizeHint(), window.screen().availableSize()
        if self._scale > before and (needed.width() > room.width() or needed.height() > room.height()):
            self._scale = before
            self._apply()
            self._session.notice("The interface cannot be larger on this screen.")
        window.resize(size)
        if self._scale <= 1.0 and self._docks_at_normal is not None:
            for _ in range(LAYERS):  # else the panels still ask for the larger width
                QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
            window.put_back(self._docks_at_normal)
        self._settings.set_scale(self._scale)

    def _show_gestures(self) -> None:
        if self._sheet is None:
            self._sheet = GestureSheet(self._window)
        self._sheet.show()
        self._sheet.raise_()

    def restore_layout(self) -> None:
        """The window as it was left last time; a remembered place off all screens is not used."""
        layout = self._settings.layout()
        if layout is None:
            return
        geometry, state = layout
        self._window.restoreGeometry(geometry)
        centre = self._window.frameGeometry().center()
        if QGuiApplication.screenAt(centre) is None or not self._window.restoreState(state):
            self._settings.forget_layout()
            self._window.resize(self._window.sizeHint())
            self._window.arrange()

    def keep_layout(self) -> None:
        """Remember the window."""
        if not self._window.isFullScreen():
            self._settings.set_layout(self._window.saveGeometry(), self._window.saveState())
