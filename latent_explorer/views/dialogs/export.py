"""How large the exported image shall be, and where it goes."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFileDialog, QFormLayout, QSpinBox, QVBoxLayout, QWidget

from latent_explorer.views.text import number_label, plain_label

MAX_SCALE = 64


class ExportDialog(QDialog):
    """Asks for a whole-number scale; the file is asked for afterwards."""

    def __init__(self, height: int, width: int, scale: int = 16, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export the decoded image")
        self._shape = height, width
        self._scale = QSpinBox()
        self._scale.setObjectName("scale")
        self._scale.setRange(1, MAX_SCALE)
        self._scale.setValue(scale)
        self._scale.setPrefix("× ")
        self._scale.valueChanged.connect(self._tell_size)
        self._size = number_label()
        form = QFormLayout()
        form.addRow(plain_label("Pixels of the file for each pixel of the image"), self._scale)
        form.addRow(plain_label("Size of the file's picture"), self._size)
        note = plain_label("z and the model's hash are written into the file, so the image can be made again.", wrap=True)
        note.setProperty("role", "muted")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addWidget(note)
        layout.addWidget(buttons)
        self._tell_size()

    @property
    def scale(self) -> int:
        """The chosen enlargement, 1 to `MAX_SCALE`."""
        return self._scale.value()

    def _tell_size(self) -> None:
        height, width = self._shape
        self._size.setText(f"{width * self.scale:,} x {height * self.scale:,}")


def ask_save_path(parent: QWidget, title: str, suggestion: Path, kind: str) -> Path | None:
    """A file to write, with the kind's ending such as ".png"; None when the person cancels."""
    chosen, _ = QFileDialog.getSaveFileName(parent, title, str(suggestion), f"*{kind}")
    if not chosen:
        return None
    path = Path(chosen)
    return path if path.suffix.lower() == kind else path.with_name(path.name + kind)


def ask_table_path(parent: QWidget, title: str, suggestion: Path) -> Path | None:
    """A file for a table, ".csv" or ".npz"; None when the person cancels."""
    chosen, kind = QFileDialog.getSaveFileName(parent, title, str(suggestion), "CSV (*.csv);;npz (*.npz)")
    if not chosen:
        return None
    path = Path(chosen)
    ending = ".npz" if "npz" in kind else ".csv"
    return path if path.suffix.lower() in (".csv", ".npz") else path.with_name(path.name + ending)
