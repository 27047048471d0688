"""A collator for TRL's SFTTrainer that reads videos with the number of frames that each row asks for.

Rows are JSON: {"messages": [{"role", "content": [{"type": "video", "video", "nframes", "min_pixels",
"max_pixels"}, {"type": "image", "image"}, {"type": "text", "text"}]}]}. Only what assistants say is learnt.
"""

import json
from itertools import pairwise
from typing import Any

import torch

_NOT_LEARNT = -100
_LINE = "assistant\n"
"""What stands between the mark that opens a turn and what an assistant says; a template may lack its end."""


class VideoCollator:
    """Batches for Qwen2.5-VL and Qwen3-VL.

    Args:
        processor: The model's processor, of transformers 5.18 or later.

    Raises:
        ValueError: Its tokenizer lacks the marks of turns, so that no turn could be found.
    """

    def __init__(self, processor: Any) -> None:
        self.processor = processor
        marks = ["<|im_start|>", "<|im_end|>"]
        known = processor.tokenizer.get_vocab()
        if missing := [mark for mark in marks if mark not in known]:
            raise ValueError(
                f"the tokenizer has no {' and no '.join(missing)}: it is not that of a Qwen model"
            )
        self._start, self._end = (known[mark] for mark in marks)

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """One batch; a row's ``text`` is its line of JSON.

        Raises:
            ValueError: Not exactly the turns of assistants are found in the tokens of a row.
        """
        from qwen_vl_utils import process_vision_info

        conversations = [json.loads(row["text"])["messages"] for row in rows]
        images, videos, options = process_vision_info(
            conversations,
            return_video_kwargs=True,
            return_video_metadata=True,
            image_patch_size=self.processor.image_processor.patch_size,
        )
        media: dict[str, Any] = {"images": images} if images else {}
        if videos:
            media["videos"] = [frames for frames, _ in videos]
            media["video_metadata"] = [metadata for _, metadata in videos]
        batch = self.processor(
            text=self.processor.apply_chat_template(conversations, tokenize=False),
            do_resize=False,
            padding=True,
            return_tensors="pt",
            **media,
            **(options if videos else {}),
        )
        batch["labels"] = torch.full_like(batch["input_ids"], _NOT_LEARNT)
        for row, messages in enumerate(conversations):
            for learnt in self._answers(batch["input_ids"][row].tolist(), messages):
                batch["labels"][row, learnt] = batch["input_ids"][row, learnt]
        return dict(batch)

    def _answers(self, ids: list[int], messages: list[dict[str, Any]]) -> list[slice]:
        """Where assistants speak, the mark that ends each turn included."""
        found = []
        marks = [place for place, token in enumerate(ids) if token in (self._start, self._end)]
        for start, stop in pairwise(marks):
            if (ids[start], ids[stop]) == (self._start, self._end):
                said = self._speech(ids, start + 1, stop)
                found += [] if said is None else [slice(said, stop + 1)]
        wanted = sum(message["role"] == "assistant" for message in messages)
        if len(found) != wanted or not found:
            raise ValueError(
                f"{len(found)} turns of an assistant are found in the tokens of a row that has {wanted}: either its "
                "text holds marks of turns, or the chat template does not write "
                "'<|im_start|>assistant', what is said and '<|im_end|>'"
            )
        return found

    def _speech(self, ids: list[int], start: int, stop: int) -> int | None:
        """Where the speech of a turn begins, after the line with the role; None if it is no assistant's."""
        line = ""
        for place in range(start, stop + 1):
            longer = line + self.processor.tokenizer.decode([ids[place]])
            if not _LINE.startswith(longer):
                return place if line in (_LINE, _LINE.rstrip()) else None
            line = longer
        return None
