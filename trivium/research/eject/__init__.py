"""Plain source: an architecture as one file that imports one framework and nothing of Trivium."""

from __future__ import annotations

from .writing import eject

__all__ = ["eject"]
