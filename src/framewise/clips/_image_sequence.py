"""A video that is made of images: read beside the decoders, which know files alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from framewise.clips._clip import Clip, Frames, check_indices
from framewise.clips._faults import ClipError
from framewise.clips._image import read_image


@dataclass(frozen=True, kw_only=True)
class ImageSequence:
    """Images and when each is shown; an ``OpenClip`` that needs no opening, and probes itself."""

    files: tuple[Path, ...]
    """At least one."""
    times_seconds: tuple[float, ...]
    """Strictly increasing, counted from the first image, one a file."""
    last_seconds: float
    """For how long the last image is shown."""

    def probe(self) -> Clip:
        """Decode every image; see ``Decoder.probe``."""
        num_good, height, width, codec = 0, 0, 0, ""
        status, reason = "ok", ""
        try:
            for pixels, codec in self._pictures(range(len(self.files))):  # noqa: B007 (the last one counts)
                height, width = pixels.shape[:2]
                num_good += 1
        except ClipError as fault:
            status, reason = fault.status, fault.reason
        duration = self.times_seconds[num_good - 1] + self.last_seconds if num_good else 0.0
        return Clip(
            path=self.files[0].as_posix(),
            status=status,
            reason=reason,
            duration_seconds=round(duration, 6),
            num_frames=num_good,
            fps=round(num_good / duration, 6) if duration else 0.0,
            width=width,
            height=height,
            codec=codec,
            truncated=status == "truncated",
        )

    def frame_times(self, num_frames: int | None = None) -> NDArray[np.float64]:
        """Times of all images, or of so many first ones; see ``OpenClip.frame_times``."""
        return np.array(self.times_seconds[:num_frames])

    def decode(self, indices: Sequence[int], *, size: tuple[int, int] | None = None) -> Frames:
        """Images by index; see ``OpenClip.decode``.

        Raises:
            ValueError: The indices are not strictly increasing, or there are none.
            IndexError: An index lies outside the images.
            ClipError: An image cannot be used, or has another size than the others.
        """
        wanted = check_indices(indices)
        if wanted[-1] >= len(self.files):
            raise IndexError(f"frame {wanted[-1]} lies outside the clip: it has {len(self.files)} images")
        pictures = [_scaled(pixels, size) for pixels, _ in self._pictures(wanted)]
        return Frames(pixels=np.stack(pictures), times_seconds=self.frame_times()[wanted])

    def _pictures(self, indices: Sequence[int]) -> Iterator[tuple[NDArray[np.uint8], str]]:
        """Pixels [height, width, 3] and codec of these images, all of one size."""
        first: tuple[int, ...] = ()
        for index in indices:
            file = self.files[index]
            try:
                pixels, codec = read_image(file)
            except ClipError as fault:
                raise ClipError(fault.status, f"image {index}, {file.name}: {fault.reason}") from fault
            first = first or pixels.shape
            if pixels.shape != first:
                raise ClipError(
                    "mixed_sizes",
                    f"image {index}, {file.name}, has {pixels.shape[1]} x {pixels.shape[0]} pixels, the ones "
                    f"before it {first[1]} x {first[0]}: make them all of one size",
                )
            yield pixels, codec


def _scaled(pixels: NDArray[np.uint8], size: tuple[int, int] | None) -> NDArray[np.uint8]:
    if size is None or pixels.shape[:2] == size:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((size[1], size[0]), Image.Resampling.BICUBIC))
