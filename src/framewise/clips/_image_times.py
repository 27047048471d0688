"""Times of images that make up a video: given in the record, or in ``times.json`` in their folder.

``times.json`` holds one of ``{"fps": 2.0}`` (images a second), ``{"times_seconds": [0.0, 0.5, ...]}`` (one time
an image) and ``{"times_seconds": {"a.jpg": 0.0, ...}}`` (a time by file name). The first two count the images of
the folder in the natural order of their names. Nothing is assumed: without times, images are no video.
"""

import json
import math
import os
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from framewise.clips._faults import ClipError
from framewise.clips._image import IMAGE_SUFFIXES
from framewise.records import Media

TIMES_FILE = "times.json"
_FORMS = '{"fps": number}, {"times_seconds": [numbers]} or {"times_seconds": {"file name": number}}'


def image_names(folder: Path) -> list[str]:
    """Names of the images in a folder in natural order (2.png before 10.png), hidden ones left out.

    Of a folder that cannot be read, there are none.
    """
    _, _, names = next(os.walk(folder), ("", [], []))
    images = [name for name in names if Path(name).suffix.lower() in IMAGE_SUFFIXES and name[0] != "."]
    return sorted(images, key=_natural)


def image_times(media: Media, files: Sequence[Path]) -> tuple[list[float], float]:
    """Times of the images of a video, counted from the first, and the time for which the last is shown.

    Args:
        media: The video, with its times where the record gives them.
        files: Its images, at least one.

    Raises:
        ClipError: There are no times, or they cannot be those of the images.
    """
    if media.fps is not None:
        return _at_rate(media.fps, range(len(files)))
    if media.times_seconds:
        return _from_first(media.times_seconds, len(files))
    folder = files[0].parent
    if any(file.parent != folder for file in files) or not (folder / TIMES_FILE).is_file():
        raise ClipError(
            "no_times",
            f"nothing says when the {len(files)} images are shown: give 'fps' or 'times_seconds' in the record "
            f"(layout framewise), or a {TIMES_FILE} in their folder",
        )
    return _from_sidecar(folder / TIMES_FILE, [file.name for file in files])


def _from_sidecar(sidecar: Path, names: Sequence[str]) -> tuple[list[float], float]:
    said = _parse(sidecar)
    fps, times = said.get("fps"), said.get("times_seconds")
    if isinstance(times, dict):
        return _from_first([_number(times.get(name), name) for name in names], len(names))
    in_folder = image_names(sidecar.parent)
    places = {name: place for place, name in enumerate(in_folder)}
    absent = [name for name in names if name not in places]
    if absent:
        raise ClipError("missing", f"{absent[0]} is not among the images beside {TIMES_FILE}")
    if fps is not None:
        rate = _number(fps, "fps")
        if rate <= 0:
            raise ClipError("bad_times", f"'fps' in {TIMES_FILE} must be above 0, found {rate:g}")
        return _at_rate(rate, [places[name] for name in names])
    if not isinstance(times, list) or len(times) != len(in_folder):
        found = f"{len(times)} times" if isinstance(times, list) else "none of these"
        raise ClipError(
            "bad_times", f"{TIMES_FILE} must hold {_FORMS} for {len(in_folder)} images; found {found}"
        )
    return _from_first([_number(times[places[name]], name) for name in names], len(names))


def _parse(sidecar: Path) -> dict[str, Any]:
    try:
        said = json.loads(sidecar.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ClipError("bad_times", f"{TIMES_FILE} cannot be read: {error}") from error
    if not isinstance(said, dict) or ("fps" in said) == ("times_seconds" in said):
        raise ClipError("bad_times", f"{TIMES_FILE} must hold {_FORMS}")
    return said


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ClipError("bad_times", f"{TIMES_FILE} must give a number for {name}, found {value!r}")
    return float(value)


def _at_rate(fps: float, places: Sequence[int]) -> tuple[list[float], float]:
    return _from_first([place / fps for place in places], len(places))[0], 1 / fps


def _from_first(times: Sequence[float], num_images: int) -> tuple[list[float], float]:
    """The times, counted from the first, and the mean interval between them, for which the last is shown."""
    if len(times) != num_images:
        raise ClipError("bad_times", f"there are {num_images} images but {len(times)} times")
    shifted = [time - times[0] for time in times]
    if any(a >= b for a, b in pairwise(shifted)):
        raise ClipError("bad_times", "the times of the images do not increase")
    return shifted, shifted[-1] / (len(shifted) - 1) if len(shifted) > 1 else 0.0


def _natural(name: str) -> tuple[list[tuple[bool, int, str]], str]:
    """Sort key in which numbers count as numbers, and stand before letters.

    >>> sorted(["b.png", "10.png", "9.png"], key=_natural)
    ['9.png', '10.png', 'b.png']
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(False, int(p), "") if p.isdecimal() else (True, 0, p) for p in parts], name
