"""`trivium serve`: vLLM's own server, which is told to take Trivium's network."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

from trivium.core.errors import ConfigError
from trivium.core.pretrained import require

from .plugin import ARCHITECTURE

_OVERRIDES = json.dumps({"architectures": [ARCHITECTURE]})


def arguments(src: str, options: Sequence[str]) -> list[str]:
    """The arguments of the program that serves: Python's own path, then `vllm serve` with the checkpoint and the options.

    Raises:
        ConfigError: An option would take the network's name out of the config again.
    """
    for option in options:
        if option.replace("_", "-").startswith("--hf-overrides"):
            raise ConfigError(
                "--hf-overrides is what names Trivium's network to vLLM", key=option,
                hint=f'call `vllm serve` itself, with "architectures": ["{ARCHITECTURE}"] among the overrides',
            )  # fmt: skip
    return [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", src, "--hf-overrides", _OVERRIDES, *options]


def serve(src: str, options: Sequence[str]) -> None:
    """Becomes vLLM's server; does not return.

    Raises:
        ConfigError: As `arguments`.
        BackendMissing: vLLM is not installed.
    """
    command = arguments(src, options)
    require("vllm", "serve")
    os.execv(command[0], command)
