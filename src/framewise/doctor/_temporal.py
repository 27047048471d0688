"""Positions that transformers gives the frames of a video, by asking it."""

import inspect
from typing import Any

import torch
import transformers

from framewise.doctor._finding import Finding, fault, ok, warning

_GROUPS = 32
_SHORT = 20.0 / _GROUPS
"""Seconds of a group, of 64 frames over 20 s: more than two a second, where some versions give all one id."""
_LONG = 15.0
"""The same where no version cuts them to nothing: what comes after the video is seen apart from that."""
_TOKENS_PER_SECOND = 2
_START = 1


def temporal_ids() -> Finding:
    """Whether transformers' own Qwen2.5-VL tells the frames of a short clip apart.

    transformers 4.57.6 and 5.10.0 cut the seconds of a temporal patch to a whole number: 0 for more than two
    frames a second, and then every frame has the same id; in 5.5.0 they all have one id at any rate. Mended by
    huggingface/transformers pull request 48669, which 5.23.0 has. Framewise makes its own positions; other
    trainers and servers in this environment use transformers'.
    """
    name = "temporal ids"
    ids = _positions(_SHORT)[0, _START : _START + _GROUPS]
    distinct = len(set(ids.tolist()))
    found = (
        f"transformers {transformers.__version__}: {distinct} different ids for {_GROUPS} groups of frames"
    )
    if distinct < _GROUPS:
        advice = (
            "what positions frames by transformers, as other trainers here do, gives them equal times: install "
            "transformers>=5.23 (framewise positions them itself)"
        )
        return fault(name, found, advice)
    return ok(name, found)


def text_position() -> Finding:
    """Where transformers lets text go on after a video, and whether that is framewise's default."""
    name = "text after a video"
    positions = _positions(_LONG)
    after, largest = positions[0, _START + _GROUPS], positions[:, _START : _START + _GROUPS].max()
    if after == largest + 1:
        return ok(name, "transformers goes on after the largest position, as framewise does (after_max)")
    return warning(
        name,
        f"transformers goes on at {after} where the video ends at {largest}; framewise's default is after_max",
        "a Qwen2.5-VL that transformers itself will serve: train and evaluate with text_position after_extent; "
        "vLLM and transformers 4: keep after_max",
    )


def _positions(seconds: float) -> torch.Tensor:
    """Ids [3, L] of one text token, a video of one token a group of so many seconds, and two text tokens."""
    config = transformers.Qwen2_5_VLConfig(
        text_config={
            "hidden_size": 8,
            "intermediate_size": 8,
            "num_hidden_layers": 1,
            "num_attention_heads": 1,
            "num_key_value_heads": 1,
        },
        vision_config={
            "depth": 1,
            "hidden_size": 8,
            "intermediate_size": 8,
            "num_heads": 1,
            "out_hidden_size": 8,
            "tokens_per_second": _TOKENS_PER_SECOND,
        },
    )
    with torch.device("meta"):
        model: Any = transformers.Qwen2_5_VLModel(config)
    kinds = torch.tensor([[0] * _START + [2] * _GROUPS + [0, 0]])
    ids = torch.where(kinds == 2, config.video_token_id, 0)
    ids[0, _START - 1] = config.vision_start_token_id
    arguments: dict[str, Any] = {
        "video_grid_thw": torch.tensor([[_GROUPS, 2, 2]]),
        "second_per_grid_ts": torch.tensor([seconds]),
        "attention_mask": torch.ones_like(ids),
    }
    if "mm_token_type_ids" in inspect.signature(model.get_rope_index).parameters:
        arguments["mm_token_type_ids"] = kinds
    positions: torch.Tensor = model.get_rope_index(ids, **arguments)[0][:, 0]
    return positions
