"""A model's folder: what would make it unusable or its results wrong."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import transformers
from safetensors import SafetensorError, safe_open

from framewise._errors import FramewiseError
from framewise.doctor._finding import Finding, fault, ok, warning
from framewise.families import Family, VisualShape, open_family
from framewise.families._context import context_length, stretching
from framewise.records import Turn

_INDEX = "model.safetensors.index.json"
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
_BUDGETS = (8, 16, 32, 64)
_HEIGHT, _WIDTH = 720, 1280
_SECONDS = 6.0


def checkpoint(model: str) -> list[Finding]:
    """Everything about one model; a hub name's weights are not fetched."""
    folder = Path(model)
    findings = [weights(folder)] if folder.is_dir() else []
    try:
        family = open_family(model, device="cpu", with_model=False)
    except (FramewiseError, ValueError, KeyError) as error:
        return [*findings, fault("model", f"it does not open: {error}", "fetch its official files again")]
    template = chat_template(family)
    # Without a template nothing can be laid out.
    times = [frame_times(family)] if template.status == "ok" else []
    return [*findings, template, pixels(family), *times, context(family, model)]


def weights(folder: Path) -> Finding:
    """Weights in safetensors, all shards there and whole."""
    name = "weights"
    index = folder / _INDEX
    try:
        listed = json.loads(index.read_text())["weight_map"].values() if index.is_file() else None
        files = sorted({folder / n for n in listed} if listed is not None else folder.glob("*.safetensors"))
        for file in files:
            with safe_open(file, "pt") as tensors:
                tensors.keys()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        return fault(name, f"a file is missing or broken: {error}", "fetch the files again")
    if not files:
        pickles = [file.name for pattern in _PICKLES for file in folder.glob(pattern)]
        found = f"only pickles ({', '.join(pickles[:3])})" if pickles else "there are none"
        return fault(name, found, "framewise reads safetensors alone: fetch or convert them")
    return ok(name, f"{len(files)} safetensors file{'s' if len(files) > 1 else ''}")


def chat_template(family: Family) -> Finding:
    """A chat template that framewise can place labels in."""
    turns = [Turn(role="user", text="what moves?"), Turn(role="assistant", text="a square")]
    try:
        encoded = family.lay_out(turns, [])
    except FramewiseError as error:
        return fault("chat template", str(error), "copy chat_template.jinja of the released model")
    learned = int((encoded.labels >= 0).sum())
    return ok("chat template", f"an answer of two words has {learned} learned tokens of {len(encoded)}")


def pixels(family: Family) -> Finding:
    """Size of a frame, which must not depend on how many there are."""
    tokens = {m: family.num_visual_tokens("video", m, _HEIGHT, _WIDTH) for m in _BUDGETS}
    height, width = family.frame_size("video", _HEIGHT, _WIDTH)
    found = f"a frame of {_WIDTH}x{_HEIGHT} is stored as {width}x{height}"
    if len({count / m for m, count in tokens.items()}) > 1:
        return fault(
            "pixels",
            f"{found}, but tokens a frame change with their number: {tokens}",
            "set pixels_per_frame",
        )
    return ok(
        "pixels", f"{found}: {tokens[_BUDGETS[0]] / _BUDGETS[0]:g} tokens a frame, for any number of frames"
    )


def frame_times(family: Family) -> Finding:
    """Whether framewise's own positions tell 64 frames of a short clip apart."""
    name = "frame times"
    if not family.knows_time:
        return warning(
            name, "this model knows the order of frames, not their times", "put times into the question"
        )
    times = np.arange(64) * _SECONDS / 64
    shape = VisualShape(kind="video", height=64, width=64, times_seconds=times)
    encoded = family.lay_out([Turn(role="user", text="<video>")], [shape])
    groups = 64 // family.temporal_multiple
    distinct = len(set(encoded.positions[0].tolist()))
    if distinct < groups:
        return fault(
            name, f"{distinct} different times for {groups} groups of frames", "report this: it is a bug"
        )
    return ok(name, f"{groups} groups of frames in {_SECONDS:g} s have different times")


def context(family: Family, model: str) -> Finding:
    """Which budgets the model's positions reach, for frames of 1280x720."""
    config: Any = transformers.AutoConfig.from_pretrained(model, trust_remote_code=False)
    limit = context_length(config)
    tokens = {m: family.num_visual_tokens("video", m, _HEIGHT, _WIDTH) for m in _BUDGETS}
    short = [m for m, count in tokens.items() if count >= limit]
    found = f"{limit:,} tokens; {', '.join(f'{m} frames take {count:,}' for m, count in tokens.items())}"
    if not short:
        return ok("context", found)
    # Frames of a fixed size have as many pixels whatever is set.
    room = stretching(config, max(tokens.values())) if family.pools_frames else "lower pixels_per_frame"
    return warning("context", found, f"{short[0]} frames do not fit: fewer frames, or {room}")
