"""Where a worker stands: the paths that it is given are relative to the driver's folder."""

import platform
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

from framewise._errors import FramewiseError


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Work in the driver's folder.

    Raises:
        FramewiseError: This machine does not have it.
    """
    if not folder.is_dir():
        raise FramewiseError(
            f"{folder} is not on {platform.node()}: all machines of a cluster need the same files in the same places"
        )
    with chdir(folder):
        yield
