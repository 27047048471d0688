"""What several trainers will not do right, in words."""

from collections.abc import Sequence

from framewise.exports._exporter import Sample, Setup, Video
from framewise.exports._rules_transformers import WHOLE_SECONDS_BEFORE, time_positions
from framewise.exports._settings import all_videos


def position_cautions(samples: Sequence[Sample], setup: Setup, *, whole_seconds: str = "") -> list[str]:
    """What Qwen2.5-VL's time positions lose.

    Args:
        samples: What is exported.
        setup: For which model.
        whole_seconds: Why the trainer runs with a transformers that cuts the seconds of a group of frames to
            whole ones; empty where it need not.
    """
    if setup.target.clock != "positions":
        return []
    videos = list(all_videos(samples))
    said = []
    if whole_seconds:
        cut = [(v, _positions(v, True)) for v in videos]
        collapsed = sum(len(p) > 1 and p[-1] == 0 for _, p in cut)
        shifted = sum(p != _positions(v, False) for v, p in cut) - collapsed
        if collapsed or shifted:
            said.append(
                f"{whole_seconds}: before transformers {WHOLE_SECONDS_BEFORE} the seconds between groups of frames "
                f"are cut to a whole number, so all frames of {collapsed} of {len(videos)} videos (more than 2 "
                f"frames a second) share one time position, and those of {shifted} more are placed too early. "
                f"Train with transformers {WHOLE_SECONDS_BEFORE} or later, or give short clips fewer frames"
            )
    crowded = sum(len(set(p)) < len(p) for p in (_positions(v, False) for v in videos))
    if crowded:
        said.append(
            f"in {crowded} of {len(videos)} videos (more than 4 frames a second) neighbouring groups of frames share "
            "a time position in every version of transformers, which counts in half seconds; Framewise's own "
            "trainer keeps them apart"
        )
    if videos:
        said.append(
            "text after a video goes on where the trainer's transformers says: after the last time in version 4 "
            "(after_max, the rule of the released weights), after the larger side of a frame in version 5 "
            "(after_extent). Evaluate what it trains with the same rule: framewise evaluate --text-position"
        )
    return said


def name_cautions(setup: Setup) -> list[str]:
    """Trainers that tell the model's type by its name, and read an unknown one as Qwen2-VL."""
    wanted = {"qwen2_5_vl": "qwen2.5", "qwen3_vl": "qwen3"}[setup.target.model_type]
    if wanted in setup.target.name.lower():
        return []
    return [
        f"the trainer knows the model by its name, and {setup.target.name!r} lacks {wanted!r}: rename the folder"
    ]


def _positions(video: Video, whole_seconds: bool) -> list[int]:
    return time_positions(video.num_frames, video.duration_seconds, whole_seconds=whole_seconds)
