"""Checks of the environment, each with its fault simulated."""

import os
import resource
import shutil
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from framewise.clips.decoders.pyav import PyAV
from framewise.doctor import _decoding, _device, _libraries, _requirements, _system, _temporal, examine
from framewise.doctor._finding import Finding, ok


def test_temporal_ids_are_told_apart_here() -> None:
    assert _temporal.temporal_ids().status == "ok"


def test_temporal_ids_that_collapse_are_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    original = transformers.Qwen2_5_VLModel.get_rope_index

    def whole_seconds(self: Any, *arguments: Any, **named: Any) -> Any:
        named["second_per_grid_ts"] = named["second_per_grid_ts"].long()
        return original(self, *arguments, **named)

    # The check looks at the names of the arguments, as they were before the version.
    whole_seconds.__wrapped__ = original  # type: ignore[attr-defined]
    monkeypatch.setattr(transformers.Qwen2_5_VLModel, "get_rope_index", whole_seconds)
    finding = _temporal.temporal_ids()
    assert finding.status == "fault"
    assert "1 different ids for 32" in finding.found


def test_text_after_a_video_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _temporal.text_position().status == "warning"
    after_max = torch.arange(40).expand(3, 40)
    monkeypatch.setattr(_temporal, "_positions", lambda _: after_max)
    assert _temporal.text_position().status == "ok"


def test_versions_that_do_not_belong_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_libraries, "requires", lambda _: ["numpy", "torch==1.0.0"])
    finding = _libraries.pairing()
    assert finding.status == "fault"
    assert "torch==1.0.0" in finding.found
    monkeypatch.setattr(_libraries, "requires", lambda _: [f"torch=={torch.__version__.split('+')[0]}"])
    assert _libraries.pairing().status == "ok"


def test_operators_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    import torchvision.ops

    def missing(*_: Any) -> Any:
        raise NotImplementedError

    monkeypatch.setattr(torchvision.ops, "nms", missing)
    assert _libraries.operators().status == "warning"
    monkeypatch.setattr(torchvision.ops, "nms", lambda *_: torch.zeros(1))
    assert _libraries.operators().status == "ok"


def test_the_default_decoder_is_right() -> None:
    (finding,) = (f for f in _decoding.decoders() if f.name == "decoder pyav")
    assert finding.status == "ok"


@pytest.mark.parametrize("broken", ["frames", "times", "raises"])
def test_a_decoder_that_is_wrong_is_a_fault(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong(PyAV):
        def decode(self, path: Any, indices: Any) -> Any:
            if broken == "raises":
                raise RuntimeError("no such codec")
            frames = super().decode(path, indices)
            pixels = frames.pixels[::-1] if broken == "frames" else frames.pixels
            return SimpleNamespace(pixels=pixels)

        def frame_times(self, path: Any, num_frames: int | None = None) -> Any:
            times = super().frame_times(path, num_frames)
            return times / 3 if broken == "times" else times

    monkeypatch.setattr(_decoding, "plugin_names", lambda _: ["pyav"])
    monkeypatch.setattr(_decoding, "load_plugin", lambda *_: Wrong)
    assert [f.status for f in _decoding.decoders()] == ["fault"]
    monkeypatch.setattr(_decoding, "_DEFAULT", "another")
    # A decoder of choice that raises makes no wrong result; one that gives other frames does.
    assert [f.status for f in _decoding.decoders()] == ["warning" if broken == "raises" else "fault"]


def test_a_decoder_that_is_not_installed_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    from framewise._errors import UsageError

    def absent() -> Any:
        raise UsageError("pip install 'framewise[torchcodec]'")

    monkeypatch.setattr(_decoding, "load_plugin", lambda *_: absent)
    assert {f.status for f in _decoding.decoders()} == {"warning"}


def test_ffmpeg_is_needed_by_torchcodec_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_decoding.ctypes.util, "find_library", lambda _: None)
    monkeypatch.setattr(_decoding, "version", lambda _: "0.13")
    assert _decoding.ffmpeg().status == "warning"

    def absent(_: str) -> str:
        raise _decoding.PackageNotFoundError

    monkeypatch.setattr(_decoding, "version", absent)
    assert _decoding.ffmpeg().status == "ok"


def test_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert _device.gpus().status == _device.bfloat16().status == "warning"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    device = SimpleNamespace(name="Card", total_memory=80 << 30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: device)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    assert _device.gpus() == ok("GPU", "Card (80 GiB)")
    assert _device.bfloat16().status == "ok"


@pytest.mark.parametrize("wrong", [float("nan"), 1.0])
def test_attention_that_is_wrong_is_a_fault(wrong: float, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _device.attention().status == "ok"
    original = torch.nn.functional.scaled_dot_product_attention
    monkeypatch.setattr(
        torch.nn.functional, "scaled_dot_product_attention", lambda *a, **k: original(*a, **k) + wrong
    )
    assert _device.attention().status == "fault"


def test_limits_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1 << 20))
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 1024))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    monkeypatch.setattr(torch, "get_num_threads", lambda: 64)
    checks: list[Callable[[], Finding]] = [_system.disk, _system.open_files, _system.threads]
    assert [check().status for check in checks] == ["warning"] * 3
    assert _system.open_files().advice == "ulimit -n 1024"


def test_attention_that_does_not_run_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: Any, **__: Any) -> Any:
        raise RuntimeError("CUDA error: no kernel image is available\nCompile with something")

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", absent)
    finding = _device.attention()
    assert finding.status == "fault"
    assert finding.found.endswith("does not run on cpu: CUDA error: no kernel image is available")


def test_text_position_is_not_fooled_by_times_that_collapse(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in transformers 5.10.0: whole seconds, and text after the larger spatial side."""
    original = transformers.Qwen2_5_VLModel.get_rope_index

    def whole_seconds(self: Any, *arguments: Any, **named: Any) -> Any:
        named["second_per_grid_ts"] = named["second_per_grid_ts"].long()
        return original(self, *arguments, **named)

    whole_seconds.__wrapped__ = original  # type: ignore[attr-defined]
    monkeypatch.setattr(transformers.Qwen2_5_VLModel, "get_rope_index", whole_seconds)
    assert _temporal.text_position().status == "warning"


def test_wrong_versions_are_a_fault_and_no_model_is_read_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _requirements.requirements().status == "ok"
    versions = {"transformers": "5.10.0"}
    monkeypatch.setattr(_requirements, "version", lambda name: versions.get(name, "1000.0"))
    finding = _requirements.requirements()
    assert finding.status == "fault"
    assert finding.found == "transformers 5.10.0 is installed, and framewise needs >=5.23"
    monkeypatch.setattr("framewise.doctor._environment.environment", list)
    assert [(f.name, f.status) for f in examine("model")] == [("versions", "fault"), ("model", "warning")]
    assert [f.name for f in examine()] == ["versions"]


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise _requirements.PackageNotFoundError

    monkeypatch.setattr(_requirements, "version", absent)
    monkeypatch.setattr(_requirements, "requires", lambda _: ["av>=16", "ray>=2; extra == 'ray'"])
    assert _requirements.requirements().found == "av is not installed"


@pytest.mark.parametrize(
    "error", [ImportError("no libavcodec.so\nsearched in ..."), OSError("no libavcodec.so")]
)
def test_a_library_that_does_not_import_ends_the_looking(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(name: str) -> Any:
        if name == "av":
            raise error
        return object()

    monkeypatch.setattr(_requirements, "importlib", SimpleNamespace(import_module=broken))
    findings = examine("model")
    assert [f.status for f in findings] == ["ok", "fault"]
    assert (findings[1].name, findings[1].found) == ("av", "it does not import: no libavcodec.so")


def test_this_environment_is_looked_at_as_a_whole() -> None:
    findings = examine()
    names = [finding.name for finding in findings]
    assert len(set(names)) == len(names) >= 12
    assert all(finding.advice for finding in findings if finding.status != "ok")
    assert np.isin([finding.status for finding in findings], ["ok", "warning"]).all()
