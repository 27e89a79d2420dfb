"""How soon the decoded image follows the mouse, window at rest otherwise.

1,000 real mouse moves, 120 a second, over the plane of the window at 1600 x 1000: from the sending of a move to the end of
the paint of the decoded image for its place, or for a newer move's.

Peer: what a short script does with the same model: a pyqtgraph scatter of the same codes with a cursor in it, and on every
move a forward pass, a QImage and a repaint, all in the GUI thread; the same mouse, a window of the same size.
"""

from __future__ import annotations

import pyqtgraph as pg
import torch
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QWidget

from latent_explorer.core.nn.families.base import Model
from latent_explorer.core.nn.handles import module_of
from latent_explorer.core.palette import class_table
from latent_explorer.core.types import Slot
from tests.benchmarks.figure import Figure, now, percentile, quick
from tests.benchmarks.mouse import Mouse
from tests.benchmarks.probing import Probing
from tests.benchmarks.stage import MODEL, SIZE, stage, turn, wait

MOVES = 1000
AIM_P99 = 10.0


class Script(QWidget):
    """The peer: plot on the left, picture on the right, everything at once in the GUI thread."""

    def __init__(self, slot: Slot, module: Model) -> None:
        super().__init__()
        self._module, self._shape = module, module.config.image_shape
        self.sent_at = 0.0
        self.waits: list[float] = []
        codes = slot.codes["mean"]
        colours = class_table(int(codes.labels.max()) + 1)[codes.labels]
        self._plot, self._picture = pg.PlotWidget(), QLabel()
        self._plot.addItem(
            pg.ScatterPlotItem(pos=codes.z, size=5, pen=None, brush=[pg.mkBrush(*colour, 160) for colour in colours.tolist()])
        )
        self._cursor = pg.ScatterPlotItem(size=18, pen=pg.mkPen("w", width=2), brush=None)
        self._plot.addItem(self._cursor)
        self._picture.setFixedWidth(316)
        row = QHBoxLayout(self)
        row.addWidget(self._plot, 1)
        row.addWidget(self._picture)
        self._plot.scene().sigMouseMoved.connect(self._moved)

    def path(self, count: int, like: list[QPointF]) -> list[QPointF]:
        """The places of `like`, brought over this window's plot."""
        corner = QPointF(self._plot.mapTo(self, self._plot.rect().topLeft()))
        low_x, low_y = min(p.x() for p in like), min(p.y() for p in like)
        return [QPointF(p.x() - low_x, p.y() - low_y) + corner + QPointF(80, 40) for p in like[:count]]

    @torch.no_grad()
    def _moved(self, place: QPointF) -> None:
        z = self._plot.getPlotItem().getViewBox().mapSceneToView(place)
        self._cursor.setData([z.x()], [z.y()])
        height, width, channels = self._shape
        pixels = (self._module.mean_image(torch.tensor([[z.x(), z.y()]])) * 255).byte().numpy()
        assert channels == 1
        image = QImage(pixels.tobytes(), width, height, width, QImage.Format.Format_Grayscale8)
        self._picture.setPixmap(QPixmap.fromImage(image).scaled(300, 300, Qt.AspectRatioMode.KeepAspectRatio))
        self._picture.repaint()
        self.waits.append(1000 * (now() - self.sent_at))

    def set_sent(self, moment: float) -> None:
        """When the move that comes now was sent."""
        self.sent_at = moment


def measure(model: str = MODEL, aim: float = AIM_P99) -> list[Figure]:
    moves = 60 if quick() else MOVES
    with stage(model) as it:
        probing = Probing(it)
        ours = probing.measure(moves)
        probing.stop()
        slot = it.program.session.slot
        assert slot is not None and slot.handle is not None
        path = it.path(moves)
        it.window.hide()
        theirs = measure_script(slot, module_of(slot.handle), path)
    values = (("p50", percentile(ours, 50), percentile(theirs, 50), None), ("p99", percentile(ours, 99), percentile(theirs, 99), aim))
    figures = [Figure(f"probe.{name}_ms.{model}", value, "ms", len(ours), aim, peer) for name, value, peer, aim in values]
    return [*figures, Figure(f"probe.max_ms.{model}", max(ours), "ms", len(ours), None, max(theirs))]


def measure_script(slot: Slot, module: Model, places: list[QPointF]) -> list[float]:
    """Milliseconds for each move."""
    pg.setConfigOptions(antialias=False, mouseRateLimit=-1)  # pyqtgraph's own defaults, but no move is left out
    script = Script(slot, module)
    script.resize(*SIZE)
    script.show()
    turn(1.0)
    mouse = Mouse(script, script.set_sent)
    mouse.start(script.path(len(places), places))
    wait("the script to answer all moves", lambda: len(script.waits) >= len(places), 60)
    mouse.stop()
    script.close()
    QApplication.processEvents()
    return script.waits
