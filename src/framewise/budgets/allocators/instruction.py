"""A vision-language model reads the question alone and says how many frames it needs."""

import math
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PositiveInt, field_validator

from framewise._errors import FramewiseError
from framewise.budgets import Allocator, Budget, Key, Request, Settings
from framewise.budgets._prompt import question_prompt

PROMPTS = {"aspects": question_prompt}


def _split_commas(value: Any) -> Any:
    return value.split(",") if isinstance(value, str) else value


class InstructionSettings(Settings):
    """Settings of ``instruction``."""

    model: str
    """Folder in the official file format, or hub name, of a vision-language model."""
    options: Annotated[tuple[PositiveInt, ...], BeforeValidator(_split_commas)] = (8, 16, 32, 64)
    """Numbers of frames to choose from, increasing; the default is the paper's. As text: ``8,16,32,64``."""
    batch_size: int = Field(default=16, ge=1)
    """Questions at once; only questions of the same length share a batch."""
    device: str = "auto"
    """``auto`` is the GPU if there is one."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """``auto`` is bfloat16 on a GPU that has it, else float32."""
    prompt: Literal["aspects"] = "aspects"
    """``aspects`` names the five aspects of the paper's appendix A.2."""

    @field_validator("options")
    @classmethod
    def _increasing(cls, options: tuple[int, ...]) -> tuple[int, ...]:
        if len(options) < 2 or list(options) != sorted(set(options)):
            raise ValueError("give two or more different numbers, the smallest first")
        return options

    def inputs(self) -> dict[str, Path]:
        """The model's folder, where it is one."""
        folder = Path(self.model)
        return {"model": folder} if folder.exists() else {}


class Instruction(Allocator):
    """A model judges the question by the five aspects of the paper's appendix A.2 and says how many frames.

    Every option's whole text is scored, so there is always a distribution and never an answer that cannot be
    read. The most probable option is the budget, the smaller one if two are equal. The score is the expected
    number of frames. Equal questions are read once.
    """

    settings_type = InstructionSettings

    def __init__(self, settings: InstructionSettings) -> None:
        from framewise.budgets._model import open_text_model

        self._settings = settings
        self._model, self._tokenizer = open_text_model(
            settings.model, device=settings.device, dtype=settings.dtype
        )

    def allocate(self, requests: Sequence[Request], *, done: Collection[Key] = ()) -> Iterator[Budget]:
        """Yield the budgets, those of short questions first.

        Batches are made of all questions, done or not, so that a resumed run computes what an uninterrupted
        one does.
        """
        from framewise.budgets import _options as scoring

        askers: dict[str, list[Request]] = {}
        for request in requests:
            askers.setdefault(request.record.question, []).append(request)
        questions = list(askers)
        prompts = [
            scoring.encode_prompt(self._tokenizer, PROMPTS[self._settings.prompt](q, self._settings.options))
            for q in questions
        ]
        options = [scoring.encode_option(self._tokenizer, option) for option in self._settings.options]
        for batch in scoring.equal_length_batches(prompts, self._settings.batch_size):
            waiting = [[r for r in askers[questions[i]] if r.key not in done] for i in batch]
            if any(waiting):
                rows = scoring.score_batch(self._model, [prompts[i] for i in batch], options)
                self._require_finite(rows)
                for group, row in zip(waiting, rows, strict=True):
                    yield from (self._budget(request, row) for request in group)

    def _require_finite(self, rows: Sequence[Sequence[float]]) -> None:
        if not all(math.isfinite(x) for row in rows for x in row):
            raise FramewiseError(
                f"model {self._settings.model!r} gives probabilities that are not numbers with "
                f"dtype={self._settings.dtype}: try dtype=float32, or check its weights"
            )

    def _budget(self, request: Request, log_probabilities: Sequence[float]) -> Budget:
        options = self._settings.options
        shares = _softmax(log_probabilities)
        best = max(range(len(options)), key=lambda i: shares[i])
        expected = sum(option * share for option, share in zip(options, shares, strict=True))
        entropy = -sum(share * math.log(share) for share in shares if share > 0)
        return Budget(
            record_id=request.record.id,
            media_index=request.media_index,
            num_frames=options[best],
            allocator="instruction",
            probabilities={str(o): round(share, 6) for o, share in zip(options, shares, strict=True)},
            score=round(expected, 4),
            reason=f"the question makes {options[best]} the most probable (expected {expected:.1f}, "
            f"entropy {entropy:.2f} of at most {math.log(len(options)):.2f} nats)",
        )


def _softmax(logits: Sequence[float]) -> list[float]:
    highest = max(logits)
    weights = [math.exp(x - highest) for x in logits]
    return [w / sum(weights) for w in weights]
