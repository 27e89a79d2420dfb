"""``latent-explorer grid``: the manifold as one picture."""

from __future__ import annotations

from pathlib import Path

import click

from latent_explorer.cli.options import (
    Command,
    Whole,
    device_option,
    json_option,
    model_argument,
    out_option,
    quiet_option,
    scale_option,
    threads_option,
)


@click.command("grid", cls=Command, short_help="Write a grid of decoded pictures.")
@model_argument
@click.option("--n", type=Whole(1, 500), default=20, show_default=True, metavar="N", help="N x N pictures.")
@click.option(
    "--space",
    type=click.Choice(("plane", "prior")),
    default="plane",
    show_default=True,
    help="plane: evenly from -3 to 3. prior: at quantiles of the standard normal, equal shares of the prior.",
)
@out_option("FILE.png", "The picture; an existing file is replaced.")
@scale_option
@device_option
@threads_option
@json_option
@quiet_option
def command(
    *, model: str, n: int, space: str, out: Path, scale: int, device: str, threads: int | None, as_json: bool, quiet: bool
) -> None:
    """Write N x N decoded pictures of a two-dimensional latent space: z0 to the right, z1 up."""
    from latent_explorer.cli.output import check_output, print_json, say
    from latent_explorer.core.checkpoint.library import resolve_model

    path = resolve_model(model)
    check_output(out, (".png",), path)

    from latent_explorer.cli.inputs import computing, model_words, open_model
    from latent_explorer.core.errors import ExportError
    from latent_explorer.core.export.grid import grid_axis, grid_points
    from latent_explorer.core.export.image import check_size, image_metadata, save_png, sheet, short

    record = open_model(path, threads, device)
    architecture = record.handle.architecture
    if architecture.latent_dim != 2:
        raise ExportError(
            f"A grid needs a latent space of 2 dimensions, and that of {record.name} has {architecture.latent_dim};"
            " use decode with points of your choice."
        )
    height, width, _ = architecture.image_shape
    check_size(height * n, width * n, scale)

    from latent_explorer.core.nn.inference import decode_bytes

    axis = grid_axis(n, space)
    words = model_words(record)
    places = {"n": n, "space": space, "axis": [short(v) for v in axis]}
    metadata = image_metadata(None, words["name"], words["hash"], architecture.family, grid=places)
    with computing(record):
        images = decode_bytes(record.handle, grid_points(axis))
    save_png(out, sheet(images, n), scale=scale, metadata=metadata)
    if as_json:
        print_json({"schema": 1, "model": words, "grid": places, "path": str(out)})
    else:
        say(f"Wrote {n} x {n} pictures to {out}", quiet=quiet)
