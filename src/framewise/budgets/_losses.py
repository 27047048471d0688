"""Losses of the answers of records under different numbers of frames."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from framewise._errors import FramewiseError, UsageError
from framewise._plugins import load_plugin
from framewise.budgets._budget import Request
from framewise.clips import Clip, Decoder, Frames, read_media
from framewise.families import Encoded, FamilySettings, Visual, open_family
from framewise.records import Media

_IGNORED = -100


class AnswerLosses:
    """A model of one of the families, asked how probable it finds the answers of records.

    Args:
        model: Folder in the official file format, or hub name.
        pixels_per_frame: Most pixels of a frame; None: the checkpoint's own.
        device: ``auto`` is the GPU if there is one.

    Raises:
        UsageError: The model cannot be opened.
    """

    def __init__(self, model: str, *, pixels_per_frame: int | None, device: str) -> None:
        settings = FamilySettings(pixels_per_frame=pixels_per_frame)
        self._family = open_family(model, settings, device=None if device == "auto" else device)
        self._family.model.eval()
        self._decoder: Decoder = load_plugin("decoders", "pyav")()
        # Questions about one video stand together.
        self._read = lru_cache(maxsize=32)(self._read_media)

    def clamp(self, num_frames: int, available: int) -> int:
        """Frames that the model really sees of a clip that has so many."""
        given, multiple_of = min(num_frames, available), self._family.temporal_multiple
        return given - given % multiple_of if given >= multiple_of else given

    def encode(self, request: Request, num_frames: int, most: int) -> Encoded:
        """A record as in training, its video with so many frames.

        Args:
            request: The video that is varied.
            num_frames: Its frames.
            most: Frames of the record's other videos.

        Raises:
            FramewiseError: A medium cannot be read, or the model reads no sequence of this length.
        """
        visuals = []
        for index, media in enumerate(request.record.media):
            varied = index == request.media_index
            frames = self._read(
                request.media_root, media, num_frames if varied else most, request.clip if varied else None
            )
            visuals.append(Visual(kind=media.kind, pixels=frames.pixels, times_seconds=frames.times_seconds))
        encoded = self._family.encode(request.record.turns, visuals)
        if not (encoded.labels != _IGNORED).any():
            raise FramewiseError("the record has no answer: an assistant's turn is needed")
        return encoded

    @torch.inference_mode()
    def losses(self, batch: Sequence[Encoded]) -> list[float]:
        """Mean negative log-likelihood of each sequence's answer tokens, its end included, in nats."""
        inputs: dict[str, Any] = {
            key: value.to(self._family.model.device)
            for key, value in self._family.collate(batch, pad="left").items()
        }
        labels = inputs.pop("labels")[:, 1:]
        kept = (labels != _IGNORED).any(dim=0).nonzero().flatten()
        logits = self._family.model(**inputs, use_cache=False, logits_to_keep=kept).logits.float()
        labels = labels[:, kept]
        each = torch.nn.functional.cross_entropy(
            logits.transpose(1, 2), labels, ignore_index=_IGNORED, reduction="none"
        )
        found: list[float] = (each.sum(1) / (labels != _IGNORED).sum(1)).tolist()
        return found

    def _read_media(self, root: Path, media: Media, num_frames: int, clip: Clip | None) -> Frames:
        try:
            return read_media(
                root,
                media,
                self._decoder,
                num_frames,
                multiple_of=self._family.temporal_multiple,
                good_frames=clip.good_frames if clip is not None else None,
            )
        except UsageError as error:
            raise FramewiseError(str(error)) from error
