"""The training loop, the only one of the project: a generator of `TrainingProgress`."""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.errors import TrainingError
from latent_explorer.core.nn.device import memory_in_a_sentence, resolve_device
from latent_explorer.core.nn.families.base import Batch, Model
from latent_explorer.core.nn.families.pca import PCA
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.gradient import gradient_for
from latent_explorer.core.nn.handles import publish
from latent_explorer.core.nn.inference import NUMBERS, eval_mode
from latent_explorer.core.nn.likelihoods import binarize
from latent_explorer.core.nn.live import LiveCodes, LossHistory, copy_to_cpu, examined_rows
from latent_explorer.core.nn.noise import ORDER, WEIGHTS, StepNoise, torch_seed
from latent_explorer.core.nn.optimizer import Optimizer
from latent_explorer.core.nn.starts import Begin, principal_places, take_decoder
from latent_explorer.core.symptoms.codes import told_by_now
from latent_explorer.core.types import Codes, History, ImageDataset, ModelHandle, TrainingProgress

VALIDATION_SEED = 20250102  # fixed draws of pixels and of z, so that epochs can be compared
EPOCHS_PER_SECOND = 1.0  # published with all that a continued run needs, while a window looks on
SNAPSHOT_SHARE = 0.05  # of the training time at most
VALIDATION_BATCH = 2000
START_IMAGES = 10_000  # whose mean the decoder starts at
START_NUMBERS = 1 << 20  # pixels of them that are held as numbers at once


class Control:
    """How another thread asks the loop to end: set `stop`, then take what it yields until it ends."""

    def __init__(self) -> None:
        self.stop = False


def learning_rate(settings: TrainingConfig, step: int, steps: int) -> float:
    """The rate of step `step` of `steps`: constant, or a rise over the first 2 % followed by half a cosine down to 0."""
    if settings.schedule == "constant":
        return settings.lr
    rise = max(1, steps // 50)
    if step < rise:
        return settings.lr * (step + 1) / rise
    return settings.lr * 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))


def beta_at(settings: TrainingConfig, epoch: float) -> float:
    """The weight of the KL after `epoch` epochs: linear from 0 over the warm-up, then beta."""
    if settings.warmup_epochs <= epoch:
        return settings.beta
    return settings.beta * epoch / settings.warmup_epochs


def train(
    model: ModelConfig,
    settings: TrainingConfig,
    dataset: ImageDataset,
    *,
    device: str = "auto",
    control: Control | None = None,
    snapshots_per_second: float = 0.0,
    resume: tuple[Mapping[str, NDArray[Any]], Mapping[str, NDArray[Any]], History | None] | None = None,
    begin: Begin | None = None,
) -> Iterator[TrainingProgress]:
    """Train a model; yields after every step, so a caller pauses by not asking for the next one.

    The last progress has an `outcome` and carries weights, codes of the test part and history. When a loss or
    gradient stops being finite, the outcome is "diverged", and weights, epoch and step are those of the end of the
    last good epoch (or of the start). Runs in the thread that iterates; torch's thread count there is the caller's business.

    Parameters
    ----------
    snapshots_per_second : float
        How often copies of the weights are published while training, at most (0: only at the end of an epoch).
    resume : (weights, state, history) or None
        From a checkpoint of an unfinished run with the same settings and data.
    begin : (architecture, weights) or None
        Of the model whose decoder the run starts from, where its settings say ``start="model"``.

    Raises
    ------
    TrainingError, DatasetError, DeviceError
        Model and data do not fit, memory ran out, or the device is not there.
    """
    with memory_in_a_sentence():
        run = _Run(model, settings, dataset, resolve_device(device), resume, begin)
    control = control or Control()
    live = LiveCodes(dataset, dataset.split.test)
    examined = LiveCodes(dataset, examined_rows(run.dataset))
    next_snapshot = next_epoch = 0.0
    # Before the first step: the plane of the untrained (or resumed) networks.
    run.publish()
    last = run.progress(codes=live.all(run.shown()), history=run.history.freeze())
    while True:
        run.tick()
        yield last  # a pause happens here, off the clock
        run.tick(training=False)
        if last.outcome:
            return
        if control.stop or run.step == run.steps:
            outcome = "finished" if run.step == run.steps else "stopped"
            run.publish(with_state=outcome == "stopped")
            last = run.progress(
                outcome=outcome,
                codes=live.all(run.shown()),
                examined=examined.all(run.shown()),
                history=run.history.freeze(),
                resumable=outcome == "stopped",
            )
            continue
        with memory_in_a_sentence():
            sound = run.take_step()
            epoch_ended = sound and run.step % run.steps_per_epoch == 0
            if epoch_ended:
                sound = run.validate()
        if not sound:
            run.restore_good()
            last = run.progress(outcome="diverged", codes=live.all(run.shown()), history=run.history.freeze())
            continue
        run.tick()
        if epoch_ended and (snapshots_per_second == 0 or run.seconds_here >= next_epoch):
            run.publish(with_state=True)
            run.keep_good()
            next_epoch = run.seconds_here + 1 / EPOCHS_PER_SECOND  # short epochs must not fill a window's time with copies
            last = run.progress(
                codes=live.some(run.shown(), run.seconds_here),
                examined=examined.all_if_due(run.shown(), run.seconds_here) if run.tells else None,
                history=run.history.freeze(),
                resumable=True,
            )
        elif snapshots_per_second > 0 and run.seconds_here >= next_snapshot:
            begun = time.perf_counter()
            run.publish()
            cost = time.perf_counter() - begun
            next_snapshot = run.seconds_here + max(1 / snapshots_per_second, cost / SNAPSHOT_SHARE)
            last = run.progress(codes=live.some(run.shown(), run.seconds_here), history=run.history.freeze())
        else:
            last = run.progress()


def pixel_moments(images: NDArray[np.uint8], rows: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and mean square of each pixel in 0..1 over some rows, float64 (D,); exact sums, a few images at a time."""
    sums = np.zeros((2, math.prod(images.shape[1:])))
    piece = max(1, START_NUMBERS // sums.shape[1])
    for start in range(0, len(rows), piece):
        pixels = images[rows[start : start + piece]].reshape(-1, sums.shape[1]).astype(np.float64)
        sums += [pixels.sum(0), np.square(pixels, out=pixels).sum(0)]
    mean, square = torch.from_numpy(sums / len(rows) / [[255], [255**2]])
    return mean, square


def _labels(model: ModelConfig, dataset: ImageDataset, device: torch.device) -> torch.Tensor | None:
    """The classes of all images, int64 (N,), where the family is told them.

    Raises
    ------
    TrainingError
        Images that are trained or chosen by have none, or there are more classes than the model was made for.
    """
    if not model.facts.conditional:
        return None
    used = np.concatenate([dataset.split.train, dataset.split.validation, dataset.split.test])
    if dataset.labels is None or (dataset.labels[used] < 0).any():
        raise TrainingError(f"{model.facts.title} needs the class of every image, and {dataset.name} lacks some; choose the family vae.")
    if len(dataset.class_names) != model.classes:
        raise TrainingError(f"The model is for {model.classes} classes, but {dataset.name} has {len(dataset.class_names)}.")
    return torch.from_numpy(dataset.labels.copy()).to(device)


class _Run:
    """The state of one run: networks, optimiser, random streams, position, losses."""

    def __init__(
        self,
        model: ModelConfig,
        settings: TrainingConfig,
        dataset: ImageDataset,
        device: torch.device,
        resume: tuple[Mapping[str, NDArray[Any]], Mapping[str, NDArray[Any]], History | None] | None,
        begin: Begin | None,
    ) -> None:
        if model.image_shape != dataset.image_shape:
            raise TrainingError(f"The model is for images of {model.image_shape}, but {dataset.name} has {dataset.image_shape}.")
        self.settings = settings = settings.for_model(model)
        self.device = device
        self.dataset = dataset = dataset.with_validation(settings.validation, settings.split_seed)
        # One tensor of bytes for all images: a batch is one gather and one conversion.
        self.images = torch.from_numpy(dataset.images.reshape(len(dataset.images), -1).copy()).to(device)
        self.rows = torch.from_numpy(dataset.split.train.copy())
        self.labels = _labels(model, dataset, device)
        self.handle = ModelHandle(uuid.uuid4().hex, model)
        self.revision = 0
        self._validation_batch = max(1, min(VALIDATION_BATCH, NUMBERS // model.widest))
        self.module = build(model, torch_seed(settings.seed, WEIGHTS))
        if resume is None:
            self.module.start_at(*pixel_moments(dataset.images, dataset.split.train[:START_IMAGES]))
            if settings.start == "model":
                if begin is None:
                    raise TrainingError("There is no model to start from; name one, or start from scratch.")
                take_decoder(self.module, begin, model)
        self.module.to(device)
        self.module.configure(settings)
        self.optimizer = Optimizer(self.module, weight_decay=settings.weight_decay, average=settings.average)
        self.gradient = gradient_for(self.module, self.optimizer, settings, device)
        self.noise = StepNoise(settings.seed, device)
        self.step = 0
        self.seconds = 0.0
        # What is worked out in closed form is one step.
        self.steps_per_epoch = 1 if isinstance(self.module, PCA) else math.ceil(len(self.rows) / settings.batch_size)
        self.steps = self.steps_per_epoch * settings.epochs
        # PCA's places are given for two epochs, but at most for a tenth of the run.
        self.guided_steps = min(2 * self.steps_per_epoch, self.steps // 10) if settings.start == "pca" else 0
        self.places = principal_places(self.images, self.rows, model) if self.guided_steps else None
        self.history = LossHistory(self.steps_per_epoch, self.steps)
        self.loss, self.beta = math.nan, beta_at(settings, 0.0)
        if resume is not None:
            self._resume(*resume)
        self._began = self.step, self.seconds
        self._clock = time.perf_counter()
        self.order = self._order()
        self._published = copy_to_cpu(self.shown())
        self.keep_good()

    def _resume(self, weights: Mapping[str, NDArray[Any]], state: Mapping[str, NDArray[Any]], history: History | None) -> None:
        try:
            self.module.load_state_dict({name: torch.from_numpy(np.array(array, np.float32)) for name, array in weights.items()})
            self.optimizer.load(state)
            self.step = int(state["optim.position"][0])
            self.seconds = float(state["optim.seconds"][0])
            if not 0 <= self.seconds < math.inf:
                raise ValueError("the time is no time")
            self.history.load(history, state["optim.window"])
        except (KeyError, ValueError, RuntimeError, IndexError) as error:
            raise TrainingError("This run cannot be continued: its optimiser state does not fit; start a new run instead.") from error
        if not 0 <= self.step <= self.steps:
            raise TrainingError("This run cannot be continued: it has more steps than the settings ask for; start a new run instead.")

    def _state(self) -> dict[str, NDArray[Any]]:
        return {
            **self.optimizer.state(),
            "optim.position": np.array([self.step], np.int64),
            "optim.seconds": np.array([self.seconds], np.float64),
            "optim.window": self.history.window(),
        }

    def _order(self) -> torch.Tensor:
        """The visiting order of the current epoch: depends on seed and epoch alone, so a resumed run goes on exactly."""
        seed = torch_seed(self.settings.seed, ORDER, self.step // self.steps_per_epoch)
        generator = torch.Generator().manual_seed(seed)
        return self.rows[torch.randperm(len(self.rows), generator=generator)].to(self.device)

    def _pixels(self, rows: torch.Tensor) -> torch.Tensor:
        images = self.images.index_select(0, rows)  # a third of the time of indexing
        return self.noise.binary(images) if self.settings.binarize == "dynamic" else images.float().mul_(1 / 255)

    def take_step(self) -> bool:
        """One optimiser step; False, with the weights untouched, when loss or gradient is not finite."""
        if isinstance(self.module, PCA):
            return self._solve(self.module)
        position = self.step % self.steps_per_epoch
        if position == 0 and self.step:
            self.order = self._order()
        rows = self.order[position * self.settings.batch_size : (position + 1) * self.settings.batch_size]
        self.beta = beta_at(self.settings, self.step / self.steps_per_epoch)
        self.noise.begin(self.step)
        labels = None if self.labels is None else self.labels[rows]
        part = self.step / self.steps
        places = self.places[rows] if self.places is not None and self.step < self.guided_steps else None
        reconstruction, kl = self.gradient(Batch(self._pixels(rows), labels, self.noise.generator, self.beta, part, places))
        self.loss = reconstruction + self.beta * kl
        if not math.isfinite(self.loss) or not self.optimizer.step(
            learning_rate(self.settings, self.step, self.steps), self.settings.clip_norm
        ):
            return False
        self.step += 1
        self.history.add(self.step, self.loss, reconstruction, kl, len(rows))
        return True

    @torch.no_grad()
    def _solve(self, module: PCA) -> bool:
        """The one step of a model in closed form; its training loss is that of the first training images."""
        module.solve(self.dataset.images, self.dataset.split.train)
        self.optimizer.forget_average()
        self.step += 1
        losses = [
            module.terms(self.images[part.to(self.device)].float().mul_(1 / 255)).reconstruction
            for part in self.rows[:START_IMAGES].split(self._validation_batch)
        ]
        self.loss = torch.cat(losses).mean().item()
        self.history.add(self.step, self.loss, self.loss, 0.0, len(self.rows))
        return math.isfinite(self.loss)

    @torch.no_grad()
    def validate(self) -> bool:
        """Both terms of the validation part's loss, on one fixed draw of pixels and z, never the test part; False when not finite."""
        rows = self.dataset.split.validation
        if len(rows) == 0:
            return True
        generator = torch.Generator(self.device).manual_seed(VALIDATION_SEED)
        sums = np.zeros(2)
        module = self.shown()
        with eval_mode(module):
            for part in np.array_split(rows, math.ceil(len(rows) / self._validation_batch)):
                chosen = torch.from_numpy(part.copy()).to(self.device)
                x = self.images[chosen].float().mul_(1 / 255)
                if self.settings.binarize == "dynamic":
                    x = binarize(x, generator)
                terms = module.terms(x, generator, labels=None if self.labels is None else self.labels[chosen])
                sums += [terms.reconstruction.sum().item(), terms.kl.sum().item()]
        if not np.isfinite(sums).all():
            return False
        reconstruction, kl = sums / len(rows)
        self.history.add_validation(self.step, reconstruction + self.settings.beta * kl, reconstruction, kl)
        return True

    def shown(self) -> Model:
        """The networks that are shown, validated and kept: those in training, or with the averages of their weights."""
        if not self.settings.average:
            return self.module
        averaged = deepcopy(self.module)
        averaged.load_state_dict(self.optimizer.averaged(), strict=False)
        return averaged

    def keep_good(self) -> None:
        """Remember the weights to fall back on, and their step: an epoch ended with finite losses."""
        self._good = self._published, self.step

    def restore_good(self) -> None:
        """After a divergence: publish the last good weights, and go on with them as the run's own."""
        module, self.step = self._good
        self.module.load_state_dict(module.state_dict())
        self.optimizer.forget_average()
        self.history.cut(self.step)
        self.publish()

    @property
    def tells(self) -> bool:
        """Whether the codes of these weights tell the model doctor anything by now."""
        return told_by_now(self.handle.architecture, self.settings, self.step // self.steps_per_epoch, self.step)

    def publish(self, *, with_state: bool = False) -> None:
        """Make CPU copies of the weights known under the run's handle."""
        self.revision += 1
        self._published = copy_to_cpu(self.shown())
        publish(self.handle, self._published, self._state() if with_state else None)

    def progress(
        self,
        *,
        codes: Codes | None = None,
        examined: Codes | None = None,
        history: History | None = None,
        resumable: bool = False,
        outcome: str = "",
    ) -> TrainingProgress:
        """What is to be said now; with `history` given, the snapshot just published is named too."""
        done = self.step - self._began[0]
        rate = done / self.seconds_here if done and self.seconds_here > 0 else 0.0
        return TrainingProgress(
            epoch=self.step // self.steps_per_epoch,
            epochs=self.settings.epochs,
            step=self.step,
            steps=self.steps,
            seconds=self.seconds,
            loss=self.loss,
            beta=self.beta,
            steps_per_second=rate,
            seconds_left=(self.steps - self.step) / rate if rate else math.nan,
            snapshot=self.handle if history is not None else None,
            revision=self.revision,
            codes=codes,
            examined=examined,
            history=history,
            resumable=resumable,
            outcome=outcome,
        )

    def tick(self, *, training: bool = True) -> None:
        """Add the time since the last call to the run's own, unless it was a pause."""
        now = time.perf_counter()
        if training:
            self.seconds += now - self._clock
        self._clock = now

    @property
    def seconds_here(self) -> float:
        """Training time since this run was started or resumed."""
        return self.seconds - self._began[1]
