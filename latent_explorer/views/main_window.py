"""The window: docks, menus, shortcuts, status bar. Layout only; wishes go out as signals."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QByteArray, QMimeData, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QActionGroup,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QKeySequence,
    QResizeEvent,
)
from PySide6.QtWidgets import QApplication, QDockWidget, QHBoxLayout, QWidget

from latent_explorer.views.accessible import offer_spoken_words
from latent_explorer.views.arranged_window import ArrangedWindow
from latent_explorer.views.arrangement import window_for
from latent_explorer.views.image_view import ImageView
from latent_explorer.views.layers_panel import LayersPanel
from latent_explorer.views.loss_view import LossView
from latent_explorer.views.model_panel import ModelPanel
from latent_explorer.views.notice import Notice
from latent_explorer.views.optional_dock import OptionalDock
from latent_explorer.views.panel_area import PanelArea
from latent_explorer.views.pins_panel import PinsPanel
from latent_explorer.views.plane.plane_view import PlaneView
from latent_explorer.views.posterior_panel import PosteriorPanel
from latent_explorer.views.selection_menu import fill as fill_selection_menu
from latent_explorer.views.selection_panel import SelectionPanel
from latent_explorer.views.slice_panel import SlicePanel
from latent_explorer.views.stack import Stack
from latent_explorer.views.status import StatusLine
from latent_explorer.views.style import THEMES, Theme, program_icon
from latent_explorer.views.text import tip
from latent_explorer.views.training_panel import TrainingPanel
from latent_explorer.views.transport import Transport

LAYOUT_VERSION = 1


class MainWindow(ArrangedWindow):
    """Everything that is seen. `wish` carries what menus and keys ask for.

    Signals
    -------
    wish(str) : "open", "open_data", "open_image", "download", "save_as", "export", "copy", "copy_python", "undo", "redo", "paste", "pin",
        "clear_pins", "rename", "delete", "measure", "exact_codes", "train", "new_run", "step", "stop", "fit", "gestures", "larger",
        "smaller", "normal_size", "reset_layout", "about", and those of `views.selection_menu`
    themePicked(str), closeRequested(), filesDropped(list of str)
    pictureGiven(QImage, str) : dropped or pasted without a file; the words say which.
    closing() : it is about to close; floating panels are still there.
    """

    wish = Signal(str)
    themePicked = Signal(str)  # Qt's manner
    closeRequested = Signal()
    closing = Signal()
    filesDropped = Signal(object)
    pictureGiven = Signal(object, str)

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("Latent Explorer")
        self.setWindowIcon(program_icon())
        offer_spoken_words()
        self.setObjectName("main")
        self.setDockNestingEnabled(True)
        self.setAcceptDrops(True)
        self.may_close = False
        self.plane = PlaneView(self)
        self.notice = Notice(self.plane)
        self.image = ImageView(self)
        self.model = ModelPanel(self)
        self.layers = LayersPanel(self)
        self.training = TrainingPanel(self)
        self.slice = SlicePanel(self)
        self.pins = PinsPanel(self)
        self.selection = SelectionPanel(self)
        self.posterior = PosteriorPanel(self)
        self.losses = LossView(self)
        self.transport = Transport(self)
        self.setCentralWidget(self.plane)
        self.status = StatusLine(self)
        self.setStatusBar(self.status)
        self._docks: dict[str, QDockWidget] = {}
        self._before_full: QByteArray | None = None
        self._build_docks()
        self._order_tabs()
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._focus_moved)
        self._build_menus()
        self._watch_docks()
        self._place_docks()
        self.plane.setFocus()

    def _build_docks(self) -> None:
        run = QWidget()
        row = QHBoxLayout(run)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.transport)
        row.addWidget(self.losses, 1)
        for name, title, widget, scrolls in (
            ("model", "Model", self.model, True),
            ("layers", "Layers", self.layers, True),
            ("training", "Training", self.training, True),
            ("image", "Decoded image", self.image, False),
            ("run", "Run: losses", run, False),
        ):
            dock = QDockWidget(title, self)
            dock.setObjectName(f"dock_{name}")
            if scrolls:
                dock.setWidget(PanelArea(widget))
            else:
                dock.setWidget(widget)
            self._docks[name] = dock
        self._left = Stack(self, (self._docks["model"], self._docks["layers"], self._docks["training"]))
        self._slice_dock = OptionalDock("Slice", self)
        self._slice_dock.setObjectName("dock_slice")
        self._slice_dock.setWidget(PanelArea(self.slice))
        self._docks["slice"] = self._slice_dock
        self._pins_dock = OptionalDock("Pins", self)
        self._pins_dock.setObjectName("dock_pins")
        self._pins_dock.setWidget(self.pins)
        self._docks["pins"] = self._pins_dock
        self._pins_dock.visibilityChanged.connect(self.pins.set_seen)
        self._selection_dock = OptionalDock("Selection", self)
        self._selection_dock.setObjectName("dock_selection")
        self._selection_dock.setWidget(self.selection)
        self._docks["selection"] = self._selection_dock
        self._posterior_dock = OptionalDock("Exact posterior", self)
        self._posterior_dock.setObjectName("dock_posterior")
        self._posterior_dock.setWidget(PanelArea(self.posterior))
        self._docks["posterior"] = self._posterior_dock
        for panel in (self.pins, self.selection):
            panel.left.connect(self.plane.setFocus)
        self.notice.wish.connect(self.wish)

    def _order_tabs(self) -> None:
        """Tab goes from the plane through the panels as they are read: left from above, below, right; those that come and go last."""
        last: QWidget = self.plane
        left, right = (self.model, self.layers, self.training), (self.image, self.pins, self.selection, self.posterior, self.slice)
        for part in (*left, self.transport, self.losses.corner, *right):
            for widget in part.findChildren(QWidget):  # and not along the chain, where Python would get hold of the plots
                if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.window() is self:  # what pops up is a window of its own
                    QWidget.setTabOrder(last, widget)
                    last = widget

    def _focus_moved(self, before: QWidget | None, now: QWidget | None) -> None:
        """The keyboard has come to a panel that lies behind another one: Qt counts it as visible, a person does not see it."""
        if now is not None and now.visibleRegion().isEmpty():
            for dock in self._docks.values():
                if dock.isAncestorOf(now):
                    dock.raise_()

    def _build_menus(self) -> None:
        keys = QKeySequence.StandardKey
        bar = self.menuBar()
        file = bar.addMenu("&File")
        self._add(file, "&Open a model or a table…", "open", keys.Open)
        self._add(file, "Open &image…", "open_image").setToolTip("Ask the model about a picture of your own.")
        self._add(file, "Open an &MNIST folder…", "open_data")
        self._add(file, "&Download MNIST…", "download")
        file.addSeparator()
        self._add(file, "Save model &as…", "save_as", "Ctrl+Shift+S")
        self._add(file, "&Export the decoded image…", "export", "Ctrl+E")
        self._add(file, "&Copy the decoded image", "copy", "Ctrl+Shift+C")
        self._add(file, "Copy as P&ython", "copy_python", "Ctrl+Shift+P")
        file.addSeparator()
        leave = QAction("&Quit", self)
        leave.setShortcut("Ctrl+Q")
        leave.triggered.connect(self.close)
        file.addAction(leave)
        edit = bar.addMenu("&Edit")
        self._undo = self._add(edit, "&Undo", "undo", keys.Undo)
        self._redo = self._add(edit, "&Redo", "redo", ["Ctrl+Shift+Z", "Ctrl+Y"])
        edit.addSeparator()
        self._add(edit, "Paste &image", "paste", keys.Paste)
        self._add(edit, "&Pin this place\tP", "pin")  # the key is the plane's: in a field, P is a letter
        self._add(edit, "&Clear pins", "clear_pins")
        self.set_undo("", "")
        points = bar.addMenu("&Points")
        fill_selection_menu(partial(self._add, points), points.addSeparator)
        points.setToolTipsVisible(True)  # why an entry cannot be chosen; the others have no tooltip
        self._strangest = next(action for action in points.actions() if action.data() == "strangest")
        view = bar.addMenu("&View")
        self._add(view, "&Fit all points", "fit")
        self._full = QAction("&Full screen", self, checkable=True)
        self._full.setShortcut("F11")
        self._full.toggled.connect(self._set_full_screen)
        view.addAction(self._full)
        self.addAction(self._full)
        self._add(view, "&Larger interface", "larger", ["Ctrl++", "Ctrl+="])
        self._add(view, "&Smaller interface", "smaller", "Ctrl+-")
        self._add(view, "&Normal size", "normal_size", "Ctrl+0")
        view.addSeparator()
        themes = view.addMenu("&Theme")
        group = QActionGroup(self)
        self._themes: dict[str, QAction] = {}
        for theme in THEMES:
            action = QAction({"system": "As the &system", "dark": "&Dark", "light": "&Light"}[theme], self, checkable=True)
            action.setData(theme)
            group.addAction(action)
            themes.addAction(action)
            self._themes[theme] = action
        group.triggered.connect(self._theme_triggered)
        panels = view.addMenu("&Panels")
        for number, dock in enumerate(self._docks.values(), 1):
            action = dock.toggleViewAction()
            action.setShortcut(f"Ctrl+{number}")
            panels.addAction(action)
            self.addAction(action)  # in full screen too
        self._add(view, "&Reset layout", "reset_layout")
        model = bar.addMenu("&Model")
        measure = self._add(model, "&Measure every image", "measure")
        measure.setToolTip(
            tip("ELBO, reconstruction and squared error of each shown image; a Bernoulli decoder's likelihoods are of one draw of it.")
        )
        exact = self._add(model, "E&xact codes", "exact_codes")
        exact.setToolTip("Mode and mean of the exact posterior of each shown image, and its log p(x), of grey images a grey score.")
        model.addSeparator()
        self._rename = self._add(model, "&Rename…", "rename")
        self._delete = self._add(model, "&Delete…", "delete")
        training = bar.addMenu("&Training")
        self._add(training, "&Train, pause or resume", "train", "Ctrl+T")
        self._add(training, "&New run", "new_run").setToolTip("Train a new model with the settings, also where Continue is offered.")
        self._add(training, "One &step", "step", "Ctrl+Shift+T")
        self._add(training, "St&op", "stop", "Ctrl+.")
        helps = bar.addMenu("&Help")
        self._add(helps, "&Gestures and keys", "gestures", "F1")
        self._add(helps, "&About Latent Explorer", "about")

    def _add(self, menu: QWidget, text: str, wish: str, keys: QKeySequence.StandardKey | str | list[str] | None = None) -> QAction:
        action = QAction(text, self)
        action.setObjectName(f"action_{wish}")
        action.setData(wish)
        if isinstance(keys, list):
            action.setShortcuts([QKeySequence(key) for key in keys])
        elif keys is not None:
            action.setShortcut(keys)
        action.triggered.connect(self._wished)
        menu.addAction(action)
        self.addAction(action)  # in full screen the menu bar is hidden, and its shortcuts would be gone with it
        return action

    def _wished(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.wish.emit(action.data())

    def _theme_triggered(self, action: QAction) -> None:
        self.themePicked.emit(action.data())

    # Orders

    def set_theme(self, choice: str, theme: Theme) -> None:
        """All parts in a theme's colours; `choice` is ticked in the menu."""
        self._themes[choice].setChecked(True)
        for part in (self.plane, self.losses, self.transport, self.model):
            part.set_theme(theme)

    def set_model_title(self, title: str) -> None:
        """What the window's title says of the model."""
        self.setWindowTitle(f"{title} · Latent Explorer" if title else "Latent Explorer")

    def set_undo(self, back: str, forward: str) -> None:
        """What can be taken back, and what done again, such as "removing pin 3"; "" for nothing."""
        for action, word, what in ((self._undo, "&Undo", back), (self._redo, "&Redo", forward)):
            action.setText(f"{word} {what}".rstrip())
            action.setEnabled(bool(what))

    def set_own_model(self, own: bool) -> None:
        """Whether the shown model lies in My models, so that it can be renamed and deleted."""
        self._rename.setEnabled(own)
        self._delete.setEnabled(own)

    def set_strangest(self, reason: str) -> None:
        """Why the strangest images cannot be selected; "" where they can."""
        self._strangest.setEnabled(not reason)
        self._strangest.setToolTip(tip(reason) if reason else "")

    def raise_panel(self, name: str) -> None:
        """Bring a panel to the front."""
        self._docks[name].show()
        self._docks[name].raise_()

    def _set_full_screen(self, full: bool) -> None:
        """Only the plane and the decoded image; and back to what was there before."""
        if full:
            self._before_full = self.saveState()
            for name, dock in self._docks.items():
                dock.setVisible(name == "image" and not dock.isHidden())
        elif self._before_full is not None:
            self.put_back(self._before_full)
            self._slice_dock.come_back()
            self._pins_dock.come_back()
            self._selection_dock.come_back()
            self._posterior_dock.come_back()
        self.menuBar().setVisible(not full)
        self.status.setVisible(not full)
        if full:
            self.showFullScreen()
        else:
            self.showNormal()
        self.plane.setFocus()

    def leave_full_screen(self) -> None:
        """Esc in full screen."""
        self._full.setChecked(False)

    def resizeEvent(self, event: QResizeEvent) -> None:  # Qt's name
        """The notice keeps its place."""
        super().resizeEvent(event)
        self.notice.place()
        self._size_changed()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files may be dropped anywhere on the window, and pictures, as a browser has them."""
        if event.mimeData().hasUrls() or event.mimeData().hasImage():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Files or a picture were dropped."""
        if self.take(event.mimeData(), "Dropped image"):
            event.acceptProposedAction()

    def take(self, data: QMimeData, name: str) -> bool:
        """What a person dropped or pasted goes out as a signal, files rather than a picture; whether there was something."""
        paths = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
        if paths:
            self.filesDropped.emit(paths)
            return True
        picture = data.imageData()
        if not isinstance(picture, QImage) or picture.isNull():
            return False
        self.pictureGiven.emit(picture, name)
        return True

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask whoever knows whether it may close."""
        if not self.may_close:
            self.closeRequested.emit()
        if self.may_close:
            if self.isVisible():
                self.closing.emit()
            event.accept()
        else:
            event.ignore()

    def sizeHint(self) -> QSize:
        """As large as the drawing, where the screen allows it, and larger on a large one."""
        screen = QGuiApplication.primaryScreen().availableSize()
        return QSize(*window_for(screen.width(), screen.height()))
