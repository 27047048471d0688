"""Decoders by name, as settings and the command line give them."""

import inspect

from framewise._errors import UsageError
from framewise._plugins import load_plugin
from framewise.clips._clip import Decoder


def make_decoder(name: str) -> Decoder:
    """A decoder by its plugin's name; ``torchcodec:cuda`` is the one on a GPU.

    Raises:
        UsageError: There is none of this name, it has no such device, or what it needs is not installed.
    """
    plugin, colon, device = name.partition(":")
    kind = load_plugin("decoders", plugin)
    if colon and "device" not in inspect.signature(kind).parameters:
        raise UsageError(f"the decoder {plugin} is always on the CPU: leave {colon + device!r} out")
    decoder: Decoder = kind(device=device) if colon else kind()
    return decoder
