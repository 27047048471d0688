"""lmms-eval's own class for Qwen2.5-VL, its ``generate_until`` on its own ``Instance``s.

The class loads the weights as bfloat16; they become float32, which is what Framewise computes with on a CPU, and the
faster of the two on most. Its tasks read pictures with Pillow, and so does this.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks._evaluated import FEWEST_PIXELS, MAX_NEW_TOKENS, PIXELS, Question
from framewise.compat import prepare_torchvision

prepare_torchvision()

from lmms_eval.api.instance import Instance  # noqa: E402
from lmms_eval.models.simple.qwen2_5_vl import Qwen2_5_VL  # noqa: E402


def load(folder: Path, batch_size: int) -> Callable[[Sequence[Question]], list[str]]:
    """Open the checkpoint."""
    model = Qwen2_5_VL(
        pretrained=str(folder), device="cpu", device_map="cpu", batch_size=batch_size, min_pixels=FEWEST_PIXELS,
        max_pixels=PIXELS,
    )  # fmt: skip
    model.model.float()

    def picture(question: Question) -> list[Any]:
        return [Image.open(question.path).convert("RGB")]

    def ask(questions: Sequence[Question]) -> list[str]:
        model.task_dict = {"bench": {"test": questions}}
        settings = {"max_new_tokens": MAX_NEW_TOKENS, "temperature": 0}
        instances = [
            Instance(
                request_type="generate_until",
                arguments=(question.prompt, dict(settings), picture, place, "bench", "test"),
                idx=0,
                metadata={"task": "bench", "doc_id": place, "repeats": 1},
            )
            for place, question in enumerate(questions)
        ]
        replies: list[str] = model.generate_until(instances)
        return replies

    return ask
