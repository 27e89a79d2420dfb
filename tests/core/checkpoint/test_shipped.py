"""The models that ship: each is the file that the index speaks of, with the hash that it had when it was made."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from latent_explorer.core.checkpoint.header import parse_header
from latent_explorer.core.checkpoint.metadata import KEY
from latent_explorer.core.checkpoint.record import read_checkpoint
from latent_explorer.core.resources import resource_folder

FOLDER: Path = resource_folder("models")
ENTRIES: list[dict[str, Any]] = json.loads((FOLDER / "index.json").read_text(encoding="utf-8"))["models"]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["name"])
def test_a_shipped_model_is_the_one_of_the_index(entry: dict[str, Any]) -> None:
    """Its content hash is computed anew on reading: a change of the architecture record would change it."""
    data = (FOLDER / entry["file"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == entry["sha256"]
    checkpoint = read_checkpoint(FOLDER / entry["file"])
    record = checkpoint.record
    assert record.handle.content_hash == entry["content_hash"]
    assert record.name == entry["name"]
    assert record.command == entry["command"]
    assert record.data.content_hash == entry["dataset"]["hash"]
    assert not record.resumable
    assert not checkpoint.state
    stored = json.loads(parse_header(data).metadata[KEY])
    assert record.handle.architecture.to_record() == stored["architecture"]
