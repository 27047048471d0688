"""Framewise's stage as it stands: items read, asked in batches, every row kept, scored. The model is open."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks._evaluated import MAX_NEW_TOKENS, PIXELS, Question, write_benchmark
from framewise._jsonl import read_rows
from framewise.evaluation import evaluate
from framewise.evaluation._model import open_family_model
from framewise.families import FamilySettings


def load(folder: Path, batch_size: int) -> Callable[[Sequence[Question]], list[str]]:
    """Open the checkpoint."""
    model = open_family_model(folder, FamilySettings(pixels_per_image=PIXELS))

    def ask(questions: Sequence[Question]) -> list[str]:
        with TemporaryDirectory() as place:
            root = Path(questions[0].path).parent.parent
            write_benchmark(root, questions)
            directory = evaluate(
                folder, benchmarks=["lab_image"], data_root=root, output=Path(place) / "run", frames=2,
                pixels_per_image=PIXELS, batch_size=batch_size, max_new_tokens=MAX_NEW_TOKENS,
                open_model=lambda *_: model,
            )  # fmt: skip
            said = {row["item_id"]: row["prediction"] for row in read_rows(directory / "predictions.jsonl")}
        return [said[question.name] for question in questions]

    return ask
