"""torchcodec as it comes: it reads the file once for the places of its frames; its decoder scales them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from torchcodec.decoders import VideoDecoder
from torchcodec.transforms import Resize


def decode(
    path: Path,
    indices: Sequence[int],
    size: tuple[int, int],
    seek_mode: Literal["exact", "approximate"] = "exact",
) -> Any:
    """The frames that are asked for."""
    decoder = VideoDecoder(
        path, num_ffmpeg_threads=1, dimension_order="NHWC", seek_mode=seek_mode, transforms=[Resize(size)]
    )
    return decoder.get_frames_at(list(indices)).data.numpy()
