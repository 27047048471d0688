"""Video-MME: 900 videos of three durations, three questions with four options about each.

Fu et al., arXiv 2405.21075. With ``+subtitles`` the prompt quotes what is said while each sampled frame is shown.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from framewise.evaluation._benchmark import Item, Modality
from framewise.evaluation.benchmarks._official import ArchiveBenchmark, Row, choice_item
from framewise.evaluation.benchmarks._source import Source
from framewise.evaluation.benchmarks._subtitles import read_subtitles, said_at, subtitled
from framewise.evaluation.benchmarks._tables import table_rows
from framewise.evaluation.scorers import Scorer
from framewise.evaluation.scorers._outcome import enumerated
from framewise.evaluation.scorers._robust_choice import without_letter
from framewise.evaluation.scorers._video_mme import SCORERS
from framewise.records import Media, strip_markers

WITH_SUBTITLES = "+subtitles"
_SUFFIXES = (".mp4", ".MP4", ".mkv")
_FOLDERS = ("data", "video", "videos")
_ONLY_LETTER = "Respond with only the letter (A, B, C, or D) of the correct option.\n"
_SELECT = "Select the best answer to the following multiple-choice question based on the video"
_DIRECTLY = "\nAnswer with the option's letter from the given choices directly."
_HERE = "{subtitles}"


class VideoMME(ArchiveBenchmark):
    """Accuracy by duration, domain, sub-category and task type; the video is the unit of resampling."""

    modality: ClassVar[Modality] = "video"
    prompts: ClassVar[tuple[str, ...]] = (
        "official", "lmms_eval", "vlmevalkit", f"official{WITH_SUBTITLES}", f"vlmevalkit{WITH_SUBTITLES}",
    )  # fmt: skip
    scorers: ClassVar[Mapping[str, Scorer]] = SCORERS
    source: ClassVar[Source] = Source(
        name="video_mme",
        repositories=("lmms-eval/Video-MME", "lmms-lab/Video-MME"),
        layouts={"parquet": ("videomme/test-*.parquet",)},
        counts=dict.fromkeys(("short", "medium", "long"), 900),
    )

    def rows(self, data_root: Path, prompt: str) -> Iterator[Row]:
        """Rows with their question id, and with subtitles where the prompt quotes them and there are any."""
        _, tables = self.source.find(data_root)
        folder = self.source.folder(data_root)
        known = subtitled(folder) if prompt.endswith(WITH_SUBTITLES) else frozenset()
        for row in (row for table in tables for row in table_rows(table)):
            places = [f"{place}/{row['videoID']}{suffix}" for place in _FOLDERS for suffix in _SUFFIXES]
            yield {
                **row,
                "item_id": row.get("question_id"),
                "media": (Media(kind="video", path=self.place(data_root, places)),),
                "subtitles": row["videoID"] in known,
            }

    def item(self, row: Mapping[str, Any], prompt: str) -> dict[str, Any]:
        """A question with four options."""
        options = enumerated([without_letter(option) for option in row["options"]])
        lines = "\n".join(row["options"])
        asked = f"Question: {row['question']}\n{lines}\nAnswer: "
        tool = prompt.removesuffix(WITH_SUBTITLES)
        if tool == "lmms_eval":
            # The words "and the subtitles" stand there although none are given.
            question = f"{_SELECT} and the subtitles. {_ONLY_LETTER}{row['question']}\n{lines}\n{_DIRECTLY}"
        elif tool == "vlmevalkit":
            question = f"\nThese are the frames of a video. {_SELECT}. {_ONLY_LETTER}{asked}"
        else:
            question = f"{_SELECT}. {_ONLY_LETTER}{row['question']}\n{lines}\nThe best answer is:"
        head = f"This video's subtitles are listed below:\n{_HERE}\n" if row["subtitles"] else ""
        subtask, cluster = row["task_type"], row["videoID"]
        return choice_item(
            row, f"<video>{head}{question}", options, row["answer"], subtask=subtask, cluster=cluster
        )

    def prompt_at(self, item: Item, times_seconds: Sequence[float], data_root: Path) -> str:
        """With the subtitles that are shown at the frames' times, each once."""
        if not item.fields["subtitles"]:
            return item.prompt
        lines = read_subtitles(self.source.folder(data_root), f"subtitle/{item.fields['videoID']}.srt")
        said = [strip_markers(text) for text in said_at(lines, times_seconds)]
        return item.prompt.replace(_HERE, "\n".join(said), 1)

    def parts(self, row: Mapping[str, Any]) -> Sequence[str]:
        """The duration."""
        return (row["duration"],)
