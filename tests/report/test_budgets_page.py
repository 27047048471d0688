import pytest
from typer.testing import CliRunner

from framewise._errors import UsageError
from framewise._jsonl import write_rows
from framewise.budgets import allocate
from framewise.cli._app import build_app
from framewise.clips import probe
from framewise.records import Media, Record, Turn
from framewise.report import write_budgets_page


@pytest.fixture
def allocation(tmp_path, write_clip):
    records = []
    for number in range(5):
        write_clip(tmp_path / f"{number}.mp4", num_frames=8 + number, height=16, width=16)
        turns = (
            Turn(role="user", text=f"<video><script>alert({number})</script>?"),
            Turn(role="assistant", text="a"),
        )
        media = (Media(kind="video", path=f"{number}.mp4"),)
        records.append(Record(id=f"r{number}", source="s", task="open_ended", media=media, turns=turns))
    write_rows(tmp_path / "records.jsonl", [record.to_json() for record in records])
    probe(tmp_path / "records.jsonl", output=tmp_path / "clips")
    return allocate(
        tmp_path / "records.jsonl", allocator="by_duration", settings={"fps": 4}, clips=tmp_path / "clips",
        output=tmp_path / "run",
    )  # fmt: skip


def test_every_sample_has_its_question_frames_and_reason(allocation, tmp_path, read_page):
    page = read_page(write_budgets_page(allocation, output=tmp_path / "page.html"))
    cards = page.all("article", class_="card")
    assert len(cards) == 5
    assert {card.all("h3")[0].text for card in cards} == {f"“<script>alert({n})</script>?”" for n in range(5)}
    assert all("at 4 a second" in card.text for card in cards)
    assert all(card.all("img") for card in cards)


def test_the_page_asks_for_nothing_and_runs_nothing_of_the_data(allocation, tmp_path, read_page):
    file = write_budgets_page(allocation, output=tmp_path / "page.html")
    assert "<script>alert" not in file.read_text()
    page = read_page(file)
    named = [
        e.attributes.get("src", e.attributes.get("href", "#")) for e in page.all("img", "link", "script", "a")
    ]
    assert [address for address in named if not address.startswith(("data:", "#"))] == []


def test_the_verb_bounds_the_number_of_samples(allocation, tmp_path, read_page):
    result = CliRunner().invoke(
        build_app(), ["budgets", "show", str(allocation), "-o", str(tmp_path / "p.html"), "--limit", "2"]
    )
    assert result.exit_code == 0, result.output
    assert len(read_page(tmp_path / "p.html").all("article", class_="card")) == 2


def test_what_is_no_allocation_is_refused(allocation, tmp_path):
    with pytest.raises(UsageError, match="is a run of stage 'probe'"):
        write_budgets_page(tmp_path / "clips", output=tmp_path / "page.html")
    with pytest.raises(UsageError, match="is a folder"):
        write_budgets_page(allocation, output=tmp_path)
