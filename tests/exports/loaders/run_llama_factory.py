"""LLaMA-Factory's own arguments, dataset and collator on an export; run in the export's folder."""

import sys
from importlib.metadata import version

import yaml
from common import Answers, frames_of_patches, positions_of, without_torchaudio

without_torchaudio()
from llamafactory.data import (  # noqa: E402
    SFTDataCollatorWith4DAttentionMask,
    get_dataset,
    get_template_and_fix_tokenizer,
)
from llamafactory.hparams import get_train_args  # noqa: E402
from llamafactory.model import load_tokenizer  # noqa: E402
from transformers import AutoModelForImageTextToText  # noqa: E402

with open("train.yaml") as file:
    config = yaml.safe_load(file)
model_args, data_args, training_args, _, _ = get_train_args({**config, "bf16": False, "use_cpu": True})
loaded = load_tokenizer(model_args)
tokenizer, processor = loaded["tokenizer"], loaded["processor"]
template = get_template_and_fix_tokenizer(tokenizer, data_args)
dataset = get_dataset(template, model_args, data_args, training_args, stage="sft", **loaded)["train_dataset"]
model = AutoModelForImageTextToText.from_pretrained(model_args.model_name_or_path)
collate = SFTDataCollatorWith4DAttentionMask(template=template, model=model, **loaded)
video_token = tokenizer.convert_tokens_to_ids("<|video_pad|>")
answers = Answers(sys.argv[1])
for number, row in enumerate(dataset):
    seconds = None
    if row["videos"]:
        given = template.mm_plugin.get_mm_inputs(
            [], row["videos"], [], [0], [1], [0], [row["input_ids"]], processor
        )
        seconds = given["second_per_grid_ts"][0]
    batch = collate([dict(row)])
    if seconds is None:
        answers.add(str(number))
        continue
    answers.add(
        str(number),
        frames_of_patches(
            batch["pixel_values_videos"], batch["video_grid_thw"][0].tolist(), processor.video_processor
        ),
        second_per_grid=seconds,
        num_tokens=int((batch["input_ids"] == video_token).sum()),
        positions=positions_of(batch["input_ids"][0], batch["position_ids"][0][0], video_token),
    )
answers.write(**{name: version(name) for name in ("llamafactory", "transformers", "datasets", "av")})
