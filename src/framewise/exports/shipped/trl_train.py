"""Trains on this export with TRL's SFTTrainer; options are those of SFTConfig and ``--model_name_or_path``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any


def main() -> None:
    """Read the options, the rows and the model, and train."""
    import os

    import transformers
    from datasets import Dataset
    from packaging.version import Version
    from transformers import AutoModelForImageTextToText, HfArgumentParser
    from trl import SFTConfig, SFTTrainer
    from trl_collator import VideoCollator

    if Version(transformers.__version__) < Version("5.18"):
        raise SystemExit(
            f"transformers {transformers.__version__} tells Qwen2.5-VL wrong times: 5.18 or later is needed"
        )

    @dataclass
    class Model:
        model_name_or_path: str

    kinds: Any = (Model, SFTConfig)
    model_options, options = HfArgumentParser(kinds).parse_args_into_dataclasses()
    options.remove_unused_columns = False
    options.dataset_kwargs = {"skip_prepare_dataset": True}
    # Paths of clips are relative to this folder, and workers inherit it.
    os.chdir(Path(__file__).resolve().parent)
    rows = Path("framewise.jsonl").read_text(encoding="utf-8").splitlines()
    load_processor: Any = transformers.AutoProcessor.from_pretrained
    processor = load_processor(model_options.model_name_or_path)
    trainer = SFTTrainer(
        model=AutoModelForImageTextToText.from_pretrained(model_options.model_name_or_path),
        args=options,
        train_dataset=Dataset.from_dict({"text": rows}),
        data_collator=VideoCollator(processor),
        processing_class=processor,
    )
    for name, parameter in trainer.model.named_parameters():
        if ".visual." in name and "merger" not in name:
            parameter.requires_grad = False
    trainer.train()
    trainer.save_model()


if __name__ == "__main__":
    main()
