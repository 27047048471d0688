"""A model behind an OpenAI-compatible server, such as vLLM, SGLang or ``transformers serve``."""

import base64
import io
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from framewise._chat_client import ChatClient, NoReplyError
from framewise._errors import FramewiseError
from framewise.evaluation._model import Question, Reply
from framewise.records import MARKERS

_MARKER = re.compile("|".join(map(re.escape, MARKERS.values())))


class ServerModel:
    """Asks a server greedily, all questions of a batch at once.

    Frames are sent as PNG images in order, since no two servers agree on how a video is sent: the model sees
    images and not a video, and does not learn their times. How media become tokens is the server's own affair;
    only the numbers of pixels are capped here.

    Args:
        client: The server.
        name: What the server calls the model.
        pixels_per_frame: Most pixels of a video frame; None: as it is in the file.
        pixels_per_image: Most pixels of an image.

    Raises:
        UsageError: There is no such server.
    """

    temporal_multiple = 1

    def __init__(
        self,
        client: ChatClient,
        name: str,
        *,
        pixels_per_frame: int | None = None,
        pixels_per_image: int | None = None,
    ) -> None:
        # Not whether it serves the model: some servers load any that they are asked for. Others say 404 then.
        client.check()
        self._client, self._name = client, name
        self._most = {"video": pixels_per_frame, "image": pixels_per_image}

    def reading(self) -> dict[str, Any]:
        """That a server reads the media, and what is sent to it."""
        return {
            "family": "server",
            "videos_as": "images",
            "pixels_per_frame": self._most["video"],
            "pixels_per_image": self._most["image"],
        }

    def check(self, question: Question) -> None:
        """What it cannot read is found when it is asked."""

    def reply(self, batch: Sequence[Question], *, max_new_tokens: int) -> list[Reply | FramewiseError]:
        """One reply a question, or why the server gave none.

        Raises:
            FramewiseError: The server is gone.
        """
        with ThreadPoolExecutor(len(batch)) as pool:
            return list(pool.map(lambda question: self._reply(question, max_new_tokens), batch))

    def _reply(self, question: Question, max_new_tokens: int) -> Reply | FramewiseError:
        request = {
            "model": self._name,
            "messages": [{"role": "user", "content": list(self._content(question))}],
            "max_tokens": max_new_tokens,
            "temperature": 0.0,
        }
        try:
            choice = self._client.chat(request)
        except NoReplyError as error:
            return error
        cut = choice["finish_reason"] == "length"
        return Reply(
            text=choice["text"],
            finish_reason="length" if cut else "stop",
            num_visual_tokens=None,
        )

    def _content(self, question: Question) -> Iterator[dict[str, Any]]:
        """Text and images in the order of the prompt."""
        texts = _MARKER.split(question.item.prompt)
        yield from _text(texts[0])
        for text, medium, frames in zip(texts[1:], question.item.media, question.frames, strict=True):
            for pixels in frames.pixels:
                url = f"data:image/png;base64,{_png(pixels, self._most[medium.kind])}"
                yield {"type": "image_url", "image_url": {"url": url}}
            yield from _text(text)


def _text(text: str) -> Iterator[dict[str, Any]]:
    if text:
        yield {"type": "text", "text": text}


def _png(pixels: NDArray[np.uint8], most: int | None) -> str:
    image = Image.fromarray(pixels)
    if most is not None and image.width * image.height > most:
        scale = (most / (image.width * image.height)) ** 0.5
        image = image.resize((max(1, int(image.width * scale)), max(1, int(image.height * scale))))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()
