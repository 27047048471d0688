import pytest

from framewise._plugins import KINDS, plugin_names
from framewise.cli._plugins import plugins


def test_every_plugin_has_one_line_that_says_what_it_is(capsys: pytest.CaptureFixture[str]):
    plugins()
    lines = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    assert [(kind, name) for kind, name, _ in lines] == [
        (kind, name) for kind in KINDS for name in plugin_names(kind)
    ]
    assert all(len(says) > 10 for *_, says in lines)
