"""What every exporter must satisfy: read back under the other trainer's rule, it yields the budgets."""

import shutil
from pathlib import Path

import pytest
import yaml
from export_dataset import Dataset, change_rows, data, faults, hybrid, model_of_type
from launched import launched

from framewise._errors import FramewiseError, UsageError
from framewise._jsonl import read_json, read_rows, write_rows
from framewise._plugins import load_plugin, plugin_names
from framewise.exports import SIDECAR, verify
from framewise.exports._shell import read_script
from framewise.exports.exporters.ms_swift import MSSwift

EXPORTERS = plugin_names("exporters")
pytestmark = pytest.mark.parametrize("name", EXPORTERS)


@pytest.fixture(scope="module")
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    made = {}

    def export(name: str) -> Path:
        if name not in made:
            made[name] = hybrid(tmp_path_factory.mktemp(name)).export(name)
        return made[name]

    return export


@pytest.fixture
def copied(exported, tmp_path: Path):
    """An export that a test may damage."""
    return lambda name: Path(shutil.copytree(exported(name), tmp_path / name))


def test_every_sample_gets_its_frames_and_times(name: str, exported) -> None:
    found = verify(exported(name))
    assert found.differences == ()
    assert (found.num_records, found.num_videos) == (6, 4)


def test_the_sidecar_says_what_was_sampled(name: str, exported) -> None:
    rows = {row["record_id"]: row for row in read_rows(exported(name) / SIDECAR)}
    assert {key: row["num_frames"] for key, row in rows.items()} == {"r0": 8, "r1": 16, "r2": 32, "r3": 64}
    assert rows["r1"]["duration_seconds"] == 30.0
    assert rows["r1"]["indices"] == list(range(1, 32, 2))
    assert rows["r1"]["times_seconds"] == [(i + 0.5) * 30 / 16 for i in range(16)]


def test_images_and_texts_are_exported_and_settings_are_ready(name: str, exported) -> None:
    summary = read_json(exported(name) / "summary.json")
    assert (summary["num_images"], summary["num_text_only"], summary["num_skipped"]) == (1, 1, 0)
    assert summary["frames"] == {"8": 1, "16": 1, "32": 1, "64": 1}
    script = exported(name) / "train.sh"
    assert script.stat().st_mode & 0o100
    assert "set -euo pipefail" in script.read_text()


def test_another_clip_is_caught(name: str, copied) -> None:
    folder = copied(name)
    first, second = (row["path"] for row in list(read_rows(folder / SIDECAR))[:2])
    shutil.copyfile(folder / second, folder / first)
    assert [d.record_id for d in verify(folder).differences] == ["r0"]


def test_changed_contents_of_the_same_length_are_caught(name: str, copied) -> None:
    folder = copied(name)
    clip = folder / next(iter(read_rows(folder / SIDECAR)))["path"]
    data = bytearray(clip.read_bytes())
    data[-9] ^= 1
    clip.unlink()
    clip.write_bytes(data)
    assert ["other contents" in str(d) for d in verify(folder).differences] == [True]


def test_a_missing_clip_is_a_difference_and_no_crash(name: str, copied) -> None:
    folder = copied(name)
    (folder / next(iter(read_rows(folder / SIDECAR)))["path"]).unlink()
    assert [d.record_id for d in verify(folder).differences] == ["r0"]


def test_a_lost_promise_is_caught(name: str, copied) -> None:
    folder = copied(name)
    write_rows(folder / SIDECAR, list(read_rows(folder / SIDECAR))[1:])
    assert [d.record_id for d in verify(folder).differences] == ["r0"]


def complain(folder: Path) -> None:
    """Raise whatever is wrong, said or found."""
    if found := verify(folder).differences:
        raise UsageError("\n".join(map(str, found)))


def test_a_missing_settings_file_is_said(name: str, copied) -> None:
    folder = copied(name)
    for file in [*folder.glob("train.*"), *folder.glob("trl_*")]:
        file.unlink()
    with pytest.raises(UsageError, match=r"train|trl_"):
        complain(folder)


def test_an_unfinished_export_is_not_verified(name: str, copied) -> None:
    folder = copied(name)
    (folder / "manifest.json").unlink()
    with pytest.raises(UsageError, match="not a run directory"):
        verify(folder)


def test_clips_are_asked_for_with_the_command_that_makes_them(name: str, tmp_path: Path) -> None:
    dataset = hybrid(tmp_path)
    if load_plugin("exporters", name) is MSSwift:
        dataset.rows = dataset.rows[:1]
        with pytest.raises(FramewiseError, match="no record"):
            dataset.export(name, clips=False)
        return
    with pytest.raises(UsageError, match=r"framewise materialise .*records.jsonl --budgets") as error:
        dataset.export(name, clips=False)
    assert "--materialised" in str(error.value)


def test_what_has_no_budget_or_clip_is_left_out_and_counted(name: str, tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    for key in ("kept", "unbudgeted", "unclipped", "other"):
        dataset.add(key, (8, 5.0))
    dataset.add("mute", turns=[{"role": "user", "text": "Why?"}])
    dataset.add("gone", images=1)
    dataset.budgets = [b for b in dataset.budgets if b.record_id != "unbudgeted"]
    dataset.clips = [c for c in dataset.clips if c["record_id"] != "unclipped"]
    dataset.clips[-1]["num_frames"] = 6
    folder = dataset.export(name)
    skipped = {row["record_id"]: row["status"] for row in read_rows(folder / "skipped.jsonl")}
    assert skipped == {
        "unbudgeted": "no_budget", "unclipped": "no_clip", "other": "other_budget",
        "mute": "refused", "gone": "missing",
    }  # fmt: skip
    assert [row["record_id"] for row in read_rows(folder / SIDECAR)] == ["kept"]


def test_a_model_that_the_trainer_cannot_honour_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot honour budgets"):
        hybrid(tmp_path).export(name, model=model_of_type(tmp_path, "llava"))


def test_exporting_again_is_the_same_and_at_once(name: str, tmp_path: Path) -> None:
    dataset = hybrid(tmp_path)
    folder = dataset.export(name)
    before = (folder / "manifest.json").read_bytes()
    assert dataset.export(name) == folder
    assert (folder / "manifest.json").read_bytes() == before


PLACES = {"QWEN_VL_FINETUNE": "trainer", "QWEN_VL_SERIES": "trainer", "LLAVA_NEXT": "trainer"}
"""Variables that name the folders of trainers that are no packages."""


def start(folder: Path, scratch: Path) -> tuple[list[str], dict[str, str]]:
    (scratch / "trainer").mkdir(parents=True)
    places = {key: str(scratch / value) for key, value in PLACES.items()}
    return launched(folder / "train.sh", scratch / "programs", **places)[:2]


def test_bash_starts_what_the_verification_reads(name: str, exported, tmp_path: Path) -> None:
    folder = exported(name)
    words, environment = start(folder, tmp_path)
    flags, variables = read_script(folder / "train.sh")
    for key, value in flags.items():
        if key != "nproc_per_node":
            assert words[words.index(f"--{key}") + 1] == value.replace("$here", str(folder))
    for key in variables.keys() - {"here"}:
        assert environment[key].startswith(variables[key].replace("${PYTHONPATH:-}", ""))


def test_names_are_taken_to_the_letter(name: str, tmp_path: Path) -> None:
    bad = 'it\'s $(touch pwned) `x` "q" é'
    model = model_of_type(tmp_path, load_type(name), f'qwen2.5 "$(touch pwned)" {bad}')
    dataset = Dataset(tmp_path)
    dataset.add(bad, (8, 5.0))
    folder = dataset.export(name, model=model)
    assert faults(folder) == {}
    assert [row["id"] for row in data(folder)] == [bad]
    words, _ = start(folder, tmp_path / "scratch")
    config = yaml.safe_load((folder / words[-1]).read_text()) if words[-1] == "train.yaml" else {}
    assert model in [*words, *config.values()]
    assert not list(tmp_path.rglob("pwned"))


def load_type(name: str) -> str:
    return load_plugin("exporters", name).model_types[0]


JUNK = (
    None,
    5,
    "a\0b",
    "../../../etc/passwd",
    [[]],
    {},
    [5],
    float("nan"),
    {"nframes": "many"},
    [{"role": 3}],
)


@pytest.mark.parametrize("junk", JUNK, ids=str)
def test_malformed_rows_are_differences_and_no_crash(name: str, junk: object, copied) -> None:
    folder = copied(name)
    key = {"axolotl": "messages", "trl": "messages", "llama_factory": "videos", "ms_swift": "videos"}
    change_rows(folder, lambda rows: rows[0].update({key.get(name, "video"): junk}))
    assert set(faults(folder)) == {"r0"}


@pytest.mark.parametrize("junk", ["[]", "5", '{"id": 1', "\xff"])
def test_data_that_are_no_rows_are_said(name: str, junk: str, copied) -> None:
    folder = copied(name)
    for file in folder.glob("framewise.json*"):
        file.write_bytes(junk.encode("latin-1"))
    with pytest.raises(UsageError, match=r"framewise\.json|\(all\)"):
        complain(folder)


def test_a_sidecar_that_contradicts_itself_is_said(name: str, copied) -> None:
    folder = copied(name)
    rows = list(read_rows(folder / SIDECAR))
    rows[0]["seen"]["indices"].pop()
    write_rows(folder / SIDECAR, rows)
    with pytest.raises(UsageError, match=f"{SIDECAR}, row 1"):
        verify(folder)
