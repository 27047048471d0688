"""What is planned is what training encodes: 200 random media over all families."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from framewise._plugins import plugin_names
from framewise.clips import Clip, sample
from framewise.families import FamilySettings, Visual, open_family
from framewise.planning import Example
from framewise.planning._architecture import empty_model, read_architecture
from framewise.planning._samples import Sample, Sampler
from framewise.planning._shapes import Shaper
from framewise.records import Media, Record, Turn

FAMILIES = plugin_names("families")


@pytest.mark.parametrize("name", FAMILIES)
def test_200_random_samples_are_planned_as_they_are_encoded(
    name: str, family_checkpoint: Callable[[str], Path]
) -> None:
    folder = family_checkpoint(name)
    family = open_family(folder, FamilySettings(), device="cpu", with_model=False)
    family.model = empty_model(str(folder))
    architecture = read_architecture(family.model, family.parts())
    rng = np.random.default_rng(FAMILIES.index(name))
    for _ in range(-(-200 // len(FAMILIES))):
        num_frames, budget = int(rng.integers(2, 120)), int(rng.choice([2, 3, 4, 8, 16, 32, 64]))
        height, width = rng.integers(16, 160, 2).tolist()
        seconds = float(rng.uniform(0.5, 3600))
        clip = Clip(
            path="v", status="ok", duration_seconds=seconds, num_frames=num_frames, width=width, height=height
        )
        record = Record(
            id="r",
            source="s",
            task="open_ended",
            media=(Media(kind="video", path="v"),),
            turns=(Turn(role="user", text="<video>what moves?"), Turn(role="assistant", text="a square")),
        )
        shaper = Shaper({"v": clip}, multiple_of=family.temporal_multiple)
        (planned,) = Sampler(family, architecture, shaper).samples([Example(record, (budget,))])
        chosen = sample(
            np.arange(num_frames) * seconds / num_frames, budget, multiple_of=family.temporal_multiple
        )
        pixels = np.zeros((len(chosen), height, width, 3), np.uint8)
        visual = Visual(kind="video", pixels=pixels, times_seconds=chosen.times_seconds)
        real = family.encode(record.turns, [visual])
        assert isinstance(planned, Sample)
        assert planned.length == len(real)
        assert planned.visual_tokens == real.num_visual_tokens
        assert planned.text_tokens == len(real) - real.num_visual_tokens
        values = sum(t.numel() for t in real.tensors.values() if t.is_floating_point())
        assert planned.patches * architecture.patch_values == pytest.approx(values, rel=1e-9)
        labels = real.labels[1:].numpy()
        assert len(planned.learned) == int((labels >= 0).sum())
        assert int(planned.learned.max()) == len(labels) - int(np.flatnonzero(labels >= 0)[0])
