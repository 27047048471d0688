"""A model's official files: read into a running model, and written from one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from framewise._errors import UsageError
from framewise.families._generation import greedy_config


@dataclass(frozen=True, kw_only=True)
class Released:
    """What a checkpoint's files say that a running model does not keep to."""

    dtype: torch.dtype | None
    """Type of the weights that ``config.json`` names; None: it names none."""
    generation: Any
    """Its ``GenerationConfig``."""


def load_model(
    model_type: Any, folder: str, *, dtype: torch.dtype, device: str, tokenizer: Any
) -> tuple[Any, Released]:
    """Open the weights below a folder; the model replies greedily.

    Args:
        model_type: transformers' class of the model.
        folder: The official files, or a hub name.
        dtype: Type of the weights in memory.
        device: Where the model lives.
        tokenizer: The checkpoint's own.

    Raises:
        UsageError: The files lack some of the model's weights.
    """
    config = model_type.config_class.from_pretrained(folder)
    model, loading = model_type.from_pretrained(
        folder, dtype=dtype, use_safetensors=True, output_loading_info=True
    )
    if loading["missing_keys"]:
        raise UsageError(f"{folder}: weights are missing: {', '.join(sorted(loading['missing_keys'])[:5])}")
    model.to(device)
    # Some checkpoints (Qwen3-VL) name the type of the language model alone.
    released_dtype = config.dtype or config.get_text_config().dtype
    released = Released(dtype=released_dtype, generation=model.generation_config)
    model.generation_config = greedy_config(released.generation, tokenizer)
    return model, released


def save_model(model: Any, released: Released, folder: Path) -> None:
    """Write weights and configuration, the weights in the released type, with the released generation settings."""
    if released.dtype is not None:
        model.to(released.dtype)
    greedy = model.generation_config
    model.generation_config = released.generation
    model.save_pretrained(folder)
    model.generation_config = greedy
