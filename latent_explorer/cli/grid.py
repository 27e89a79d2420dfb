"""``latent-explorer grid``: the manifold as one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from latent_explorer.cli.options import (
    Command,
    ParamType,
    Whole,
    class_option,
    device_option,
    draw_option,
    json_option,
    model_argument,
    number,
    out_option,
    quiet_option,
    scale_option,
    threads_option,
)


class Axes(ParamType):
    """Two latent axes, such as 0,1."""

    name = "a,b"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        axes = tuple(number(part.strip()) for part in value.split(",")) if isinstance(value, str) else value
        if len(axes) != 2 or not all(isinstance(axis, int) and axis >= 0 for axis in axes) or axes[0] == axes[1]:
            self.fail(f"{value} is not two different latent axes; give their numbers, such as 0,1", param, ctx)
        return axes


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
@click.option("--axes", type=Axes(), metavar="A,B", help="Latent axes to the right and up; without it, the two that vary most.")
@out_option("FILE.png", "The picture; an existing file is replaced.")
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
    n: int,
    space: str,
    axes: tuple[int, int] | None,
    out: Path,
    told: str | None,
    draw: int,
    scale: int,
    device: str,
    threads: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write N x N decoded pictures of the latent plane: z0 to the right, z1 up.

    In more than two dimensions --axes chooses two of them; all other coordinates lie at the mean of the model's codes. Of a
    torus it is one cell, from 0 to 1, of a sphere the half of the globe around z = (1, 0, 0).
    """
    from latent_explorer.cli.output import check_output, print_json, say
    from latent_explorer.core.checkpoint.library import resolve_model

    path = resolve_model(model)
    check_output(out, (".png",), path)

    import numpy as np

    from latent_explorer.cli.inputs import computing, model_words, open_model
    from latent_explorer.core.errors import ExportError
    from latent_explorer.core.export.grid import grid_axis, grid_points
    from latent_explorer.core.export.image import check_size, image_metadata, save_png, sheet, short, told_metadata
    from latent_explorer.core.plane.frame import PlaneFrame
    from latent_explorer.core.plane.slices import frame_of
    from latent_explorer.core.telling import told_class
    from latent_explorer.core.types import main_codes

    record = open_model(path, threads, device)
    architecture = record.handle.architecture
    latent_dim = architecture.latent_dim
    if latent_dim < 2:
        raise ExportError(f"A grid needs 2 latent dimensions, and {record.name} has {latent_dim}; use decode with points of your choice.")
    if axes is not None and max(axes) >= latent_dim:
        raise click.UsageError(f"--axes {axes[0]},{axes[1]} does not fit: the latent axes of {record.name} are 0 to {latent_dim - 1}")
    condition = told_class(architecture, told, record.data.class_names)
    codes = main_codes(record.codes)
    frame = frame_of(latent_dim, codes.spread if codes is not None else None, space=architecture.facts.space)
    if frame.kind != "affine":
        _refuse(frame.kind, axes, space)
    elif axes is not None:
        frame = PlaneFrame.axes(*axes, codes.spread.mean if codes is not None else frame.origin)
    height, width, _ = architecture.image_shape
    check_size(height * n, width * n, scale)

    from latent_explorer.core.nn.inference import decode_bytes

    axis = grid_axis(n, space)
    if frame.kind != "affine":
        axis = ((np.arange(n) + 0.5) / n if frame.kind == "torus" else axis / 3).astype(np.float32)
    words = model_words(record)
    places: dict[str, Any] = {"n": n, "space": space, "axis": [short(v) for v in axis]}
    if frame.kind != "affine":
        places |= {"space": frame.kind}
    elif latent_dim > 2 or axes is not None:
        assert frame.pair is not None
        places |= {"axes": list(frame.pair), "origin": [short(v) for v in frame.origin]}
    metadata = image_metadata(None, words["name"], words["hash"], architecture.family, grid=places, **told_metadata(condition, draw))
    with computing(record):
        images = decode_bytes(record.handle, frame.to_z(grid_points(axis)).astype(np.float32), condition, draw)
    if frame.kind == "sphere":
        images[~frame.contains(grid_points(axis))] = 0  # beside the globe
    save_png(out, sheet(images, n), scale=scale, metadata=metadata)
    if as_json:
        print_json({"schema": 1, "model": words, "grid": places, "path": str(out)})
    else:
        rest = "the codes' mean" if codes is not None else "0"
        where = ""
        if frame.sliced and frame.pair is not None:
            where = f": z[{frame.pair[0]}] to the right, z[{frame.pair[1]}] up, the rest at {rest}"
        say(f"Wrote {n} x {n} pictures to {out}{where}", quiet=quiet)


def _refuse(kind: str, axes: tuple[int, int] | None, space: str) -> None:
    """What has no meaning on a torus or a sphere."""
    if axes is not None:
        raise click.UsageError(f"--axes chooses a slice, and this model's latent space is a {kind}; leave it out")
    if space != "plane":
        raise click.UsageError(f"--space {space} is of a normal prior, and this model's latent space is a {kind}; leave it out")
