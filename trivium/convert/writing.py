"""The one writer: at every instant the final name is absent, the old complete file, or the new complete file.

Everything is first written under a temporary name with `.trivium-tmp-` in it, beside its place, forced to the disk, and then
renamed. On any error, and when the user interrupts, the temporary name is removed.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from trivium.core.errors import TriviumError, WriteError

MARK = ".trivium-tmp-"
_STEM = 200  # characters of a name that are repeated in its temporary name; file systems allow 255 bytes
_COPY = 16 * 2**20  # bytes at a time

_HINTS = {
    errno.ENOSPC: "the disk is full: free some space, or write elsewhere",
    errno.EDQUOT: "the quota is used up: free some space, or write elsewhere",
    errno.EFBIG: "the file system, or a limit of the process, allows no file of this size",
    errno.EACCES: "check the permissions of the directory",
    errno.EPERM: "check the permissions of the directory",
    errno.EROFS: "the file system is read-only: write elsewhere",
    errno.ENOENT: "make the directory first",
    errno.ENOTDIR: "a part of the path is a file",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EBUSY: "another program holds the file: close it",
}


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of `path` when the block ends without an error.

    Its `name` is the temporary path. A symbolic link stays, and the file that it leads to is replaced; the mode of a file
    that was there is kept.

    Raises:
        WriteError: It could not be written; what was there before is unharmed.
    """
    with _reporting(path):
        target = Path(os.path.realpath(path))
        if target.is_dir():
            raise WriteError("a directory has this name", path=path)
        temporary = _beside(target)
        with _removing(temporary):
            with open(temporary, "x+b") as file:
                with suppress(FileNotFoundError):
                    os.chmod(temporary, stat.S_IMODE(target.stat().st_mode))
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
        _sync(target.parent)


def write_text(path: Path, text: str) -> None:
    """Writes a small file in UTF-8, through `replacing`."""
    with replacing(path) as file:
        file.write(text.encode())


def copy(source: Path, path: Path) -> None:
    """Writes a file with the content of another, through `replacing`."""
    with open(source, "rb") as content, replacing(path) as file:
        shutil.copyfileobj(content, file, _COPY)


@contextmanager
def assembling(directory: Path, last: Sequence[str], stale: Callable[[str], bool]) -> Iterator[Path]:
    """A temporary directory to fill, whose files take their places in `directory` when the block ends without an error.

    A directory that is new appears in one piece. In one that was there, files are replaced one by one.

    Args:
        directory: The final one; missing parents are made.
        last: The files that are moved last, in this order: the one that makes the others valid comes at the end.
        stale: Tells by name which of the files that were there the new ones supersede; they are removed at the end.

    Raises:
        WriteError: The files could not be written. None has been replaced, unless the disk failed between two renamings.
    """
    with _reporting(directory):
        made = [parent for parent in directory.parents if not parent.exists()]
        exists = directory.exists()
        temporary = directory / f"{MARK}{uuid.uuid4().hex[:12]}" if exists else _beside(directory)
        with _removing(temporary, *made):
            os.makedirs(temporary)
            yield temporary
            if not exists:
                os.replace(temporary, directory)
            else:
                moved = _move_files(temporary, directory, last)
                for path in directory.iterdir():
                    if path.name not in moved and stale(path.name):
                        path.unlink()
        _sync(directory.parent)


def _move_files(source: Path, target: Path, last: Sequence[str]) -> set[str]:
    """Moves all files, and returns their paths."""
    files = [path.relative_to(source) for path in source.rglob("*") if path.is_file()]
    files.sort(key=lambda file: last.index(str(file)) if str(file) in last else -1)
    for file in files:
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        os.replace(source / file, target / file)
        _sync((target / file).parent)
    shutil.rmtree(source)
    return {str(file) for file in files}


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name[:_STEM]}{MARK}{uuid.uuid4().hex[:12]}")


@contextmanager
def _removing(temporary: Path, *parents: Path) -> Iterator[None]:
    """Removes `temporary`, and the directories made for it, if the block ends with an error or an interruption."""
    try:
        yield
    except BaseException:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)
        for parent in parents:
            with suppress(OSError):
                parent.rmdir()
        raise


@contextmanager
def _reporting(path: Path) -> Iterator[None]:
    """Turns what the system says into a WriteError about `path`."""
    try:
        yield
    except TriviumError:
        raise
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        hint = _HINTS.get(error.errno or 0)
        raise WriteError(f"could not be written: {reason}", path=path, hint=hint) from error


def _sync(directory: Path) -> None:
    """Forces a directory's entries to the disk, where the system can."""
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
