"""What goes wrong with m frames in the installed transformers, and what happens here instead.

docs/frames-and-time.md lists these cases by the names of these tests. A test that fails after an update says
that upstream has changed: then the page changes too.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from tiny_qwen import ANSWER, QUESTION, metadata, our_logits, upstream_inputs, video
from transformers.video_utils import VideoMetadata

from framewise.clips.sampling import sample
from framewise.families import Family, VisualShape, open_family

PAGE = Path(__file__).parents[2] / "docs" / "frames-and-time.md"
VISION = ("<|vision_start|>", "<|vision_end|>")
RELEASED_SIZE = {"shortest_edge": 4096, "longest_edge": 24576 * 32 * 32}


@pytest.fixture(scope="module")
def opened(family_checkpoint: Callable[[str], Path]) -> Callable[[str], Family]:
    """``opened(name)`` opens the tiny checkpoint of a family, once."""
    families: dict[str, Family] = {}

    def open_once(name: str) -> Family:
        if name not in families:
            families[name] = open_family(family_checkpoint(name))
        return families[name]

    return open_once


def positions(family: Family, num_frames: int, seconds: float, per_group: float | None = None) -> Any:
    """Time positions of the groups, and where text goes on: upstream's, then ours."""
    times = np.arange(num_frames) * seconds / num_frames
    encoded = family.lay_out([QUESTION, ANSWER], [frames_at(times)])
    ids = encoded.input_ids
    visual = ids == family.config.video_token_id
    upstream, _ = family.model.model.get_rope_index(
        ids[None], 2 * visual[None].long(), video_grid_thw=torch.tensor([[-(-num_frames // 2), 4, 4]]),
        second_per_grid_ts=[per_group or 2 * seconds / num_frames],
    )  # fmt: skip
    after = int(visual.nonzero()[-1]) + 1
    found = []
    for axis in (upstream[0, 0].float(), encoded.positions[0]):
        groups = axis[visual].view(-1, 4)[:, 0]
        found.append(((groups - groups[0]).tolist(), float(axis[after] - groups[0])))
    return found


def frames_at(times: np.ndarray) -> VisualShape:
    return VisualShape(kind="video", height=32, width=32, times_seconds=times)


def test_time_positions_merge(opened) -> None:
    (upstream, _), (ours, _) = positions(opened("qwen2_5_vl"), 32, 3.0)
    assert len(ours) == len(set(ours)) == 16
    assert len(set(upstream)) == 6


def test_text_goes_back_into_the_video(opened) -> None:
    (upstream, text), (ours, our_text) = positions(opened("qwen2_5_vl"), 8, 60.0)
    assert upstream == ours == [0, 30, 60, 90]
    assert (text, our_text) == (2, 91)


def test_float32_times_fall_below_whole_numbers(opened) -> None:
    """25 groups of 4.7 s at 2 positions a second end at 235, which float32 makes 234.99998."""
    (upstream, _), (ours, _) = positions(opened("qwen2_5_vl"), 64, 150.4)
    assert (upstream[25], ours[25]) == (234, 235)


@pytest.fixture(scope="module")
def processor(family_checkpoint) -> Callable[[str], Any]:
    kinds = {"qwen2_5_vl": transformers.Qwen2_5_VLProcessor, "qwen3_vl": transformers.Qwen3VLProcessor}
    return lambda name: kinds[name].from_pretrained(family_checkpoint(name))


def read(processor: Any, frames: torch.Tensor, **options: Any) -> Any:
    return processor(
        text=["<|video_pad|>"], videos=[frames], cap_pixels_per_frame=False, return_tensors="pt", **options
    )


def test_frames_without_metadata_play_at_24_a_second(processor) -> None:
    """Eight frames of a minute pass as a third of a second."""
    frames = torch.zeros(8, 3, 32, 32, dtype=torch.uint8)
    inputs = read(processor("qwen2_5_vl"), frames, do_sample_frames=False)
    assert inputs["second_per_grid_ts"].tolist() == pytest.approx([2 / 24])
    chosen = processor("qwen3_vl")
    text = chosen.tokenizer.decode(read(chosen, frames, do_sample_frames=False)["input_ids"][0])
    assert re.findall(r"<([\d.]+) seconds>", text) == ["0.0", "0.1", "0.2", "0.3"]


def test_frames_from_end_to_end_run_on_another_clock(processor) -> None:
    """qwen-vl-utils takes the first and the last frame: 240 / 8 frames apart for the positions, 239 / 7 really."""
    picked = np.linspace(0, 239, 8).round().astype(int)
    facts = {"fps": 30.0, "total_num_frames": 240, "frames_indices": picked.tolist(), "duration": 8.0}
    frames = torch.zeros(8, 3, 32, 32, dtype=torch.uint8)
    inputs = read(processor("qwen2_5_vl"), frames, do_sample_frames=False, video_metadata=[facts])
    assert inputs["second_per_grid_ts"].tolist() == [2.0]
    assert np.diff(picked[::2] / 30.0).mean() == pytest.approx(2.28, abs=0.01)


def test_two_processors_pick_different_frames() -> None:
    facts = {"total_num_frames": 240, "fps": 30.0, "duration": 8.0}
    kinds = (transformers.Qwen2VLVideoProcessor, transformers.Qwen3VLVideoProcessor)
    picked = [kind().sample_frames(VideoMetadata(**facts), num_frames=8).tolist() for kind in kinds]
    assert picked[0] == [0, 30, 60, 90, 120, 150, 180, 210]
    assert picked[1] == [0, 34, 68, 102, 137, 171, 205, 239]
    assert sample(np.arange(240) / 30, 8).indices.tolist() == [15, 45, 75, 105, 135, 165, 195, 225]


def test_odd_numbers_of_frames_are_rounded_to_a_multiple_of_four() -> None:
    """Halves are rounded to even: 5 and 9 lose a frame, 7 and 11 get one more than was asked for."""
    processor = transformers.Qwen2VLVideoProcessor()
    facts = {"total_num_frames": 240, "fps": 30.0}
    found = {m: len(processor.sample_frames(VideoMetadata(**facts), num_frames=m)) for m in (5, 7, 9, 11)}
    assert found == {5: 4, 7: 8, 9: 8, 11: 12}
    ours = {m: len(sample(np.arange(240) / 30, m, multiple_of=2)) for m in found}
    assert ours == {5: 4, 7: 6, 9: 8, 11: 10}


def test_more_frames_than_the_clip_has() -> None:
    facts = {"total_num_frames": 5, "fps": 30.0}
    with pytest.raises(ValueError, match="exceeds `total_num_frames=5`"):
        transformers.Qwen2VLVideoProcessor().sample_frames(VideoMetadata(**facts), num_frames=8)
    repeated = transformers.Qwen3VLVideoProcessor().sample_frames(VideoMetadata(**facts), num_frames=8)
    assert repeated.tolist() == [0, 1, 1, 2, 2, 3, 3, 4]
    ours = sample(np.arange(5) / 30, 8, multiple_of=2)
    assert (ours.indices.tolist(), ours.clamped) == ([0, 1, 3, 4], True)


def test_time_is_lost_without_token_types(opened, processor) -> None:
    """A collator that drops one key: no error, and all frames stand in a line as text does."""
    family = opened("qwen2_5_vl")
    inputs = upstream_inputs(processor("qwen2_5_vl"), [QUESTION, ANSWER], [video()], around={"video": VISION})
    seen: list[Any] = []
    rotary = family.model.model.language_model.rotary_emb
    hook = rotary.register_forward_hook(lambda *call: seen.append(call[1][1]))
    with torch.no_grad():
        family.model(**{key: value for key, value in inputs.items() if key != "mm_token_type_ids"})
    hook.remove()
    length = inputs["input_ids"].shape[1]
    assert torch.equal(seen[0], torch.arange(length).expand(3, 1, length))
    assert "mm_token_type_ids" in family.collate([family.encode([QUESTION], [video()])], pad="right")


def test_frames_shrink_as_their_number_grows(opened) -> None:
    """The class's own limits on 640x360, and by upstream's own count those of the release on 1280x720."""
    family = opened("qwen3_vl")
    shrinking = transformers.Qwen3VLVideoProcessor(cap_pixels_per_frame=False)
    released = transformers.Qwen3VLVideoProcessor(size=RELEASED_SIZE)
    sizes, tokens, ours = {}, {}, {}
    for num_frames in (8, 16, 32, 64):
        frames = torch.zeros(num_frames, 3, 360, 640, dtype=torch.uint8)
        grid = shrinking(videos=[frames], do_sample_frames=False, return_tensors="pt")["video_grid_thw"]
        sizes[num_frames] = tuple(16 * side for side in grid[0, 1:].tolist())
        tokens[num_frames] = released.get_num_of_video_patches(num_frames, 720, 1280) // 4 * 2 // num_frames
        ours[num_frames] = family.num_visual_tokens("video", num_frames, 720, 1280) * 2 // num_frames
    assert sizes == {8: (224, 416), 16: (160, 288), 32: (96, 192), 64: (64, 128)}
    assert tokens == {8: 880, 16: 880, 32: 720, 64: 364}
    assert len(set(ours.values())) == 1


def test_timestamps_repeat(opened, processor) -> None:
    """64 frames of half a second: 32 groups share six times."""
    clip = video(64, fps=128.0, side=16)
    frames = torch.from_numpy(clip.pixels).permute(0, 3, 1, 2)
    chosen = processor("qwen3_vl")
    inputs = read(chosen, frames, do_sample_frames=False, video_metadata=[metadata(clip)])
    upstream, ours = (
        re.findall(r"<([\d.]+) seconds>", chosen.tokenizer.decode(ids))
        for ids in (inputs["input_ids"][0], opened("qwen3_vl").lay_out([QUESTION], [clip.shape]).input_ids)
    )
    assert (len(upstream), len(set(upstream))) == (32, 6)
    assert len(ours) == len(set(ours)) == 32


def test_a_ready_clip_is_thinned_to_two_frames_a_second() -> None:
    """Sixteen frames of two seconds, made to be read as they are: four are left unless sampling is switched off."""
    frames = torch.zeros(16, 3, 64, 64, dtype=torch.uint8)
    facts = {"fps": 8.0, "total_num_frames": 16, "frames_indices": list(range(16)), "duration": 2.0}
    processor = transformers.Qwen3VLVideoProcessor(cap_pixels_per_frame=False)
    grid = processor(videos=[frames], video_metadata=[facts], return_tensors="pt")["video_grid_thw"]
    assert int(grid[0, 0]) * 2 == 4


def test_vision_tokens_stand_twice_around_a_video(opened, processor) -> None:
    """The template's own pair stays around all groups; transformers 4.57 and vLLM replace it."""
    inputs = upstream_inputs(processor("qwen3_vl"), [QUESTION], [video()], around={"video": VISION})
    text = opened("qwen3_vl").tokenizer.decode(inputs["input_ids"][0])
    assert "<|vision_start|><0.5 seconds><|vision_start|>" in text
    assert "<|vision_end|><|vision_end|>" in text
    ours = opened("qwen3_vl").tokenizer.decode(opened("qwen3_vl").encode([QUESTION], [video()]).input_ids)
    assert text.replace("<|vision_start|><0.5", "<0.5").replace("<|vision_end|>\n", "\n") == ours


def test_a_single_frame_is_refused(opened) -> None:
    frame = torch.zeros(1, 3, 64, 64, dtype=torch.uint8)
    processor = transformers.Qwen3VLVideoProcessor(cap_pixels_per_frame=False)
    with pytest.raises(ValueError, match="t:1 must be larger than temporal_factor:2"):
        processor(videos=[frame], do_sample_frames=False)
    assert opened("qwen3_vl").encode([QUESTION], [video(1)]).num_visual_tokens == 16


def test_a_sliver_ends_the_run() -> None:
    """Bare ValueErrors out of a data loader's worker; here the sample is skipped, and counted with its reason."""
    sliver = torch.zeros(2, 3, 8, 1700, dtype=torch.uint8)
    with pytest.raises(ValueError, match="absolute aspect ratio"):
        transformers.Qwen2VLImageProcessor()(images=[sliver[0]])
    for kind in (transformers.Qwen2VLVideoProcessor, transformers.Qwen3VLVideoProcessor):
        with pytest.raises(ValueError, match="absolute aspect ratio"):
            kind(cap_pixels_per_frame=False)(videos=[sliver], do_sample_frames=False)


def test_videos_of_unequal_length_make_no_batch(opened) -> None:
    family = opened("llava_next_video")
    clips = [torch.zeros(count, 3, 32, 32, dtype=torch.uint8) for count in (4, 8)]
    with pytest.raises((ValueError, RuntimeError)):
        transformers.LlavaNextVideoVideoProcessor()(videos=clips, do_sample_frames=False, return_tensors="pt")
    batch = [family.encode([QUESTION, ANSWER], [video(count, side=32)]) for count in (4, 8)]
    assert our_logits(family, *batch).isfinite().all()


def test_a_sequence_beyond_the_context_is_read_without_a_word(opened) -> None:
    family = opened("llava_next_video")
    limit = family.config.text_config.max_position_embeddings
    ids = torch.full((1, limit + 1), 5)
    with torch.no_grad():
        assert family.model(input_ids=ids).logits.shape[1] == limit + 1


def test_the_page_lists_every_case() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text(encoding="utf-8")))
    here = {
        name for name in globals() if name.startswith("test_") and name != "test_the_page_lists_every_case"
    }
    assert named == here
