"""Tiny random checkpoints of the Qwen-VL line in the official format, and transformers' own way through them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from safetensors.torch import load_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from framewise.compat import prepare_torchvision
from framewise.families import Encoded, Family, Visual, open_family
from framewise.records import Turn

CONTROL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>",
    "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
CHAT_TEMPLATE = (
    "{%- if messages[0].role != 'system' %}<|im_start|>system\nBe brief.<|im_end|>\n{% endif %}"
    "{%- for message in messages %}"
    "<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{%- if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CORPUS = [
    "what is in the video? a red square moves left.",
    "how many shapes are there? Three of them, two blue.",
    "it ends after 0.5 seconds: <a> <b> (<c>)",
]
QUESTION = Turn(role="user", text="<video>\nwhat is in the video?")
ANSWER = Turn(role="assistant", text="a red square")


def tiny_tokenizer() -> transformers.PreTrainedTokenizerBase:
    """Byte-level BPE with the control tokens of the line."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    bpe.train_from_iterator(
        CORPUS * 3,
        trainers.BpeTrainer(
            vocab_size=340, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
        ),
    )
    model = json.loads(bpe.to_str())["model"]
    merges = [tuple(m) for m in model["merges"]]
    tokenizer = transformers.Qwen2Tokenizer(vocab=model["vocab"], merges=merges)
    tokenizer.add_special_tokens({"additional_special_tokens": list(CONTROL[1:])})
    tokenizer.eos_token = "<|im_end|>"
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def token_ids(tokenizer: transformers.PreTrainedTokenizerBase) -> dict[str, int]:
    """Ids of the control tokens, as configurations name them."""
    ids = dict(zip(CONTROL, tokenizer.convert_tokens_to_ids(list(CONTROL)), strict=True))
    return {
        "image_token_id": ids["<|image_pad|>"],
        "video_token_id": ids["<|video_pad|>"],
        "vision_start_token_id": ids["<|vision_start|>"],
        "vision_end_token_id": ids["<|vision_end|>"],
    }


def write_random_model(folder: Path, model_class: Any, config: Any, tokenizer: Any, seed: int) -> None:
    """Random weights with the tokenizer and the generation settings of a release."""
    prepare_torchvision()
    torch.manual_seed(seed)
    model = model_class(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=0.2)
    model.generation_config = transformers.GenerationConfig(
        do_sample=True, temperature=0.1, top_p=0.001, top_k=1, repetition_penalty=1.05,
        eos_token_id=[tokenizer.eos_token_id], pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    folder.mkdir(exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def video(num_frames: int = 8, fps: float = 1.0, side: int = 64, seed: int = 0) -> Visual:
    pixels = np.random.default_rng(seed).integers(0, 256, (num_frames, side, side, 3), dtype=np.uint8)
    return Visual(kind="video", pixels=pixels, times_seconds=np.arange(num_frames) / fps)


def image(height: int = 50, width: int = 70, seed: int = 1) -> Visual:
    pixels = np.random.default_rng(seed).integers(0, 256, (1, height, width, 3), dtype=np.uint8)
    return Visual(kind="image", pixels=pixels, times_seconds=np.zeros(1))


def upstream_inputs(
    processor: Any, turns: list[Turn], visuals: list[Visual], *, around: dict[str, tuple[str, str]]
) -> dict[str, torch.Tensor]:
    """What transformers' own processor makes of a conversation.

    Args:
        processor: transformers' own.
        turns: The messages.
        visuals: The media.
        around: What stands before and after the placeholder of each kind in the text.
    """
    text = processor.tokenizer.apply_chat_template(
        [{"role": t.role, "content": t.text} for t in turns], tokenize=False
    )
    for kind, (before, after) in around.items():
        text = text.replace(f"<{kind}>", f"{before}<|{kind}_pad|>{after}")
    videos = [v for v in visuals if v.kind == "video"]
    images = [v for v in visuals if v.kind == "image"]
    media: dict[str, Any] = {}
    if videos:
        media = {
            "videos": [torch.from_numpy(v.pixels).permute(0, 3, 1, 2) for v in videos],
            "video_metadata": [metadata(v) for v in videos],
            "cap_pixels_per_frame": False,
        }
    if images:
        media["images"] = [torch.from_numpy(v.pixels[0]).permute(2, 0, 1) for v in images]
    inputs = processor(text=[text], return_tensors="pt", do_sample_frames=False, **media)
    return dict(inputs)


def metadata(visual: Visual) -> dict[str, Any]:
    """What a decoder would say of a clip of which every frame was taken."""
    return {
        "fps": 1 / (visual.times_seconds[1] - visual.times_seconds[0]),
        "total_num_frames": len(visual.pixels),
        "frames_indices": list(range(len(visual.pixels))),
    }


def our_logits(family: Family, *batch: Encoded) -> torch.Tensor:
    with torch.no_grad():
        return family.model(**family.collate(batch, pad="right")).logits


def check_layout_is_read(released: Path, ours: Path, saved: Path) -> None:
    """A released layout with weights of bfloat16 gives the same model, and keeps its type when it is saved."""
    opened = [open_family(folder, dtype=torch.float32) for folder in (released, ours)]
    encoded = [f.encode([QUESTION, ANSWER], [video(side=80)]) for f in opened]
    assert encoded[0].input_ids.tolist() == encoded[1].input_ids.tolist()
    assert torch.equal(encoded[0].tensors["pixel_values_videos"], encoded[1].tensors["pixel_values_videos"])
    assert torch.equal(our_logits(opened[0], encoded[0]), our_logits(opened[1], encoded[1]))
    opened[0].save(saved)
    weights = load_file(saved / "model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.bfloat16}
    assert weights.keys() == load_file(released / "model.safetensors").keys()
