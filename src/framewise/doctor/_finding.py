"""What a check found."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["ok", "warning", "fault"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the doctor."""

    name: str
    status: Status
    """``fault``: a result could be wrong, or nothing can be done at all; ``warning``: slower or less than it
    could be, or to be known."""
    found: str
    advice: str = ""
    """What to do; empty when ``ok``."""

    def to_json(self) -> dict[str, Any]:
        """The finding as plain values."""
        return asdict(self)


def ok(name: str, found: str) -> Finding:
    """Nothing to do."""
    return Finding(name=name, status="ok", found=found)


def warning(name: str, found: str, advice: str) -> Finding:
    """Worth knowing."""
    return Finding(name=name, status="warning", found=found, advice=advice)


def fault(name: str, found: str, advice: str) -> Finding:
    """A result could be wrong."""
    return Finding(name=name, status="fault", found=found, advice=advice)
