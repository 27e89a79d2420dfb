"""The estimate of what a run takes: against what one takes, and the refusal of what cannot be had."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from latent_explorer.core import memory
from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.errors import SettingError, TrainingError

ROOT = Path(__file__).resolve().parents[2]
# The highest memory of a whole run, beside what the process has with torch loaded and the data made.
MEASURE = """
import json, sys
import numpy as np, psutil
from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.nn.device import set_threads
from latent_explorer.core.nn.training import train
from latent_explorer.core.types import ImageDataset, Split
model, settings = (kind.from_record(values) for kind, values in zip((ModelConfig, TrainingConfig), json.loads(sys.argv[1])))
count = settings.batch_size * 2
images = np.random.default_rng(0).integers(0, 256, (count, *model.image_shape), dtype=np.uint8)
rows = np.arange(count)
data = ImageDataset("noise", images, None, (), Split(rows[:-count // 4], rows[:0], rows[-count // 4:]))
set_threads(1)
process = psutil.Process()
def used():
    return process.memory_info().rss
small = ModelConfig((2, 2, 1), hidden=(2,))
tiny = ImageDataset("tiny", images[:, :2, :2, :1].copy(), None, (), data.split)
list(train(small, settings, tiny, device="cpu"))
before = peak = used()
for progress in train(model, settings, data, device="cpu"):
    peak = max(peak, used())
print(peak - before)
"""


@pytest.mark.parametrize(
    ("model", "batch"),
    [
        (ModelConfig((28, 28, 1), hidden=(2048, 2048)), 128),
        (ModelConfig((64, 64, 3), hidden=(256,)), 512),
        (ModelConfig((64, 64, 3), network="conv", channels=(32, 64)), 128),
        (ModelConfig((64, 64, 3), network="resconv", channels=(16, 32), family="hierarchical-vae"), 128),
        (ModelConfig((64, 64, 3), hidden=(256,), family="transformer-vae"), 256),
        (ModelConfig((64, 64, 3), hidden=(256,), likelihood="discretised_logistic"), 256),
    ],
    ids=lambda value: f"{value.family}-{value.network}-{value.likelihood}" if isinstance(value, ModelConfig) else str(value),
)
def test_the_estimate_is_near_what_a_run_takes_and_rather_high(model: ModelConfig, batch: int) -> None:
    settings = TrainingConfig(epochs=1, batch_size=batch, validation=0)
    records = json.dumps([model.to_record(), settings.to_record()])
    done = subprocess.run([sys.executable, "-c", MEASURE, records], cwd=ROOT, capture_output=True, text=True, check=True)
    estimate = memory.training_needs(model, settings, batch * 2).total
    assert 0.7 * int(done.stdout) < estimate < 4 * int(done.stdout)


# The process's own highest memory, which the system counts; of a step of a decoder trained by sums over nodes.
STEP = """
import re, torch
from pathlib import Path
from latent_explorer.core import memory
from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.nn.families.base import Batch
from latent_explorer.core.nn.families.registry import build
torch.set_num_threads(1)
model = ModelConfig((28, 28, 1), family="qlvm", hidden=(64,), likelihood="discretised_logistic")
settings = TrainingConfig(batch_size=128, nodes=(32,)).for_model(model)
module = build(model, 0)
module.configure(settings)
x = torch.randint(0, 256, (128, 784), generator=torch.Generator().manual_seed(0)) / 255
def highest():  # of this process alone: what getrusage says may be its parent's
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024
before = highest()
module.loss(Batch(x, None, torch.Generator().manual_seed(1), 1.0))[0].backward()
peak = highest() - before
print(peak / memory.training_needs(model, settings, 256).total)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count the highest memory in other units, or not at all")
def test_levels_of_pixels_summed_over_nodes_take_no_more_than_the_estimate() -> None:
    """All of a gradient's numbers at once would be 50 times as many."""
    done = subprocess.run([sys.executable, "-c", STEP], cwd=ROOT, capture_output=True, text=True, check=True)
    assert 0.25 < float(done.stdout) < 1


def test_more_of_everything_takes_more() -> None:
    model, settings = ModelConfig((28, 28, 1)), TrainingConfig()
    least = memory.training_needs(model, settings, 1000).total
    assert memory.training_needs(model, settings, 100_000).images == 100 * memory.training_needs(model, settings, 1000).images
    assert memory.training_needs(ModelConfig((28, 28, 1), hidden=(1024, 1024)), settings, 1000).total > least
    assert memory.training_needs(model, TrainingConfig(batch_size=20_000), 1000).total > least
    assert memory.training_needs(ModelConfig((56, 56, 1)), settings, 1000).total > least


def test_a_run_without_room_is_refused_with_numbers_and_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    model = ModelConfig((28, 28, 1))
    monkeypatch.setattr(memory, "free_memory", lambda: 10**12)
    memory.check_memory(model, TrainingConfig(), 60_000)
    monkeypatch.setattr(memory, "free_memory", lambda: 50_000_000)
    for settings, count, advice in (
        (TrainingConfig(), 1000, "smaller widths"),
        (TrainingConfig(batch_size=100_000), 1000, "a smaller batch"),
        (TrainingConfig(), 1_000_000, "fewer or smaller images"),
    ):
        with pytest.raises(TrainingError) as refused:
            memory.check_memory(model, settings, count)
        text = str(refused.value)
        assert "50 MB are free" in text
        assert text.endswith(f"can be saved by {advice}.")


def test_several_draws_take_more() -> None:
    model = ModelConfig((28, 28, 1))
    one, many = (memory.training_needs(model, TrainingConfig(samples=k), 1000).activations for k in (1, 50))
    assert 10 * one < many < 60 * one


def test_dense_networks_on_large_images_are_refused_with_what_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """784 x 784 colour images: before anything is built, and the advice is a model that can be made and has room."""
    with pytest.raises(SettingError) as refused:
        ModelConfig((784, 784, 3))
    text = str(refused.value)
    assert text == (
        "These networks would have 1,891,121,924 weights, more than 200,000,000; choose the network conv with channels 16,32,64,64"
        " (78,999,575 weights), or smaller images."
    )
    assert ModelConfig((784, 784, 3), network="conv", channels=(16, 32, 64, 64)).parameters == 78_999_575
    dense = ModelConfig((784, 784, 3), hidden=(50,))
    monkeypatch.setattr(memory, "free_memory", lambda: 6_000_000_000)
    with pytest.raises(TrainingError) as refused_too:
        memory.check_memory(dense, TrainingConfig(), 100)
    text = str(refused_too.value)
    found = re.search(r"the network conv with channels ([0-9,]+) and batches of (\d+), which would take", text)
    assert found and text.endswith(".")
    channels = tuple(int(count) for count in found[1].split(","))
    advised = ModelConfig((784, 784, 3), network="conv", channels=channels)
    memory.check_memory(advised, TrainingConfig(batch_size=int(found[2])), 100)


def test_the_memory_of_a_graphics_processor_is_not_the_computers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large batch lies there; images and copies of the weights lie here."""
    model, large = ModelConfig((28, 28, 1)), TrainingConfig(batch_size=100_000)
    monkeypatch.setattr(memory, "free_memory", lambda: 500_000_000)
    memory.check_memory(model, large, 1000, "cuda")
    for device in ("cpu", "mps"):
        with pytest.raises(TrainingError, match="a smaller batch"):
            memory.check_memory(model, large, 1000, device)
    with pytest.raises(TrainingError, match="fewer or smaller images"):
        memory.check_memory(model, large, 1_000_000, "cuda")


def test_free_memory_is_a_number_of_bytes_of_this_computer() -> None:
    assert 10**7 < memory.free_memory() < 10**14


def test_sizes_are_said_in_words() -> None:
    assert [memory.size_words(count) for count in (1, 310_400_000, 2_449_000_000)] == ["1 MB", "310 MB", "2.4 GB"]
