"""A vision-language model reads the question alone and says how many frames it needs."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PositiveInt, field_validator

from framewise._errors import FramewiseError
from framewise.budgets import Allocator, Budget, Key, Request, Settings
from framewise.budgets._prompt import PROMPTS
from framewise.budgets._summary import LEAKS, PARAPHRASE
from framewise.records import Record, strip_markers


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
    prompt: Literal["aspects", "rating", "saving"] = "aspects"
    """``aspects`` names the five aspects of the paper's appendix A.2; the others say the same in other words."""
    paraphrases: bool = False
    """Whether the two other wordings are asked as well; ``prompt`` decides, and the summary tells their agreement."""
    with_answer: bool = False
    """Whether the answer is read too. It leaks what no model in use can know, and the summary says so."""

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
        from framewise.budgets._options import encode_prompt, equal_length_batches

        askers: dict[str, list[Request]] = {}
        for request in requests:
            askers.setdefault(self._text(request.record), []).append(request)
        texts = list(askers)
        chosen = self._settings
        names = PROMPTS if chosen.paraphrases else (chosen.prompt,)
        prompts = {
            name: [encode_prompt(self._tokenizer, PROMPTS[name](text, chosen.options)) for text in texts]
            for name in names
        }
        scorers = {name: self._scorer(prompts[name]) for name in names}
        for batch in equal_length_batches(prompts[chosen.prompt], chosen.batch_size):
            waiting = [[r for r in askers[texts[i]] if r.key not in done] for i in batch]
            if any(waiting):
                rows = {name: self._score(scorers[name], [prompts[name][i] for i in batch]) for name in names}
                for place, group in enumerate(waiting):
                    own = {name: rows[name][place] for name in names}
                    yield from (self._budget(request, own) for request in group)

    def _text(self, record: Record) -> str:
        """What is read of a record."""
        if not self._settings.with_answer:
            return record.question
        answer = " ".join(strip_markers(turn.text) for turn in record.turns if turn.role == "assistant")
        return f"{record.question}\nAnswer: {answer}"

    def _scorer(self, prompts: Sequence[Sequence[int]]) -> Any:
        from framewise.budgets._options import OptionScorer, encode_option

        options = [encode_option(self._tokenizer, option) for option in self._settings.options]
        return OptionScorer(self._model, prompts, options)

    def _score(self, scorer: Any, prompts: Sequence[Sequence[int]]) -> list[list[float]]:
        """Scores in order; a wording may make questions of one length differ in length."""
        from framewise.budgets._options import equal_length_batches

        found: dict[int, list[float]] = {}
        for batch in equal_length_batches(prompts, len(prompts)):
            rows = scorer.score([prompts[i] for i in batch])
            self._require_finite(rows)
            found.update(zip(batch, rows, strict=True))
        return [found[i] for i in range(len(prompts))]

    def _require_finite(self, rows: Sequence[Sequence[float]]) -> None:
        if not all(math.isfinite(x) for row in rows for x in row):
            raise FramewiseError(
                f"model {self._settings.model!r} gives probabilities that are not numbers with "
                f"dtype={self._settings.dtype}: try dtype=float32, or check its weights"
            )

    def _budget(self, request: Request, rows: Mapping[str, Sequence[float]]) -> Budget:
        options = self._settings.options
        shares = _softmax(rows[self._settings.prompt])
        best = max(range(len(options)), key=lambda i: shares[i])
        expected = sum(option * share for option, share in zip(options, shares, strict=True))
        read = "question and answer make" if self._settings.with_answer else "the question makes"
        entropy = -sum(share * math.log(share) for share in shares if share > 0)
        return Budget(
            record_id=request.record.id,
            media_index=request.media_index,
            num_frames=options[best],
            allocator="instruction",
            probabilities={str(o): round(share, 6) for o, share in zip(options, shares, strict=True)},
            score=round(expected, 4),
            wanted=round(expected, 4),
            details={"entropy": round(entropy, 6)} | self._others(rows),
            reason=f"{read} {options[best]} the most probable (expected {expected:.1f}, "
            f"entropy {entropy:.2f} of at most {math.log(len(options)):.2f} nats)",
        )

    def _others(self, rows: Mapping[str, Sequence[float]]) -> dict[str, float]:
        """What each wording says, and whether the answer was read."""
        options = self._settings.options
        found = {}
        if self._settings.paraphrases:
            found = {
                PARAPHRASE + name: float(options[max(range(len(row)), key=lambda i: row[i])])
                for name, row in rows.items()
            }
        return found | ({LEAKS: 1.0} if self._settings.with_answer else {})


def _softmax(logits: Sequence[float]) -> list[float]:
    highest = max(logits)
    weights = [math.exp(x - highest) for x in logits]
    return [w / sum(weights) for w in weights]
