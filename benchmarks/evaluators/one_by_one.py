"""transformers alone: the checkpoint's processor and one ``generate`` a question."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from benchmarks._evaluated import FEWEST_PIXELS, MAX_NEW_TOKENS, PIXELS, Question
from framewise.compat import prepare_torchvision

prepare_torchvision()

import transformers  # noqa: E402


def load(folder: Path, batch_size: int) -> Callable[[Sequence[Question]], list[str]]:  # noqa: ARG001
    """Open the checkpoint; every question is asked alone, whatever ``batch_size`` is."""
    processor: Any = transformers.AutoProcessor.from_pretrained(
        folder, min_pixels=FEWEST_PIXELS, max_pixels=PIXELS
    )
    model: Any = transformers.Qwen2_5_VLForConditionalGeneration.from_pretrained(
        folder, dtype=torch.float32
    ).eval()

    @torch.inference_mode()
    def reply(question: Question) -> str:
        content = [{"type": "image"}, {"type": "text", "text": question.prompt}]
        text = processor.apply_chat_template(
            [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
        )
        picture = Image.open(question.path).convert("RGB")
        inputs = processor(text=[text], images=[picture], return_tensors="pt")
        ids = model.generate(**inputs, max_new_tokens=MAX_NEW_TOKENS, do_sample=False)
        said: str = processor.batch_decode(ids[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)[
            0
        ]
        return said

    return lambda questions: [reply(question) for question in questions]
