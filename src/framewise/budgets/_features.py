"""DINOv2 features of frames."""

from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from framewise._errors import UsageError
from framewise.budgets._model import Dtype, check_name, choose_device, choose_dtype
from framewise.compat import prepare_torchvision

Kind = Literal["cls", "patches"]


class FeatureReader:
    """A DINOv2 checkpoint of transformers with its image processor.

    Args:
        name: A folder in the official file format, or a hub name.
        device: As for ``open_text_model``.
        dtype: As there.

    Raises:
        UsageError: There is no such model or device, or it is no DINOv2.
    """

    def __init__(self, name: str, *, device: str, dtype: Dtype) -> None:
        check_name(name)
        where = choose_device(device)
        prepare_torchvision()
        from transformers import AutoConfig, AutoImageProcessor, Dinov2Model

        try:
            kind = AutoConfig.from_pretrained(name, trust_remote_code=False).model_type
            if kind != "dinov2":
                raise UsageError(f"model {name!r} is a {kind}: similarity reads checkpoints of type dinov2")
            processors: Any = AutoImageProcessor
            self._processor = processors.from_pretrained(name, trust_remote_code=False)
            model: Any = Dinov2Model.from_pretrained(
                name, dtype=choose_dtype(dtype, where), use_safetensors=True
            )
        except OSError as error:
            raise UsageError(f"model {name!r} cannot be opened: {error}") from error
        self._model = model.to(where).eval()

    @property
    def shortest_edge(self) -> int:
        """Pixels of the shorter side that the processor scales pictures to."""
        size = self._processor.size
        return int(size.get("shortest_edge") or min(size["height"], size["width"]))

    @torch.inference_mode()
    def read(self, pixels: NDArray[np.uint8], kind: Kind, batch_size: int) -> NDArray[np.float32]:
        """Features of pictures.

        Args:
            pixels: RGB, shape [N, height, width, 3], range 0 to 255.
            kind: ``cls``, the class token, or ``patches``, the mean of the patches, both after the last norm.
            batch_size: Most pictures at once.

        Returns:
            Shape [N, hidden size].
        """
        found = []
        for start in range(0, len(pixels), batch_size):
            batch = self._processor(images=list(pixels[start : start + batch_size]), return_tensors="pt")
            values = batch["pixel_values"].to(self._model.device, self._model.dtype)
            states = self._model(pixel_values=values).last_hidden_state  # [B, 1 + patches, hidden]
            chosen = states[:, 0] if kind == "cls" else states[:, 1:].mean(1)
            found.append(chosen.float().cpu().numpy())
        return np.concatenate(found)
