"""The checks of an environment whose libraries import."""

from framewise.doctor._decoding import decoders, ffmpeg
from framewise.doctor._device import attention, bfloat16, gpus
from framewise.doctor._finding import Finding
from framewise.doctor._libraries import operators, pairing
from framewise.doctor._system import disk, open_files, shared_memory, threads
from framewise.doctor._temporal import temporal_ids, text_position


def environment() -> list[Finding]:
    """One finding a check, in the order in which they are shown."""
    first = [check() for check in (temporal_ids, text_position, pairing, operators)]
    last = (ffmpeg, gpus, bfloat16, attention, disk, shared_memory, open_files, threads)
    return first + decoders() + [check() for check in last]
