"""Lines of Python: they can be run, and give the model and the point that they were made of."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from latent_explorer.core.export.snippet import python_snippet

NAMES = ["digits", "two words", "don't", 'a "quoted" one', "back\\slash", "ü\u202e\ud800", "/tmp/a b.safetensors"]


def run(text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Any], dict[str, Any]]:
    """What was given to load and decode, and what the lines left behind."""
    asked: list[Any] = []

    def decode(z: Any) -> Any:
        asked.append(z)
        return np.zeros((1, 8, 8, 1), np.float32)

    def load(reference: str) -> Any:
        asked.append(reference)
        return SimpleNamespace(decode=decode)

    monkeypatch.setitem(sys.modules, "latent_explorer", SimpleNamespace(load=load))  # type: ignore[arg-type]
    left: dict[str, Any] = {}
    exec(text, left)
    return asked, left


@pytest.mark.parametrize("name", NAMES)
def test_the_lines_ask_for_what_they_were_made_of(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    z = np.array([0.1, -1 / 3, 1e-7], np.float32)
    text = python_snippet(name, "ab" * 32, z, (8, 8, 1))
    asked, left = run(text, monkeypatch)
    assert asked[0] == name
    assert np.asarray(asked[1], np.float32).tobytes() == z.tobytes()
    assert left["image"].shape == (8, 8, 1)
    assert "[0.1, -0.33333334, 1e-07]" in text
    assert "# hash abababababab\n" in text
    assert text.isascii() or name == "ü\u202e\ud800"
    assert "\u202e" not in text


def test_a_shipped_model_by_name_in_a_process_of_its_own(tmp_path: Path) -> None:
    text = python_snippet("digits", "", [0.5, -1], (8, 8, 1))
    code = text + "import numpy; numpy.save('image.npy', image)"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, timeout=120, check=True)
    from latent_explorer import load

    with load("digits") as model:
        np.testing.assert_allclose(np.load(tmp_path / "image.npy"), model.decode([0.5, -1])[0], atol=1e-6)
