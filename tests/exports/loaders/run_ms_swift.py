"""ms-swift's own arguments, dataset and template on an export; run in the export's folder."""

import os
import sys
from importlib.metadata import version
from pathlib import Path

from common import Answers, frames_of_patches
from launched import launched

words, environment, _ = launched(Path("train.sh"), Path("stand-ins").resolve())
os.environ.update(environment, USE_HF="1")

from swift.arguments import SftArguments  # noqa: E402
from swift.dataset import LazyLLMDataset, load_dataset  # noqa: E402
from swift.model import get_processor  # noqa: E402
from swift.template import get_template  # noqa: E402
from swift.utils import parse_args  # noqa: E402

assert words.pop(0) == "sft"
options, unknown = parse_args(SftArguments, [*words, "--torch_dtype", "float32", "--report_to", "none"])
assert not unknown, unknown

processor = get_processor(options.model, model_type=options.model_type)
template = get_template(processor, template_type=options.template, max_length=options.max_length)
template.set_mode("train")
rows, _ = load_dataset(options.dataset, strict=options.strict, load_from_cache_file=False)
dataset = LazyLLMDataset(rows, template.encode, strict=options.strict)
answers = Answers(sys.argv[1])
for number in range(len(dataset)):
    sample = dataset[number]
    if "video_grid_thw" not in sample:
        answers.add(str(number))
        continue
    grid = sample["video_grid_thw"][0].tolist()
    answers.add(
        str(number),
        frames_of_patches(sample["pixel_values_videos"], grid, processor.video_processor),
        second_per_grid=sample["second_per_grid_ts"][0],
        num_tokens=sample["input_ids"].count(processor.video_token_id),
        channel=sample["channel"],
    )
answers.write(
    **{name: version(name) for name in ("ms_swift", "transformers", "qwen_vl_utils", "datasets", "decord")}
)
