"""docs/frames-and-time.md: its code runs, its table is what the processors give, its figures are the script's."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import transformers

from framewise.families import open_family
from framewise.families._pixels import Patcher
from framewise.lab import checkpoint_folder

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "frames-and-time.md").read_text(encoding="utf-8")
BUDGETS = (8, 16, 32, 64)


def test_the_code_runs(tmp_path: Path) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "checkpoint").symlink_to(checkpoint_folder())
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"\d+ \d+ torch\.Size\(\[3, \d+\]\)\n", done.stdout)


def row(family: str) -> list[str]:
    (found,) = re.findall(rf"^\| `{family}` \| (\d+x\d+) \| (.*) \|$", PAGE, re.MULTILINE)
    return [found[0], *found[1].split(" | ")]


@pytest.mark.parametrize("family", ["qwen2_5_vl", "qwen3_vl"])
def test_the_table_of_tokens_of_qwen(family: str) -> None:
    newer = family == "qwen3_vl"
    released = {"shortest_edge": 4096, "longest_edge": 24576 * 32 * 32}
    video = (
        transformers.Qwen3VLVideoProcessor(size=released) if newer else transformers.Qwen2VLVideoProcessor()
    )
    patcher = Patcher(
        transformers.Qwen2VLImageProcessor(), video, shared_limits=newer, pixels_per_image=None,
        pixels_per_frame=None,
    )  # fmt: skip
    height, width = patcher.frame_size("video", 720, 1280)
    grids = [patcher.grid("video", m, 720, 1280) for m in BUDGETS]
    assert row(family) == [f"{width}x{height}", *(str(t * h * w // 4) for t, h, w in grids)]


def test_the_table_of_tokens_of_llava_next_video() -> None:
    config = transformers.LlavaNextVideoConfig()
    side = config.vision_config.image_size
    tokens = (side // config.vision_config.patch_size // config.spatial_pool_stride) ** 2
    assert row("llava_next_video") == [f"{side}x{side}", *(str(m * tokens) for m in BUDGETS)]


def test_the_table_of_tokens_of_llava(family_checkpoint: Callable[[str], Path], tmp_path: Path) -> None:
    """By the family itself, on the sizes of the release."""
    folder = Path(shutil.copytree(family_checkpoint("llava"), tmp_path / "llava"))
    config = json.loads((folder / "config.json").read_text())
    config["vision_config"] |= {"image_size": 336, "patch_size": 14}
    config["text_config"]["max_position_embeddings"] = 4096
    (folder / "config.json").write_text(json.dumps(config))
    family = open_family(folder, with_model=False)
    counts = [family.num_visual_tokens("video", m, 720, 1280) for m in BUDGETS]
    assert row("llava") == ["336x336", *map(str, counts)]


def test_the_figures_are_those_of_the_script(tmp_path: Path) -> None:
    file = ROOT / "scripts" / "figures_frames_and_time.py"
    spec = importlib.util.spec_from_file_location("figures_frames_and_time", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(tmp_path)
    drawn = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert drawn == {path.name: path.read_text() for path in (ROOT / "docs/figures").iterdir()}
    assert set(re.findall(r"figures/([\w-]+\.svg)", PAGE)) == set(drawn)
