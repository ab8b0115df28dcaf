"""Source text as a person would lay it out."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Sequence


def formatted(text: str, fixes: Sequence[str] = ("I", "F401")) -> str:
    """Python source laid out by ruff, mended after some of its rules; as it is where ruff is not installed."""
    if importlib.util.find_spec("ruff") is None:
        return text
    ruff, options = [sys.executable, "-m", "ruff"], ["--isolated", "--line-length=128", "--quiet", "--stdin-filename=x.py", "-"]
    for command in (["check", f"--select={','.join(fixes)}", "--fix-only"], ["format"]):
        text = subprocess.run([*ruff, *command, *options], input=text, capture_output=True, text=True, check=True).stdout
    return text
