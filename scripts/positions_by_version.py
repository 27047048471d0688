"""What one version of transformers makes of m frames: rows of a table of docs/frames-and-time.md.

Another version is asked by putting it first on the path; it needs the tokenizers and huggingface_hub of its time:

    pip install --no-deps --target old transformers==4.57.6 'huggingface_hub<1' tokenizers==0.22.1
    PYTHONPATH=old python scripts/positions_by_version.py
"""

import inspect

import torch

from framewise.compat import prepare_torchvision

prepare_torchvision()

import transformers  # noqa: E402
from tokenizers import Tokenizer, decoders, models, pre_tokenizers  # noqa: E402

CLIPS = ((8, 3.0), (8, 8.0), (16, 8.0), (8, 60.0), (64, 30.0), (64, 180.0))
"""Frames and seconds."""
CONTROL = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
IMAGE, VIDEO, START, END = 10, 11, 12, 13


def qwen2_5_vl():
    """Qwen2.5-VL's own positions, of a model too small to do anything else."""
    rope = {"rope_type": "default", "type": "mrope", "rope_theta": 1e4, "mrope_section": [1, 1, 0]}
    sizes = {"hidden_size": 8, "intermediate_size": 8, "num_attention_heads": 2, "num_key_value_heads": 2}
    config = transformers.Qwen2_5_VLConfig(
        text_config={
            **sizes, "vocab_size": 16, "num_hidden_layers": 1, "rope_parameters": rope, "rope_scaling": rope,
            "bos_token_id": 0, "eos_token_id": 0,
        },
        vision_config={
            "depth": 1, "hidden_size": 8, "intermediate_size": 8, "num_heads": 2, "out_hidden_size": 8,
            "tokens_per_second": 2, "fullatt_block_indexes": [0],
        },
        image_token_id=IMAGE, video_token_id=VIDEO, vision_start_token_id=START, vision_end_token_id=END,
    )  # fmt: skip
    return transformers.Qwen2_5_VLForConditionalGeneration(config).model


def time_positions(model, num_frames: int, seconds: float) -> tuple[list[int], int]:
    """Time positions of the groups, and where text goes on, both from the first group on."""
    groups, side = num_frames // 2, 2
    count = groups * side**2
    ids = torch.tensor([[1, START, *[VIDEO] * count, END, 2]])
    interval = 2 * seconds / num_frames
    arguments = {"video_grid_thw": torch.tensor([[groups, 2 * side, 2 * side]])}
    # transformers 5 takes kinds of tokens and plain numbers; 4 finds the media itself and takes a tensor.
    if "mm_token_type_ids" in inspect.signature(model.get_rope_index).parameters:
        arguments |= {"mm_token_type_ids": 2 * (ids == VIDEO).long(), "second_per_grid_ts": [interval]}
    else:
        arguments["second_per_grid_ts"] = torch.tensor([interval])
    positions, _ = model.get_rope_index(input_ids=ids, **arguments)
    times = positions[0, 0, 2 : 2 + count : side**2]
    return (times - times[0]).tolist(), int(positions[0, 0, 2 + count] - times[0])


def qwen3_vl_text() -> str:
    """How Qwen3-VL's processor writes four frames of two seconds, out of what its chat template writes."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    letters = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(alphabet)}, merges=[]))
    letters.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    letters.decoder = decoders.ByteLevel()
    # transformers 4 wants this class by name; that of 5 makes a vocabulary of its own.
    old = transformers.__version__.startswith("4.")
    kind = transformers.Qwen2TokenizerFast if old else transformers.PreTrainedTokenizerFast
    tokenizer = kind(tokenizer_object=letters)
    tokenizer.add_special_tokens({"additional_special_tokens": list(CONTROL)})
    sizes = {"patch_size": 8, "temporal_patch_size": 2, "merge_size": 2}
    images = transformers.Qwen2VLImageProcessor(**sizes)
    videos = transformers.Qwen3VLVideoProcessor(
        **sizes, size={"shortest_edge": 2 * 16 * 16, "longest_edge": 4 * 16 * 16}
    )
    processor = transformers.Qwen3VLProcessor(images, tokenizer, videos)
    facts = {"fps": 2.0, "total_num_frames": 4, "frames_indices": [0, 1, 2, 3], "duration": 2.0}
    inputs = processor(
        text=["<|vision_start|><|video_pad|><|vision_end|>"],
        videos=[torch.zeros(4, 3, 16, 16, dtype=torch.uint8)],
        video_metadata=[facts], do_sample_frames=False, return_tensors="pt",
    )  # fmt: skip
    return tokenizer.decode(inputs["input_ids"][0])


def main() -> None:
    print(f"transformers {transformers.__version__}")
    model = qwen2_5_vl()
    for num_frames, seconds in CLIPS:
        times, text = time_positions(model, num_frames, seconds)
        print(
            f"{num_frames:3} frames of {seconds:5} s: {len(set(times)):2} different times of {len(times):2}, "
            f"the last one {times[-1]:3}, text goes on at {text}"
        )
    print("Qwen3-VL:", qwen3_vl_text())


if __name__ == "__main__":
    main()
