"""SentencePiece's model files, read without the library: its protocol buffer, as far as tokenizers need it.

Source: sentencepiece_model.proto of google/sentencepiece; the wire format of Protocol Buffers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trivium.core.errors import TokenizerError

LIMIT = 256 * 2**20  # bytes of a file
UNIGRAM, BPE = 1, 2
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True)
class Piece:
    """A token of a model: its text, its score (the logarithm of a chance, or minus the rank of a merge), and its type."""

    text: str
    score: float
    type: int


@dataclass(frozen=True)
class Model:
    """A SentencePiece model.

    Attributes:
        pieces: Its tokens; a token's number is its index.
        type: `UNIGRAM` or `BPE`.
        unknown: The number of the token that stands for the unknown.
        charsmap: How characters are normalised, in a form of the library's own; empty for not at all.
        byte_fallback: Whether characters that are no piece are bytes.
    """

    pieces: tuple[Piece, ...]
    type: int
    unknown: int
    charsmap: bytes
    byte_fallback: bool


def read(path: Path) -> Model:
    """The model in a file.

    Raises:
        TokenizerError: It is none, or of a kind that is no unigram and no BPE model.
    """
    if path.stat().st_size > LIMIT:
        raise TokenizerError(f"a model of more than {LIMIT:,} bytes", path=path)
    try:
        model = _model(path.read_bytes())
    except (ValueError, struct.error, IndexError) as error:
        raise TokenizerError(f"no SentencePiece model: {error}", path=path, hint="download it again") from None
    if model.type not in (UNIGRAM, BPE):
        raise TokenizerError(f"a model of type {model.type}, which is neither unigram (1) nor BPE (2)", path=path)
    if not model.pieces or not 0 <= model.unknown < len(model.pieces):
        raise TokenizerError("a model without pieces, or without one for the unknown", path=path)
    return model


def _model(data: bytes) -> Model:
    pieces, trainer, charsmap = [], {3: UNIGRAM, 40: 0, 35: 0}, b""
    for field, kind, value in _fields(data):
        if field == 1 and kind == _BYTES:
            pieces.append(_piece(value))
        elif field == 2 and kind == _BYTES:
            trainer |= {name: number for name, kind, number in _fields(value) if kind == _VARINT}
        elif field == 3 and kind == _BYTES:
            charsmap = next((part for name, kind, part in _fields(value) if name == 2 and kind == _BYTES), b"")
    return Model(tuple(pieces), trainer[3], trainer[40], charsmap, bool(trainer[35]))


def _piece(data: bytes) -> Piece:
    text, score, kind = "", 0.0, NORMAL
    for field, wire, value in _fields(data):
        if field == 1 and wire == _BYTES:
            text = value.decode("utf-8")
        elif field == 2 and wire == _FIXED32:
            (score,) = struct.unpack("<f", value)
        elif field == 3 and wire == _VARINT:
            kind = value
    return Piece(text, score, kind)


def _fields(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """(number, wire type, value) of each field of a message."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, wire, value
            continue
        size, at = _varint(data, at) if wire == _BYTES else ({_FIXED64: 8, _FIXED32: 4}.get(wire, -1), at)
        if size < 0 or at + size > len(data) or not number:
            raise ValueError(f"a field at byte {at} that cannot be")
        yield number, wire, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if not byte & 0x80:
            return value, at
    raise ValueError(f"a number at byte {at} without an end")
