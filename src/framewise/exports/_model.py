"""The model that an export is for: what its type says of frames and times."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from framewise._errors import UsageError
from framewise._jsonl import read_json

Clock = Literal["positions", "timestamps", "none"]
"""How a model is told time: by rotary positions, by text before each group of frames, or not at all."""


@dataclass(frozen=True)
class Target:
    """A model by name or folder, with what its type says."""

    name: str
    model_type: str
    block: int
    """Side in pixels of a block of merged patches, to which frames are rounded; 0: frames have one size."""
    clock: Clock
    tokens_per_frame: int = 0
    """Where frames have one size; 0 where a block is a token of two frames."""

    def num_tokens(self, num_frames: int, height: int, width: int) -> int:
        """Visual tokens of a video of this size, what stands around its groups of frames included."""
        if self.block == 0:
            return num_frames * self.tokens_per_frame
        groups = -(-num_frames // 2)
        around = _TOKENS_OF_A_TIMESTAMP * groups if self.clock == "timestamps" else 2
        return groups * (height // self.block) * (width // self.block) + around


_TOKENS_OF_A_TIMESTAMP = 16
"""Most tokens of ``<1234.5 seconds>`` and the two marks around a group of frames in Qwen3-VL."""
_TYPES: dict[str, tuple[int, Clock, int]] = {
    "qwen2_5_vl": (28, "positions", 0),
    "qwen3_vl": (32, "timestamps", 0),
    "llava_next_video": (0, "none", 144),
    "llava_qwen": (0, "none", 210),
}
"""By model type: block, clock, tokens of a frame. LLaVA-Video has 14 x 14 tokens and a newline for each row."""
_RELEASED = (
    (r"Qwen/Qwen2\.5-VL-", "qwen2_5_vl"),
    (r"Qwen/Qwen3-VL-\d+B-(Instruct|Thinking)$", "qwen3_vl"),
    (r"llava-hf/LLaVA-NeXT-Video-", "llava_next_video"),
    (r"lmms-lab/(LLaVA-Video|llava-onevision-qwen2)-", "llava_qwen"),
)
"""Names of released models, so that an export needs no network."""


def find_target(name: str, allowed: tuple[str, ...], trainer: str) -> Target:
    """What is known of a model.

    Args:
        name: A folder with ``config.json``, or the name of a released model.
        allowed: Model types that the trainer can honour budgets for.
        trainer: Name of the trainer, for messages.

    Raises:
        UsageError: The type cannot be told, or the trainer cannot honour budgets for it.
    """
    model_type = _type_in(Path(name)) if Path(name).is_dir() else _type_of_released(name)
    if model_type not in allowed:
        raise UsageError(
            f"{name} has model_type {model_type!r}, for which {trainer} cannot honour budgets; "
            f"it can for {', '.join(allowed)}"
        )
    return target_of(name, model_type)


def target_of(name: str, model_type: str) -> Target:
    """A model whose type is known."""
    return Target(name, model_type, *_TYPES[model_type])


def _type_in(folder: Path) -> str:
    config = folder / "config.json"
    if not config.is_file():
        raise UsageError(f"{folder} is not a checkpoint's folder: it has no config.json")
    return str(read_json(config).get("model_type"))


def _type_of_released(name: str) -> str:
    for pattern, model_type in _RELEASED:
        if re.match(pattern, name):
            return model_type
    raise UsageError(
        f"the type of {name!r} is not known: give the folder of the downloaded model, with config.json"
    )
