import pytest

from framewise.evaluation import Item, Score
from framewise.records import Media


def item(**changes):
    values = {
        "item_id": "1",
        "subtask": "count",
        "cluster": "c",
        "media": (Media(kind="image", path="a.png"),),
        "prompt": "<image>How many?",
        "answer": "3",
        "chance": 0.25,
    }
    return Item(**(values | changes))


@pytest.mark.parametrize("prompt", ["How many?", "<video>How many?", "<image><image>How many?"])
def test_markers_and_media_must_agree(prompt):
    with pytest.raises(ValueError, match="needs one marker"):
        item(prompt=prompt)


@pytest.mark.parametrize("chance", [-0.1, 1.1, float("nan")])
def test_chance_is_a_probability(chance):
    with pytest.raises(ValueError, match="chance"):
        item(chance=chance)


@pytest.mark.parametrize(("value", "parsed"), [(2.0, "a"), (-1.0, "a"), (1.0, None)])
def test_a_score_is_checked(value, parsed):
    with pytest.raises(ValueError, match="score"):
        Score(value=value, parsed=parsed)
