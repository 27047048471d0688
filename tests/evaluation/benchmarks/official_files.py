"""Files in the formats of the public benchmarks, a few rows each, media included."""

import base64
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

Row = Mapping[str, Any]


def picture(number: int, kind: str = "PNG") -> bytes:
    """An image file whose upper left pixel says its number."""
    pixels = np.zeros((56, 56, 3), np.uint8)
    pixels[:28, :28] = number
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def number_of(path: Path) -> int:
    """The number of a picture."""
    with Image.open(path) as image:
        return int(np.asarray(image.convert("RGB"))[0, 0, 0])


def clip(num_frames: int = 8, fps: int = 4) -> bytes:
    """An mp4 file."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps))
        stream.width = stream.height = 56
        stream.pix_fmt = "yuv420p"
        for number in range(num_frames):
            pixels = np.full((56, 56, 3), 20 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def write_parquet(path: Path, rows: Sequence[Row]) -> None:
    """A table as the hub has it: an image is a struct of bytes and path; two rows a group."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [
        {name: {"bytes": v, "path": None} if isinstance(v, bytes) else v for name, v in row.items()}
        for row in rows
    ]
    pq.write_table(pa.Table.from_pylist(cells), path, row_group_size=2)


def write_tsv(path: Path, rows: Sequence[Row]) -> None:
    """A table as VLMEvalKit has it: images in base64, or the index of the row that has the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(rows[0])]
    for row in rows:
        cells = [base64.b64encode(v).decode() if isinstance(v, bytes) else str(v) for v in row.values()]
        lines.append("\t".join(f'"{c}"' if "\n" in c or '"' in c else c for c in cells))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """A JSON file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def write_zip(path: Path, members: Mapping[str, bytes]) -> None:
    """A zip archive."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
