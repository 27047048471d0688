"""``transformers serve`` in a process of its own, with the lab's checkpoint: a real server, real weights, no mock."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from framewise.lab import checkpoint_folder

LAUNCH = """
import sys
from framewise.compat import prepare_torchvision
prepare_torchvision()
# PyPI's torchvision cannot decode images with a CPU build of torch: this is transformers' own list of the processors
# that read them with Pillow instead.
from transformers.models.auto import image_processing_auto
image_processing_auto.DEFAULT_TO_PIL_BACKEND_IMAGE_PROCESSORS.append("Qwen2VLImageProcessor")
from transformers.cli.transformers import main
sys.exit(main())
"""
TEMPLATE = """{%- for message in messages -%}
<|im_start|>{{ message['role'] }}
{% if message['content'] is string %}{{ message['content'] }}{% else -%}
{%- for part in message['content'] -%}
{%- if part['type'] == 'image' -%}<|vision_start|><|image_pad|><|vision_end|>
{%- else -%}{{ part['text'] }}{%- endif -%}
{%- endfor -%}{%- endif -%}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""
"""As the released checkpoints': with the places of images, which this server asks for."""
_PATIENCE_SECONDS = 180


@pytest.fixture(scope="session")
def served_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lab's checkpoint with a chat template for images."""
    folder = tmp_path_factory.mktemp("served") / "lab"
    shutil.copytree(checkpoint_folder(), folder)
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return folder


@pytest.fixture(scope="session")
def real_server(served_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address; the model's name is the checkpoint's folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("no_proxy", "127.0.0.1")
        home = tmp_path_factory.mktemp("hub")
        (home / "hub").mkdir()
        port = _free_port()
        command = [sys.executable, "-c", LAUNCH, "serve", str(served_checkpoint), "--port", str(port)]
        log = (home / "log.txt").open("wb")
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--device", "cpu"],
            stdout=log,
            stderr=log,
            env={**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        )
        try:
            _wait(f"http://127.0.0.1:{port}/health", process, Path(log.name))
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            process.wait()
            log.close()


def _free_port() -> int:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the server ended:\n{log.read_text()}"
        try:
            with urlopen(url, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"the server did not start:\n{log.read_text()}")
