"""Files of ours that an export takes along, to run beside the other trainer."""

import shutil
from pathlib import Path

_FOLDER = Path(__file__).parent / "shipped"


def ship(name: str, folder: Path) -> None:
    """Copy a file from ``shipped/`` into an export."""
    shutil.copyfile(_FOLDER / name, folder / name)


def is_shipped(name: str, folder: Path) -> bool:
    """Whether the export's copy is there and is the one that this version ships."""
    copy = folder / name
    return copy.is_file() and copy.read_bytes() == (_FOLDER / name).read_bytes()
