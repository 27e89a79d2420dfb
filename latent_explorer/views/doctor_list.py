"""What the model doctor has found, a sentence each, with what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from latent_explorer.core.symptoms.finding import Finding
from latent_explorer.views.glossary import explained
from latent_explorer.views.text import heading, plain_label

NOTHING = "No findings."
MARKS = {"problem": "● ", "advice": "○ "}
QUIET = ("unexamined",)  # what is fine and said nevertheless, without a mark


class DoctorList(QWidget):
    """A heading and some sentences; hidden while there is nothing to look at."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = self._lines = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.setSpacing(4)
        head = heading("Model doctor")
        explained(head, "doctor")
        layout.addWidget(head)
        self._labels: list[QLabel] = []
        self.shown: tuple[str, ...] = ()
        self.hide()

    def set_findings(self, findings: Sequence[Finding] | None) -> None:
        """Problems and advice, the worst first; None where there is no model whose run is known."""
        self.setVisible(findings is not None)
        told = tuple(_words(finding) for finding in findings or () if finding.severity in MARKS) or (NOTHING,)
        words = (*told, *(_words(finding) for finding in findings or () if finding.key in QUIET))
        if words == self.shown:  # labels lay out the panel anew
            return
        self.shown = words
        while len(self._labels) < len(words):
            label = plain_label("", wrap=True)
            label.setObjectName(f"doctor_{len(self._labels)}")
            label.setProperty("role", "muted")
            self._labels.append(label)
            self._lines.addWidget(label)
        for number, label in enumerate(self._labels):
            label.setText(words[number] if number < len(words) else "")
            label.setVisible(number < len(words))
        self._lay_out()

    def _lay_out(self) -> None:
        """At once, all the way up the form: sentences that wait for their room would be seen cut."""
        widget: QWidget | None = self
        while widget is not None and (layout := widget.layout()) is not None:
            layout.activate()
            if isinstance(widget, QScrollArea):
                break
            widget = widget.parentWidget()


def _words(finding: Finding) -> str:
    return f"{MARKS.get(finding.severity, '')}{finding.sentence} {finding.suggestion}".strip()
