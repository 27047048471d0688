"""The example runs of this folder, built once, and a page read back as elements."""

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest

_VOID = {"meta", "img", "br", "path", "rect", "link", "input", "hr"}


@dataclass
class Element:
    """One element of a page."""

    tag: str
    attributes: dict[str, str]
    parent: "Element | None"
    parts: list["Element | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text below, blanks made single."""
        return " ".join("".join(p if isinstance(p, str) else p.text for p in self.parts).split())

    def walk(self) -> Iterator["Element"]:
        """This element and all below, in order."""
        yield self
        for part in self.parts:
            if isinstance(part, Element):
                yield from part.walk()

    def all(self, *tags: str, **attributes: str) -> list["Element"]:
        """Elements of these tags with these attributes."""
        return [
            e
            for e in self.walk()
            if e.tag in tags and all(e.attributes.get(k.rstrip("_")) == v for k, v in attributes.items())
        ]

    @property
    def raw(self) -> str:
        """The text inside as it stands, for scripts and styles."""
        return "".join(part for part in self.parts if isinstance(part, str))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.open = Element("", {}, None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {key: value or "" for key, value in attrs}, self.open)
        self.open.parts.append(element)
        if tag not in _VOID:
            self.open = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.parts.append(Element(tag, {key: value or "" for key, value in attrs}, self.open))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.tag == tag, f"</{tag}> closes <{self.open.tag}>"
        assert self.open.parent is not None
        self.open = self.open.parent

    def handle_data(self, data: str) -> None:
        self.open.parts.append(data)


def parse_page(path: Path) -> Element:
    """The page as a tree; every element must be closed in its place."""
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    reader.close()
    assert reader.open is reader.root, f"<{reader.open.tag}> is not closed"
    return reader.root


@pytest.fixture(scope="session")
def example_runs() -> ModuleType:
    """The module that writes example runs, which is a script as well."""
    file = Path(__file__).with_name("example_runs.py")
    spec = importlib.util.spec_from_file_location("report_example_runs", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def example(example_runs: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Directories of finished runs of every stage, the comparison first."""
    return example_runs.build_runs(tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="session")
def page_file(example: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of all example runs."""
    from framewise.report import write_report

    return write_report(example, output=tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture(scope="session")
def page(page_file: Path) -> Element:
    """The same, read back."""
    return parse_page(page_file)


@pytest.fixture(scope="session")
def read_page():
    """``read_page(path) -> Element`` reads a page as a tree of elements."""
    return parse_page
