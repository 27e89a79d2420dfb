"""``latent-explorer encode``: where images lie in latent space."""

from __future__ import annotations

from pathlib import Path

import click

from latent_explorer.cli.options import (
    Command,
    data_option,
    device_option,
    json_option,
    model_argument,
    out_option,
    quiet_option,
    threads_option,
)

SPLITS = ("test", "train", "validation", "all")


@click.command("encode", cls=Command, short_help="Write the codes of images.")
@model_argument
@data_option
@out_option("FILE.csv|.npz", "CSV with index,label,z0,z1,... or npz with z, label, index; an existing file is replaced.")
@click.option("--split", type=click.Choice(SPLITS), default="test", show_default=True, help="Which part of the data.")
@device_option
@threads_option
@json_option
@quiet_option
def command(*, model: str, data: str, out: Path, split: str, device: str, threads: int | None, as_json: bool, quiet: bool) -> None:
    """Write the codes of images: the posterior means of the grey pictures.

    index is the row in the data set (for MNIST folders the training images first), label is -1 where there is none.
    """
    from latent_explorer.cli.output import check_output, print_json, say
    from latent_explorer.core.checkpoint.library import resolve_model

    path = resolve_model(model)
    check_output(out, (".csv", ".npz"), path)

    import numpy as np

    from latent_explorer.cli.inputs import computing, model_data, model_words, open_model
    from latent_explorer.core.errors import DatasetError
    from latent_explorer.core.export.table import save_codes

    record = open_model(path, threads, device)
    dataset = model_data(record, data)
    rows = np.arange(len(dataset.images), dtype=np.int64) if split == "all" else np.asarray(getattr(dataset.split, split))
    if len(rows) == 0:
        raise DatasetError(f"{dataset.name} has no {split} images; choose another --split.")

    from latent_explorer.core.nn.inference import codes_of

    with computing(record):
        codes = codes_of(record.handle, dataset, rows)
    save_codes(out, codes)
    if as_json:
        source = {"name": dataset.name, "split": split, "n": len(rows), "hash": dataset.content_hash}
        print_json({"schema": 1, "model": model_words(record), "data": source, "path": str(out)})
    else:
        say(f"Wrote {len(rows):,} codes to {out}", quiet=quiet)
