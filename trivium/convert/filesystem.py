"""Every call by which the writers change a file system, in one object, so that tests can let the k-th of them fail."""

from __future__ import annotations

import errno
import io
import os
import sys
from pathlib import Path
from typing import Any

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_HERE, _EXCHANGE = -100, 2  # AT_FDCWD; RENAME_EXCHANGE, RENAME_SWAP
_CANNOT = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP)  # this file system has no such thing
_BUFFER = 2**16  # bytes of small writes that are put together
_SYNCED = 2**23  # bytes after which they are sent on their way to the disk


class FsOps:
    """The calls themselves."""

    def create(self, path: Path) -> int:
        return os.open(path, _NEW, 0o666)

    def write(self, descriptor: int, data: Any) -> int:
        return os.write(descriptor, data)

    def truncate(self, descriptor: int, size: int) -> None:
        os.ftruncate(descriptor, size)

    def fsync(self, descriptor: int) -> None:
        os.fsync(descriptor)

    def begin_sync(self, descriptor: int, offset: int, size: int) -> None:
        """Lets the system begin to bring a part of a file to the disk, so that `fsync` waits for less."""
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(descriptor, offset, size, os.POSIX_FADV_DONTNEED)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def chmod(self, path: Path, mode: int) -> None:
        os.chmod(path, mode)

    def mkdir(self, path: Path) -> None:
        os.mkdir(path)

    def link(self, source: Path, target: Path) -> None:
        os.link(source, target)

    def replace(self, source: Path, target: Path) -> None:
        os.replace(source, target)

    def exchange(self, one: Path, other: Path) -> bool:
        """Lets two names change places at one instant; False where the system cannot."""
        return _exchange(os.fsencode(one), os.fsencode(other))

    def unlink(self, path: Path) -> None:
        os.unlink(path)

    def rmdir(self, path: Path) -> None:
        os.rmdir(path)


def _exchange(one: bytes, other: bytes) -> bool:
    import ctypes  # Python's own os has neither of the calls

    calls: dict[str, tuple[str, tuple[Any, ...]]] = {
        "linux": ("renameat2", (_HERE, one, _HERE, other, ctypes.c_uint(_EXCHANGE))),
        "darwin": ("renamex_np", (one, other, ctypes.c_uint(_EXCHANGE))),
    }
    name, arguments = calls.get(sys.platform, ("", ()))
    call = getattr(ctypes.CDLL(None, use_errno=True), name, None) if name else None
    if call is None:
        return False
    if call(*arguments) == 0:
        return True
    code = ctypes.get_errno()
    if code in _CANNOT:
        return False
    raise OSError(code, os.strerror(code))


ops = FsOps()
"""Those in use."""


class _Raw(io.RawIOBase):
    """A new file."""

    def __init__(self, path: Path) -> None:
        self.name, self.descriptor = str(path), ops.create(path)
        self._since = 0  # bytes that were written and not yet sent on

    def fileno(self) -> int:
        return self.descriptor

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = os.read(self.descriptor, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def write(self, data: Any) -> int:
        size = ops.write(self.descriptor, data)
        self._since += size
        if self._since >= _SYNCED:
            end = os.lseek(self.descriptor, 0, os.SEEK_CUR)
            ops.begin_sync(self.descriptor, max(0, end - self._since), self._since)
            self._since = 0
        return size

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return os.lseek(self.descriptor, offset, whence)

    def truncate(self, size: int | None = None) -> int:
        size = self.tell() if size is None else size
        ops.truncate(self.descriptor, size)
        return size

    def close(self) -> None:
        if not self.closed:
            super().close()
            ops.close(self.descriptor)


def create(path: Path) -> io.BufferedRandom:
    """A new file to write and read, which must not be there yet."""
    return io.BufferedRandom(_Raw(path), _BUFFER)
