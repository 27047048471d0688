"""Video-MME: prompts, subtitles and videos inside archives."""

from pathlib import Path

import pytest
from official_files import clip, write_parquet, write_zip

from framewise._errors import UsageError
from framewise._plugins import load_plugin
from framewise.clips.decoders.pyav import PyAV

ROWS = [
    {
        "video_id": f"00{number}",
        "duration": "short",
        "domain": "Knowledge",
        "sub_category": "Law",
        "url": f"https://www.youtube.com/watch?v=video-{number}",
        "videoID": f"video-{number}",
        "question_id": f"00{number}-{question}",
        "task_type": "Counting Problem",
        "question": "Which is it?",
        "options": ["A. Red.", "B. Dark red.", "C. Blue.", "D. Green."],
        "answer": "ABCD"[question],
    }
    for number in (1, 2)
    for question in (1, 2, 3)
]
SUBTITLES = b"1\n00:00:00,000 --> 00:00:01,000\nHello\n\n2\n00:00:01,000 --> 00:00:02,500\nthere\n"


def tiny_data_root(folder: Path) -> Path:
    home = folder / "video_mme"
    write_parquet(home / "videomme/test-00000-of-00001.parquet", ROWS)
    for number in (1, 2):
        write_zip(home / f"videos_chunked_{number:02d}.zip", {f"data/video-{number}.mp4": clip()})
    write_zip(home / "subtitle.zip", {"subtitle/video-1.srt": SUBTITLES})
    return folder


@pytest.fixture
def benchmark():
    return load_plugin("benchmarks", "video_mme")()


def test_items_are_questions_and_clusters_are_videos(benchmark, tmp_path):
    items = list(benchmark.items(tiny_data_root(tmp_path)))
    assert [item.item_id for item in items][:2] == ["001-1", "001-2"]
    assert [item.cluster for item in items] == ["video-1"] * 3 + ["video-2"] * 3
    assert items[0].answer == "B. Dark red."


def test_videos_come_out_of_the_archives_where_they_are_needed(benchmark, tmp_path):
    root = tiny_data_root(tmp_path)
    items = list(benchmark.items(root))
    benchmark.unpack(root, items[:1])
    assert (root / "video_mme/data/video-1.mp4").is_file()
    assert not (root / "video_mme/data/video-2.mp4").exists()
    assert len(PyAV().frame_times(root / items[0].media[0].path)) == 8
    assert list(benchmark.items(root)) == items


def test_videos_that_were_unpacked_by_hand_are_found(benchmark, tmp_path):
    root = tiny_data_root(tmp_path)
    (root / "video_mme/videos").mkdir()
    (root / "video_mme/videos/video-2.mkv").write_bytes(b"x")
    assert list(benchmark.items(root))[-1].media[0].path == "video_mme/videos/video-2.mkv"


def test_the_prompts_are_the_tools(benchmark, tmp_path):
    root = tiny_data_root(tmp_path)
    lines = "A. Red.\nB. Dark red.\nC. Blue.\nD. Green."
    start = "Select the best answer to the following multiple-choice question based on the video"
    letter = "Respond with only the letter (A, B, C, or D) of the correct option."
    official = next(benchmark.items(root)).prompt
    assert official == f"<video>{start}. {letter}\nWhich is it?\n{lines}\nThe best answer is:"
    assert next(benchmark.items(root, prompt="lmms_eval")).prompt == (
        f"<video>{start} and the subtitles. {letter}\nWhich is it?\n{lines}\n"
        "\nAnswer with the option's letter from the given choices directly."
    )
    assert next(benchmark.items(root, prompt="vlmevalkit")).prompt == (
        f"<video>\nThese are the frames of a video. {start}. {letter}\nQuestion: Which is it?\n{lines}\nAnswer: "
    )


def test_subtitles_are_those_of_the_frames_and_only_where_there_are_any(benchmark, tmp_path):
    root = tiny_data_root(tmp_path)
    first, *_, last = benchmark.items(root, prompt="official+subtitles")
    head = "<video>This video's subtitles are listed below:\n"
    assert benchmark.prompt_at(first, [0.5], root).startswith(f"{head}Hello\nSelect")
    assert benchmark.prompt_at(first, [0.2, 0.5, 2.4, 9.0], root).startswith(f"{head}Hello\nthere\nSelect")
    assert benchmark.prompt_at(last, [0.5], root) == last.prompt == list(benchmark.items(root))[-1].prompt


def test_a_damaged_archive_is_named(benchmark, tmp_path):
    root = tiny_data_root(tmp_path)
    (root / "video_mme/videos_chunked_01.zip").write_bytes(b"PK")
    with pytest.raises(UsageError, match=r"videos_chunked_01\.zip is damaged"):
        benchmark.unpack(root, list(benchmark.items(root)))


def test_an_id_that_leaves_the_data_root_is_refused(benchmark, tmp_path):
    rows = [{**ROWS[0], "videoID": "../../../x"}]
    write_parquet(tmp_path / "root/videomme/test-00000-of-00001.parquet", rows)
    items = list(benchmark.items(tmp_path / "root"))
    with pytest.raises(UsageError, match="leaves the media root"):
        benchmark.unpack(tmp_path / "root", items)
