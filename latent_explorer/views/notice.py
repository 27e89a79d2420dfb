"""One sentence over the plane: what happened and what to do. It stops nothing and goes away by itself."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from latent_explorer.views.text import plain_label

SHOWN_MS = 12_000
TROUBLE_MS = 30_000


class Notice(QFrame):
    """A card in its parent's lower part. Signals: wish(str), what its button asks for."""

    wish = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._around = parent
        self.setObjectName("notice")
        self.setProperty("role", "card")
        self._label = plain_label("", wrap=True)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding)
        close = QToolButton(self)
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
        layout.setContentsMargins(12, 8, 8, 8)
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

    def settle(self) -> None:
        """What was wrong is right now: a sentence about trouble goes."""
        if self._trouble:
            self.hide()

    def place(self) -> None:
        """Keep to the lower middle of the parent."""
        parent = self._around
        width = min(560, max(200, parent.width() - 80))
        self.setFixedWidth(width)
        self.adjustSize()
        height = max(self.sizeHint().height(), self.heightForWidth(width))
        self.resize(width, height)
        self.move((parent.width() - width) // 2, parent.height() - height - 40)
