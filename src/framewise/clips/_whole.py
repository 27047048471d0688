"""Files that end too early, told before anything of them is decoded."""

from pathlib import Path

from framewise.clips._container_end import needed_bytes
from framewise.clips._faults import ClipError


def check_whole(path: Path) -> None:
    """Refuse a file that lacks bytes which its container says that it has.

    Decoders read such a file to its last packet as if that were its end, so that whoever did not allow
    truncated videos would get one all the same. Damage that shows only in decoding is left to the decoder, and
    so is a file that does not open.

    Raises:
        ClipError: The file is truncated.
    """
    # Only files: to open something else may block.
    if not path.is_file():
        return
    try:
        needed, size = needed_bytes(path), path.stat().st_size
    except OSError:
        return
    if needed > size:
        raise ClipError(
            "truncated",
            f"the file has {size:,} of {needed:,} bytes: fetch it again; to train on its good frames, use the clips of "
            "`framewise probe --allow-truncated`",
        )
