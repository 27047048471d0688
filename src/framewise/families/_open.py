"""Opening a checkpoint with the family that reads it."""

from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError

from framewise._errors import UsageError
from framewise._plugins import load_plugin, plugin_names
from framewise.families._family import Family, FamilySettings

_DEFAULT = FamilySettings()


def open_family(
    folder: Path | str,
    settings: FamilySettings = _DEFAULT,
    *,
    dtype: torch.dtype | None = None,
    device: str | None = None,
    with_model: bool = True,
) -> Family:
    """Open a checkpoint in the official file format.

    Args:
        folder: The folder with ``config.json``, or a hub name such as ``Qwen/Qwen2.5-VL-7B-Instruct``.
        settings: Pixels and positions.
        dtype: Type of the weights; None: bfloat16 on a GPU that has it, float32 elsewhere.
        device: Where the model lives; None: ``cuda`` if there is one, else ``cpu``.
        with_model: Load the weights too; without them everything but ``model`` works.

    Raises:
        UsageError: There is no such folder or hub name, files are missing or broken, or no family reads this
        model.
    """
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    dtype = dtype or _default_dtype(device)
    # Loading and saving weights draw bars of their own; ours are the only ones on the screen.
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        family = _family_of(folder)
        if settings.frame_pooling is not None and not family.pools_frames:
            raise UsageError(
                f"frame_pooling={settings.frame_pooling}: the family of {folder} pools no frames; leave the "
                "setting out"
            )
        opened: Family = family(Path(folder), settings, dtype=dtype, device=device, with_model=with_model)
    except (OSError, SafetensorError) as error:
        raise UsageError(f"{folder} cannot be opened as a model: {error}") from error
    return opened


def _family_of(folder: Path | str) -> Any:
    path = Path(folder)
    if path.exists() and not (path / "config.json").is_file():
        raise UsageError(f"{folder} is not a checkpoint's folder: it has no config.json")
    if not path.exists() and not _may_be_hub_name(path):
        raise UsageError(f"{folder} does not exist, and it is not a hub name (owner/name)")
    config, _ = transformers.PretrainedConfig.get_config_dict(str(folder))
    readers: dict[str, Any] = {}
    for name in plugin_names("families"):
        plugin = load_plugin("families", name)
        readers |= dict.fromkeys(plugin.model_types, plugin)
    model_type = config.get("model_type")
    if model_type not in readers:
        known = ", ".join(sorted(readers))
        raise UsageError(f"{folder} has model_type {model_type!r}, which no family reads. Known: {known}")
    return readers[model_type]


def _may_be_hub_name(path: Path) -> bool:
    return len(path.parts) == 2 and not path.is_absolute() and not Path(path.parts[0]).exists()


def _default_dtype(device: str) -> torch.dtype:
    return torch.bfloat16 if device.startswith("cuda") and torch.cuda.is_bf16_supported() else torch.float32
