"""The eight public benchmarks through the whole stage, from generated files in their official formats."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from public_data import PUBLIC, write_public_data
from typer.testing import CliRunner

from framewise._artifacts import read_manifest
from framewise._errors import FramewiseError, UsageError
from framewise._jsonl import read_json, read_rows, write_rows
from framewise._plugins import plugin_names
from framewise.budgets import allocate
from framewise.cli._app import build_app
from framewise.clips import probe
from framewise.evaluation import FamilyModel, Item, ScriptedModel, evaluate, write_item_records
from framewise.evaluation._model import OutOfMemoryError, open_family_model

SCORERS = ("robust", "official", "lmms_eval", "vlmevalkit")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_public_data(tmp_path_factory.mktemp("public"))


@pytest.fixture
def ask(data: Path, tmp_path: Path) -> Callable[..., Path]:
    """Evaluates a script on all eight."""

    def ask(name: str = "run", model: Any = None, **changes: Any) -> Path:
        (tmp_path / "model").mkdir(exist_ok=True)
        (tmp_path / "model/config.json").write_text("{}")
        scripted = model or ScriptedModel(gold)
        settings: dict[str, Any] = {
            "benchmarks": PUBLIC,
            "data_root": data,
            "frames": 4,
            "output": tmp_path / name,
            "batch_size": 4,
            "open_model": lambda *_: scripted,
        }
        settings |= {"frames": None} if "budgets" in changes else {}
        return evaluate(tmp_path / "model", **(settings | changes))

    return ask


def gold(item: Item) -> str:
    return item.answer


def rows(directory: Path, name: str = "predictions") -> list[dict[str, Any]]:
    return list(read_rows(directory / f"{name}.jsonl"))


def test_all_eight_are_asked_and_scored_by_every_scorer(ask: Callable[..., Path]) -> None:
    out = ask(scorers=SCORERS)
    results = read_json(out / "results.json")
    assert results["complete"]
    assert results["scorers"] == list(SCORERS)
    for name in PUBLIC:
        found = results["benchmarks"][name]
        assert found["score"] == 1.0, name
        assert found["scorer"] == "robust@1"
        assert [scorer.split("@")[0] for scorer in found["scorers"]] == [*SCORERS]
        assert found["metrics"] == found["scorers"]["robust@1"]["metrics"]
        assert results["data"][name]["differences"], "a few rows are not the whole benchmark"
    for row in rows(out, "scores"):
        assert row["finish_reason"] == "stop"
        assert len(row["by_scorer"]) == len(SCORERS)
        assert row["by_scorer"]["robust@1"] == {"parsed": row["parsed"], "score": row["score"]}
    assert {row["frames"] for row in rows(out) if row["benchmark"] == "mme"} == {1}
    assert {row["frames"] for row in rows(out) if row["benchmark"] == "video_mme"} == {4}


def test_other_scorers_ask_nothing_again(ask: Callable[..., Path]) -> None:
    out = ask(scorers=["robust"])
    before = (out / "predictions.jsonl").read_bytes()
    ask(scorers=["lmms_eval", "robust"], model=ScriptedModel(lambda item: pytest.fail("asked again")))
    results = read_json(out / "results.json")
    assert results["benchmarks"]["mme"]["scorer"] == "lmms_eval@0.7.3"
    assert (out / "predictions.jsonl").read_bytes() == before
    base = [row for row in rows(out, "scores") if row["benchmark"] == "mmbench" and row["score"] is not None]
    assert results["benchmarks"]["mmbench"]["n"] == len(base)
    assert results["benchmarks"]["mmbench"]["num_left_out"] > 0


@pytest.mark.parametrize("prompt", ["lmms_eval", "vlmevalkit"])
def test_each_tools_words_are_asked(ask: Callable[..., Path], prompt: str) -> None:
    own, theirs = rows(ask("own")), rows(ask("theirs", prompt=prompt))
    assert [row["item_id"] for row in own] != []
    texts = {(row["benchmark"], row["item_id"]): row["prompt"] for row in own}
    changed = {row["benchmark"] for row in theirs if texts[row["benchmark"], row["item_id"]] != row["prompt"]}
    assert {"mmbench", "video_mme"} <= changed


def test_subtitles_are_in_the_prompt_that_is_kept_and_not_in_the_fields(ask: Callable[..., Path]) -> None:
    out = ask(benchmarks=["video_mme"], prompt="official+subtitles")
    told = {row["prompt"].split("\n")[1] for row in rows(out) if "subtitles are listed" in row["prompt"]}
    assert told == {"Hello"}
    assert {row["fields"]["subtitles"] for row in rows(out)} == {True, False}


def test_an_image_is_shown_as_identical_frames(ask: Callable[..., Path]) -> None:
    model = ScriptedModel(gold)
    out = ask(model=model, benchmarks=["mme", "tempcompass"], replicate=6)
    asked = [question for batch in model.batches for question in batch]
    images = [q for q in asked if q.item.cluster != "1034"]
    for question in images:
        assert question.item.prompt.startswith("<video>")
        (frames,) = question.frames
        assert (len(frames.pixels), frames.times_seconds.tolist()) == (6, [0.0, 0.5, 1.0, 1.5, 2.0, 2.5])
        assert (frames.pixels == frames.pixels[:1]).all()
    assert {row["frames"] for row in rows(out) if row["benchmark"] == "mme"} == {6}
    assert {row["frames"] for row in rows(out) if row["benchmark"] == "tempcompass"} == {4}
    with pytest.raises(UsageError, match="replicate=5: the model reads 2 frames together"):
        ask("odd", model=ScriptedModel(gold, temporal_multiple=2), benchmarks=["mme"], replicate=5)


def test_budgets_say_how_many_frames_each_video_gets(
    ask: Callable[..., Path], data: Path, tmp_path: Path
) -> None:
    records = tmp_path / "questions.jsonl"
    names = ["mme", "video_mme", "mvbench"]
    assert write_item_records(names, data_root=data, output=records) == len(
        rows(ask("all", benchmarks=names))
    )
    assert all(row["turns"][0]["role"] == "user" and len(row["turns"]) == 1 for row in read_rows(records))
    clips = probe(records, output=tmp_path / "clips", media_root=data)
    assert clips is not None
    budgets = allocate(
        records, allocator="fixed", settings={"num_frames": 4}, clips=tmp_path / "clips",
        output=tmp_path / "budgets", media_root=data,
    )  # fmt: skip
    table = list(read_rows(budgets / "budgets.jsonl"))
    table[0]["num_frames"] = 2
    changed = tmp_path / "changed"
    changed.mkdir()
    write_rows(changed / "budgets.jsonl", table)
    out = ask("budgeted", benchmarks=names, budgets=changed / "budgets.jsonl")
    seen = {f"{row['benchmark']}/{row['item_id']}": row["frames"] for row in rows(out)}
    assert all(seen[row["record_id"]] == row["num_frames"] for row in table)
    assert Counter(seen.values())[2] == 1
    settings = read_json(out / "results.json")["settings"]
    assert settings["frames"] is None
    assert len(settings["budgets"]) == 64
    with pytest.raises(UsageError, match=r"no budget for .*tempcompass.* from-benchmark"):
        ask("more", benchmarks=["tempcompass"], budgets=budgets)
    with pytest.raises(UsageError, match="either frames or budgets"):
        ask("both", benchmarks=names, budgets=budgets, frames=4)


def test_what_an_allocation_skipped_is_a_failure(
    ask: Callable[..., Path], data: Path, tmp_path: Path
) -> None:
    records = tmp_path / "questions.jsonl"
    write_item_records(["video_mme"], data_root=data, output=records)
    first, *others = [row["id"] for row in read_rows(records)]
    table = [{"record_id": i, "media_index": 0, "num_frames": 2, "allocator": "a"} for i in others]
    write_rows(tmp_path / "budgets.jsonl", table)
    write_rows(tmp_path / "skipped.jsonl", [{"record_id": first, "media_index": 0, "reason": "it is cut"}])
    out = ask(benchmarks=["video_mme"], budgets=tmp_path / "budgets.jsonl")
    (failure,) = rows(out, "failures")
    assert failure["reason"] == "it has no budget: it is cut"
    assert not read_json(out / "results.json")["complete"]


def test_limit_keeps_groups_whole(ask: Callable[..., Path]) -> None:
    whole, part = rows(ask("whole")), rows(ask("part", limit=1))
    sizes = Counter((row["benchmark"], row["cluster"]) for row in whole)
    kept = Counter((row["benchmark"], row["cluster"]) for row in part)
    assert all(sizes[group] == n for group, n in kept.items())
    assert {benchmark for benchmark, _ in kept} == {*PUBLIC}
    assert len(kept) == len(PUBLIC)


def test_out_of_memory_halves_the_batch(ask: Callable[..., Path]) -> None:
    class Small(ScriptedModel):
        def reply(self, batch: Any, *, max_new_tokens: int) -> Any:
            if len(batch) > 1 or batch[0].item.item_id == "Perception/dev_Math_2":
                raise OutOfMemoryError(f"no memory for a batch of {len(batch)}")
            return super().reply(batch, max_new_tokens=max_new_tokens)

    names = ["mme", "video_mmmu"]
    out, whole = ask("small", model=Small(gold), benchmarks=names), ask("large", benchmarks=names)
    (failure,) = rows(out, "failures")
    assert (failure["item_id"], failure["reason"]) == ("Perception/dev_Math_2", "no memory for a batch of 1")
    lost = {"Perception/dev_Math_2"}
    assert rows(out) == [row for row in rows(whole) if row["item_id"] not in lost]
    assert read_manifest(out)["num_halved"] > 0
    assert read_manifest(whole)["num_halved"] == 0


def test_a_reply_that_fails_is_a_counted_failure(ask: Callable[..., Path]) -> None:
    class Silent(ScriptedModel):
        def reply(self, batch: Any, *, max_new_tokens: int) -> Any:
            said = super().reply(batch, max_new_tokens=max_new_tokens)
            return [FramewiseError("timed out") if "existence" in q.item.item_id else r
                    for q, r in zip(batch, said, strict=True)]  # fmt: skip

    results = read_json(ask(model=Silent(gold), benchmarks=["mme"]) / "results.json")
    assert (results["complete"], results["benchmarks"]["mme"]["num_failed"]) == (False, 4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prompt": "lmms"}, "mmbench has no prompt 'lmms': did you mean 'lmms_eval'"),
        ({"prompt": "lmms_eval", "benchmarks": ["lab_image"]}, "lab_image has no prompt 'lmms_eval'"),
        ({"scorers": ["lmms_eva"]}, "did you mean 'lmms_eval'"),
        ({"scorers": ["lmms_eval_v071"]}, "mmbench has no scorer 'lmms_eval_v071'"),
        ({"scorers": []}, "at least one scorer"),
        ({"replicate": 0}, "replicate"),
        ({"budgets": Path("nowhere")}, "nowhere does not exist"),
    ],
)
def test_mistakes_are_named_before_anything_is_done(
    ask: Callable[..., Path], tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        ask(**changes)
    assert not (tmp_path / "run").exists()


def test_missing_data_and_media_say_where_they_are_had(ask: Callable[..., Path], tmp_path: Path) -> None:
    for name in PUBLIC:
        with pytest.raises(UsageError, match=rf"{name} has no data: .*hf download"):
            ask(benchmarks=[name], data_root=tmp_path)
    root = write_public_data(tmp_path / "rows")
    for archive in (root / "video_mme").glob("videos_*.zip"):
        archive.unlink()
    with pytest.raises(UsageError, match=r"video_mme has no media: .*hf download lmms-eval/Video-MME"):
        ask(benchmarks=["video_mme"], data_root=root)
    (root / "mvbench/video/clevrer.zip").unlink()
    out = ask(benchmarks=["mvbench"], data_root=root)
    results = read_json(out / "results.json")
    lost = results["data"]["mvbench"]["num_missing_media"]
    assert 0 < lost == results["benchmarks"]["mvbench"]["num_failed"]


class Killed(BaseException):
    pass


def killed_and_resumed(folder: Path, data: Path, place: Path) -> None:
    """A tiny checkpoint is asked all eight, once in one go, once killed in the middle."""
    settings: dict[str, Any] = {
        "benchmarks": PUBLIC, "data_root": data, "frames": 4, "pixels_per_frame": 32 * 32, "batch_size": 4,
        "max_new_tokens": 3, "limit": 1, "scorers": SCORERS,
    }  # fmt: skip

    def dying(*given: Any) -> FamilyModel:
        model = open_family_model(*given)
        left = iter(range(4))
        reply = model.reply

        def some(batch: Any, *, max_new_tokens: int) -> Any:
            if next(left, None) is None:
                raise Killed
            return reply(batch, max_new_tokens=max_new_tokens)

        model.reply = some  # type: ignore[method-assign]
        return model  # type: ignore[return-value]

    whole = evaluate(folder, output=place / "whole", **settings)
    with pytest.raises(Killed):
        evaluate(folder, output=place / "killed", open_model=dying, **settings)
    killed = evaluate(folder, output=place / "killed", **settings)
    for name in ("predictions.jsonl", "scores.jsonl", "results.json"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes()
    results = read_json(whole / "results.json")
    assert results["benchmarks"].keys() == {*PUBLIC}
    assert results["complete"]


def test_a_tiny_checkpoint_killed_and_resumed(tiny_checkpoint: Path, data: Path, tmp_path: Path) -> None:
    killed_and_resumed(tiny_checkpoint, data, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("family", plugin_names("families"))
def test_every_family_killed_and_resumed(
    family: str, family_checkpoint: Callable[[str], Path], data: Path, tmp_path: Path
) -> None:
    killed_and_resumed(family_checkpoint(family), data, tmp_path)


def test_the_verbs(data: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    run = CliRunner()
    listed = run.invoke(
        build_app(),
        [
            "records",
            "from-benchmark",
            "mme,video_mme",
            "--data-root",
            str(data),
            "-o",
            str(tmp_path / "q.jsonl"),
        ],
    )
    assert listed.exit_code == 0, listed.output
    assert "12 records" in listed.output
    done = run.invoke(
        build_app(),
        ["evaluate", str(tiny_checkpoint), "--benchmark", "mme,pope", "--data-root", str(data), "--limit", "1",
         "--prompt", "lmms_eval", "--scorer", "robust,lmms_eval", "--replicate", "2", "--max-new-tokens", "2",
         "--pixels-per-frame", "1024", "-o", str(tmp_path / "out")],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "mme by lmms_eval@0.7.3: perception" in " ".join(done.output.split())
