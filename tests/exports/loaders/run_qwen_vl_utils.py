"""qwen-vl-utils on the rows of an export for TRL, and the collator that goes with it; run in its folder."""

import json
import sys
from importlib.metadata import version
from pathlib import Path

from common import Answers, frames_of_patches
from launched import launched

sys.path.insert(0, ".")
from qwen_vl_utils import process_vision_info
from transformers import AutoProcessor
from trl_collator import VideoCollator

words, _, _ = launched(Path("train.sh"), Path("stand-ins").resolve())
processor = AutoProcessor.from_pretrained(words[words.index("--model_name_or_path") + 1])
collate = VideoCollator(processor)
answers = Answers(sys.argv[1])
for number, line in enumerate(Path("framewise.jsonl").read_text().splitlines()):
    batch = collate([{"text": line}])
    learnt = processor.tokenizer.decode(batch["labels"][batch["labels"] >= 0])
    if "video_grid_thw" not in batch:
        answers.add(str(number), learnt=learnt)
        continue
    _, videos, options = process_vision_info(
        json.loads(line)["messages"], return_video_kwargs=True, image_patch_size=14
    )
    answers.add(
        str(number),
        frames_of_patches(
            batch["pixel_values_videos"], batch["video_grid_thw"][0].tolist(), processor.video_processor
        ),
        second_per_grid=float(batch["second_per_grid_ts"][0]),
        num_frames_of_utils=len(videos[0]),
        rate_of_utils=options["fps"][0],
        num_tokens=int((batch["input_ids"] == processor.video_token_id).sum()),
        learnt=learnt,
    )
answers.write(**{name: version(name) for name in ("qwen_vl_utils", "transformers", "decord")})
