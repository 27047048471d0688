"""Limits of the machine that end runs in their middle."""

import os
import resource
import shutil
from pathlib import Path

import torch

from framewise.doctor._finding import Finding, ok, warning

_GIB = 1 << 30
_DISK_GIB, _SHARED_GIB, _FILES = 20, 1, 4096
_SHARED = Path("/dev/shm")


def disk() -> Finding:
    """Free space where the run directories go."""
    free = shutil.disk_usage(Path.cwd()).free / _GIB
    if free < _DISK_GIB:
        return warning(
            "disk", f"{free:.1f} GiB free here", "a checkpoint of 7 billion parameters takes 15 GiB"
        )
    return ok("disk", f"{free:.0f} GiB free here")


def shared_memory() -> Finding:
    """Space in which worker processes hand over batches."""
    name = "shared memory"
    if not _SHARED.is_dir():
        return ok(name, f"this system has no {_SHARED}")
    free = shutil.disk_usage(_SHARED).free / _GIB
    if free < _SHARED_GIB:
        return warning(
            name, f"{free:.2f} GiB free in {_SHARED}", "num_workers: 0, or a larger one (docker: --shm-size)"
        )
    return ok(name, f"{free:.1f} GiB free in {_SHARED}")


def open_files() -> Finding:
    """Files that a process may have open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft < _FILES:
        return warning(
            "open files", f"at most {soft}", f"ulimit -n {min(hard, 65536) if hard > 0 else 65536}"
        )
    return ok("open files", f"at most {soft}" if soft >= 0 else "no limit")


def threads() -> Finding:
    """Threads of a process against the cores that it may use."""
    cores, used = len(os.sched_getaffinity(0)), torch.get_num_threads()
    found = f"{used} on {cores} cores (OMP_NUM_THREADS {os.environ.get('OMP_NUM_THREADS', 'not set')})"
    if used > cores:
        return warning("threads", found, f"OMP_NUM_THREADS={cores}")
    return ok("threads", found)
