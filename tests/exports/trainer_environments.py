"""Environments of other trainers, installed once from the package index and kept in the user's cache."""

import fcntl
import hashlib
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src"
LOADERS = Path(__file__).parent / "loaders"
REQUIREMENTS = {
    "ms_swift": ("ms-swift==4.6.0", "qwen-vl-utils==0.0.14", "decord==0.6.0", "torchvision"),
    "llama_factory": ("llamafactory==0.9.5",),
    "qwen_vl_utils": ("qwen-vl-utils==0.0.14", "decord==0.6.0", "torchvision", "transformers==5.23.0"),
}


def environment(trainer: str) -> Path:
    """Python of the trainer's environment. torch comes first and alone, as in the Makefile."""
    torch, torchvision = (version(name).partition("+")[0] for name in ("torch", "torchvision"))
    pins = (f"torch=={torch}", f"torchvision=={torchvision}")
    wanted = "\n".join([sys.version, *pins, *REQUIREMENTS[trainer]])
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "framewise" / "trainers"
    folder = cache / f"{trainer}-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"
    python, stamp = folder / "bin" / "python", folder / "installed"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists():
            _install(folder, python, pins, trainer)
            stamp.touch()
    return python


def _install(folder: Path, python: Path, pins: tuple[str, ...], trainer: str) -> None:
    _run(sys.executable, "-m", "venv", "--clear", str(folder))
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(pins))
    pip = (str(python), "-m", "pip", "install", "--quiet")
    _run(*pip, pins[0])
    _run(*pip, "--constraint", str(constraints), *REQUIREMENTS[trainer])


def run_loader(trainer: str, folder: Path, output: Path) -> None:
    """Run a trainer's program of ``loaders/`` in an export."""
    paths = os.pathsep.join(map(str, (SOURCE, LOADERS, LOADERS.parent)))
    quiet = {
        "PYTHONPATH": paths,
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    program = LOADERS / f"run_{trainer}.py"
    _run(str(environment(trainer)), str(program), str(output), cwd=folder, env={**os.environ, **quiet})


def _run(*command: str, **options: object) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
