"""MVBench: both branches, windows in seconds, folders of images."""

from pathlib import Path

import pytest
from official_files import clip, picture, write_json, write_zip

from framewise._errors import UsageError
from framewise._plugins import load_plugin


def row(video: str, answer: str, **more: float) -> dict:
    return {
        "video": video,
        "question": "Which?",
        "candidates": ["red", "dark red", "blue"],
        "answer": answer,
        **more,
    }


MOVING = [row("video_1.mp4", "red"), row("video_1.mp4", "blue")]
SEQUENCE = [row("A.mp4", "dark red", start=0.5, end=1.5)]
EPISODES = [row("show_1", "blue", start=0.0, end=2.0)]


def tiny_data_root(folder: Path) -> Path:
    home = folder / "mvbench"
    write_json(home / "json/moving_count.json", MOVING)
    write_json(home / "json/action_sequence.json", SEQUENCE)
    write_json(home / "json/episodic_reasoning.json", EPISODES)
    write_zip(home / "video/clevrer.zip", {"clevrer/video_validation/video_1.mp4": clip()})
    write_zip(home / "video/data0613.zip", {"data0613/star/Charades_v1_480/A.mp4": clip()})
    frames = {f"tvqa/frames_fps3_hq/show_1/{n:05d}.jpg": picture(n, "JPEG") for n in range(1, 7)}
    write_zip(home / "video/tvqa.zip", frames)
    return folder


@pytest.fixture
def benchmark():
    return load_plugin("benchmarks", "mvbench")()


def test_items_come_in_the_official_order_with_their_windows(benchmark, tmp_path):
    items = list(benchmark.items(tiny_data_root(tmp_path)))
    assert [item.item_id for item in items] == [
        "action_sequence/000",
        "moving_count/000",
        "moving_count/001",
        "episodic_reasoning/000",
    ]
    media = [item.media[0] for item in items]
    assert [(m.start_seconds, m.end_seconds, m.fps) for m in media] == [
        (0.5, 1.5, None),
        (None, None, None),
        (None, None, None),
        (0.0, 2.0, 3.0),
    ]
    assert items[1].cluster == items[2].cluster != items[0].cluster
    assert items[0].answer == "B. dark red"


def test_clips_and_folders_of_images_come_out_of_the_archives(benchmark, tmp_path):
    root = tiny_data_root(tmp_path)
    items = list(benchmark.items(root))
    benchmark.unpack(root, items)
    assert all((root / item.media[0].path).exists() for item in items)
    folder = root / items[-1].media[0].path
    assert sorted(file.name for file in folder.iterdir()) == [f"{n:05d}.jpg" for n in range(1, 7)]
    assert list(benchmark.items(root)) == items


def test_the_branch_of_cut_clips_has_no_windows(benchmark, tmp_path):
    root = {"Action Sequence": "star/Charades_segment/"}
    write_json(tmp_path / "test.json", {"root": root, "meta": {"Action Sequence": SEQUENCE}})
    (item,) = benchmark.items(tmp_path)
    assert item.media[0].path == "star/Charades_segment/A.mp4"
    assert (item.media[0].start_seconds, item.media[0].fps) == (None, None)


def test_the_prompts_are_the_tools(benchmark, tmp_path):
    root = tiny_data_root(tmp_path)
    assert next(benchmark.items(root, prompt="lmms_eval")).prompt == (
        "<video>Question:Which?\nOption:\n(A) red\n(B) dark red\n(C) blue\nOnly give the best option.\n"
    )
    official = next(benchmark.items(root)).prompt
    assert official.startswith("<video>Carefully watch the video and pay attention")
    assert official.endswith(
        "Question: Which?\nOptions:\n(A) red\n(B) dark red\n(C) blue\nOnly give the best option.\nBest option:("
    )


def test_an_answer_that_is_no_candidate_and_an_unknown_task_are_usage_errors(benchmark, tmp_path):
    write_json(tmp_path / "json/moving_count.json", [row("a.mp4", "green")])
    with pytest.raises(UsageError, match="none of the candidates"):
        list(benchmark.items(tmp_path))
    write_json(tmp_path / "json/moving_cuont.json", [])
    with pytest.raises(UsageError, match="no task 'moving_cuont'"):
        list(benchmark.items(tmp_path))
