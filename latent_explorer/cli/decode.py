"""``latent-explorer decode``: the pictures at latent points."""

from __future__ import annotations

import os
from pathlib import Path

import click

from latent_explorer.cli.options import (
    Command,
    Point,
    class_option,
    device_option,
    draw_option,
    json_option,
    model_argument,
    out_option,
    quiet_option,
    scale_option,
    threads_option,
)

MAX_POINTS = 10_000


@click.command("decode", cls=Command, short_help="Write the pictures at latent points.")
@model_argument
@click.option("--z", "points", required=True, multiple=True, type=Point(), metavar="X,Y", help="A latent point; give it again for more.")
@out_option("FILE.png|FOLDER|FILE.npz", "One PNG (several points: a strip from left to right), a folder of PNGs, or npz with z and images.")
@class_option
@draw_option
@scale_option
@device_option
@threads_option
@json_option
@quiet_option
def command(
    *,
    model: str,
    points: tuple[tuple[float, ...], ...],
    out: Path,
    told: str | None,
    draw: int,
    scale: int,
    device: str,
    threads: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write what the decoder says at latent points: the expected pixels.

    A name without ending, or an existing folder, gets z_0000.png, z_0001.png, ... Files of these names are replaced.
    npz holds z (n, d) and images, float32 (n, height, width, channels) in 0..1; --scale does not change it.
    """
    from latent_explorer.cli.output import check_output, is_folder, make_folder, print_json, say
    from latent_explorer.core.checkpoint.library import resolve_model

    path = resolve_model(model)
    folder = is_folder(out) or not out.suffix
    if folder:
        _check_target_folder(out)
    else:
        check_output(out, (".png", ".npz"), path)
    if len(points) > MAX_POINTS:
        raise click.UsageError(f"There are {len(points):,} points; give at most {MAX_POINTS:,}")

    import numpy as np

    from latent_explorer.cli.inputs import computing, model_words, open_model
    from latent_explorer.core.export.image import check_size, image_metadata, save_png, sheet, told_metadata
    from latent_explorer.core.export.table import save_decoded
    from latent_explorer.core.telling import told_class

    record = open_model(path, threads, device)
    architecture = record.handle.architecture
    wrong = next((point for point in points if len(point) != architecture.latent_dim), None)
    if wrong is not None:
        text, needed = ",".join(f"{v:g}" for v in wrong), architecture.latent_dim
        raise click.UsageError(
            f"--z {text} does not fit: the latent space of {record.name} is {needed}-dimensional; give {needed} numbers, not {len(wrong)}"
        )
    condition = told_class(architecture, told, record.data.class_names)
    besides = told_metadata(condition, draw)
    z = np.array(points, np.float32)
    height, width, _ = architecture.image_shape
    if folder or out.suffix.lower() == ".png":
        check_size(height, width if folder else width * len(z), scale)

    from latent_explorer.core.nn.inference import decode
    from latent_explorer.core.quick import as_bytes

    with computing(record):
        images = decode(record.handle, z, condition, draw)
    words = model_words(record)
    if folder:
        make_folder(out)
        for k, (point, image) in enumerate(zip(z, as_bytes(images), strict=True)):
            metadata = image_metadata(point, words["name"], words["hash"], architecture.family, **besides)
            save_png(out / f"z_{k:04d}.png", image, scale=scale, metadata=metadata)
    elif out.suffix.lower() == ".npz":
        save_decoded(out, z, images)
    else:
        metadata = image_metadata(z if len(z) > 1 else z[0], words["name"], words["hash"], architecture.family, **besides)
        save_png(out, sheet(as_bytes(images), len(z)), scale=scale, metadata=metadata)
    if as_json:
        print_json({"schema": 1, "model": words, "n": len(z), "path": str(out)})
    else:
        say(f"Wrote {len(z):,} {'picture' if len(z) == 1 else 'pictures'} to {out}", quiet=quiet)


def _check_target_folder(out: Path) -> None:
    """Refuse a folder that cannot be written to or made."""
    from latent_explorer.cli.output import check_folder, is_folder
    from latent_explorer.core.errors import ExportError
    from latent_explorer.core.files.gate import shown

    start = f"--out {shown(out)} cannot be written: "
    if is_folder(out):
        check_folder(out, start)
        return
    if os.path.lexists(out):
        raise ExportError(f"{start}it is a file without ending; give a folder, or a name ending in .png or .npz.")
    check_folder(Path(os.path.realpath(out.parent)), start)
