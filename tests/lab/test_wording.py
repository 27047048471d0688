"""The allocator learns on sentences that nothing else uses, and questions carry part of the truth about their pace."""

from collections import Counter

import numpy as np

from framewise.lab._wording import ALLOCATOR, IMAGE, PACE_SAID, PACES, VIDEO, option_for, pace_word, phrase


def test_the_allocators_sentences_are_used_nowhere_else():
    asked = {t for templates in (*IMAGE.values(), *VIDEO.values()) for t in templates}
    learned = {t for templates in ALLOCATOR.values() for t in templates}
    assert not asked & learned
    assert ALLOCATOR.keys() == {*IMAGE, *VIDEO}


def test_pace_words_tell_the_right_option_or_nothing():
    rng = np.random.default_rng(0)
    for min_frames in (2, 4, 8, 16, 32, 64):
        words = Counter(pace_word(min_frames, rng) for _ in range(400))
        assert set(words) <= {"", *PACES[option_for(min_frames)]}
        assert abs(1 - words[""] / 400 - PACE_SAID) < 0.1


def test_an_unsaid_pace_leaves_no_gap():
    for templates in VIDEO.values():
        for template in templates:
            text = phrase([template], np.random.default_rng(0), pace="", a="ring", b="circle")
            assert "  " not in text
            assert "{" not in text
