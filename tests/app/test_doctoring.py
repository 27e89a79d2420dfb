"""The model doctor beside the form: live while a run is on, and about a model's own run when it is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel

from latent_explorer.app.features import doctoring
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


def looks(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the doctor has been told, look by look; the thread of the compute lane adds to it."""
    told: list[dict[str, Any]] = []

    def listen(*arguments: Any, **more: Any) -> tuple[Finding, ...]:
        told.append({"codes": arguments[3], **more})
        return diagnose(*arguments, **more)

    monkeypatch.setattr(doctoring, "diagnose", listen)
    return told


def shown(desk: Desk) -> str:
    return " ".join(desk.window.training.doctor.shown)


def test_codes_that_collapse_are_told_while_the_run_goes_on(opened: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """By validation images, and by no others."""
    told = looks(monkeypatch)
    opened.train(epochs=3000, beta=200)
    opened.wait(lambda: "All posteriors are the prior" in shown(opened))
    assert opened.session.run_state == "running" and "smaller beta" in shown(opened)
    plan = opened.program.training.run
    assert plan is not None
    allowed = plan.dataset.split.validation
    opened.press("stop")
    opened.wait(lambda: opened.slot.record is not None and opened.session.run_state == "idle")
    opened.rest()
    assert "All posteriors are the prior" in shown(opened)  # after the run, too
    examined = [one["codes"].index for one in told if one["codes"] is not None]
    assert len(examined) >= 3 and not told[-1]["running"]
    assert all(np.isin(rows, allowed).all() for rows in examined)


def test_the_codes_of_a_healthy_run_are_no_trouble(opened: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """At its start they lie together as those of a collapsed one, and are not looked at."""
    told = looks(monkeypatch)
    opened.train(epochs=3000, hidden=64, lr=0.004)
    said: set[str] = set()

    def looked() -> bool:
        said.update(opened.window.training.doctor.shown)
        return len([one for one in told if one["codes"] is not None]) >= 4

    opened.wait(looked)
    opened.press("stop")
    opened.wait(lambda: opened.slot.record is not None and opened.session.run_state == "idle")
    opened.rest()
    said.update(opened.window.training.doctor.shown)
    assert told[0]["codes"] is None and told[-1]["codes"] is not None
    assert not any("collapsed" in words or "posteriors are the prior" in words or "dimension" in words for words in said)


def test_without_validation_images_it_is_said_why_nothing_is_said_of_codes(opened: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told = looks(monkeypatch)
    opened.train(epochs=200, beta=200, validation=0)
    opened.wait(lambda: "No images are set aside for validation" in shown(opened))
    opened.wait(lambda: opened.slot.record is not None and opened.session.run_state == "idle")
    opened.rest()
    assert "No images are set aside for validation" in shown(opened) and "posteriors" not in shown(opened)
    assert told and all(one["codes"] is None for one in told)


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
