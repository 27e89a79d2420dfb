"""One sentence at the plane's lower edge: what happened and what to do. It stops nothing and goes away by itself, or by a click."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from latent_explorer.views.text import plain_label

SHOWN_MS = 12_000
TROUBLE_MS = 30_000
WIDEST = 560
BORDER = 1
EDGE = 4  # pixels below it: one line then covers the names of the axis, and nothing of the plot


class Notice(QFrame):
    """A card at its parent's lower edge, as wide as its sentence. Signals: wish(str), what its button asks for."""

    wish = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._around = parent
        self.setObjectName("notice")
        self.setProperty("role", "card")
        self._label = plain_label("", wrap=True)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding)
        self._label.installEventFilter(self)
        close = self._close = QToolButton(self)
        self._offer, self._offered = QToolButton(self), ""
        self._offer.setProperty("role", "button")
        self._offer.setObjectName("notice_button")
        self._offer.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._offer.clicked.connect(self._taken)
        self._offer.hide()
        close.setText("×")
        close.setProperty("role", "mode")
        close.setAccessibleName("Close this message")
        close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        close.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 5, 4, 5)
        layout.addWidget(self._label, 1)
        layout.addWidget(self._offer)
        layout.addWidget(close)
        self._trouble = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        self.hide()

    @property
    def text(self) -> str:
        """What it says."""
        return self._label.text()

    def tell(self, sentence: str, trouble: bool) -> None:
        """Show a sentence; trouble has a red edge and stays longer."""
        self._offer.hide()
        self._show(sentence, trouble)

    def offer(self, sentence: str, button: str, wish: str, hint: str = "") -> None:
        """Show a sentence with a button beside it, which says a wish."""
        self._offer.setText(button)
        self._offer.setToolTip(hint)
        self._offer.show()
        self._offered = wish
        self._show(sentence, trouble=False)

    def withdraw(self, wish: str) -> None:
        """What was offered has been done, or cannot be any more."""
        if self._offered == wish and not self._offer.isHidden():
            self.hide()

    def _taken(self) -> None:
        self.hide()
        self.wish.emit(self._offered)

    def _show(self, sentence: str, trouble: bool) -> None:
        self._label.setText(sentence)
        self.setStyleSheet("QFrame#notice { border: 1px solid #d9485f; }" if trouble else "")
        self.place()
        self.show()
        self.raise_()
        self._trouble = trouble
        self._timer.start(TROUBLE_MS if trouble else SHOWN_MS)

    @property
    def troubled(self) -> bool:
        """Whether a sentence about trouble is to be seen."""
        return self._trouble and self.isVisible()

    def settle(self) -> None:
        """What was wrong is right now: a sentence about trouble goes."""
        if self._trouble:
            self.hide()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # Qt's names, here and below
        """It has been read."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A click on the words is one on the card; a drag over them selects, to be copied."""
        if watched is self._label and event.type() == QEvent.Type.MouseButtonRelease and not self._label.hasSelectedText():
            self.hide()
        return bool(super().eventFilter(watched, event))

    def place(self) -> None:
        """Keep to the middle of the parent's lower edge."""
        parent, layout = self._around, self.layout()
        assert layout is not None
        widgets = [self._close] if self._offer.isHidden() else [self._offer, self._close]
        beside = sum(widget.sizeHint().width() + layout.spacing() for widget in widgets)
        margins = layout.contentsMargins()
        around = beside + margins.left() + margins.right() + 2 * BORDER
        words = self._label.fontMetrics().horizontalAdvance(self._label.text()) + 4
        width = min(words + around, WIDEST, max(200, parent.width() - 80))
        heights = [self._label.heightForWidth(width - around), *(widget.sizeHint().height() for widget in widgets)]
        self.setFixedSize(width, max(heights) + margins.top() + margins.bottom() + 2 * BORDER)
        self.move((parent.width() - width) // 2, parent.height() - self.height() - EDGE)
