"""The lab's data root: training clips with records, and two benchmarks of worlds that training never shows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from framewise._artifacts import RunDirectory
from framewise._jsonl import write_rows
from framewise._progress import track
from framewise.lab._canvas import SIDE, Pixels, draw
from framewise.lab._media import write_clip, write_picture
from framewise.lab._motion import NUM_FRAMES, World
from framewise.lab._questions import ClipQuestion, distractors, temporal_question
from framewise.lab._scenes import IMAGE_SKILLS, Question, Scene, ask, random_scene
from framewise.lab._sprites import SIZE
from framewise.lab._worlds import WORLDS
from framewise.records import Media, Record, Turn

Row = dict[str, Any]

_FPS = (8, 12, 16, 20)
# Four in ten temporal questions need at most 8 frames, as most of the paper's samples do (77 % with distractors).
_MIN_FRAMES_WEIGHTS = {2: 1.0, 4: 1.0, 8: 2.0, 16: 3.0, 32: 2.0, 64: 1.0}
# One stream of random numbers a purpose, so that no benchmark world is ever a training world's copy.
_TRAIN, _IMAGE, _VIDEO = range(3)
_NEEDS: dict[str, tuple[str, ...]] = {
    "reading": ("letter",),
    "identity": ("badge",),
    "relation": ("shape", "shape"),
}


class LabConfig(BaseModel):
    """Sizes of the lab's data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(default=0, ge=0)
    """Everything that is written depends on this and the sizes alone."""
    clips_per_skill: int = Field(default=40, ge=1)
    """Training clips of each of the five video skills; each has one temporal question and at most one distractor."""
    still_clips: int = Field(default=120, ge=0)
    """Training clips in which nothing moves, with two questions each that one frame answers."""
    image_items_per_skill: int = Field(default=40, ge=1)
    """Image benchmark: items of each of the seven image skills, one picture each."""
    video_items_per_skill: int = Field(default=40, ge=1)
    """Video benchmark: items of each of the five video skills, one clip each."""


@dataclass(frozen=True)
class Medium:
    """One file of the data root with what is asked about it."""

    path: str
    content: World | Scene
    fps: int | None
    """None for a picture."""
    questions: tuple[ClipQuestion, ...]

    def write(self, root: Path) -> None:
        """Render the file unless it is there."""
        path = root / self.path
        if path.exists():
            return
        if self.fps is None:
            assert isinstance(self.content, Scene)
            write_picture(path, draw(self.content.sprites))
        else:
            write_clip(path, _frames(self.content), fps=self.fps)


def write_lab(config: LabConfig, *, output: Path, fresh: bool = False) -> Path:
    """Write media, ``records.jsonl``, ``truth.jsonl`` and ``benchmarks/*.jsonl`` below ``output``.

    A killed run goes on: media that are there are kept.
    """
    with RunDirectory(output, stage="lab", config=config.model_dump(), seed=config.seed, fresh=fresh) as run:
        if run.finished:
            return output
        for folder in ("media/train", "media/image", "media/video", "benchmarks"):
            (output / folder).mkdir(parents=True, exist_ok=True)
        train, image, video = training_clips(config), image_benchmark(config), video_benchmark(config)
        media: list[Medium] = [*train, *image, *video]
        for medium in track(media, "lab: writing media", len(media)):
            medium.write(output)
        write_rows(output / "records.jsonl", [row for m in train for row in _records(m)])
        write_rows(output / "truth.jsonl", [row for m in train for row in _truth(m)])
        write_rows(output / "benchmarks" / "lab_image.jsonl", [_item(m, "image") for m in image])
        write_rows(output / "benchmarks" / "lab_video.jsonl", [_item(m, "video") for m in video])
        write_rows(output / "benchmarks" / "lab_image_boxes.jsonl", list(image_boxes(image)))
        run.complete(num_media=len(media))
    return output


def training_clips(config: LabConfig) -> list[Medium]:
    """Clips of every video skill and still clips, in a mixed order."""
    rng = np.random.default_rng([config.seed, _TRAIN])
    contents: list[World | Scene] = [
        world.random(rng, _draw_min_frames(world, rng))
        for world in WORLDS.values()
        for _ in range(config.clips_per_skill)
    ]
    contents += [random_scene(rng) for _ in range(config.still_clips)]
    media: list[Medium] = []
    for i in rng.permutation(len(contents)):
        content = contents[i]
        if isinstance(content, World):
            questions = [temporal_question(content, rng), *distractors(content, rng)]
        else:
            questions = [ClipQuestion(q, 1) for q in _two_questions(content, rng)]
        path = f"media/train/{len(media):05d}.mp4"
        media.append(Medium(path, content, int(rng.choice(_FPS)), tuple(questions)))
    return media


def image_benchmark(config: LabConfig) -> list[Medium]:
    """One picture an item; relation and existence answers are even by construction of the draw."""
    rng = np.random.default_rng([config.seed, _IMAGE])
    media: list[Medium] = []
    for skill in IMAGE_SKILLS:
        for _ in range(config.image_items_per_skill):
            question = None
            while question is None:
                need = _NEEDS.get(skill, ())
                scene = random_scene(rng, count=int(rng.integers(max(1, len(need)), 6)), need=need)
                question = ask(skill, scene, rng)
            path = f"media/image/{len(media):05d}.png"
            media.append(Medium(path, scene, None, (ClipQuestion(question, 1),)))
    return media


def video_benchmark(config: LabConfig) -> list[Medium]:
    """One clip an item, minimal budgets as in training."""
    rng = np.random.default_rng([config.seed, _VIDEO])
    media: list[Medium] = []
    for kind in WORLDS.values():
        for _ in range(config.video_items_per_skill):
            world = kind.random(rng, _draw_min_frames(kind, rng))
            path = f"media/video/{len(media):05d}.mp4"
            media.append(Medium(path, world, int(rng.choice(_FPS)), (temporal_question(world, rng),)))
    return media


def image_boxes(media: Iterable[Medium]) -> Iterator[Row]:
    """Where the things lie that image questions name.

    A row has ``record_id``, as in records of the benchmark, and ``boxes`` [left, top, right, bottom] in fractions of
    the picture. Questions about all things (how many there are) and about absent ones have no row.
    """
    for medium in media:
        assert isinstance(medium.content, Scene)
        (asked,) = medium.questions
        question = asked.question
        named = {**question.names, "answer": question.answer}.values()
        kind = {"reading": "letter", "identity": "badge"}.get(question.skill, "shape")
        found = [s for s in medium.content.of_kind(kind) if s.name in named]
        if found and question.skill != "count":
            boxes = [[v / SIDE for v in (s.x, s.y, s.x + SIZE, s.y + SIZE)] for s in found]
            yield {"record_id": f"lab_image/image-{Path(medium.path).stem}", "boxes": boxes}


def _draw_min_frames(world: type[World], rng: np.random.Generator) -> int:
    weights = np.array([_MIN_FRAMES_WEIGHTS[m] for m in world.grid])
    return int(rng.choice(world.grid, p=weights / weights.sum()))


def _two_questions(scene: Scene, rng: np.random.Generator) -> list[Question]:
    asked = (ask(IMAGE_SKILLS[i], scene, rng) for i in rng.permutation(len(IMAGE_SKILLS)))
    return [question for question in asked if question is not None][:2]


def _frames(content: World | Scene) -> Iterator[Pixels]:
    for t in range(NUM_FRAMES):
        yield draw(content.sprites(t) if isinstance(content, World) else content.sprites)


def _records(medium: Medium) -> Iterator[Row]:
    for i, asked in enumerate(medium.questions):
        question = asked.question
        turns = (
            Turn(role="user", text=f"<video>{question.text}"),
            Turn(role="assistant", text=question.answer),
        )
        record = Record(
            id=f"{Path(medium.path).stem}-{i}",
            source=medium.content.skill if isinstance(medium.content, World) else "still",
            task="open_ended",
            media=(Media(kind="video", path=medium.path),),
            turns=turns,
        )
        yield record.to_json()


def _truth(medium: Medium) -> Iterator[Row]:
    for i, asked in enumerate(medium.questions):
        yield {"record_id": f"{Path(medium.path).stem}-{i}", "media_index": 0, "min_frames": asked.min_frames}


def _item(medium: Medium, kind: str) -> Row:
    (asked,) = medium.questions
    return {
        "item_id": f"{kind}-{Path(medium.path).stem}",
        "subtask": asked.question.skill,
        "cluster": Path(medium.path).stem,
        "media": [{"kind": kind, "path": medium.path}],
        "prompt": f"<{kind}>{asked.question.text}",
        "answer": asked.question.answer,
        "choices": list(asked.question.choices),
        "min_frames": asked.min_frames,
    }
