"""Configuration out of YAML: what a mistake says, at any depth."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from framewise._config import read_yaml, validate
from framewise._errors import UsageError


class Wheel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    spokes: int


class Car(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    wheels: tuple[Wheel, ...] = ()
    spare: Wheel | None = None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"wheel": []}, r"here: unknown key 'wheel': did you mean 'wheels'\?"),
        (
            {"wheels": [{"spokes": 3}, {"spoke": 3}]},
            r"'wheels.1.spokes' is missing; .*did you mean 'spokes'\?",
        ),
        ({"spare": {"spokes": "x"}}, r"spare.spokes = 'x': Input should be a valid integer"),
        ({"spare": {"spokes": 3, "spoks": 3}}, r"unknown key 'spare.spoks': did you mean 'spokes'\?"),
    ],
)
def test_a_mistake_says_where_and_what_is_allowed(values: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        validate(Car, values, place="here")


def test_good_values_are_read() -> None:
    assert validate(Car, {"spare": {"spokes": "3"}}, place="here") == Car(spare=Wheel(spokes=3))


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "does not exist"), (b"a: [", "is not YAML"), (b"\xff", "is not YAML"), (b"- 1", "found list")],
)
def test_what_is_no_mapping_is_an_error(tmp_path: Path, content: bytes | None, message: str) -> None:
    file = tmp_path / "x.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_yaml(file)
