"""The one writer: whatever happens, the old file or the new one, and nothing beside it."""

from __future__ import annotations

import errno
import os
import resource
import signal
import stat
import subprocess
import sys

import numpy as np
import pytest

from trivium.convert.formats import KINDS, Output
from trivium.convert.writing import MARK, assembling, replacing, write_text
from trivium.core.errors import TriviumError, WriteError

from .checkpoints import HDF5, MSGPACK, SAFETENSORS, outputs

METADATA = {SAFETENSORS.name: {"format": "pt"}, HDF5.name: {"model": "tf_model"}, MSGPACK.name: {}}


class FailureError(Exception):
    pass


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.name != "orbax"], ids=lambda kind: kind.name)
@pytest.mark.parametrize("failing", [0, 1, 2])
@pytest.mark.parametrize("old", [None, b"old"])
def test_an_error_in_the_middle_leaves_what_was_there(kind, failing, old, tmp_path):
    path = tmp_path / kind.file
    if old is not None:
        path.write_bytes(old)

    def produce(index):
        if index == failing:
            raise FailureError
        return np.zeros(4, np.float32)

    tensors = [Output(f"a/{i}:0", np.dtype("f4"), (4,), lambda i=i: produce(i)) for i in range(3)]
    with pytest.raises(FailureError):
        kind.module.write(path, tensors, METADATA.get(kind.name, {}))
    assert [file.name for file in tmp_path.iterdir()] == ([] if old is None else [path.name])
    assert old is None or path.read_bytes() == old


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.name != "orbax"], ids=lambda kind: kind.name)
def test_no_space(kind, tmp_path):  # W01
    """A limit on the size of files stands for a full disk."""
    path = tmp_path / kind.file
    path.write_bytes(b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(WriteError) as caught:
            kind.module.write(path, outputs({"a/b:0": np.ones(10_000, np.float32)}), METADATA.get(kind.name, {}))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert caught.value.path == path
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("name", ["fsync", "replace", "chmod"])
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
def test_the_system_fails(name, code, tmp_path, monkeypatch):  # W02
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, name, fail)
    with pytest.raises(WriteError) as caught:
        write_text(path, "new")
    assert isinstance(caught.value, OSError)
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_modes_and_links(tmp_path):  # W11, W20
    path, link = tmp_path / "file", tmp_path / "link"
    umask = os.umask(0o027)
    try:
        write_text(path, "1")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
    finally:
        os.umask(umask)
    path.chmod(0o604)
    link.symlink_to(path)
    write_text(link, "2")
    assert link.is_symlink()
    assert path.read_text() == "2"
    assert stat.S_IMODE(path.stat().st_mode) == 0o604
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "made")
    write_text(dangling, "3")
    assert dangling.is_symlink()
    assert (tmp_path / "made").read_text() == "3"


def test_names(tmp_path):  # W10, W14
    write_text(tmp_path / ("n" * 255), "long")
    (tmp_path / "folder").mkdir()
    with pytest.raises(WriteError, match="directory has this name"):
        write_text(tmp_path / "folder", "x")
    with pytest.raises(WriteError, match="make the directory first"):
        write_text(tmp_path / "absent" / "file", "x")
    with pytest.raises(WriteError, match="a part of the path is a file"):
        write_text(tmp_path / ("n" * 255) / "file", "x")


def test_a_new_directory_appears_in_one_piece(tmp_path):
    target = tmp_path / "a" / "b" / "model"
    with assembling(target, (), lambda name: False) as folder:
        (folder / "file").write_text("1")
        assert not target.exists()
    assert (target / "file").read_text() == "1"
    assert [path.name for path in target.parent.iterdir()] == ["model"]


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("error", [FailureError, KeyboardInterrupt])
def test_a_directory_is_left_as_it_was(exists, error, tmp_path):
    target = tmp_path / "a" / "model"
    if exists:
        target.mkdir(parents=True)
        (target / "file").write_text("old")

    def fill():
        with assembling(target, (), lambda name: True) as folder:
            (folder / "file").write_text("new")
            raise error

    with pytest.raises(error):
        fill()
    if exists:
        assert [path.name for path in target.iterdir()] == ["file"]
        assert (target / "file").read_text() == "old"
    else:
        assert not list(tmp_path.iterdir())


def test_the_file_that_counts_is_moved_last(tmp_path, monkeypatch):  # W18
    target = tmp_path / "model"
    target.mkdir()
    for name in ("weights", "weights-1-of-2", "notes"):
        (target / name).write_text("old")
    moved, replace = [], os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: (moved.append(b.name), replace(a, b)))
    with assembling(target, ("config", "weights"), lambda name: name.startswith("weights")) as folder:
        for name in ("weights", "config", "vocabulary"):
            (folder / name).write_text("new")
        (folder / "inner").mkdir()
        (folder / "inner" / "file").write_text("new")
    assert moved[-2:] == ["config", "weights"]
    assert sorted(path.name for path in target.iterdir()) == ["config", "inner", "notes", "vocabulary", "weights"]


def test_errors_of_the_reading_side_keep_their_class(tmp_path):
    from trivium.core.errors import NotFound

    with pytest.raises(NotFound), replacing(tmp_path / "file"):
        raise NotFound("no such file", path="elsewhere")
    assert issubclass(WriteError, TriviumError)
    assert not list(tmp_path.iterdir())


def test_killed_while_writing(tmp_path):  # W04
    """Only a temporary name may be left."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    code = (
        "import os, signal, sys; from pathlib import Path; from trivium.convert.writing import replacing\n"
        "with replacing(Path(sys.argv[1])) as file:\n"
        "    file.write(b'new'); file.flush(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert all(name == "file" or MARK in name for name in os.listdir(tmp_path))


def test_all_is_forced_to_the_disk_before_it_is_renamed(tmp_path, monkeypatch):
    done, replace = [], os.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: done.append(stat.S_ISDIR(os.fstat(descriptor).st_mode)))
    monkeypatch.setattr(os, "replace", lambda a, b: (done.append("replace"), replace(a, b)))
    write_text(tmp_path / "file", "x")
    assert done == [False, "replace", True]
