"""Files inside zip archives, put where unpacking by hand would put them."""

import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from framewise._errors import UsageError


def unpack_members(folder: Path, wanted: Mapping[str, str]) -> None:
    """Write files that are missing below ``folder`` out of the zip archives below it.

    Args:
        folder: The benchmark's folder.
        wanted: What to look for in the archives, by where to write it, both with forward slashes: the end of a
            member's name. If the end is that of a folder, all files in it are written.

    Raises:
        UsageError: An archive is damaged.
    """
    missing = {place: end for place, end in wanted.items() if not (folder / place).exists()}
    for archive in sorted(folder.rglob("*.zip")) if missing else ():
        try:
            with zipfile.ZipFile(archive) as opened:
                for place, member in _matches(opened, missing):
                    _write(opened, member, folder / place)
        except zipfile.BadZipFile as error:
            raise UsageError(f"{archive} is damaged: {error}; get it again") from error


def _matches(opened: zipfile.ZipFile, missing: Mapping[str, str]) -> list[tuple[str, zipfile.ZipInfo]]:
    """Where to write which members."""
    places: dict[str, list[str]] = {}
    for place, end in missing.items():
        places.setdefault(end, []).append(place)
    found = []
    for member in opened.infolist():
        if member.is_dir():
            continue
        parts = PurePosixPath(member.filename).parts
        for start in range(len(parts)):
            found += [(place, member) for place in places.get("/".join(parts[start:]), ())]
            folder = "/".join(parts[start:-1])
            found += [(f"{place}/{parts[-1]}", member) for place in places.get(folder, ()) if folder]
    return found


def _write(opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    with opened.open(member) as source, part.open("wb") as sink:
        shutil.copyfileobj(source, sink, 1 << 20)
    part.replace(target)
