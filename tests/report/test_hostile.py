"""Texts that users choose are shown as text, wherever they appear."""

import json

import pytest

from framewise.report import write_report

ATTACK = '</script><script>alert("1")</script><img src=x onerror=alert(1)>{{ 7*7 }}"\''
ARMS = tuple(
    f"{kind}<b>&\"'<img src=x onerror=alert(1)>" for kind in ("fixed-8", "fixed-32", "hybrid", "shuffled")
)


@pytest.fixture(scope="module")
def hostile(example_runs, tmp_path_factory, read_page):
    wording = example_runs.Wording(
        record_prefix=ATTACK, question_suffix=ATTACK, reason=ATTACK, subtask_suffix=ATTACK
    )
    folder = tmp_path_factory.mktemp("hostile")
    runs = example_runs.build_runs(folder, arms=ARMS, wording=wording)
    return read_page(write_report(runs, output=folder / 'a"<b>.html'))


def test_no_element_comes_out_of_a_text(hostile, page):
    tags = sorted(element.tag for element in hostile.walk())
    assert tags == sorted(element.tag for element in page.walk())
    assert not hostile.all("b")
    for element in hostile.walk():
        assert not [name for name in element.attributes if name.startswith("on") or name == "style"]


def test_the_texts_are_there(hostile):
    text = hostile.text
    assert ARMS[0] in text
    assert "What color is the large square?" + ATTACK in text
    reasons = [cell.text for cell in hostile.all("td", class_="text")]
    assert ATTACK in reasons
    assert "49" not in {element.text for element in hostile.all("td")}


def test_labels_of_figures_are_not_read_as_markup(hostile):
    def strings(value):
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            for item in value.values():
                yield from strings(item)
        elif isinstance(value, list):
            for item in value:
                yield from strings(item)

    specs = [json.loads(s.raw) for s in hostile.all("script", type="application/json")]
    found = [text for spec in specs for text in strings(spec)]
    assert any("&lt;" in text for text in found)
    for text in found:
        assert "<" not in text.replace("<br>", "").replace("<extra></extra>", "")


def test_no_data_ends_its_script(hostile):
    for script in hostile.all("script", type="application/json"):
        assert "<" not in script.raw
