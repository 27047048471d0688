"""Video-MMMU: three tracks, open questions, the question without the lecture."""

from pathlib import Path

import pytest
from official_files import clip, number_of, picture, write_json, write_parquet, write_zip

from framewise._errors import UsageError
from framewise._plugins import load_plugin

OPTIONS = ["red", "dark red", "blue"]


def row(identity: str, answer: str, kind: str | None = "multiple-choice", **more: object) -> dict:
    options = OPTIONS if kind == "multiple-choice" else []
    base = {"id": identity, "question": "Which is it?", "options": options, "answer": answer}
    return {**base, "question_type": kind, "link_selected": "x", **more}


ROWS = {
    "Perception": [row("new_Art_Theory_1", "A"), row("dev_Math_2", "B")],
    "Comprehension": [row("new_Art_Theory_1", "C")],
    "Adaptation": [
        row("new_Art_Theory_1", "B", image=picture(30)),
        row("dev_Math_2", "12.5", "open", image=picture(40)),
        row("test_Physics_3", "7", None, image=picture(50)),
    ],
}


def tiny_data_root(folder: Path) -> Path:
    home = folder / "video_mmmu"
    for track, rows in ROWS.items():
        write_parquet(home / f"{track}/test-00000-of-00001.parquet", rows)
    write_zip(home / "Art.zip", {"Art/new_Art_Theory_1.mp4": clip()})
    write_zip(home / "Science.zip", {"Science/dev_Math_2.mp4": clip(), "Science/test_Physics_3.mp4": clip()})
    names = [row["id"] for row in ROWS["Adaptation"]]
    write_zip(home / "question_only.zip", {f"question_only/{name}_image.mp4": clip(2) for name in names})
    return folder


@pytest.fixture
def benchmark():
    return load_plugin("benchmarks", "video_mmmu")()


def test_items_of_the_three_tracks(benchmark, tmp_path):
    root = tiny_data_root(tmp_path)
    items = list(benchmark.items(root))
    assert [item.item_id for item in items] == [
        f"{track}/{row['id']}" for track, rows in ROWS.items() for row in rows
    ]
    assert [item.cluster for item in items if item.cluster.startswith("new")] == ["new_Art_Theory_1"] * 3
    assert [item.chance for item in items] == pytest.approx([1 / 3] * 4 + [0.0] * 2)
    benchmark.unpack(root, items)
    assert all((root / item.media[0].path).is_file() for item in items)
    assert list(benchmark.items(root)) == items


def test_the_question_alone_has_its_own_clip(benchmark, tmp_path):
    root = tiny_data_root(tmp_path)
    items = list(benchmark.items(root, prompt="official+question_only"))
    alone = [item for item in items if item.subtask == "QuestionOnly"]
    assert [item.cluster for item in alone] == [row["id"] for row in ROWS["Adaptation"]]
    assert alone[0].prompt == "<video>Which is it?\nA. red\nB. dark red\nC. blue"
    benchmark.unpack(root, alone)
    assert (root / "video_mmmu/question_only/dev_Math_2_image.mp4").is_file()


def test_vlmevalkit_shows_the_image_beside_the_lecture(benchmark, tmp_path):
    root = tiny_data_root(tmp_path)
    items = list(benchmark.items(root, prompt="vlmevalkit"))
    assert [len(item.media) for item in items] == [1, 1, 1, 2, 2, 2]
    assert all(
        item.prompt.endswith("\nAdd `Answer: {Your final answer}` at the end of your reply.")
        for item in items
    )
    benchmark.unpack(root, items)
    assert [number_of(root / item.media[1].path) for item in items[3:]] == [30, 40, 50]


def test_the_prompts_are_the_papers(benchmark, tmp_path):
    items = list(benchmark.items(tiny_data_root(tmp_path)))
    assert items[0].prompt == (
        "<video>Which is it?\nA. red\nB. dark red\nC. blue"
        "\nPlease ignore the Quiz question in last frame of the video."
    )
    assert "answer the following multi-choice question. The image for this question" in items[3].prompt
    assert "answer the following open-ended question. The image for this question" in items[4].prompt


def test_the_layout_of_the_repository(benchmark, tmp_path):
    plain = {k: [{n: v for n, v in r.items() if n != "image"} for r in rows] for k, rows in ROWS.items()}
    for track, rows in plain.items():
        write_json(tmp_path / f"data/{track}.json", {track: {str(n): r for n, r in enumerate(rows)}})
    assert len(list(benchmark.items(tmp_path))) == 6


def test_a_subject_that_nobody_knows_is_a_usage_error(benchmark, tmp_path):
    root = tiny_data_root(tmp_path)
    write_parquet(root / "video_mmmu/Perception/test-00000-of-00001.parquet", [row("new_Magic_1", "A")])
    with pytest.raises(UsageError, match="names none of the 30 subjects"):
        list(benchmark.items(root))
