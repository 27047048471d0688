"""One process shows bars, on a terminal."""

import multiprocessing

import pytest

from framewise._progress import progress_bar, track


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: None)
    monkeypatch.delenv("RANK", raising=False)


def test_a_bar_counts_what_passes(terminal, capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track(range(7), "things", total=7)) == list(range(7))
    assert list(track(range(5), "who knows how many")) == list(range(5))
    out, err = capsys.readouterr()
    assert out == ""
    assert "things" in err
    assert "7/7" in err
    assert "5/?" in err


def test_nothing_is_shown_off_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track(range(7), "things", total=7)) == list(range(7))
    assert capsys.readouterr() == ("", "")


def test_workers_and_further_processes_are_silent(terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not progress_bar().disable
    monkeypatch.setenv("RANK", "0")
    assert not progress_bar().disable
    monkeypatch.setenv("RANK", "3")
    assert progress_bar().disable
    monkeypatch.delenv("RANK")
    monkeypatch.setattr(multiprocessing, "parent_process", object)
    assert progress_bar().disable
