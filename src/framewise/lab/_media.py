"""Lab pictures as real files: H.264 in mp4, and PNG."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image

from framewise.lab._canvas import SIDE, Pixels


def write_clip(path: Path, frames: Iterable[Pixels], *, fps: int) -> None:
    """Encode frames as H.264 (yuv420p, one key frame a second) in mp4.

    Args:
        path: The file; seen whole or not at all.
        frames: RGB, [SIDE, SIDE, 3] each.
        fps: Frames per second.
    """
    temporary = path.with_suffix(".part.mp4")
    with av.open(temporary, "w") as container:
        options = {"preset": "veryfast", "crf": "12", "g": str(fps), "threads": "1"}
        stream = container.add_stream("libx264", rate=fps, options=options)
        stream.width = stream.height = SIDE
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, fps)
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    temporary.replace(path)


def write_picture(path: Path, pixels: Pixels) -> None:
    """Write one PNG, seen whole or not at all."""
    temporary = path.with_suffix(".part.png")
    Image.fromarray(pixels).save(temporary)
    temporary.replace(path)
