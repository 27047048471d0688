"""``framewise doctor`` on the command line."""

import json

import pytest
from typer.testing import CliRunner

from framewise.cli._app import build_app
from framewise.doctor._finding import Finding, fault, ok, warning

FINE = ok("a", "is there")
ODD = warning("b", "is slow", "buy another")
WRONG = fault("c", "is off by 1", "install it again")


@pytest.mark.parametrize("findings", [[FINE], [FINE, ODD], [FINE, ODD, WRONG], [WRONG]])
def test_the_exit_code_is_1_exactly_if_there_is_a_fault(
    findings: list[Finding], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr("framewise.doctor.examine", lambda model: asked.append(model) or findings)
    shown = CliRunner().invoke(build_app(), ["doctor", "checkpoint"])
    assert asked == ["checkpoint"]
    assert shown.exit_code == int(WRONG in findings)
    as_json = CliRunner().invoke(build_app(), ["doctor", "--json"])
    assert as_json.exit_code == shown.exit_code
    assert json.loads(as_json.output) == [finding.to_json() for finding in findings]


def test_what_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framewise.doctor.examine", lambda _: [FINE, ODD, WRONG])
    assert CliRunner().invoke(build_app(), ["doctor"]).output.splitlines() == [
        "ok       a: is there",
        "warning  b: is slow",
        "         -> buy another",
        "fault    c: is off by 1",
        "         -> install it again",
        "1 ok, 1 warning, 1 fault: a result could be wrong or could not be made",
    ]
    monkeypatch.setattr("framewise.doctor.examine", lambda _: [FINE])
    assert CliRunner().invoke(build_app(), ["doctor"]).output.splitlines()[-1] == (
        "1 ok, 0 warnings, 0 faults: nothing that was looked at makes a result wrong"
    )


def test_help_has_an_example() -> None:
    assert (
        "framewise doctor Qwen/Qwen2.5-VL-7B-Instruct"
        in CliRunner().invoke(build_app(), ["doctor", "--help"]).output
    )
