"""How much memory training will take, before it takes it; no torch here."""

from __future__ import annotations

from dataclasses import dataclass, replace

from latent_explorer.core.config import ModelConfig, TrainingConfig, convolutional
from latent_explorer.core.errors import TrainingError
from latent_explorer.core.sizes import TRANSFORMER_BLOCKS, TRANSFORMER_HEADS, TRANSFORMER_WIDTH, patch_count, stage_sizes

FLOAT = 4
COPIES = 4 + 3 + 2 + 5  # of the weights: with gradient and two moments; snapshots; their state; a file being written, at its widest
KEPT = 2.5  # arrays of a layer's size that autograd and the running operation hold, measured
TABLES = 6  # of log p(x|z), the posterior and what they are computed of
LOGISTIC_ARRAYS = 6  # of the image's size, times KEPT, for the discretised logistic; 2 for the others
LOGISTIC_PIECE = 26 * (1 << 22)  # numbers of one piece of its sums over nodes: core.nn.pixels.logistic.BLOCK, and what it is computed of
TOKEN_ARRAYS = 6  # of the tokens' size, times KEPT, in a block of the transformer
LEAST_BATCH = 8  # that is advised
PIECE = 1 << 24  # numbers of the largest layer that validation and encoding compute at once: core.nn.inference.NUMBERS
PIECE_IMAGES = 2048
AT_ONCE = 2  # layers that live at the same time where nothing is kept for a gradient


@dataclass(frozen=True)
class Needs:
    """Bytes that a run takes beside the program itself and the data set that is already open."""

    weights: int
    activations: int
    images: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.activations + self.images

    def on(self, device: str) -> Needs:
        """What of it is the computer's own memory: a graphics processor with its own holds the layers there."""
        return replace(self, activations=0) if device == "cuda" else self


def layer_numbers(model: ModelConfig, samples: int = 1) -> int:
    """Numbers in all layers of encoder and decoder for one image, of which some draws of z are decoded."""
    sizes = stage_sizes(*model.image_shape[:2], len(model.stages))
    maps = sum(height * width * count for (height, width), count in zip(sizes[1:], model.stages, strict=True))
    maps *= 2 if model.network == "resconv" else 1
    reading = model.pixels + maps + 2 * sum(model.hidden)
    if model.family == "transformer-vae":
        tokens = 1 + patch_count(*model.image_shape[:2])
        reading = model.pixels + TRANSFORMER_BLOCKS * tokens * (TOKEN_ARRAYS * TRANSFORMER_WIDTH + TRANSFORMER_HEADS)
    elif model.lower_dim or model.facts.discriminator:
        reading *= 2  # there are two such networks
    pixel_arrays = LOGISTIC_ARRAYS if model.likelihood == "discretised_logistic" else 2
    showing = pixel_arrays * model.pixels + maps + 2 * sum(model.decoder_widths) + 6 * (model.latent_dim + (model.lower_dim or 0))
    return reading + samples * showing


def training_needs(model: ModelConfig, settings: TrainingConfig, count: int) -> Needs:
    """What a run on `count` images will take; an estimate, made to be a little high.

    Training holds every layer of a batch; validation and the codes on the plane are computed in larger pieces that hold
    two layers at a time.
    """
    training = KEPT * settings.batch_size * layer_numbers(model, settings.samples)
    if model.facts.bound == "ll":
        nodes = max(settings.nodes) ** model.latent_dim  # decoded instead of images; tables of every image and every node
        training = nodes * (KEPT * (sum(model.decoder_widths) + 2 * model.pixels) + TABLES * settings.batch_size)
        training += LOGISTIC_PIECE if model.likelihood == "discretised_logistic" else 0
    piece = min(PIECE_IMAGES, max(1, PIECE // model.widest)) * AT_ONCE * (model.widest + model.pixels)
    return Needs(COPIES * FLOAT * model.parameters, int(FLOAT * max(training, piece)), count * model.pixels)


def free_memory() -> int:
    """Bytes that can be had without pushing other programs out."""
    import psutil  # 20 ms, and only needed when somebody trains

    return int(psutil.virtual_memory().available)


def size_words(count: int) -> str:
    """Such as "310 MB" or "2.4 GB"."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(1, round(count / 1e6)):,} MB"


def check_memory(model: ModelConfig, settings: TrainingConfig, count: int, device: str = "cpu") -> None:
    """Refuse a run that this computer has no room for, before it is stopped in the middle.

    `device` is "cpu", "cuda" or "mps". How much room there is on a graphics processor of its own is not looked at here; that
    it ran out is said while training.

    Raises
    ------
    TrainingError
        Says how much it would take and what to change.
    """
    needs, free = training_needs(model, settings, count).on(device), free_memory()
    if needs.total > free:
        part, advice = max(
            (needs.weights, "smaller widths"), (needs.activations, "a smaller batch"), (needs.images, "fewer or smaller images")
        )
        found = None if part != needs.weights else nearest_that_fits(model, settings, count, device, free)
        if found is not None:
            other, batch, size = found
            advice = f"{other.channel_words} and batches of {batch}, which would take {size_words(size)}"
        raise TrainingError(
            f"This run would take about {size_words(needs.total)} of memory and {size_words(free)} are free;"
            f" most of it ({size_words(part)}) can be saved by {advice}."
        )


def nearest_that_fits(
    model: ModelConfig, settings: TrainingConfig, count: int, device: str, free: int
) -> tuple[ModelConfig, int, int] | None:
    """Of dense networks that are too large for their images: convolutions and a batch, not larger than asked for, that fit; their bytes."""
    for other in convolutional(model):
        batch = settings.batch_size
        while batch >= LEAST_BATCH:
            needs = training_needs(other, replace(settings, batch_size=batch), count).on(device)
            if needs.total <= free:
                return other, batch, needs.total
            batch //= 2
    return None
