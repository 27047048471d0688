import pytest

from framewise._errors import UsageError
from framewise.budgets._settings import parse_settings
from framewise.budgets.allocators.fixed import FixedSettings
from framewise.budgets.allocators.instruction import InstructionSettings


def test_texts_are_read_as_the_settings_type():
    assert parse_settings("fixed", FixedSettings, {"num_frames": "8"}) == FixedSettings(num_frames=8)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"num_frame": "8"},
            r"'num_frames' is missing; unknown key 'num_frame': did you mean 'num_frames'\?",
        ),
        ({"num_frames": "many"}, "num_frames = 'many': Input should be a valid integer"),
        ({"num_frames": "0"}, "num_frames = '0': Input should be greater than or equal to 1"),
    ],
)
def test_mistakes_are_named(values, message):
    with pytest.raises(UsageError, match=message):
        parse_settings("fixed", FixedSettings, values)


def test_options_are_numbers_with_commas():
    def options(text):
        return parse_settings("instruction", InstructionSettings, {"model": "m", "options": text}).options

    assert options("4, 8") == (4, 8)
    assert options([4, 8]) == (4, 8)
    for wrong in ("8", "8,8", "16,8", "8,x", "0,8"):
        with pytest.raises(UsageError, match=r"options(\.\d)? = "):
            options(wrong)
