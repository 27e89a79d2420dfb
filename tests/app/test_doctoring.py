"""The model doctor beside the form: live while a run is on, and about a model's own run when it is opened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel

from latent_explorer.app.features import doctoring, training
from latent_explorer.core.doctor import diagnose
from latent_explorer.core.errors import TrainingError
from latent_explorer.core.nn.inference import codes_of
from latent_explorer.core.symptoms.finding import Finding
from latent_explorer.core.types import ImageDataset, Split
from latent_explorer.views.doctor_list import NOTHING, DoctorList
from tests.app.conftest import Desk, make_model


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
    of_codes = "collapsed", "posteriors are the prior", " used (variance"
    assert [words for words in said if any(part in words for part in of_codes)] == []


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


def test_codes_of_a_finished_model_are_looked_at_where_its_data_are_open(
    opened: Desk, digits: ImageDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By validation images of the run's own split; without the data it is said that they were not."""
    told = looks(monkeypatch)
    path = tmp_path / "one.safetensors"
    record = make_model(path, digits, split_seed=7, validation=200)
    opened.program.opening.open(path)
    opened.wait(lambda: opened.slot.name == "one" and opened.slot.ready)
    opened.wait(lambda: told and told[-1]["codes"] is not None)
    opened.rest()
    rows = digits.with_validation(200, 7).split.validation
    seen = told[-1]["codes"]
    assert np.array_equal(seen.index, rows) and not np.isin(rows, digits.split.test).any()
    assert opened.slot.handle is not None
    expected = codes_of(opened.slot.handle, digits, rows)
    np.testing.assert_allclose(seen.z, expected.z, atol=1e-5)
    np.testing.assert_allclose(seen.columns["log_var"], expected.columns["log_var"], atol=1e-5)
    found = diagnose(record.handle.architecture, record.training, record.history, expected, validation=200)
    assert all(finding.sentence in shown(opened) for finding in found if finding.severity != "fine")
    assert "not looked at" not in shown(opened)
    opened.session.set_dataset(None)
    opened.wait(lambda: "not looked at" in shown(opened))
    other_tests = replace(digits, split=Split(digits.split.train[:-1], digits.split.validation, digits.split.test))
    opened.session.set_dataset(digits)
    opened.wait(lambda: "not looked at" not in shown(opened))
    opened.session.set_dataset(other_tests)  # the same images, parted otherwise: test images may be among them
    opened.wait(lambda: "not looked at" in shown(opened))
    opened.rest()
    assert told[-1]["codes"] is None


def test_what_was_found_of_another_run_goes_when_a_new_one_starts(opened: Desk) -> None:
    assert not opened.window.training.doctor.isHidden()
    hidden: list[bool] = []
    opened.session.runStateChanged.connect(lambda state: hidden.append(opened.window.training.doctor.isHidden()))
    opened.train(epochs=2000)
    assert hidden[0]
    opened.wait(lambda: not opened.window.training.doctor.isHidden())
    opened.press("stop")
    opened.wait(lambda: opened.session.run_state == "idle" and opened.slot.record is not None)
    opened.rest()
    assert not opened.window.training.doctor.isHidden()


def test_a_run_that_does_not_begin_leaves_what_was_found(opened: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    before = opened.window.training.doctor.shown

    def refused(*_: object) -> None:
        raise TrainingError("There is no room for this run; choose smaller networks.")

    monkeypatch.setattr(training, "_run", refused)
    opened.train(epochs=5)
    opened.wait(lambda: opened.session.run_state == "idle")
    opened.rest()
    assert not opened.window.training.doctor.isHidden() and opened.window.training.doctor.shown == before


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
