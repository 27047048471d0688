"""Evaluation through an OpenAI-compatible server that is as bad as servers are."""

import base64
import io
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from framewise._errors import FramewiseError, UsageError
from framewise._jsonl import read_json, read_rows
from framewise.cli._app import build_app
from framewise.evaluation import ChatClient, evaluate


def text_of(request: dict[str, Any]) -> str:
    return "".join(part.get("text", "") for part in request["messages"][0]["content"])


def run(chat_server: Any, root: Path, output: Path, **changes: Any) -> Path:
    settings = {"benchmarks": ["lab_image", "lab_video"], "data_root": root, "frames": 3, "batch_size": 4}
    return evaluate("tiny", output=output, server=chat_server.client, **(settings | changes))


def test_a_run_is_asked_and_scored(chat_server: Any, root: Path, tmp_path: Path) -> None:
    def behave(request: dict[str, Any]) -> tuple[int, Any]:
        time.sleep(0.02)
        return 200, chat_server.said("red", "length")

    chat_server.behave = behave
    out = run(chat_server, root, tmp_path / "out", pixels_per_frame=16 * 16)
    rows = list(read_rows(out / "predictions.jsonl"))
    assert len(rows) == len(chat_server.requests) == 24
    assert {(row["prediction"], row["finish_reason"], row["visual_tokens"]) for row in rows} == {
        ("red", "length", None)
    }
    assert 1 < chat_server.most_at_once <= 4
    results = read_json(out / "results.json")
    assert results["reading"]["family"] == "server"
    assert results["benchmarks"]["lab_video"]["mean_visual_tokens"] is None
    assert results["benchmarks"]["lab_video"]["num_cut"] == 12
    for request in chat_server.requests:
        assert (request["model"], request["temperature"], request["max_tokens"]) == ("tiny", 0.0, 64)
        parts = [part["type"] for part in request["messages"][0]["content"]]
        assert parts in (["image_url", "text"], ["image_url"] * 3 + ["text"])
        side = 64 if len(parts) == 2 else 16
        url = request["messages"][0]["content"][0]["image_url"]["url"]
        image = Image.open(io.BytesIO(base64.b64decode(url.removeprefix("data:image/png;base64,"))))
        assert image.size == (side, side)
        assert np.asarray(image).shape == (side, side, 3)


def test_items_that_get_no_reply_are_failures_and_the_others_count(
    chat_server: Any, root: Path, tmp_path: Path
) -> None:
    def behave(request: dict[str, Any]) -> tuple[int, Any]:
        if "very very" in text_of(request):
            return 400, {"error": "too long"}
        return 200, chat_server.said("red")

    chat_server.behave = behave
    out = run(chat_server, root, tmp_path / "out")
    results = read_json(out / "results.json")
    assert not results["complete"]
    assert results["benchmarks"]["lab_image"]["num_failed"] == 4
    reasons = {row["reason"] for row in read_rows(out / "failures.jsonl")}
    assert reasons == {'the server refused it: status 400: {"error": "too long"}'}


def test_a_server_that_dies_stops_the_run_which_then_goes_on(
    chat_server: Any, root: Path, tmp_path: Path
) -> None:
    whole = run(chat_server, root, tmp_path / "whole")
    chat_server.behave = lambda _: (
        (401, {"error": "no key"}) if len(chat_server.requests) > 30 else (200, chat_server.said("red"))
    )
    with pytest.raises(FramewiseError, match=r"refuses all requests: status 401: .*no key"):
        run(chat_server, root, tmp_path / "out")
    chat_server.behave = lambda _: (200, chat_server.said("red"))
    again = run(chat_server, root, tmp_path / "out")
    for name in ("predictions.jsonl", "scores.jsonl", "results.json"):
        assert (again / name).read_bytes() == (whole / name).read_bytes()


def faulty(chat_server: Any, *words: str) -> Any:
    """Answers but for the questions with one of the words, whose connection it closes."""
    return lambda request: (
        (0, None) if any(w in text_of(request) for w in words) else (200, chat_server.said("red"))
    )


def test_items_without_a_reply_are_asked_again_and_no_other(
    chat_server: Any, root: Path, tmp_path: Path
) -> None:
    whole = run(chat_server, root, tmp_path / "whole")
    chat_server.behave = faulty(chat_server, "very very", "shape 2")
    (root / "media" / "3.png").write_bytes(b"no image")
    out = run(chat_server, root, tmp_path / "out")
    first = read_json(out / "results.json")
    assert not first["complete"]
    failed = list(read_rows(out / "failures.jsonl"))
    assert [row.get("status") for row in failed].count("no_reply") == 9
    (root / "media" / "3.png").write_bytes((root / "media" / "0.png").read_bytes())

    chat_server.requests.clear()
    chat_server.behave = faulty(chat_server, "shape very very 1")
    again = read_json(run(chat_server, root, tmp_path / "out") / "results.json")
    asked = sorted(map(text_of, chat_server.requests))
    left = list(read_rows(out / "failures.jsonl"))
    assert sorted((row["item_id"], row.get("status")) for row in left) == [
        ("image-1-2", "no_reply"), ("image-3-0", None), ("image-3-1", None), ("image-3-2", None),
        ("video-1-2", "no_reply"),
    ]  # fmt: skip
    assert len(asked) == 9 - 2 + 2 * chat_server.client.tries
    assert not again["complete"]

    chat_server.requests.clear()
    chat_server.behave = faulty(chat_server)
    run(chat_server, root, tmp_path / "out")
    assert len(chat_server.requests) == 2
    rows = {row["item_id"]: row for row in read_rows(out / "predictions.jsonl")}
    assert list(rows) == [
        row["item_id"]
        for row in read_rows(whole / "predictions.jsonl")
        if not row["item_id"].startswith("image-3")
    ]
    chat_server.requests.clear()
    run(chat_server, root, tmp_path / "out")
    assert chat_server.requests == []


def test_a_finished_run_stays_finished_where_the_server_is_gone(
    chat_server: Any, root: Path, tmp_path: Path
) -> None:
    chat_server.behave = faulty(chat_server, "shape 2")
    out = run(chat_server, root, tmp_path / "out")
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    chat_server.models = lambda: (404, {})
    with pytest.raises(UsageError, match="no server that can be used"):
        run(chat_server, root, tmp_path / "out")
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before


def test_a_kill_between_leaves_a_run_that_goes_on(
    chat_server: Any, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(chat_server, root, tmp_path / "whole")
    chat_server.behave = faulty(chat_server, "shape 2")
    out = run(chat_server, root, tmp_path / "out")
    chat_server.behave = faulty(chat_server)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("framewise._artifacts.RunDirectory.write_rows", killed)
        with pytest.raises(KeyboardInterrupt):
            run(chat_server, root, tmp_path / "out")
    assert read_json(out / "manifest.json")["status"] == "interrupted"
    with (out / "failures.jsonl").open("a") as file:
        file.write('{"item_id": "torn')
    run(chat_server, root, tmp_path / "out")
    for name in ("predictions.jsonl", "failures.jsonl", "scores.jsonl", "results.json"):
        assert (out / name).read_bytes() == (whole / name).read_bytes()


def test_what_is_no_server_is_refused_at_once(chat_server: Any, root: Path, tmp_path: Path) -> None:
    nowhere = ChatClient(url="http://127.0.0.1:1/v1")
    with pytest.raises(UsageError, match=r"is no OpenAI-compatible server: .*refused"):
        evaluate("tiny", benchmarks=["lab_image"], data_root=root, frames=2, output=tmp_path / "out",
                 server=nowhere)  # fmt: skip
    chat_server.behave = lambda _: (404, {"error": "no model tinny"})
    with pytest.raises(FramewiseError, match=r"refuses all requests: status 404: .*no model tinny"):
        run(chat_server, root, tmp_path / "other")
    assert not (tmp_path / "out").exists()


def test_the_verb(chat_server: Any, root: Path, tmp_path: Path) -> None:
    arguments = ["--benchmark", "lab_image", "--data-root", str(root), "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(
        build_app(), ["evaluate", "tiny", "--server", chat_server.client.url, "--timeout", "5", *arguments]
    )
    assert done.exit_code == 0, done.output
    assert len(chat_server.requests) == 12
