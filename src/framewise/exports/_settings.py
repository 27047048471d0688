"""Settings of trainers: the numbers that an export needs, and those that a file says."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from framewise._errors import UsageError
from framewise.exports._exporter import Sample, Setup, Video

RECIPE = {"learning_rate": 1e-5, "num_train_epochs": 1, "warmup_ratio": 0.03, "lr_scheduler_type": "cosine"}
"""What the settings of every trainer start from; none of it bears on budgets."""
ACCUMULATION = 16
"""Samples of one device that make an optimizer step, one at a time: their lengths differ by the budget."""
PIXELS_PER_IMAGE = 1024 * 28 * 28
"""Most pixels of an image, where the trainer has a setting for it."""
_TOKENS_PER_IMAGE, _TOKENS_AROUND, _LENGTH_STEP = 1024, 256, 1024


def numbers(given: Mapping[str, Any], defaults: Mapping[str, float], place: str) -> dict[str, Any]:
    """Settings as numbers.

    Args:
        given: What a file sets.
        defaults: The trainer's own, for what it does not set; each number has the type of its default.
        place: The file, for the message.

    Raises:
        UsageError: A setting is no such number.
    """
    found = {}
    for key, default in defaults.items():
        value, kind = given.get(key, default), type(default)
        try:
            found[key] = kind(value)
        except (TypeError, ValueError, OverflowError) as error:
            wanted = "a whole number" if kind is int else "a number"
            raise UsageError(f"{place}: {key} must be {wanted}, and is {value!r}") from error
    return found


def enough_fps(samples: Sequence[Sample]) -> int:
    """A whole rate above that of every clip, so that a trainer that samples by rate takes every frame."""
    return max((math.ceil(video.fps) + 1 for video in all_videos(samples)), default=2)


def most_frames(samples: Sequence[Sample]) -> int:
    """The largest budget."""
    return max((video.num_frames for video in all_videos(samples)), default=2)


def all_videos(samples: Sequence[Sample]) -> Iterator[Video]:
    """Every video of every sample."""
    return (video for sample in samples for video in sample.videos)


def frame_pixels(samples: Sequence[Sample], *, whole_clip: bool = False) -> tuple[int, int]:
    """Fewest and most pixels of a frame, or of all frames of a clip together."""
    found = [
        (video.expected.height or 0) * (video.expected.width or 0) * (video.num_frames if whole_clip else 1)
        for video in all_videos(samples)
    ]
    return (min(found), max(found)) if found else (PIXELS_PER_IMAGE, PIXELS_PER_IMAGE)


def most_tokens(samples: Sequence[Sample], setup: Setup) -> int:
    """A length that no sample exceeds: a text has at most a token a byte; rounded up to 1024."""
    return max(math.ceil(_tokens(sample, setup) / _LENGTH_STEP) for sample in samples) * _LENGTH_STEP


def _tokens(sample: Sample, setup: Setup) -> int:
    texts = sum(len(turn.text.encode("utf-8", "replace")) + _TOKENS_AROUND for turn in sample.record.turns)
    visual = sum(
        setup.target.num_tokens(v.num_frames, v.expected.height or 0, v.expected.width or 0)
        for v in sample.videos
    )
    return texts + visual + sample.num_images * _TOKENS_PER_IMAGE
