"""Images, as clips of one frame."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from framewise.clips._clip import Clip, Frames
from framewise.clips._faults import ClipError

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
"""Only these are opened: some of Pillow's other formats start outside programs."""


def load_image(path: Path) -> Frames:
    """One image as one frame at time 0, as it is displayed: turned by its EXIF data, transparency over white.

    Raises:
        ClipError: The file cannot be used.
    """
    return Frames(pixels=read_image(path)[0][None], times_seconds=np.zeros(1))


def probe_image(path: Path) -> Clip:
    """A clip of one frame without duration, or with the name of its fault as status."""
    try:
        pixels, codec = read_image(path)
    except ClipError as fault:
        return Clip(path=path.as_posix(), status=fault.status, reason=fault.reason)
    height, width = pixels.shape[:2]
    return Clip(path=path.as_posix(), status="ok", num_frames=1, width=width, height=height, codec=codec)


def is_animated(path: Path) -> bool:
    """Whether the file is a GIF with more than one frame, which is a video.

    A file that cannot be read is not.
    """
    if path.suffix.lower() != ".gif":
        return False
    try:
        with Image.open(path, formats=["GIF"]) as image:
            return bool(getattr(image, "is_animated", False))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return False


def read_image(path: Path) -> tuple[NDArray[np.uint8], str]:
    """Pixels [height, width, 3] of an image as it is displayed, and the name of its format.

    Raises:
        ClipError: The file cannot be used.
    """
    if not path.exists():
        raise ClipError("missing", "the file does not exist")
    if path.is_file() and path.stat().st_size == 0:
        raise ClipError("empty", "the file has no bytes")
    try:
        with Image.open(path, formats=_FORMATS) as image:
            codec = (image.format or "").lower()
            ImageOps.exif_transpose(image, in_place=True)
            return np.array(_as_rgb(image)), codec
    except UnidentifiedImageError as error:
        raise ClipError(
            "not_an_image", f"no image format is recognised; read are {', '.join(_FORMATS)}"
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ClipError("unreadable", str(error)) from error
    except OSError as error:
        raise ClipError("truncated" if "truncated" in str(error) else "unreadable", str(error)) from error
    except (ValueError, SyntaxError) as error:
        raise ClipError("unreadable", f"the image does not decode: {error}") from error


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and not image.has_transparency_data:
        return image  # ``convert`` would copy it.
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    opaque = Image.new("RGBA", image.size, "white")
    opaque.alpha_composite(image.convert("RGBA"))
    return opaque.convert("RGB")
