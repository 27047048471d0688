"""Tiny random checkpoints of the LLaVA line in the official format, and transformers' own way through them."""

import json
from pathlib import Path
from typing import Any

import torch
import transformers
from tiny_qwen import write_random_model
from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

from framewise.compat import prepare_torchvision
from framewise.families import Visual
from framewise.records import Turn

SIDE, PATCH = 16, 4
# Layout of the released templates: media first, every message ended by a space, nothing after an answer.
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message.role != 'system' %}{{ message.role.upper() + ': ' }}{% endif %}"
    "{% for part in message.content | selectattr('type', 'equalto', 'image') %}{{ '<image>\n' }}{% endfor %}"
    "{% for part in message.content | selectattr('type', 'equalto', 'video') %}{{ '<video>\n' }}{% endfor %}"
    "{% for part in message.content | selectattr('type', 'equalto', 'text') %}{{ part.text + ' ' }}{% endfor %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)
CORPUS = [
    "USER: what is in the video? ASSISTANT: a red square moves left.",
    "USER: how many shapes are there? ASSISTANT: Three of them, two blue.",
]


def tiny_tokenizer(*, legacy: bool) -> transformers.PreTrainedTokenizerBase:
    """Llama's BPE with bytes to fall back on.

    Args:
        legacy: Put a space before every text between control tokens, as the files of Vicuna do, and not before
            the first one alone.
    """
    names = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    learner = Tokenizer(models.BPE(unk_token="<unk>"))
    learner.pre_tokenizer = pre_tokenizers.Metaspace()
    learner.train_from_iterator(
        CORPUS * 3, trainers.BpeTrainer(vocab_size=420, special_tokens=names, show_progress=False)
    )
    learned = json.loads(learner.to_str())["model"]
    merges = [tuple(pair) for pair in learned["merges"]]
    bpe = Tokenizer(
        models.BPE(
            vocab=learned["vocab"], merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True
        )
    )
    if legacy:
        bpe.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    else:
        bpe.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    bpe.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    bpe.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]
    )
    bpe.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in names[:3]])
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=bpe, unk_token="<unk>", bos_token="<s>", eos_token="</s>", padding_side="left"
    )
    for name in ("<video>", "<image>"):
        tokenizer.add_tokens([AddedToken(name, special=True, normalized=False)], special_tokens=True)
    tokenizer.add_special_tokens({"pad_token": "<pad>"})
    return tokenizer


def tiny_parts(tokenizer: transformers.PreTrainedTokenizerBase) -> dict[str, Any]:
    """What the configurations of both families have in common."""
    return {
        "vision_config": transformers.CLIPVisionConfig(
            hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=2,
            image_size=SIDE, patch_size=PATCH, projection_dim=16,
        ),
        "text_config": transformers.LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=32, intermediate_size=48, num_hidden_layers=2,
            num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=1024,
            bos_token_id=1, eos_token_id=2,
        ),
        "image_token_index": tokenizer.convert_tokens_to_ids("<image>"),
    }  # fmt: skip


def write_llava(folder: Path, model_class: Any, config: Any, processor: Any, seed: int) -> Path:
    """Random weights with what ``processor`` holds, the tokenizer under the class that the releases name."""
    write_random_model(folder, model_class, config, processor.tokenizer, seed)
    processor.save_pretrained(folder)
    file = folder / "tokenizer_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"tokenizer_class": "LlamaTokenizer"}))
    return folder


def squares() -> dict[str, Any]:
    """Sizes of the processors of a CLIP tower."""
    prepare_torchvision()
    return {"size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}}


def upstream_inputs(processor: Any, turns: list[Turn], visuals: list[Visual]) -> dict[str, torch.Tensor]:
    """What transformers' own processor makes of a conversation whose media stand in the text."""
    messages = [{"role": t.role, "content": [{"type": "text", "text": t.text}]} for t in turns]
    text = processor.apply_chat_template(messages, tokenize=False)
    media: dict[str, Any] = {}
    for kind in ("image", "video"):
        frames = [torch.from_numpy(v.pixels).permute(0, 3, 1, 2) for v in visuals if v.kind == kind]
        if frames:
            media[f"{kind}s"] = [f[0] for f in frames] if kind == "image" else frames
    return dict(processor(text=[text], return_tensors="pt", **media))


def without_ends(ids: torch.Tensor) -> list[int]:
    """Ids without the ends of replies, which the released templates leave out."""
    return [i for i in ids.tolist() if i != 2]
