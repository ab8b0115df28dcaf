"""The one writer: at every instant the final name is absent, the old complete file, or the new complete file.

Everything is first written under a temporary name with `.trivium-tmp-` in it, beside its place, forced to the disk, and then
renamed. On any error, and when the user interrupts, the temporary name is removed; what a killed process left is removed by the
next one that writes to the same place. Writers hold a lock on what is temporary, by which the living are told from the dead.
"""

from __future__ import annotations

import errno
import glob
import os
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from trivium.core.errors import Busy, CheckpointError, DiskFull, ReadOnly, TriviumError, WriteError

from . import filesystem

try:
    import fcntl
except ImportError:  # Windows, where what a killed process left stays until the user removes it
    fcntl = None  # type: ignore[assignment]

MARK = ".trivium-tmp-"
PLAN = f"{MARK}plan"
"""A file in a temporary directory that says what it is filled with; one that has it can be taken up again."""

_STEM = 200  # characters of a name that are repeated in its temporary name; file systems allow 255 bytes
_COPY = 2**20  # bytes at a time: what stays in the processor's cache

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
    errno.ENOTEMPTY: "another program made the directory meanwhile: see what it wrote",
    errno.EEXIST: "another program made the directory meanwhile: see what it wrote",
}
_CLASSES = {
    errno.ENOSPC: DiskFull, errno.EDQUOT: DiskFull, errno.EACCES: ReadOnly, errno.EPERM: ReadOnly, errno.EROFS: ReadOnly,
    errno.EBUSY: Busy, errno.ENOTEMPTY: Busy, errno.EEXIST: Busy,
}  # fmt: skip


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
        ops = filesystem.ops
        _clear(target.parent, _stem(target))
        temporary = _beside(target)
        with _removing(temporary):
            with _created(temporary) as file:
                with suppress(FileNotFoundError):
                    ops.chmod(temporary, stat.S_IMODE(target.stat().st_mode))
                yield file
                file.flush()
                ops.fsync(file.fileno())
            ops.replace(temporary, target)
        _sync(target.parent)


def write_text(path: Path, text: str) -> None:
    """Writes a small file in UTF-8, through `replacing`."""
    with replacing(path) as file:
        file.write(text.encode())


def copy(source: Path, path: Path) -> None:
    """Writes a file with the content of another, through `replacing`."""
    with open(source, "rb") as content, replacing(path) as file:
        shutil.copyfileobj(content, file, _COPY)


def check_space(directory: Path, size: int) -> None:
    """Raises DiskFull unless the file system of a directory has room for `size` bytes more."""
    free = shutil.disk_usage(directory).free
    if size > free:
        raise DiskFull(
            f"{size:,} bytes are to be written, {free:,} are free", path=directory, hint="free some space, or write elsewhere"
        )


@contextmanager
def assembling(
    directory: Path,
    last: Sequence[str],
    stale: Callable[[str], bool],
    before: Callable[[Path, Path], None] = lambda temporary, directory: None,
    resume: bool = False,
) -> Iterator[Path]:
    """A temporary directory to fill, whose files take their places in `directory` when the block ends without an error.

    A directory that is new appears in one piece. In one that was there, files are replaced one by one.

    Args:
        directory: The final one; missing parents are made.
        last: The files that are moved last, in this order: the one that makes the others valid comes at the end.
        stale: Tells by name which of the files that were there the new ones supersede; they are removed at the end.
        before: Called with the temporary directory and the final one before files are replaced in one that was there.
        resume: Whether the temporary directory is to be one that an interrupted run left, if there is one with a `PLAN`; and
            to stay if this run is interrupted, too.

    Raises:
        Busy: Another run is writing to the same directory.
        WriteError: The files could not be written. None has been replaced, unless the disk failed between two renamings.
    """
    with _reporting(directory), _alone(directory):
        ops, made = filesystem.ops, [parent for parent in directory.parents if not parent.exists()]
        exists = directory.exists()
        left = next((path for path in _temporary(directory) if (path / PLAN).is_file()), None) if resume and fcntl else None
        _clear(directory.parent, _stem(directory), left)
        _clear(directory, "", left)
        temporary = left or (directory / f"{MARK}{uuid.uuid4().hex[:12]}" if exists else _beside(directory))
        with _removing(temporary, *made, resume=resume):
            for parent in reversed(made):
                ops.mkdir(parent)
            with _made(temporary, left is None):
                yield temporary
                if (temporary / PLAN).exists():
                    ops.unlink(temporary / PLAN)
                if not exists:
                    ops.replace(temporary, directory)
                else:
                    before(temporary, directory)
                    moved = _move_files(temporary, directory, last)
                    for path in directory.iterdir():
                        if path.is_file() and path.name not in moved and stale(path.name):
                            remove(path)
        _sync(directory.parent)


def _move_files(source: Path, target: Path, last: Sequence[str]) -> set[str]:
    """Moves all files, and returns their paths."""
    whole = [name for name in last if (source / name).is_dir()]  # a checkpoint that is a directory is moved in one piece
    files = [path.relative_to(source) for path in sorted(source.rglob("*")) if path.is_file()]
    files = [*(file for file in files if file.parts[0] not in whole), *map(Path, whole)]
    files.sort(key=lambda file: last.index(str(file)) if str(file) in last else -1)
    for file in files:
        for parent in reversed(file.parents):
            if not (target / parent).exists():
                filesystem.ops.mkdir(target / parent)
        if not (target / file).is_dir():
            filesystem.ops.replace(source / file, target / file)
        elif not filesystem.ops.exchange(source / file, target / file):
            filesystem.ops.replace(target / file, source / f"{file}{MARK}replaced")
            filesystem.ops.replace(source / file, target / file)
        _sync((target / file).parent)
    remove(source)
    return {str(file) for file in files}


def _stem(path: Path) -> str:
    return f".{path.name[:_STEM]}"


def _beside(path: Path) -> Path:
    return path.with_name(f"{_stem(path)}{MARK}{uuid.uuid4().hex[:12]}")


def _lock(descriptor: int, wait: bool) -> bool:
    """Locks what is temporary for as long as it is open; False if that cannot be."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # another process holds it, or the file system has no locks
        return False
    return True


def _created(path: Path) -> BinaryIO:
    """A new file, locked; made again if another process took it for a dead one's before it was locked."""
    while True:
        file = filesystem.create(path)
        _lock(file.fileno(), wait=True)
        if path.exists():
            return file
        file.close()


@contextmanager
def _made(directory: Path, new: bool) -> Iterator[None]:
    """A directory, made if it is to be new, locked; as in `_created`."""
    while True:
        if new:
            filesystem.ops.mkdir(directory)
        if fcntl is None:
            yield
            return
        with suppress(FileNotFoundError):
            descriptor = os.open(directory, os.O_RDONLY)
            _lock(descriptor, wait=True)
            if directory.exists():
                break
            os.close(descriptor)
        new = True
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Keeps two runs from writing to one directory: it is locked, if it is there, and otherwise the temporary one of the first.

    Two that begin a new one at the same instant do not see each other; the one that comes second then fails to rename.

    Raises:
        Busy: Another run is at work. Locks end with their process, so that what the dead left is not in the way.
    """
    if directory.is_dir():
        with _held(directory, directory):
            yield
        return
    for path in _temporary(directory):
        with suppress(FileNotFoundError), _held(path, directory):
            pass
    yield


@contextmanager
def _held(path: Path, directory: Path) -> Iterator[None]:
    """Holds the lock of a path, where there are locks; raises Busy, naming `directory`, if another run does."""
    if fcntl is None:
        yield
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy("another run is writing there", path=directory, hint="wait until it has ended") from None
        except OSError:  # the file system has no locks
            pass
        yield
    finally:
        os.close(descriptor)


def _temporary(directory: Path) -> list[Path]:
    """The temporary directories for a directory: in it if it is there, beside it if it is not."""
    place, stem = (directory, "") if directory.is_dir() else (directory.parent, _stem(directory))
    return sorted(path for path in place.glob(f"{glob.escape(stem)}{MARK}*") if path.is_dir() and not path.is_symlink())


def _clear(directory: Path, stem: str, but: Path | None = None) -> None:
    """Removes what killed processes left in a directory, but for one: temporary names, after `stem`, that nobody holds."""
    if fcntl is None or not directory.is_dir():
        return
    for path in directory.glob(f"{glob.escape(stem)}{MARK}*"):
        if path == but:
            continue
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                if _lock(descriptor, wait=False):
                    remove(path)
            finally:
                os.close(descriptor)


def remove(path: Path) -> None:
    """Removes a file, or a directory with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        for entry in path.iterdir():
            remove(entry)
        filesystem.ops.rmdir(path)
    else:
        filesystem.ops.unlink(path)


@contextmanager
def _removing(temporary: Path, *parents: Path, resume: bool = False) -> Iterator[None]:
    """Removes `temporary`, and the directories made for it, if the block ends with an error or an interruption.

    With `resume` it stays if it can be taken up again: there is a plan, and nothing is wrong with what it holds.
    """
    try:
        yield
    except BaseException as error:
        if resume and (temporary / PLAN).exists() and not isinstance(error, CheckpointError):
            raise
        with suppress(OSError):
            remove(temporary)
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
        kind = _CLASSES.get(error.errno or 0, WriteError)
        raise kind(f"could not be written: {reason}", path=path, hint=hint) from error


def _sync(directory: Path) -> None:
    """Forces a directory's entries to the disk, where the system can."""
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            filesystem.ops.fsync(descriptor)
        finally:
            os.close(descriptor)
