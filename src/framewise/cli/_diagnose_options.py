"""Options that several of the diagnoses share."""

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[str, typer.Argument(help="Folder or hub name of a model.")]
Images = Annotated[Path, typer.Option(help="Records of images with answers.")]
Videos = Annotated[Path, typer.Option(help="Records of videos with answers.")]
Output = Annotated[Path, typer.Option("-o", "--output", help="The run directory.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Start over.")]
Trainable = Annotated[str, typer.Option(help="Parts that learn, with commas between them.")]
LoraRank = Annotated[
    int | None,
    typer.Option(min=1, help="Measure in the space of adapters of this rank.", show_default=False),
]
NumImages = Annotated[
    int | None, typer.Option(min=2, help="Most pictures, drawn at random.", show_default="all")
]
NumVideos = Annotated[
    int | None, typer.Option(min=2, help="Most videos, drawn at random.", show_default="all")
]
NumSeen = Annotated[int, typer.Option("--num-images", min=2, help="Most pictures, drawn at random.")]
NumWatched = Annotated[int, typer.Option("--num-videos", min=2, help="Most videos, drawn at random.")]
ImageRoot = Annotated[
    Path | None, typer.Option(help="Folder of the images, if not the records' own.", show_default=False)
]
VideoRoot = Annotated[
    Path | None, typer.Option(help="Folder of the videos, if not the records' own.", show_default=False)
]
Seed = Annotated[int, typer.Option(min=0, help="Of draws, frame offsets and bootstrap.")]
PARTS = "vision,projector,language"


def names(text: str) -> list[str]:
    """The names in a list with commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def say(line: str) -> None:
    """A line about the work, beside what the program prints."""
    typer.echo(line, err=True)
