"""The lab's model before any training: the real Qwen2.5-VL classes, two million parameters, a small vocabulary."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import torch

from framewise.budgets._prompt import question_prompt
from framewise.compat import prepare_torchvision
from framewise.lab._canvas import SIDE
from framewise.lab._descriptions import DESCRIPTIONS
from framewise.lab._sprites import BADGES, COLORS, LETTERS, SHAPES
from framewise.lab._wording import ALLOCATOR, IMAGE, OPTIONS, PACES, VIDEO

_SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
_MERGES = 1500

CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""The ChatML layout that Qwen models read; without a default system turn, to keep lab sequences short."""


def write_untrained_checkpoint(folder: Path, *, seed: int) -> None:
    """Write a freshly initialised checkpoint in the official file format.

    Args:
        folder: Where to; made if it is missing.
        seed: Seed of the weights.
    """
    prepare_torchvision()
    from transformers import Qwen2_5_VLForConditionalGeneration

    tokenizer = build_tokenizer()
    torch.manual_seed(seed)
    model = Qwen2_5_VLForConditionalGeneration(build_config(tokenizer))
    model.generation_config.eos_token_id = tokenizer.convert_tokens_to_ids("<|im_end|>")
    model.generation_config.pad_token_id = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    for processor in _processors():
        processor.save_pretrained(folder)


def build_tokenizer() -> Any:
    """A byte-level BPE tokenizer in which every word of the lab is one token."""
    from transformers import Qwen2Tokenizer

    empty: Any = Qwen2Tokenizer(extra_special_tokens=list(_SPECIAL[1:]))
    tokenizer = empty.train_new_from_iterator(
        _corpus(),
        vocab_size=256 + len(_SPECIAL) + _MERGES,
        new_special_tokens=list(_SPECIAL),
        show_progress=False,
    )
    tokenizer.eos_token = "<|im_end|>"
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def build_config(tokenizer: Any) -> Any:
    """Sizes of the lab's model; everything else is the architecture's own."""
    from transformers import Qwen2_5_VLConfig

    ids = {name: tokenizer.convert_tokens_to_ids(name) for name in _SPECIAL}
    return Qwen2_5_VLConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": 128,
            "intermediate_size": 256,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 4096,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 6, 6]},
            "tie_word_embeddings": True,
            "initializer_range": 0.06,
            "bos_token_id": ids["<|endoftext|>"],
            "eos_token_id": ids["<|im_end|>"],
            "pad_token_id": ids["<|endoftext|>"],
        },
        vision_config={
            "depth": 3,
            "hidden_size": 128,
            "intermediate_size": 256,
            "num_heads": 4,
            "patch_size": 8,
            "window_size": SIDE,
            "fullatt_block_indexes": [0, 1, 2],
            "out_hidden_size": 128,
            "tokens_per_second": 2,
            "initializer_range": 0.06,
        },
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=True,
    )


def _processors() -> list[Any]:
    from transformers import Qwen2VLImageProcessor, Qwen2VLVideoProcessor

    size = {"shortest_edge": SIDE * SIDE, "longest_edge": SIDE * SIDE}
    return [
        Qwen2VLImageProcessor(patch_size=8, size=size),
        Qwen2VLVideoProcessor(patch_size=8, size=size, cap_pixels_per_frame=False),
    ]


def _corpus() -> Iterator[str]:
    """Every word, at the start of a text and after a blank, often enough to become one token."""
    texts = [
        *chain.from_iterable([*IMAGE.values(), *VIDEO.values(), *ALLOCATOR.values()]),
        question_prompt("", OPTIONS),
        *DESCRIPTIONS,
        "user assistant system yes no left right above below up down top bottom letter badge",
        " ".join([*COLORS, *SHAPES, *LETTERS, *BADGES, *chain.from_iterable(PACES.values())]),
    ]
    words = sorted({word.strip(".,:?{}") for text in texts for word in text.split()} - {"a", "b", "pace", ""})
    for _ in range(20):
        for word in words:
            yield word
            yield f" {word}"
