"""The command download, against a server on this machine, and without one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from latent_explorer.cli import progress
from latent_explorer.core.data import catalogue
from latent_explorer.core.data.catalogue import CatalogueEntry
from tests.cli.conftest import Said, environment
from tests.core.data import mirror as moods
from tests.core.data.mirror import Mirror, dead_url

Call = Callable[..., Said]
IMAGES = "train-images-idx3-ubyte.gz"


@pytest.mark.usefixtures("no_data_folder")
def test_the_list_names_size_licence_and_source(call: Call) -> None:
    said = call("download")
    assert said.code == 0 and said.err == ""
    for words in ("mnist: 70,000 handwritten digits", "11.6 MB", "CC BY-SA 3.0", "Yann LeCun", "to be downloaded from ossci-datasets"):
        assert words in said.out
    [listed] = call("download", "--json").json["datasets"]
    assert listed["name"] == "mnist" and listed["bytes"] == 11_594_722 and listed["path"] is None
    assert sum(file["bytes"] for file in listed["files"]) == listed["bytes"]


@pytest.mark.usefixtures("no_data_folder")
def test_download_then_train(call: Call, offered_entry: CatalogueEntry, mirror: Mirror, tmp_path: Any) -> None:
    train = ("train", "--data", "mnist", "--hidden", 8, "--epochs", 1, "--threads", 1, "--quiet", "--out", tmp_path / "m.safetensors")
    assert "latent-explorer download mnist" in call(*train).sentence
    said = call("download", "MNIST")
    assert said.code == 0 and said.out == ""
    first, *_, last = said.err.splitlines()
    assert first.startswith("mnist: 500 pictures of noise") and "CC0" in said.err and mirror.host in said.err  # before anything is sent
    assert str(offered_entry.folder) in last and "--data mnist" in last
    assert call(*train) == Said(0, "", "")
    said = call("download", "mnist", "--json", "--quiet")
    assert said.err == "" and said.json["dataset"]["path"] == str(offered_entry.folder)
    assert said.json["schema"] == 1 and len(mirror.asked) == 4  # and nothing was fetched again
    assert call("download", "mnist", "--quiet") == Said(0, "", "")
    assert f"on this computer, in {offered_entry.folder}" in call("download").out


def test_in_a_terminal_a_bar_tells_how_far_it_is(call: Call, offered_entry: CatalogueEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, float]] = []
    tell = progress.Steps.tell

    def listen(self: progress.Steps, what: str, part: float) -> None:
        told.append((what, part))
        tell(self, what, part)

    monkeypatch.setattr(progress, "_on_terminal", lambda: True)
    monkeypatch.setattr(progress.Steps, "tell", listen)
    said = call("download", "mnist")
    assert said.code == 0
    assert told[0] == ("Connecting…", 0.0) and told[-1][1] == 1.0
    end = told[-1][0]
    assert end.endswith("kB") and end in said.err


def test_offline_is_one_sentence(call: Call, offered_entry: CatalogueEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = replace(offered_entry, mirrors=(dead_url(), dead_url()))
    monkeypatch.setattr(catalogue, "CATALOGUE", MappingProxyType({"mnist": nowhere}))
    sentence = call("download", "mnist", "--quiet").sentence
    assert sentence.startswith("MNIST could not be downloaded: 127.0.0.1:") and "is online and try again" in sentence
    assert call("download").code == 0  # what there is can be read offline


def test_an_unknown_name(call: Call) -> None:
    assert "choose from: mnist" in call("download", "imagenet").sentence
    assert "choose from: mnist" in call("download", "").sentence


def test_a_bad_server_is_one_sentence(call: Call, offered_entry: CatalogueEntry, mirror: Mirror) -> None:
    mirror.mood = moods.page
    assert "sent a web page instead" in call("download", "mnist", "--quiet").sentence


def test_ctrl_c(mirror: Mirror, offered_entry: CatalogueEntry, call: Call) -> None:
    """Exit code 130 although the server is silent; the next attempt goes on from there."""
    mirror.mood = moods.stalls
    code = """
import json, signal, sys
from types import MappingProxyType
from latent_explorer.cli.main import main
from latent_explorer.core.data import catalogue
*words, files, mirrors = json.loads(sys.argv[1])
entry = catalogue.CatalogueEntry(*words, tuple(catalogue.RemoteFile(*file) for file in files), tuple(mirrors))
catalogue.CATALOGUE = MappingProxyType({"mnist": entry})
# A shell starts what runs in the background with SIGINT ignored, and Python leaves that as it is; in a terminal it is heard.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main(["download", "mnist"]))
"""
    entry = offered_entry
    files = [(file.name, file.size, file.sha256, file.content) for file in entry.files]
    words = json.dumps([entry.name, entry.title, entry.about, entry.authors, entry.licence, files, entry.mirrors])
    process = subprocess.Popen(
        [sys.executable, "-c", code, words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )
    part, half = entry.folder / f"{IMAGES}.part", len(mirror.files[IMAGES]) // 2
    try:
        while process.poll() is None and not (part.exists() and part.stat().st_size == half):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130 and out == "" and "Traceback" not in err
    mirror.mood = moods.good
    assert call("download", "mnist", "--quiet").code == 0
    assert mirror.asked[1] == (IMAGES, half) and entry.is_here()
