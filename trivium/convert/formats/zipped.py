"""The zip files of PyTorch and NumPy: their members, checked so strictly that every reader of zip files sees the same ones.

Members are stored, not compressed, and so they can be mapped into memory; their checksums are verified when they are read.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import numpy as np

from trivium.core.errors import Corrupt, LimitExceeded, Unsafe

from ..tensors import DTYPES, TENSOR_LIMIT, Mapped

ALIGNMENT = 64  # bytes; as torch.save aligns
_LOCAL, _CENTRAL, _END = struct.Struct("<4s5H3I2H"), struct.Struct("<4s6H3I5H2I"), struct.Struct("<4s4H2IH")
_END64, _LOCATOR64 = struct.Struct("<4sQ2H2I4Q"), struct.Struct("<4sIQI")
_DESCRIBED = 0x8  # the flag that says: sizes and checksum come after the data
_ENCRYPTED = 0x1
_WIDE = 0xFFFFFFFF  # a size that is elsewhere, because it takes 64 bits


class Member:
    """A member: `size` bytes of the file from `offset` on."""

    def __init__(self, file: Mapped, name: str, offset: int, size: int, crc: int, path: Path) -> None:
        self.file, self.name, self.offset, self.size = file, name, offset, size
        self._crc, self._path, self._verified = crc, path, False

    def values(self) -> np.ndarray:
        """Its bytes, whose checksum has been verified."""
        data = self.file.array(self.offset, (self.size,), DTYPES["uint8"])
        if not self._verified:
            if zlib.crc32(data.data) != self._crc:
                raise Corrupt("its checksum is wrong", path=self._path, key=self.name, hint="download it again")
            self._verified = True
        return data

    def bytes(self, limit: int) -> bytes:
        """Its bytes, if they are no more than `limit`."""
        if self.size > limit:
            raise LimitExceeded(f"{self.size:,} bytes; the limit is {limit:,}", path=self._path, key=self.name)
        return self.values().tobytes()


def members(file: Mapped, path: Path) -> dict[str, Member]:
    """The members of a zip file by name.

    Raises:
        Corrupt: It breaks the rules, or could be read in two ways.
        Unsafe: A member is encrypted, or its name leads elsewhere.
        LimitExceeded: There are too many, or one is compressed.
    """
    if file.size < _END.size:
        raise Corrupt("too short for a zip file", path=path)
    tail = _END.unpack(file.bytes[file.size - _END.size :])
    if tail[0] != b"PK\5\6" or tail[-1]:
        raise Corrupt(
            "the file does not end with the end record of a zip file",
            path=path,
            hint="the file is truncated; download it again",
        )
    try:
        with open(path, "rb") as stream, zipfile.ZipFile(stream) as archive:
            entries, end = archive.infolist(), archive.start_dir
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, ValueError, struct.error, NotImplementedError) as error:
        raise Corrupt(f"not a sound zip file: {error}", path=path, hint="download it again") from None
    if len(entries) > TENSOR_LIMIT:
        raise LimitExceeded(f"{len(entries):,} members; the limit is {TENSOR_LIMIT:,}", path=path)
    found: dict[str, Member] = {}
    before = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        member = _member(file, entry, path)
        if entry.header_offset < before or member.offset + member.size > end:
            raise Corrupt("two members overlap", path=path, key=ascii(entry.filename))
        if entry.header_offset != before and before == 0:
            raise Corrupt("something is before the first member", path=path)
        if entry.filename in found:
            raise Corrupt("two members of one name", path=path, key=ascii(entry.filename))
        before = member.offset + member.size
        found[entry.filename] = member
    return found


def _member(file: Mapped, entry: zipfile.ZipInfo, path: Path) -> Member:
    name = entry.filename
    _check_name(entry, path)
    if entry.flag_bits & _ENCRYPTED:
        raise Unsafe("an encrypted member", path=path, key=name)
    if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
        raise LimitExceeded(
            "a compressed member", path=path, key=name, hint="store it uncompressed, as torch.save and np.savez do"
        )
    at = entry.header_offset
    if not 0 <= at <= file.size - _LOCAL.size:
        raise Corrupt("a member outside the file", path=path, key=name)
    signature, _, flags, method, _, _, crc, stored, size, length, extra = _LOCAL.unpack(file.bytes[at : at + _LOCAL.size])
    offset = at + _LOCAL.size + length + extra
    raw = file.bytes[at + _LOCAL.size : at + _LOCAL.size + length]
    if signature != b"PK\3\4" or method != entry.compress_type or flags & _ENCRYPTED:
        raise Corrupt("a member's two headers disagree", path=path, key=name)
    if raw != entry.orig_filename.encode("utf-8" if flags & 0x800 else "cp437"):
        raise Corrupt("a member has two names", path=path, key=name)
    sizes = {(stored, size, crc)} - {(_WIDE, _WIDE, entry.CRC), (entry.file_size, entry.file_size, entry.CRC)}
    if sizes and not (flags & _DESCRIBED and sizes <= {(0, 0, 0), (_WIDE, _WIDE, 0)}):
        raise Corrupt("a member has two sizes or checksums", path=path, key=name)
    if offset + entry.file_size > file.size:
        raise Corrupt("a member ends after the file's end", path=path, key=name, hint="download it again")
    return Member(file, name, offset, entry.file_size, entry.CRC, path)


def _check_name(entry: zipfile.ZipInfo, path: Path) -> None:
    name = entry.orig_filename
    parts = PurePosixPath(name).parts
    if name != entry.filename or "\\" in name or not parts or parts[0] == "/" or ".." in parts or name.endswith("/"):
        raise Unsafe("a member whose name leads elsewhere", path=path, key=ascii(name))


class Writer:
    """Writes a zip file of stored, aligned members: the same members give the same bytes."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.at = file, 0
        self._entries: list[bytes] = []

    def add(self, name: str, content: bytes) -> None:
        """Writes a small member."""
        self.stream(name, len(content), [np.frombuffer(content, np.uint8)])

    def stream(self, name: str, size: int, pieces: Iterable[np.ndarray]) -> None:
        """Writes a member of `size` bytes, which are the values of `pieces`."""
        raw, wide = name.encode(), size >= _WIDE
        extra = struct.pack("<2H2Q", 1, 16, size, size) if wide else b""
        padding = -(self.at + _LOCAL.size + len(raw) + len(extra) + 4) % ALIGNMENT
        extra += b"FB" + struct.pack("<H", padding) + b"Z" * padding  # as PyTorch pads
        there = _WIDE if wide else size
        head = [b"PK\3\4", 45 if wide else 0, 0x800, 0, 0, 0x21, 0, there, there, len(raw), len(extra)]
        self.file.write(_LOCAL.pack(*head) + raw + extra)
        begin, crc = self.at, 0
        self.at += _LOCAL.size + len(raw) + len(extra) + size
        for piece in pieces:
            data = piece.reshape(-1).view(np.uint8).data
            crc = zlib.crc32(data, crc)
            self.file.write(data)
        head[6] = crc  # known only now
        self.file.seek(begin)
        self.file.write(_LOCAL.pack(*head))
        self.file.seek(self.at)
        far = begin >= _WIDE
        fields = [size, size] * wide + [begin] * far
        more = struct.pack(f"<2H{len(fields)}Q", 1, 8 * len(fields), *fields) if fields else b""
        self._entries.append(
            _CENTRAL.pack(
                b"PK\1\2", 45, 45 if fields else 0, 0x800, 0, 0, 0x21, crc, there, there, len(raw), len(more), 0, 0, 0, 0,
                _WIDE if far else begin,
            ) + raw + more
        )  # fmt: skip

    def end(self) -> None:
        """Writes the list of members, which makes the file complete."""
        start, count = self.at, len(self._entries)
        size = sum(self.file.write(entry) for entry in self._entries)
        end64 = start + size
        self.file.write(_END64.pack(b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start))
        self.file.write(_LOCATOR64.pack(b"PK\6\7", 0, end64, 1))
        few, near = min(count, 0xFFFF), min(start, _WIDE)
        self.file.write(_END.pack(b"PK\5\6", 0, 0, few, few, size, near, 0))
