"""Media paths stay under their root."""

import os
from pathlib import Path

import pytest

from framewise._errors import UsageError
from framewise.records import relative_media, resolve_media


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.mp4").touch()
    (tmp_path / "secret.mp4").touch()
    return folder


@pytest.mark.parametrize(
    "path", ["sub/a.mp4", "./sub/a.mp4", "sub/../sub/a.mp4", "sub//a.mp4", "../root/sub/a.mp4"]
)
def test_paths_inside_become_relative(root: Path, path: str) -> None:
    assert relative_media(root, path) == "sub/a.mp4"
    assert resolve_media(root, path) == root / "sub" / "a.mp4"


def test_an_absolute_path_inside_becomes_relative(root: Path) -> None:
    assert relative_media(root, str(root / "sub" / "a.mp4")) == "sub/a.mp4"


def test_the_root_may_be_relative_or_a_link(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root.parent)
    link = root.parent / "link"
    link.symlink_to(root)
    for base in (Path("root"), Path("link"), link):
        for path in ("sub/a.mp4", str(root / "sub" / "a.mp4")):
            assert relative_media(base, path) == "sub/a.mp4"
    assert resolve_media(Path("root"), "absent.mp4") == root / "absent.mp4"


@pytest.mark.parametrize(
    "path",
    [
        "../secret.mp4",
        "sub/../../secret.mp4",
        "/etc/passwd",
        "",
        ".",
        "sub/..",
        "a\0b",
        "..",
        "/",
        "../root2/a.mp4",
    ],
)
def test_paths_outside_are_refused(root: Path, path: str) -> None:
    (root.parent / "root2").mkdir()
    with pytest.raises(UsageError, match="media path"):
        resolve_media(root, path)


@pytest.mark.parametrize(
    "path", ["http://example.com/a.mp4", "file:///etc/passwd", "data:video/mp4;base64,AAAA"]
)
def test_addresses_are_refused(root: Path, path: str) -> None:
    with pytest.raises(UsageError, match="is an address"):
        resolve_media(root, path)


def test_links_that_leave_the_root_are_refused(root: Path) -> None:
    (root / "out.mp4").symlink_to(root.parent / "secret.mp4")
    (root / "folder").symlink_to(root.parent)
    (root / "in.mp4").symlink_to(root / "sub" / "a.mp4")
    os.symlink("loop.mp4", root / "loop.mp4")
    for path in ("out.mp4", "folder/secret.mp4"):
        with pytest.raises(UsageError, match="symbolic link"):
            resolve_media(root, path)
    assert relative_media(root, "in.mp4") == "in.mp4"
    assert not resolve_media(root, "loop.mp4").exists()
