"""Conversations in Llama's tokens: the same as all text at once, whichever way its files put spaces."""

import pytest
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_llava import CHAT_TEMPLATE, tiny_tokenizer

from framewise._errors import FramewiseError, UsageError
from framewise.families._chat import Piece, conversation_pieces
from framewise.families._sequence import IGNORED, Block, token_row
from framewise.families._tokenize import tokenize_pieces
from framewise.records import Turn

TEXTS = st.text("ab 3.\n\t'?é:<", max_size=12)


@pytest.fixture(scope="module", params=[True, False], ids=["legacy", "first"])
def tokenizer(request: pytest.FixtureRequest) -> transformers.PreTrainedTokenizerBase:
    tokenizer = tiny_tokenizer(legacy=request.param)
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def ids(tokenizer: transformers.PreTrainedTokenizerBase, turns: list[Turn], reply: bool = False) -> list[int]:
    spans = tokenize_pieces(tokenizer, conversation_pieces(tokenizer, turns, reply=reply))
    return [token for span in spans for token in span.ids]


def at_once(tokenizer: transformers.PreTrainedTokenizerBase, turns: list[Turn], reply: bool) -> list[int]:
    messages = [{"role": t.role, "content": [{"type": "text", "text": t.text}]} for t in turns]
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=reply)
    return tokenizer(text)["input_ids"]


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=3), reply=st.booleans())
def test_prompts_equal_the_template_tokenised_at_once(
    tokenizer: transformers.PreTrainedTokenizerBase, texts: list[str], reply: bool
) -> None:
    turns = [Turn(role="user", text=text) for text in texts]
    assert ids(tokenizer, turns, reply) == at_once(tokenizer, turns, reply)


@settings(max_examples=100, deadline=None)
@given(parts=st.lists(TEXTS, min_size=1, max_size=4))
def test_texts_between_media_equal_all_at_once(
    tokenizer: transformers.PreTrainedTokenizerBase, parts: list[str]
) -> None:
    turn = Turn(role="user", text="<image>".join(parts))
    image = tokenizer.convert_tokens_to_ids("<image>")
    pieces = conversation_pieces(tokenizer, [turn], reply=True)
    row = token_row(tokenizer, pieces, [[Block(placeholder=image, grid=1)]] * (len(parts) - 1))
    assert row.input_ids.tolist() == at_once(tokenizer, [turn], True)


@pytest.mark.parametrize("answer", ["a red square", "Three", " blue", "\n3", "3.5: <b>"])
def test_answers_end_with_the_token_that_the_template_leaves_out(
    tokenizer: transformers.PreTrainedTokenizerBase, answer: str
) -> None:
    turns = [
        Turn(role="user", text="what is it?"), Turn(role="assistant", text=answer),
        Turn(role="user", text="and then?"), Turn(role="assistant", text="Three"),
    ]  # fmt: skip
    row = token_row(tokenizer, conversation_pieces(tokenizer, turns, reply=False), [])
    end = tokenizer.eos_token_id
    assert [i for i in row.input_ids.tolist() if i != end] == at_once(tokenizer, turns, False)
    learned = row.labels[row.labels != IGNORED].tolist()
    first = learned[: learned.index(end)]
    assert tokenizer.decode(first) == answer
    assert learned.count(end) == 2
    assert learned[-1] == end
    prompt = ids(tokenizer, turns[:1], reply=True)
    assert row.input_ids.tolist()[: len(prompt) + len(first) + 1] == [*prompt, *first, end]


def test_an_empty_answer_teaches_nothing(tokenizer: transformers.PreTrainedTokenizerBase) -> None:
    turns = [Turn(role="user", text="what?"), Turn(role="assistant", text="")]
    row = token_row(tokenizer, conversation_pieces(tokenizer, turns, reply=False), [])
    assert (row.labels == IGNORED).all()


def test_one_beginning_of_sequence_also_where_the_template_writes_it(
    tokenizer: transformers.PreTrainedTokenizerBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = Turn(role="user", text="what is it?")
    assert ids(tokenizer, [turn]).count(tokenizer.bos_token_id) == 1
    monkeypatch.setattr(tokenizer, "chat_template", "{{ bos_token }}" + CHAT_TEMPLATE)
    assert ids(tokenizer, [turn]).count(tokenizer.bos_token_id) == 1


def test_control_tokens_in_messages_and_answers_are_text(
    tokenizer: transformers.PreTrainedTokenizerBase,
) -> None:
    turns = [Turn(role="user", text="say </s><s> <pad>"), Turn(role="assistant", text="</s> <pad>")]
    row = ids(tokenizer, turns)
    names = ("<s>", "</s>", "<pad>")
    assert [row.count(tokenizer.convert_tokens_to_ids(name)) for name in names] == [1, 1, 0]
    assert "say </s><s> <pad>" in tokenizer.decode(row)


def test_a_system_turn_comes_first(tokenizer: transformers.PreTrainedTokenizerBase) -> None:
    turns = [Turn(role="system", text="Be brief."), Turn(role="user", text="what?")]
    assert tokenizer.decode(ids(tokenizer, turns, reply=True)) == "<s> Be brief. USER: what? ASSISTANT:"


def test_a_template_that_refuses_says_why(
    tokenizer: transformers.PreTrainedTokenizerBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = "{{ raise_exception('users only') }}"
    monkeypatch.setattr(tokenizer, "chat_template", template)
    with pytest.raises(FramewiseError, match="refuses the conversation: users only"):
        conversation_pieces(tokenizer, [Turn(role="user", text="hi")], reply=False)


def test_a_template_that_repeats_messages_is_refused(
    tokenizer: transformers.PreTrainedTokenizerBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = "{% for m in messages %}{{ m.content }}{{ m.content }}{% endfor %}"
    monkeypatch.setattr(tokenizer, "chat_template", template)
    with pytest.raises(FramewiseError, match="changes the messages"):
        conversation_pieces(tokenizer, [Turn(role="user", text="hi")], reply=False)


def test_without_any_end_of_sequence_answers_cannot_end() -> None:
    tokenizer = tiny_tokenizer(legacy=True)
    tokenizer.chat_template, tokenizer.eos_token = CHAT_TEMPLATE, None
    turns = [Turn(role="user", text="q"), Turn(role="assistant", text="a")]
    with pytest.raises(UsageError, match="names no eos_token"):
        conversation_pieces(tokenizer, turns, reply=False)


def test_an_inserted_end_is_known_as_such() -> None:
    tokenizer = tiny_tokenizer(legacy=True)
    tokenizer.chat_template = CHAT_TEMPLATE
    turns = [Turn(role="user", text="q"), Turn(role="assistant", text="a")]
    assert conversation_pieces(tokenizer, turns, reply=False) == [
        Piece("layout", "USER: "), Piece("message", "q"), Piece("layout", " ASSISTANT:"),
        Piece("reply", " a"), Piece("end", "</s>", inserted=True), Piece("layout", " "),
    ]  # fmt: skip
