"""A regressor fitted to measured needs, with a guarantee: the paper's appendix C.1, "continuous granularity"."""

import hashlib
import math
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from framewise._errors import UsageError
from framewise.budgets import Allocator, Budget, Failure, Key, Request, Settings, open_budgets, read_truth
from framewise.budgets._conformal import Regressor, conformal_margin, fit_regressor
from framewise.budgets._rounding import CONTINUOUS_RANGE
from framewise.budgets._votes import log_frames

Matrix = NDArray[np.float64]


def _split_commas(value: Any) -> Any:
    return value.split(",") if isinstance(value, str) else value


class LearnedSettings(Settings):
    """Settings of ``learned``."""

    labels: Path
    """Needs of some of the videos: a run of ``oracle`` over them, or a lab's truth."""
    features: Annotated[tuple[Path, ...], BeforeValidator(_split_commas)] = ()
    """Run directories or tables to learn from, such as those of ``similarity``, ``motion`` and ``instruction``. As
    text: with commas."""
    model: str | None = None
    """Folder or hub name of the model whose states embed the questions; left out: questions are not read."""
    delta: float = Field(default=0.1, gt=0, lt=1)
    """Most that P(fewer frames than needed) may be."""
    seed: int = 0
    """Seed of the trees and of which labels are set apart."""
    batch_size: int = Field(default=16, ge=1)
    """Questions at once."""
    device: str = "auto"
    """``auto`` is the GPU if there is one."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """``auto`` is bfloat16 on a GPU that has it, else float32."""

    def inputs(self) -> dict[str, Path]:
        """Tables and labels, and the model's folder, where it is one."""
        found = super().inputs()
        if self.model is not None and Path(self.model).exists():
            found["model"] = Path(self.model)
        return found


class Learned(Allocator):
    """Trees over the question's embedding, other tables and the duration, fitted to measured needs.

    Half of the labelled videos fit the trees, the other half set the margin that is added, so that
    P(m >= m_min) >= 1 - delta for videos like the labelled ones, however poor the trees are. Any even number from 4 to
    64. Labels of one video file are in one half.
    """

    settings_type = LearnedSettings

    @classmethod
    def spreads(cls, settings: LearnedSettings) -> bool:  # noqa: ARG003
        """No: the trees are fitted once."""
        return False

    def __init__(self, settings: LearnedSettings) -> None:
        self._settings = settings
        self._labels = read_truth(settings.labels)
        self._tables = [open_budgets(path) for path in settings.features]

    def allocate(
        self, requests: Sequence[Request], *, done: Collection[Key] = ()
    ) -> Iterator[Budget | Failure]:
        """Yield the predictions with their margin.

        Raises:
            UsageError: There are too few labels, or scikit-learn is not installed.
        """
        ordered = sorted(requests, key=lambda request: request.key)
        usable = [r for r in ordered if all(r.key in table for table in self._tables)]
        for request in ordered:
            if request.key not in done and any(request.key not in table for table in self._tables):
                yield Failure(
                    record_id=request.record.id,
                    media_index=request.media_index,
                    status="no_features",
                    reason="it is not in all tables of features: allocate them from the same records",
                )
        if all(request.key in done for request in usable):
            return
        plain, embedded = self._plain(usable), self._embed(usable)
        regressor, margin = self._fit(usable, plain, embedded)
        for request, predicted in zip(usable, regressor.predict(plain, embedded), strict=True):
            if request.key not in done:
                yield self._budget(request, float(predicted), margin)

    def _fit(self, usable: Sequence[Request], plain: Matrix, embedded: Matrix) -> tuple[Regressor, float]:
        labelled = [i for i, request in enumerate(usable) if request.key in self._labels]
        apart = [i for i in labelled if self._is_set_apart(usable[i])]
        fitted = sorted(set(labelled) - set(apart))
        if not fitted or not apart:
            raise UsageError(
                f"{self._settings.labels} labels {len(labelled)} of these videos: too few to learn from"
            )
        need = np.array([math.log2(self._labels.get(request.key, 1)) for request in usable])
        regressor = fit_regressor(plain[fitted], embedded[fitted], need[fitted], seed=self._settings.seed)
        errors = need[apart] - regressor.predict(plain[apart], embedded[apart])
        return regressor, conformal_margin(errors, self._settings.delta)

    def _is_set_apart(self, request: Request) -> bool:
        drawn = hashlib.sha256(repr((self._settings.seed, request.media.path)).encode()).digest()
        return drawn[0] % 2 == 1

    def _plain(self, requests: Sequence[Request]) -> Matrix:
        """Duration and length of the clip and what each table wants, all as log2, shape [N, 2 + tables]."""
        rows = [
            [
                math.log2(max(request.seconds, 1e-3)),
                math.log2(request.clip.num_frames),
                *(log_frames(table[request.key]) for table in self._tables),
            ]
            for request in requests
        ]
        return np.array(rows)

    def _embed(self, requests: Sequence[Request]) -> Matrix:
        if self._settings.model is None:
            return np.zeros((len(requests), 0))
        from framewise.budgets._embeddings import embed_questions
        from framewise.budgets._model import open_text_model

        chosen = self._settings
        model, tokenizer = open_text_model(self._settings.model, device=chosen.device, dtype=chosen.dtype)
        questions = sorted({request.record.question for request in requests})
        found = embed_questions(model, tokenizer, questions, chosen.batch_size)
        numbers = {question: number for number, question in enumerate(questions)}
        return found[[numbers[request.record.question] for request in requests]]

    def _budget(self, request: Request, predicted: float, margin: float) -> Budget:
        low, high = CONTINUOUS_RANGE
        wanted = min(max(round(2.0 ** (predicted + margin), 4), low), high)
        return Budget(
            record_id=request.record.id,
            media_index=request.media_index,
            num_frames=2 * math.ceil(wanted / 2),
            allocator="learned",
            score=round(2.0**predicted, 4),
            details={"margin": round(margin, 4)},
            reason=f"{2.0**predicted:.1f} predicted, times {2.0**margin:.2f} for a risk of {self._settings.delta:g}",
        )
