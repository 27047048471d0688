import json
import threading
from pathlib import Path

import pytest

from framewise._artifacts import read_manifest
from framewise._errors import FramewiseError, UsageError
from framewise._jsonl import read_json, read_rows
from framewise.clips.decoders.pyav import PyAV
from framewise.evaluation import ScriptedModel, evaluate, results_table


def gold(item):
    return item.answer


def rows(directory: Path, name: str) -> list[dict]:
    return list(read_rows(directory / f"{name}.jsonl"))


def files_of(directory: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(directory.iterdir()) if p.name != "manifest.json"}


def test_a_model_that_knows_everything_scores_one(run):
    results = read_json(run("all", gold) / "results.json")
    assert results["complete"]
    for name, modality in (("lab_image", "image"), ("lab_video", "video")):
        found = results["benchmarks"][name]
        assert (found["modality"], found["n"], found["score"]) == (modality, 12, 1.0)
        assert (found["standard_error"], found["num_clusters"]) == (0.0, 4)
        assert found["chance"] == pytest.approx(1 / 3)
        assert (found["num_failed"], found["num_unparsed"]) == (0, 0)
        assert {name: part["n"] for name, part in found["subtasks"].items()} == {"colour": 8, "order": 4}
    assert results["benchmarks"]["lab_image"]["frames"] == {"1": 12}
    assert results["benchmarks"]["lab_video"]["frames"] == {"4": 12}
    assert results["benchmarks"]["lab_video"]["pixels"] == {"64x64": 12}
    assert results["benchmarks"]["lab_video"]["mean_visual_tokens"] == 4.0


def test_the_score_is_the_mean_over_items(run):
    answers = ["red", "green, I think", "red or green", ""]
    directory = run("half", lambda item: answers[int(item.item_id[-1])])
    scores = rows(directory, "scores")
    expected = sum(row["score"] for row in scores if row["benchmark"] == "lab_image") / 12
    found = read_json(directory / "results.json")["benchmarks"]["lab_image"]
    assert found["score"] == pytest.approx(expected)
    assert 0 < expected < 1
    assert found["num_unparsed"] == 4
    assert all((row["parsed"] is None) == (row["prediction"] == "red or green") for row in scores)


def test_a_prediction_row_says_what_was_asked_and_seen(run, root):
    directory = run("one", gold, benchmarks=["lab_video"], frames=3)
    row = next(row for row in rows(directory, "predictions") if row["item_id"] == "video-1-0")
    assert row["benchmark"] == "lab_video"
    assert row["prompt"].startswith("<video>Which colour")
    assert (row["prediction"], row["answer"]) == ("green", "green")
    assert (row["frames"], row["height"], row["width"], row["visual_tokens"]) == (3, 64, 64, 3)
    assert len(row["times"]) == 3
    assert row["times"] == sorted(set(row["times"]))
    assert row["times"][-1] <= 2.0


def test_frames_are_a_multiple_of_what_the_model_needs(run):
    directory = run("even", ScriptedModel(gold, temporal_multiple=2), frames=5)
    assert {row["frames"] for row in rows(directory, "predictions")} == {1, 4}


def test_a_short_clip_gives_what_it_has(run):
    directory = run("many", gold, frames=64)
    assert read_json(directory / "results.json")["benchmarks"]["lab_video"]["frames"] == {"12": 12}


def test_batches_hold_one_kind(run):
    model = ScriptedModel(gold)
    run("batches", model, batch_size=5)
    assert [len(batch) for batch in model.batches] == [5, 5, 2, 5, 5, 2]
    assert all(len({q.item.media[0].kind for q in batch}) == 1 for batch in model.batches)


class Killed(BaseException):
    pass


def test_the_next_batch_and_no_other_is_read_while_the_model_is_asked(run):
    items = threading.Semaphore(0)

    class Watching(ScriptedModel):
        def check(self, question):
            items.release()
            super().check(question)

        def reply(self, batch, *, max_new_tokens):
            more = {0: 2 * 4, 5: 0}.get(len(self.batches), 4)
            assert all(items.acquire(timeout=10) for _ in range(more))
            assert not items.acquire(timeout=0.02)
            return super().reply(batch, max_new_tokens=max_new_tokens)

    watching = Watching(gold)
    assert files_of(run("watched", watching)) == files_of(run("whole", gold))
    assert [len(batch) for batch in watching.batches] == [4] * 6


def test_a_killed_run_goes_on_and_ends_like_an_unbroken_one(run, tmp_path):
    whole = run("whole", gold)
    for kill_at in range(1, 7):
        asked: list[str] = []

        class Dying(ScriptedModel):
            def reply(self, batch, *, max_new_tokens):
                if len(self.batches) == kill_at - 1:  # noqa: B023
                    raise Killed
                asked.extend(q.item.item_id for q in batch)  # noqa: B023
                return super().reply(batch, max_new_tokens=max_new_tokens)

        name = f"killed-{kill_at}"
        with pytest.raises(Killed):
            run(name, Dying(gold))
        assert read_manifest(tmp_path / name)["status"] == "interrupted"
        second = ScriptedModel(gold)
        assert files_of(run(name, second)) == files_of(whole)
        later = [q.item.item_id for batch in second.batches for q in batch]
        assert sorted(asked + later) == sorted({*asked, *later})


def test_a_batch_that_was_half_written_is_asked_as_a_whole_but_kept_once(run, tmp_path):
    """Texts may depend on a batch's padding: the batch in flight is asked again as it was."""
    whole = run("whole", gold)
    torn = run("torn", gold)
    predictions = (torn / "predictions.jsonl").read_bytes().splitlines(keepends=True)
    (torn / "predictions.jsonl").write_bytes(b"".join(predictions[:6]) + predictions[6][:40])
    for name in ("scores.jsonl", "results.json"):
        (torn / name).unlink()
    manifest = read_manifest(torn)
    (torn / "manifest.json").write_text(json.dumps(manifest | {"status": "running"}))
    model = ScriptedModel(gold)
    assert files_of(run("torn", model)) == files_of(whole)
    assert [len(batch) for batch in model.batches] == [4] * 5


def test_a_finished_run_asks_nothing_and_opens_no_model(run):
    directory = run("done", gold)
    before = files_of(directory)

    def fail(*_):
        raise AssertionError("opened")

    assert run("done", gold, open_model=fail) == directory
    assert files_of(directory) == before


def test_scoring_alone_needs_no_model(run, tmp_path):
    directory = run("late", gold)
    (directory / "results.json").unlink()
    manifest = read_manifest(directory)
    (directory / "manifest.json").write_text(json.dumps(manifest | {"status": "interrupted"}))
    model = ScriptedModel(gold)
    run("late", model)
    assert model.batches == []
    assert read_json(directory / "results.json")["benchmarks"]["lab_image"]["score"] == 1.0


def test_media_that_cannot_be_read_are_failures_not_wrong_answers(run, root):
    (root / "media/1.mp4").unlink()
    (root / "media/2.mp4").write_bytes(b"no video")
    directory = run("broken", gold)
    failures = rows(directory, "failures")
    assert {row["item_id"] for row in failures} == {f"video-{c}-{i}" for c in (1, 2) for i in range(3)}
    assert all(row["reason"] and row["media"] for row in failures)
    results = read_json(directory / "results.json")
    assert results["complete"] is False
    found = results["benchmarks"]["lab_video"]
    assert (found["n"], found["num_failed"], found["score"]) == (6, 6, 1.0)
    assert results["benchmarks"]["lab_image"]["num_failed"] == 0


def test_a_path_out_of_the_data_root_is_a_failure(run, root):
    file = root / "benchmarks/lab_image.jsonl"
    file.write_text(file.read_text().replace("media/0.png", "../../etc/passwd"))
    reasons = {row["reason"] for row in rows(run("escape", gold), "failures")}
    assert any("leaves" in reason for reason in reasons)


def test_a_benchmark_without_any_media_is_refused_at_once(run, root, tmp_path):
    for file in (root / "media").glob("*.mp4"):
        file.unlink()
    with pytest.raises(UsageError, match=r"lab_video has no media: none of its 12 items .*media/0\.mp4"):
        run("nothing", gold, open_model=None)
    assert not (tmp_path / "nothing").exists()


def test_no_readable_item_is_an_error(run, root):
    for file in (root / "media").glob("*.mp4"):
        file.write_bytes(b"no video")
    with pytest.raises(FramewiseError, match="no item of lab_video could be scored"):
        run("nothing", gold)


def test_another_decoder_reads_the_media_and_the_answers_stay(run, monkeypatch):
    whole = files_of(run("whole", gold))
    monkeypatch.setattr(
        "framewise.evaluation._workers.make_decoder", lambda name: opened.append(name) or PyAV()
    )
    monkeypatch.setattr("framewise.evaluation._evaluate.make_decoder", lambda name: None)
    opened: list[str] = []
    directory = run("other", gold, decoder="torchcodec:cuda")
    assert opened == ["torchcodec:cuda"]
    assert files_of(directory) == whole
    assert read_manifest(directory)["decoder"] == "torchcodec:cuda"


def test_all_cores_but_one_read_the_media_of_a_batch(run, root, monkeypatch):
    (root / "media/1.png").write_bytes(b"no picture")
    in_turn = run("in turn", gold)
    both = threading.Barrier(2, timeout=20)

    class InPairs(PyAV):
        def open(self, path):
            both.wait()
            return super().open(path)

    monkeypatch.setattr("framewise.evaluation._workers.make_decoder", lambda _: InPairs())
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2})
    assert files_of(run("in pairs", gold)) == files_of(in_turn)
    assert len(rows(in_turn, "failures")) == 3


def test_a_decoder_that_is_not_there_is_refused_before_anything_is_written(run, tmp_path):
    with pytest.raises(UsageError, match="abacus"):
        run("none", gold, decoder="abacus")
    assert not (tmp_path / "none").exists()


def test_limit_takes_whole_clusters_the_same_for_every_model(run):
    one = run("one", gold, limit=4)
    two = run("two", lambda item: "red", limit=4)
    ids = [[row["item_id"] for row in rows(directory, "predictions")] for directory in (one, two)]
    assert ids[0] == ids[1]
    for kind in ("image", "video"):
        assert sum(name.startswith(kind) for name in ids[0]) == 6


def test_the_run_card_of_the_model_is_kept(run, folder):
    (folder / "run_card.json").write_text('{"mean_frames": 8.0}')
    results = read_json(run("card", gold) / "results.json")
    assert results["training"] == {"mean_frames": 8.0}
    assert results["model"] == str(folder)
    assert results["settings"]["frames"] == 4
    assert results["settings"]["max_new_tokens"] == 64


@pytest.mark.parametrize("trained", [None, "after_max", "after_extent"])
@pytest.mark.parametrize("asked", [None, "after_max", "after_extent"])
def test_text_goes_on_where_it_did_in_training(run, folder, trained, asked):
    if trained:
        (folder / "run_card.json").write_text(json.dumps({"recipe": {"text_position": trained}}))
    opened = []

    def open_model(_, settings):
        opened.append(settings.text_position)
        return ScriptedModel(gold)

    if trained and asked and trained != asked:
        with pytest.raises(
            UsageError, match=f"text_position={asked}, but the model was trained with {trained}"
        ):
            run("card", gold, text_position=asked, open_model=open_model)
        return
    results = read_json(run("card", gold, text_position=asked, open_model=open_model) / "results.json")
    assert opened == [results["settings"]["text_position"]] == [trained or asked or "after_max"]


@pytest.mark.parametrize("key", ["pixels_per_frame", "pixels_per_image"])
@pytest.mark.parametrize(
    ("trained", "asked", "opened_with"),
    [(None, None, None), (900, None, 900), (900, 400, 400), (None, 400, 400)],
)
def test_pixels_are_those_of_the_training_if_left_out(run, folder, key, trained, asked, opened_with):
    (folder / "run_card.json").write_text(json.dumps({"recipe": {key: trained}, "reading": {key: 77}}))
    opened = []

    def open_model(_, settings):
        opened.append(getattr(settings, key))
        return ScriptedModel(gold)

    results = read_json(run("card", gold, open_model=open_model, **{key: asked}) / "results.json")
    assert opened == [results["settings"][key]] == [opened_with]


@pytest.mark.parametrize(
    ("recipe", "reading", "asked", "opened_with"),
    [(None, 2, None, None), (None, 2, 2, 2), (4, 4, None, 4), (None, None, 4, 4), (None, 2, 4, "error")],
)
def test_frames_are_pooled_as_in_training(run, folder, recipe, reading, asked, opened_with):
    card = {"recipe": {"frame_pooling": recipe}, "reading": {"frame_pooling": reading}}
    (folder / "run_card.json").write_text(json.dumps(card))
    opened = []

    def open_model(_, settings):
        opened.append(settings.frame_pooling)
        return ScriptedModel(gold)

    if opened_with == "error":
        with pytest.raises(UsageError, match="frame_pooling=4, but the model was trained with 2"):
            run("card", gold, frame_pooling=asked, open_model=open_model)
        return
    results = read_json(run("card", gold, frame_pooling=asked, open_model=open_model) / "results.json")
    assert opened == [results["settings"]["frame_pooling"]] == [opened_with]


def test_results_state_how_media_were_read_also_when_nothing_is_left_to_ask(run):
    class Reader(ScriptedModel):
        def reading(self):
            return {"family": "llava", "frame_pooling": 2}

    directory = run("stated", Reader(gold))
    stated = read_json(directory / "results.json")["reading"]
    assert stated == {"family": "llava", "frame_pooling": 2}
    manifest = read_json(directory / "manifest.json")
    (directory / "manifest.json").write_text(json.dumps(manifest | {"status": "running"}))
    (directory / "results.json").unlink()

    def refuse(*_):
        raise AssertionError("nothing is left to ask")

    run("stated", gold, open_model=refuse)
    results = read_json(directory / "results.json")
    assert results["reading"] == stated
    assert "2x2 tokens of a frame averaged to one" in str(results_table(results).caption)


def test_what_a_model_cannot_read_is_a_failure(run):
    class Picky(ScriptedModel):
        def check(self, question):
            if question.item.item_id == "image-2-1":
                raise FramewiseError("this model cannot read the image")

    directory = run("picky", Picky(gold))
    (failure,) = rows(directory, "failures")
    assert (failure["item_id"], failure["reason"]) == ("image-2-1", "this model cannot read the image")
    assert len(rows(directory, "predictions")) == 23


def test_a_training_run_stands_for_its_model(run, root, folder, tmp_path):
    trained = tmp_path / "train"
    folder.rename(trained.mkdir() or trained / "model")
    manifest = {"stage": "train", "status": "running", "config": {}, "inputs": {}, "seed": 0}
    (trained / "manifest.json").write_text(json.dumps(manifest))
    settings = {"benchmarks": ["lab_image"], "data_root": root, "frames": 2, "output": tmp_path / "out"}
    with pytest.raises(UsageError, match="not finished"):
        evaluate(trained, **settings)
    (trained / "manifest.json").write_text(json.dumps(manifest | {"status": "complete"}))
    evaluate(trained, **settings, open_model=lambda path, _: ScriptedModel(lambda item: path.name))
    assert rows(tmp_path / "out", "predictions")[0]["prediction"] == "model"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"benchmarks": ["lab_imag"]}, "did you mean 'lab_image'"),
        ({"benchmarks": []}, "benchmarks"),
        ({"benchmarks": ["lab_image", "lab_image"]}, "more than once: lab_image"),
        ({"frames": 0}, "frames = 0: "),
        ({"limit": 0}, "limit"),
        ({"max_new_tokens": 0}, "max_new_tokens"),
        ({"pixels_per_frame": 0}, "pixels_per_frame"),
        ({"text_position": "after"}, "text_position"),
        ({"batch_size": 0}, "batch size"),
        ({"data_root": Path("nowhere")}, "does not exist"),
    ],
)
def test_what_cannot_be_run_leaves_no_directory(run, tmp_path, changes, message):
    with pytest.raises(UsageError, match=message):
        run("bad", gold, **changes)
    assert not (tmp_path / "bad").exists()


@pytest.mark.parametrize("model", ["nowhere/at/all", "/nowhere", "tests/nowhere"])
def test_what_is_no_model_is_refused(tmp_path, root, model, monkeypatch):
    (tmp_path / "tests").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="is not a model"):
        evaluate(model, benchmarks=["lab_image"], data_root=root, frames=2, output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_other_settings_need_another_directory(run):
    run("same", gold)
    with pytest.raises(UsageError, match="frames: 4 before, 8 now"):
        run("same", gold, frames=8)
    directory = run("same", lambda _: "", frames=8, fresh=True)
    assert {row["prediction"] for row in rows(directory, "predictions")} == {""}


def test_changed_items_need_another_directory(run, root):
    run("same", gold)
    file = root / "benchmarks/lab_image.jsonl"
    file.write_text(file.read_text().replace("Which colour", "What colour"))
    with pytest.raises(UsageError, match="items"):
        run("same", gold)


def test_a_real_family_end_to_end(tiny_checkpoint, root, tmp_path):
    directory = evaluate(
        tiny_checkpoint,
        benchmarks=["lab_image", "lab_video"],
        data_root=root,
        frames=5,
        output=tmp_path / "real",
        pixels_per_frame=32 * 32,
        batch_size=6,
        max_new_tokens=3,
        limit=6,
    )
    results = read_json(directory / "results.json")
    assert results["complete"]
    video = results["benchmarks"]["lab_video"]
    assert (video["n"], video["frames"]) == (6, {"4": 6})
    # Two temporal groups of at most 32x32 pixels, in merged blocks of 16x16.
    assert video["mean_visual_tokens"] == 2 * 4
