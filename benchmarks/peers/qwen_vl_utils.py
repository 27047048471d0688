"""qwen-vl-utils, which takes a number of frames and no list: its own spread is replaced by the list.

It chooses its reader itself (torchcodec, where that is installed) and gives floating-point numbers.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from qwen_vl_utils import fetch_video


def decode(path: Path, indices: Sequence[int], size: tuple[int, int]) -> Any:
    """The frames that are asked for."""
    height, width = size
    request = {
        "video": str(path), "nframes": len(indices), "resized_height": height, "resized_width": width
    }  # fmt: skip
    with patch("torch.linspace", return_value=torch.tensor(indices, dtype=torch.float64)):
        return fetch_video(request).permute(0, 2, 3, 1).numpy()
