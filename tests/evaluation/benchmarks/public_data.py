"""One data root with a few items of all public benchmarks in their official formats."""

import importlib
from pathlib import Path

PUBLIC = ("mmbench", "mme", "mmstar", "mvbench", "pope", "tempcompass", "video_mme", "video_mmmu")


def write_public_data(folder: Path) -> Path:
    """Each benchmark's files in the folder of its name."""
    for name in PUBLIC:
        importlib.import_module(f"test_{name}").tiny_data_root(folder)
    return folder
