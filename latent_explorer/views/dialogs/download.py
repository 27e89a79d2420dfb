"""What will be downloaded: how large, whose, where from and where to. Nothing is sent before the person says Download."""

from __future__ import annotations

from urllib.parse import urlsplit

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QVBoxLayout, QWidget

from latent_explorer.core.data.catalogue import CatalogueEntry
from latent_explorer.core.files.gate import shown, size_text
from latent_explorer.views.text import plain_label


class DownloadDialog(QDialog):
    """Download or Cancel."""

    def __init__(self, entry: CatalogueEntry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Download {entry.title}")
        form = QFormLayout()
        form.setVerticalSpacing(6)
        form.setHorizontalSpacing(16)
        for name, text in (
            ("What", entry.about),
            ("Size", size_text(entry.size)),
            ("By", entry.authors),
            ("Licence", entry.licence),
            ("From", "\n".join(urlsplit(mirror).netloc for mirror in entry.mirrors)),
            ("To", shown(entry.folder)),
        ):
            label, value = plain_label(name), plain_label(text, wrap=True)
            label.setProperty("role", "muted")
            value.setMinimumWidth(380)
            form.addRow(label, value)
        note = plain_label("It is checked when it has come, and found there at every later start.", wrap=True)
        note.setProperty("role", "muted")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        download = buttons.addButton("Download", QDialogButtonBox.ButtonRole.AcceptRole)
        download.setObjectName("download")
        download.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addWidget(note)
        layout.addWidget(buttons)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
