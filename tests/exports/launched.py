"""What bash really starts when it runs a script of an export."""

import json
import os
import subprocess
import sys
from pathlib import Path

COMMANDS = ("accelerate", "axolotl", "deepspeed", "llamafactory-cli", "swift", "torchrun")
_PROGRAM = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]))"


def launched(script: Path, scratch: Path, **variables: str) -> tuple[list[str], dict[str, str], Path]:
    """Words after the command, environment and folder; programs that only tell these stand for the trainers."""
    scratch.mkdir(parents=True, exist_ok=True)
    for name in COMMANDS:
        (scratch / name).write_text(f"#!{sys.executable}\n{_PROGRAM}\n")
        (scratch / name).chmod(0o755)
    environment = {**os.environ, **variables, "PATH": f"{scratch}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash", script], env=environment, capture_output=True, text=True, check=True)
    words, found, folder = json.loads(done.stdout)
    return words, found, Path(folder)
