"""Three hundred questions about pictures of several sizes, and a small checkpoint that any tool opens."""

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

MAX_NEW_TOKENS = 16
PIXELS = 128 * 28 * 28
"""Most pixels of a picture: 128 tokens."""
FEWEST_PIXELS = 4 * 28 * 28
SIZES = ((640, 480), (512, 512), (1024, 768), (336, 448), (224, 224), (500, 375))
"""Width and height, those of pictures in public benchmarks."""
_QUESTIONS = (
    "Is there a red shape in the picture? Answer yes or no.",
    "How many shapes are in the picture? Answer with a number.",
    "What is to the left of the letter? Choose: circle, square, star.",
    "Which colour has the largest shape in the picture? Choose: red, green, blue, yellow. Answer with one word alone.",
)
_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}"
    "{% else %}<|vision_start|><|{{ part['type'] }}_pad|><|vision_end|>{% endif %}{% endfor %}{% endif %}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""The lab's, which reads messages in parts as well."""


@dataclass(frozen=True)
class Question:
    """One item."""

    name: str
    prompt: str
    """Without the marker of the picture, which comes first."""
    path: str
    """Of the picture, absolute."""


def write_questions(folder: Path, count: int) -> list[Question]:
    """Draw the pictures, once, and ask about each."""
    import numpy as np
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    questions = []
    for number in range(count):
        width, height = SIZES[number % len(SIZES)]
        path = folder.absolute() / f"{number:03}-{width}x{height}.jpg"
        if not path.exists():
            coarse = np.random.default_rng(number).integers(0, 256, (height // 32, width // 32, 3), np.uint8)
            picture = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
            picture.save(path, quality=90)
        prompt = random.Random(number).choice(_QUESTIONS)
        questions.append(Question(name=f"q{number:03}", prompt=prompt, path=str(path)))
    return questions


def write_benchmark(root: Path, questions: Sequence[Question]) -> None:
    """The questions as Framewise's lab benchmark, beside the folder of their pictures."""
    (root / "benchmarks").mkdir(exist_ok=True)
    rows = [
        {
            "item_id": question.name, "subtask": "bench", "cluster": question.name,
            "media": [{"kind": "image", "path": str(Path(question.path).relative_to(root.absolute()))}],
            "prompt": f"<image>{question.prompt}", "answer": "yes", "choices": ["yes", "no"],
        }
        for question in questions
    ]  # fmt: skip
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (root / "benchmarks/lab_image.jsonl").write_text(text)


def write_checkpoint(folder: Path) -> None:
    """Qwen2.5-VL's class in the sizes of the lab's checkpoint, with patches of 14 pixels as released; random weights.

    So small, one question alone leaves the processor idle between its kernels, as a model of real size leaves a GPU.
    """
    import torch

    from framewise.compat import prepare_torchvision
    from framewise.lab._checkpoint import build_config, build_tokenizer

    prepare_torchvision()
    import transformers

    torch.manual_seed(0)
    tokenizer = build_tokenizer()
    tokenizer.chat_template = _TEMPLATE
    sizes = build_config(tokenizer).to_dict()
    sizes["vision_config"] |= {"patch_size": 14, "window_size": 112, "fullatt_block_indexes": [2]}
    config = transformers.Qwen2_5_VLConfig(**sizes)
    model = transformers.Qwen2_5_VLForConditionalGeneration(config)
    model.generation_config.eos_token_id = tokenizer.convert_tokens_to_ids("<|im_end|>")
    model.generation_config.pad_token_id = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    limits = {"shortest_edge": FEWEST_PIXELS, "longest_edge": PIXELS}
    for processor in (transformers.Qwen2VLImageProcessor, transformers.Qwen2VLVideoProcessor):
        processor(size=limits).save_pretrained(folder)


def to_json(questions: Sequence[Question]) -> str:
    """For another process."""
    return json.dumps([asdict(question) for question in questions])


def from_json(text: str) -> list[Question]:
    """What ``to_json`` wrote."""
    return [Question(**values) for values in json.loads(text)]
