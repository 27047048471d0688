"""Opening a vision-language model to read text with it."""

from pathlib import Path
from typing import Any, Literal

import torch

from framewise._errors import UsageError
from framewise.compat import prepare_torchvision

Dtype = Literal["auto", "float32", "bfloat16", "float16"]


def open_text_model(name: str, *, device: str, dtype: Dtype) -> tuple[Any, Any]:
    """The model, in evaluation mode, and its tokenizer.

    Args:
        name: A folder in the official file format, or a hub name.
        device: ``auto`` is the GPU if there is one, else the CPU; or a device of torch.
        dtype: ``auto`` is bfloat16 on a GPU that has it, else float32.

    Raises:
        UsageError: There is no such model or no such device.
    """
    path = Path(name)
    if not path.exists() and len(path.parts) != 2:
        raise UsageError(f"model {name!r} does not exist, and it is not a hub name (owner/name)")
    if path.exists() and not (path / "config.json").is_file():
        raise UsageError(f"model {name!r} is not a checkpoint's folder: it has no config.json")
    where = _device(device)
    prepare_torchvision()
    from transformers import AutoModelForImageTextToText, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=False)
        model: Any = AutoModelForImageTextToText.from_pretrained(
            name, dtype=_dtype(dtype, where), use_safetensors=True, trust_remote_code=False
        )
    except OSError as error:
        raise UsageError(f"model {name!r} cannot be opened: {error}") from error
    return model.to(where).eval(), tokenizer


def _device(device: str) -> torch.device:
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        where = torch.device(device)
        torch.empty(0, device=where)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"device {device!r} cannot be used here: {reason}") from error
    return where


def _dtype(dtype: Dtype, device: torch.device) -> torch.dtype:
    if dtype == "auto":
        good = device.type == "cuda" and torch.cuda.is_bf16_supported()
        return torch.bfloat16 if good else torch.float32
    found: torch.dtype = getattr(torch, dtype)
    return found
