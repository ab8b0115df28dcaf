"""Source text as a person would lay it out."""

from __future__ import annotations

import importlib.util
import subprocess
import sys


def formatted(text: str) -> str:
    """Python source laid out by ruff, with its imports in order; as it is where ruff is not installed."""
    if importlib.util.find_spec("ruff") is None:
        return text
    ruff, options = [sys.executable, "-m", "ruff"], ["--isolated", "--line-length=128", "--quiet", "--stdin-filename=x.py", "-"]
    for command in (["check", "--select=I,F401", "--fix-only"], ["format"]):
        text = subprocess.run([*ruff, *command, *options], input=text, capture_output=True, text=True, check=True).stdout
    return text
