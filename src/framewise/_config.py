"""Configuration read into frozen pydantic models, with messages that a user can act on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from framewise._errors import UsageError
from framewise._plugins import suggest

M = TypeVar("M", bound=BaseModel)


def read_yaml(path: Path) -> dict[str, Any]:
    """The keys and values of a YAML file.

    Raises:
        UsageError: The file is missing or holds no YAML mapping.
    """
    if not path.is_file():
        raise UsageError(f"{path} does not exist: give a YAML file")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not YAML: {error}") from error
    if not isinstance(values, dict):
        raise UsageError(f"{path} must hold `key: value` lines, found {type(values).__name__}")
    return values


def validate(model: type[M], values: Mapping[str, Any], *, place: str) -> M:
    """Check values against a model.

    Args:
        model: What is allowed.
        values: Keys and values; nested mappings for nested models.
        place: Where they stand, for the message.

    Raises:
        UsageError: A key is unknown or missing, or a value is not allowed; the message names every fault.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        faults = "; ".join(_fault(model, dict(e)) for e in error.errors())
        raise UsageError(f"{place}: {faults}") from error


def _fault(model: type[BaseModel], error: dict[str, Any]) -> str:
    steps = error["loc"]
    key = ".".join(map(str, steps))
    if error["type"] == "extra_forbidden":
        known = sorted(_model_at(model, steps[:-1]).model_fields)
        return f"unknown key {key!r}: {suggest(str(steps[-1]), known) if known else 'there are none'}"
    if error["type"] == "missing":
        return f"{key!r} is missing"
    message = error["msg"].removeprefix("Value error, ")
    return f"{key} = {error['input']!r}: {message}" if key else message


def _model_at(model: type[BaseModel], steps: tuple[int | str, ...]) -> type[BaseModel]:
    """The model that a place in the values is checked against."""
    for step in steps:
        if step in model.model_fields:
            model = _models_in(model.model_fields[str(step)].annotation)[0]
    return model


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]
