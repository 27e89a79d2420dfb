"""Trains the shipped models where they are missing, measures each of their test images, evaluates them and writes index.json.

    python models/make.py [NAME ...]
    python models/make.py --evaluate NAME ...

With names, those are trained (or only evaluated) again; figures of a file that has not changed are kept. MNIST must be found
by LATENT_EXPLORER_DATA. Settings are chosen on validation figures; the test part is used here once, for the figures of the index.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
RECIPES = {
    "mnist-qlvm": ("MNIST, exact likelihood (QLVM)", "mnist", "--recipe mnist-qlvm --threads 1"),
    "mnist-dense": ("MNIST, dense VAE", "mnist", "--recipe mnist-dense --threads 1"),
    "mnist-autoencoder": ("MNIST, autoencoder", "mnist", "--recipe mnist-autoencoder --threads 1"),
    "mnist-conditional": ("MNIST, conditional VAE", "mnist", "--recipe mnist-conditional --threads 1"),
    "mnist-sphere": ("MNIST, hyperspherical VAE", "mnist", "--recipe mnist-sphere --threads 1"),
    "mnist-conv": (
        "MNIST, convolutional VAE",
        "mnist",
        "--network conv --channels 32,64 --hidden 512,512 --epochs 40 --batch-size 128 --lr 0.001 --warmup 3 --validation 10000 --seed 0",
    ),
    "digits": (
        "Digits (8 x 8), dense VAE",
        "digits",
        "--hidden 256,256 --epochs 400 --batch-size 64 --lr 0.001 --warmup 30 --seed 0",
    ),
    "shapes": (
        "Shapes (32 x 32), dense VAE",
        "shapes",
        "--hidden 256,256 --epochs 50 --batch-size 128 --lr 0.001 --seed 0",
    ),
}


def program(*words: str) -> str:
    """Run the program's command line from this checkout; what it printed on stdout comes back."""
    command = [sys.executable, "-m", "latent_explorer", *words]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=FOLDER).stdout


def measure_images(path: Path, data: str, *, again: bool) -> None:
    """Give the codes what points are coloured by, so that the images need not be there: likelihood, ELBO, errors; and exact codes.

    A model without an encoder then has these alone.
    """
    from latent_explorer.core.checkpoint.weights import load_model, save_model
    from latent_explorer.core.data.registry import load_dataset
    from latent_explorer.core.nn.evaluation import image_columns
    from latent_explorer.core.nn.exact.grids import why_not
    from latent_explorer.core.nn.exact.many import exact_codes
    from latent_explorer.core.types import main_codes

    record = load_model(path)
    codes = main_codes(record.codes)
    assert codes is not None
    if "mse" in codes.columns and not again:
        return
    dataset = load_dataset(data)
    exact = {} if why_not(record.handle.architecture) else exact_codes(record.handle, dataset, codes.index)
    kinds = {"mean": codes} | exact if record.handle.architecture.facts.encoder else exact
    images = dataset.images[codes.index]
    for kind, some in kinds.items():
        columns = image_columns(record.handle, some.z, images, labels=some.labels)
        kinds[kind] = replace(some, columns={**some.columns, **columns})
    save_model(path, replace(record, codes=kinds))


def main() -> None:
    """Train, measure, evaluate, write."""
    index = FOLDER / "index.json"
    known = {entry["name"]: entry for entry in json.loads(index.read_text("utf-8"))["models"]} if index.exists() else {}
    only_evaluate, named = "--evaluate" in sys.argv[1:], set(sys.argv[1:]) - {"--evaluate"}
    for name, (title, data, settings) in RECIPES.items():
        path = FOLDER / f"{name}.safetensors"
        if (name in named and not only_evaluate) or not path.exists():
            program("train", "--data", data, "--out", path.name, "--name", name, *settings.split())
        measure_images(path, data, again=name in named)
        if name in known and name not in named and known[name]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest():
            continue
        found = json.loads(program("evaluate", str(path), "--data", data, "--json"))
        info = json.loads(program("info", str(path), "--json"))
        for figure in found["figures"].values():
            del figure["seconds"]  # says something about this machine, not about the model
        known[name] = {
            "name": name,
            "file": path.name,
            "title": title,
            "content_hash": found["model"]["hash"],
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "dataset": found["data"],
            "figures": found["figures"],
            "command": info["command"],
        }
        entries = [known[one] for one in RECIPES if one in known]  # written at once: a run that is stopped loses nothing
        index.write_text(json.dumps({"schema": 1, "models": entries}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
