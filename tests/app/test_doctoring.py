"""The model doctor beside the form: live while a run is on, and about a model's own run when it is opened."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QLabel

from latent_explorer.core.doctor import diagnose
from latent_explorer.core.symptoms.finding import Finding
from latent_explorer.views.doctor_list import NOTHING, DoctorList
from tests.app.conftest import Desk


def test_a_run_with_far_too_large_a_beta_is_told_so_while_it_goes_on(opened: Desk) -> None:
    opened.train(epochs=2000, beta=500)
    opened.wait(lambda: any("●" in words for words in opened.window.training.doctor.shown))
    assert opened.session.run_state == "running"
    opened.press("stop")
    opened.wait(lambda: opened.session.run_state == "idle")
    opened.rest()
    record = opened.slot.record
    assert record is not None and record.training is not None
    found = diagnose(record.handle.architecture, record.training, record.history, outcome="stopped")
    told = [finding for finding in found if finding.severity != "fine"]
    assert told
    opened.wait(lambda: all(finding.sentence in " ".join(opened.window.training.doctor.shown) for finding in told))


def test_an_opened_model_is_looked_at_and_a_table_is_not(opened: Desk, tmp_path: Path) -> None:
    assert not opened.window.training.doctor.isHidden()
    table = tmp_path / "codes.csv"
    table.write_text("z0,z1\n0,0\n1,1\n")
    opened.program.opening.open(table)
    opened.wait(lambda: opened.slot.table is not None)
    assert opened.window.training.doctor.isHidden()


def test_the_list_says_problems_first_and_that_there_are_none(qapp: object) -> None:
    view = DoctorList()
    view.set_findings([Finding("collapse", "problem", "It has collapsed.", "Lower beta."), Finding("family", "fine", "It is a VAE.")])
    label = view.findChild(QLabel, "doctor_0")
    assert label is not None and label.text() == "● It has collapsed. Lower beta."
    assert view.shown == ("● It has collapsed. Lower beta.",)
    view.set_findings([])
    assert view.shown == (NOTHING,) and not view.isHidden()
    view.set_findings(None)
    assert view.isHidden()
    view.deleteLater()
