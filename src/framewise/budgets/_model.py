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
    where = choose_device(device)
    tokenizer = open_tokenizer(name)
    return open_model(name, where, choose_dtype(dtype, where)), tokenizer


def open_tokenizer(name: str) -> Any:
    """The model's tokenizer, with its chat template.

    Args:
        name: A folder in the official file format, or a hub name.

    Raises:
        UsageError: There is no such model.
    """
    check_name(name)
    prepare_torchvision()
    from transformers import AutoTokenizer, ProcessorMixin

    try:
        tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=False)
        if not tokenizer.chat_template:
            # Older releases of vision-language models keep it with their processor.
            processor, _ = ProcessorMixin.get_processor_dict(name)
            tokenizer.chat_template = processor.get("chat_template")
    except OSError as error:
        raise _unusable(name, error) from error
    return tokenizer


def open_model(name: str, device: torch.device, dtype: torch.dtype) -> Any:
    """The model, in evaluation mode.

    Args:
        name: A folder in the official file format, or a hub name.
        device: Where it runs.
        dtype: Of its weights.

    Raises:
        UsageError: There is no such model.
    """
    check_name(name)
    prepare_torchvision()
    from transformers import AutoModelForImageTextToText

    try:
        model: Any = AutoModelForImageTextToText.from_pretrained(
            name, dtype=dtype, use_safetensors=True, trust_remote_code=False
        )
    except OSError as error:
        raise _unusable(name, error) from error
    return model.to(device).eval()


def resolved_commit(name: str) -> str:
    """The commit that a hub name stands for here and now.

    Raises:
        UsageError: There is no such model.
    """
    from huggingface_hub import hf_hub_download

    try:
        # The hub's cache has a folder for each commit.
        return Path(hf_hub_download(name, "config.json")).parent.name
    except OSError as error:
        raise _unusable(name, error) from error


def _unusable(name: str, error: OSError) -> UsageError:
    return UsageError(f"model {name!r} cannot be opened: {error}")


def check_name(name: str) -> None:
    """A checkpoint's folder or a hub name.

    Raises:
        UsageError: It is neither.
    """
    path = Path(name)
    if not path.exists() and len(path.parts) != 2:
        raise UsageError(f"model {name!r} does not exist, and it is not a hub name (owner/name)")
    if path.exists() and not (path / "config.json").is_file():
        raise UsageError(f"model {name!r} is not a checkpoint's folder: it has no config.json")


def choose_device(device: str) -> torch.device:
    """The device of that name; ``auto`` is the GPU if there is one.

    Raises:
        UsageError: It cannot be used here.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        where = torch.device(device)
        torch.empty(0, device=where)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"device {device!r} cannot be used here: {reason}") from error
    return where


def choose_dtype(dtype: Dtype, device: torch.device) -> torch.dtype:
    """The type of weights; ``auto`` is bfloat16 on a GPU that has it, else float32."""
    if dtype == "auto":
        good = device.type == "cuda" and torch.cuda.is_bf16_supported()
        return torch.bfloat16 if good else torch.float32
    found: torch.dtype = getattr(torch, dtype)
    return found
