from __future__ import annotations

from pathlib import Path

import pytest

from latent_explorer.core import resources


def test_a_checkout_has_its_folders_beside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "latent_explorer")
    (tmp_path / "models").mkdir()
    (tmp_path / "pyproject.toml").touch()
    assert resources.resource_folder("models") == tmp_path / "models"


def test_a_wheel_has_them_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "latent_explorer"
    monkeypatch.setattr(resources, "_PACKAGE", package)
    (package / "_resources" / "assets").mkdir(parents=True)
    (tmp_path / "assets").mkdir()
    (tmp_path / "pyproject.toml").touch()
    assert resources.resource_folder("assets") == package / "_resources" / "assets"


def test_a_folder_beside_an_installed_package_is_somebody_elses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "latent_explorer")
    (tmp_path / "models").mkdir()
    assert resources.resource_folder("models") == tmp_path / "latent_explorer" / "_resources" / "models"


def test_the_users_folders_follow_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_HOME", str(tmp_path))
    folders = [resources.data_folder(), resources.cache_folder(), resources.log_folder()]
    assert folders == [tmp_path / "data", tmp_path / "cache", tmp_path / "logs"]


def test_without_it_they_are_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LATENT_EXPLORER_HOME", raising=False)
    for folder in (resources.data_folder(), resources.cache_folder(), resources.log_folder()):
        assert folder.is_absolute()
        assert "latent-explorer" in folder.parts
