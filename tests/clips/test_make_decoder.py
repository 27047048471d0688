"""Decoders by name and device."""

import pytest

from framewise._errors import UsageError
from framewise.clips import make_decoder
from framewise.clips.decoders.pyav import PyAV


def test_a_name_gives_its_decoder() -> None:
    assert isinstance(make_decoder("pyav"), PyAV)


@pytest.mark.parametrize(
    ("name", "said"),
    [("pyaw", "did you mean 'pyav'"), ("pyav:cuda", "always on the CPU"), ("torchcodec:coda", "'cuda'")],
)
def test_a_wrong_name_is_a_mistake(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        make_decoder(name)
