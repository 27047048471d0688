"""Starts qwen-vl-finetune on this export, with each video's own rate for the time of its frames.

The trainer makes the seconds of a group of frames from ``processor.video_processor.fps``, one number for all
videos (QwenLM/Qwen3-VL @ 9658872, qwenvl/data/data_processor.py:408). Here that number is set, before a row is
encoded, to the rate that stands in the row under ``framewise_fps``. Where the model samples frames by rate
(Qwen3-VL), whose times come from the file itself, it stays what ``--video_fps`` says.

Run it by ``train.sh``, in the folder ``qwen-vl-finetune``.
"""

import runpy
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RATE = "framewise_fps"


def register(registry: dict[str, Any]) -> None:
    """Add this export to the trainer's datasets, under the name ``framewise``."""
    registry["framewise"] = {"annotation_path": str(HERE / "framewise.jsonl"), "data_path": str(HERE)}


def tell_rates(dataset: Any) -> None:
    """Give every row of ``dataset``, the trainer's class, the rate of its own clip."""
    encode = dataset._get_item

    def encode_at_rate(self: Any, sources: Any) -> Any:
        videos = self.processor.video_processor
        rate = sources[0].get(RATE)
        if rate is not None and not videos.do_sample_frames:
            videos.fps = rate
        return encode(self, sources)

    dataset._get_item = encode_at_rate


def main() -> None:
    """Register the data, set the rates and run the trainer's own program."""
    # Where Python would look for the trainer's modules if its program had been started by itself.
    sys.path[:0] = [str(Path.cwd()), str(Path("qwenvl/train").resolve())]
    from qwenvl import data
    from qwenvl.data import data_processor

    register(data.data_dict)
    tell_rates(data_processor.LazySupervisedDataset)
    runpy.run_path("qwenvl/train/train_qwen.py", run_name="__main__")


if __name__ == "__main__":
    main()
