import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from framewise import _plugins
from framewise._errors import UsageError
from framewise._plugins import KINDS, Kind, load_plugin, plugin_names, suggest

CONTRACT = """
from abc import ABC, abstractmethod
class Animal(ABC):
    @abstractmethod
    def speak(self): ...
"""
DOG = """
from zoo import Animal
class Dog(Animal):
    def speak(self): return "woof"
"""


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An extension point of animals, with one dog; a file that starts with _ is no plugin."""
    folder = tmp_path / "zoo"
    (folder / "animals").mkdir(parents=True)
    (folder / "__init__.py").write_text(CONTRACT)
    (folder / "animals" / "__init__.py").write_text("")
    (folder / "animals" / "_shared.py").write_text("")
    (folder / "animals" / "dog.py").write_text(DOG)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(KINDS, "animals", Kind("zoo.animals", "zoo:Animal"))
    monkeypatch.setattr(_plugins, "_entry_points", lambda kind: {})
    yield folder / "animals"
    for name in [name for name in sys.modules if name.partition(".")[0] == "zoo"]:
        del sys.modules[name]


def entry_point(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setattr(
        _plugins, "_entry_points", lambda kind: {name: EntryPoint(name, value, f"framewise.{kind}")}
    )


def test_the_file_is_the_registration(zoo):
    assert plugin_names("animals") == ["dog"]
    (zoo / "cat.py").write_text(DOG.replace("Dog", "Cat").replace("woof", "meow"))
    assert plugin_names("animals") == ["cat", "dog"]
    assert load_plugin("animals", "cat")().speak() == "meow"


def test_names_are_found_without_importing(zoo):
    (zoo / "broken.py").write_text("raise RuntimeError('imported')")
    assert "broken" in plugin_names("animals")
    with pytest.raises(RuntimeError, match="imported"):
        load_plugin("animals", "broken")


def test_an_unknown_name_lists_the_known_and_the_closest(zoo):
    with pytest.raises(
        UsageError, match=r"unknown name 'dgo' among animals: did you mean 'dog'\? Known: dog"
    ):
        load_plugin("animals", "dgo")
    with pytest.raises(UsageError):
        load_plugin("animals", "_shared")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("", r"\[\]"),
        (DOG + DOG.replace("Dog", "Cat"), r"\['Dog', 'Cat'\]"),
        ("from zoo.animals.dog import Dog", r"\[\]"),
        ("from zoo import Animal\nclass Ghost(Animal): pass", r"\[\]"),
        ("class Stranger:\n    def speak(self): ...", r"\[\]"),
    ],
)
def test_a_module_defines_exactly_one_plugin(zoo, source, found):
    (zoo / "odd.py").write_text(source)
    with pytest.raises(TypeError, match=f"must define exactly one Animal, found {found}"):
        load_plugin("animals", "odd")


def test_another_distribution_adds_plugins(zoo, monkeypatch):
    (zoo.parent / "elsewhere.py").write_text(DOG.replace("Dog", "Fox"))
    entry_point(monkeypatch, "fox", "zoo.elsewhere:Fox")
    assert plugin_names("animals") == ["dog", "fox"]
    assert load_plugin("animals", "fox").__name__ == "Fox"


def test_another_distribution_cannot_replace_a_plugin(zoo, monkeypatch):
    (zoo.parent / "elsewhere.py").write_text(DOG)
    entry_point(monkeypatch, "dog", "zoo.elsewhere:Dog")
    with pytest.raises(TypeError, match="has the name of one of framewise"):
        load_plugin("animals", "dog")


def test_what_an_entry_point_names_must_keep_the_contract(zoo, monkeypatch):
    entry_point(monkeypatch, "path", "pathlib:Path")
    with pytest.raises(TypeError, match=r"'path' \(pathlib:Path\) is not a Animal"):
        load_plugin("animals", "path")


@pytest.mark.parametrize("kind", KINDS)
def test_every_plugin_loads_and_says_what_it_is(kind):
    assert plugin_names(kind), f"no {kind}"
    for name in plugin_names(kind):
        assert load_plugin(kind, name).__doc__


def test_nothing_close_gives_the_list_alone():
    assert suggest("zzz", ["fixed", "shuffled"]) == "Known: fixed, shuffled"
