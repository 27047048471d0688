"""Subtitle files (SubRip), and what they say at given times."""

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from framewise._errors import UsageError

_TIMES = re.compile(r"(\d+):(\d\d):(\d\d)[,.](\d{1,3})\s*-->\s*(\d+):(\d\d):(\d\d)[,.](\d{1,3})")
_TAG = re.compile(r"<[^<>]*>")


class Subtitle(NamedTuple):
    """One subtitle and the half-open span in which it is shown."""

    start_seconds: float
    end_seconds: float
    text: str


def subtitled(folder: Path) -> frozenset[str]:
    """Names, without suffix, of the videos that have a file in ``subtitle/`` or in ``subtitle.zip``.

    Raises:
        UsageError: The archive is damaged.
    """
    names = [file.name for file in (folder / "subtitle").glob("*.srt")]
    archive = folder / "subtitle.zip"
    if archive.is_file():
        try:
            with zipfile.ZipFile(archive) as opened:
                names += [name.rsplit("/", 1)[-1] for name in opened.namelist()]
        except zipfile.BadZipFile as error:
            raise UsageError(f"{archive} is damaged: {error}; get it again") from error
    return frozenset(name.removesuffix(".srt") for name in names if name.endswith(".srt"))


def read_subtitles(folder: Path, place: str) -> list[Subtitle]:
    """The subtitles in a file below ``folder``, or in a zip archive there; none where there is no such file."""
    file = folder / place
    if file.is_file():
        return parse_subtitles(file.read_bytes())
    archive = folder / f"{place.split('/')[0]}.zip"
    if not archive.is_file():
        return []
    with zipfile.ZipFile(archive) as opened:
        names = [name for name in opened.namelist() if name == place or name.endswith(f"/{place}")]
        return parse_subtitles(opened.read(names[0])) if names else []


def parse_subtitles(content: bytes) -> list[Subtitle]:
    r"""The entries of a SubRip file, in order; parts without times are passed over.

    >>> parse_subtitles(b"1\n00:00:01,500 --> 00:00:03,000\n<i>Hello</i>\nthere\n")
    [Subtitle(start_seconds=1.5, end_seconds=3.0, text='Hello there')]
    """
    found: list[Subtitle] = []
    for block in re.split(r"\n\s*\n", content.decode("utf-8-sig", errors="replace").replace("\r", "")):
        times = _TIMES.search(block)
        if times is None:
            continue
        said = " ".join(_TAG.sub("", line).strip() for line in block[times.end() :].split("\n"))
        if said.strip():
            found.append(Subtitle(_seconds(*times.groups()[:4]), _seconds(*times.groups()[4:]), said.strip()))
    return found


def said_at(lines: Sequence[Sequence[float | str]], times_seconds: Sequence[float]) -> list[str]:
    """The texts that are shown at some of the times, each once, in order.

    Args:
        lines: Start, end (exclusive) and text of each subtitle.
        times_seconds: When the frames are shown.
    """
    shown = [
        str(text) for start, end, text in lines if any(float(start) <= t < float(end) for t in times_seconds)
    ]
    return list(dict.fromkeys(shown))


def _seconds(hours: str, minutes: str, seconds: str, thousandths: str) -> float:
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(thousandths.ljust(3, "0")) / 1000
