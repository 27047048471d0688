"""What the alignment meter costs: its passes against plain ones of the same sample, in one run.

python -m benchmarks.diagnose [MODEL] [--frames 8 32] [--passes 40]

Time is the median over pairs of passes, one plain and one metered, in turn; the last line has the sums of these over
the numbers of frames. Memory is what the meter holds and needs
beyond a plain forward and backward pass, against its promise: the two image halves and one parameter's gradient. On a
GPU it is the allocator's own peak, on a CPU the peak of the live bytes that torch's profiler saw.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile

from framewise.diagnostics import AlignmentSettings
from framewise.diagnostics._meter import GradientMeter
from framewise.diagnostics._probe import Probe, open_probe
from framewise.families import Encoded, Visual
from framewise.lab import checkpoint_folder
from framewise.records import Turn

TIME_PROMISE = 1.15


def main() -> None:
    """Measure and print; the last line has the ratio of times, then that of memory."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?", default=str(checkpoint_folder()))
    parser.add_argument("--frames", type=int, nargs="+", default=[8, 32])
    parser.add_argument("--side", type=int, default=64, help="pixels of a frame's side")
    parser.add_argument("--passes", type=int, default=40, help="pairs of passes at each number of frames")
    options = parser.parse_args()

    probe = open_probe(Path(options.model), AlignmentSettings())
    halves = 2 * 4 * sum(item.parameter.numel() for item in probe.learned)
    largest = max(item.parameter.numel() * item.parameter.element_size() for item in probe.learned)
    print(
        f"{options.model} on {probe.family.model.device}: two halves {_mib(halves)}, one gradient {_mib(largest)}"
    )
    plain_total, metered_total, memory = 0.0, 0.0, 0.0
    for num_frames in options.frames:
        encoded = _sample(probe, num_frames, options.side)
        one, two, extra = _compare(probe, encoded, options.passes)
        plain_total, metered_total = plain_total + one, metered_total + two
        memory = max(memory, (halves + extra) / (halves + largest))
        times = f"plain {one * 1e3:.1f} ms, metered {two * 1e3:.1f} ms, x {two / one:.3f}"
        print(f"{num_frames} frames, {len(encoded)} tokens: {times}, beyond the halves {_mib(extra)}")
    ratio = metered_total / plain_total
    print(
        f"time {ratio:.3f} of plain passes (at most {TIME_PROMISE}), memory {memory:.3f} of the promise (at most 1)"
    )
    sys.exit(ratio > TIME_PROMISE or memory > 1)


def _compare(probe: Probe, encoded: Encoded, passes: int) -> tuple[float, float, int]:
    """Median seconds of a plain and of a metered pass, and bytes that the second needs beyond the first."""
    plain = _plain(probe, encoded)
    plain_peak = _peak(plain, probe)
    _clear(probe)
    meter, metered = _metered(probe, encoded)
    extra = _peak(metered, probe) - plain_peak
    meter.close()
    pairs = []
    for _ in range(passes):
        # Each side is in the middle of its work: gradients are there to be added to.
        plain()
        first = _timed(plain, probe)
        _clear(probe)
        meter, metered = _metered(probe, encoded)
        pairs.append((first, _timed(metered, probe)))
        meter.close()
    one, two = (statistics.median(side) for side in zip(*pairs, strict=True))
    return one, two, extra


def _mib(num_bytes: int) -> str:
    return f"{num_bytes / 2**20:.2f} MiB"


def _sample(probe: Probe, num_frames: int, side: int) -> Encoded:
    pixels = np.random.default_rng(0).integers(0, 256, (num_frames, side, side, 3), dtype=np.uint8)
    video = Visual(kind="video", pixels=pixels, times_seconds=np.arange(num_frames) / 2.0)
    turns = [Turn(role="user", text="<video>What moves?"), Turn(role="assistant", text="the red square")]
    return probe.family.encode(turns, [video])


def _plain(probe: Probe, encoded: Encoded) -> Callable[[], None]:
    def once() -> None:
        probe.loss(encoded)[0].backward()

    once()
    return once


def _metered(probe: Probe, encoded: Encoded) -> tuple[GradientMeter, Callable[[], None]]:
    """A meter in the middle of a block: its halves are full and its running sum is there."""
    meter = GradientMeter(probe.learned)
    meter.add(probe.loss(encoded)[0], 0)
    meter.read(probe.loss(encoded)[0])

    def once() -> None:
        meter.read(probe.loss(encoded)[0])

    return meter, once


def _clear(probe: Probe) -> None:
    for item in probe.learned:
        item.parameter.grad = None


def _timed(once: Callable[[], None], probe: Probe) -> float:
    device = probe.family.model.device
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    started = time.perf_counter()
    once()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started


def _peak(once: Callable[[], None], probe: Probe) -> int:
    """Most bytes that were live during a pass beyond those before it."""
    device = probe.family.model.device
    if device.type == "cuda":
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        once()
        return int(torch.cuda.max_memory_allocated(device) - before)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as found:
        once()
    results = found.profiler.kineto_results
    changes = [e.nbytes() for e in results.events() if e.name() == "[memory]"]
    return int(max(np.cumsum(changes), default=0))


if __name__ == "__main__":
    main()
