import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from framewise._errors import FramewiseError
from framewise.clips import Frames
from framewise.evaluation import FamilyModel, Item, Question, ScriptedModel
from framewise.evaluation._model import OutOfMemoryError
from framewise.families import Encoded, Family, Generated
from framewise.records import Media


class FakeFamily(Family):
    """Says what it was asked; one token a letter and one a frame."""

    temporal_multiple = 2

    def __init__(self):
        self.asked = []

    def encode(self, turns, visuals, *, reply=False):
        self.lay_out(turns, [visual.shape for visual in visuals], reply=reply)
        self.asked.append((turns, visuals, reply))
        length = sum(len(turn.text) for turn in turns)
        ids = torch.tensor([ord(letter) for turn in turns for letter in turn.text])
        return Encoded(
            input_ids=ids,
            labels=torch.full((length,), -100),
            positions=torch.zeros(3, length),
            num_visual_tokens=sum(len(visual.pixels) for visual in visuals),
        )

    def generate(self, batch, *, max_new_tokens):
        said = ["".join(map(chr, sequence.input_ids.tolist())) for sequence in batch]
        return [
            Generated(text[:max_new_tokens], "length" if len(text) > max_new_tokens else "stop")
            for text in said
        ]

    def collate(self, batch, *, pad):
        raise AssertionError("generate is all that evaluation needs")

    def lay_out(self, turns, shapes, *, reply=False):
        if any(shape.width > 200 * shape.height for shape in shapes):
            raise FramewiseError("a sliver")

    num_visual_tokens = parts = save = frame_size = visual_tensors = collate


def make_question(name, *, num_frames):
    item = Item(
        item_id=name,
        subtask="s",
        cluster="c",
        media=(Media(kind="video", path="a.mp4"), Media(kind="image", path="b.png")),
        prompt=f"<video>then <image>: {name}?",
        answer="a",
        chance=0.5,
    )
    video = Frames(pixels=np.ones((num_frames, 4, 6, 3), np.uint8), times_seconds=np.arange(num_frames) / 2)
    image = Frames(pixels=np.zeros((1, 4, 6, 3), np.uint8), times_seconds=np.zeros(1))
    return Question(item=item, frames=(video, image))


def test_a_question_is_one_user_turn_with_its_visuals_in_order():
    family = FakeFamily()
    model = FamilyModel(family)
    replies = model.reply(
        [make_question("one", num_frames=4), make_question("two", num_frames=2)], max_new_tokens=30
    )
    assert model.temporal_multiple == 2
    assert [reply.text for reply in replies] == ["<video>then <image>: one?", "<video>then <image>: two?"]
    assert [reply.num_visual_tokens for reply in replies] == [5, 3]
    assert {reply.finish_reason for reply in replies} == {"stop"}
    (cut,) = model.reply([make_question("one", num_frames=4)], max_new_tokens=3)
    assert (cut.text, cut.finish_reason) == ("<vi", "length")
    (turn,), visuals, reply = family.asked[0]
    assert (turn.role, reply) == ("user", True)
    assert [visual.kind for visual in visuals] == ["video", "image"]
    assert visuals[0].times_seconds.tolist() == [0.0, 0.5, 1.0, 1.5]
    assert visuals[0].pixels.shape == (4, 4, 6, 3)


def test_a_question_that_the_family_cannot_lay_out_is_refused():
    model, question = FamilyModel(FakeFamily()), make_question("one", num_frames=2)
    model.check(question)
    sliver = Frames(pixels=np.zeros((1, 4, 900, 3), np.uint8), times_seconds=np.zeros(1))
    with pytest.raises(FramewiseError, match="a sliver"):
        model.check(replace(question, frames=(question.frames[0], sliver)))


def test_a_question_that_was_checked_is_not_encoded_again():
    family, question = FakeFamily(), make_question("one", num_frames=2)
    model = FamilyModel(family)
    model.check(question)
    model.reply([question], max_new_tokens=30)
    assert len(family.asked) == 1


def test_too_little_memory_is_an_error_of_its_own():
    class Full(FakeFamily):
        def generate(self, batch, *, max_new_tokens):
            raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(OutOfMemoryError, match="a batch of 1"):
        FamilyModel(Full()).reply([make_question("one", num_frames=2)], max_new_tokens=3)


def test_a_scripted_model_says_its_script():
    model = ScriptedModel(lambda item: item.item_id)
    question = make_question("one", num_frames=2)
    (reply,) = model.reply([question], max_new_tokens=1)
    assert (reply.text, reply.num_visual_tokens) == ("one", 3)
    assert model.batches == [[question]]


def test_scoring_statistics_and_comparison_import_no_torch():
    names = "'torch' in sys.modules or 'transformers' in sys.modules"
    code = f"import sys, framewise.evaluation, framewise.evaluation.benchmarks.lab_image; sys.exit({names})"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
