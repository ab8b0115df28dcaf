"""Crash safety: every call that changes the file system fails once, or is the last one before SIGKILL."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from trivium.convert import convert, filesystem, verify
from trivium.convert.writing import MARK, write_text
from trivium.core.errors import Corrupt, WriteError

from .checkpoints import GPT2 as ONE_LAYER
from .checkpoints import checkpoint, drawn_weights, snapshot, write_checkpoint

CALLS = ("create", "write", "truncate", "fsync", "close", "chmod", "mkdir", "link", "replace", "exchange", "unlink", "rmdir")
SHARDS = {"whole": None, "shards": 300}
GPT2 = {**ONE_LAYER, "n_layer": 0}


class Watching(filesystem.FsOps):
    """Counts the calls, and does `act` instead of the k-th one or before it."""

    def __init__(self, k=-1, act=lambda name: None):
        self.k, self.act, self.names = k, act, []


def _watched(name):
    def call(self, *arguments):
        self.names.append(name)
        if len(self.names) - 1 == self.k:
            if name == "write" and self.act is short:
                return os.write(arguments[0], arguments[1][:1])
            if name == "close":
                os.close(arguments[0])
                self.act(name)
                return None
            self.act(name)
        return getattr(filesystem.FsOps, name)(self, *arguments)

    return call


for call in CALLS:
    setattr(Watching, call, _watched(call))


def failing(code):
    def act(name):
        raise OSError(code, os.strerror(code))

    return act


def short(name):
    """Only one byte is written."""


def kill(name):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def source(tmp_path):
    return checkpoint(tmp_path / "source", GPT2)


@pytest.fixture
def other(tmp_path):
    """The same model with other numbers, which was there before."""
    weights = {name: array + 1 for name, array in drawn_weights(GPT2).items()}
    return write_checkpoint(tmp_path / "other", weights, GPT2)


def run(source, out, to, shards, k=-1, act=lambda name: None):
    """Converts under watch; the names of the calls."""
    watching = Watching(k, act)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filesystem, "ops", watching)
        convert(source, out, to, overwrite=True, shard_size=SHARDS[shards])
    return watching.names


def only(folder, *names):
    """What is in a folder beside `names`."""
    return sorted(set(os.listdir(folder)) - set(names))


CASES = [("torch", "shards"), ("tensorflow", "whole"), ("flax", "whole"), ("flax", "shards")]
every_case = pytest.mark.parametrize(
    ("to", "shards", "before"),
    [
        ("torch", "whole", None),
        ("torch", "shards", "shards"),
        ("torch", "shards", "whole"),
        ("flax", "whole", "shards"),
        ("tensorflow", "whole", "whole"),
        ("orbax", "whole", "whole"),
    ],
)


class Trial:
    """A new directory for each k, with what was there before in it, and a look at what is in it afterwards."""

    def __init__(self, tmp_path, source, other, to, shards, before):
        self.tmp_path, self.old, self.whole = tmp_path / "out", tmp_path / "old", before is not None
        self.tmp_path.mkdir()
        convert(source, tmp_path / "new", to, shard_size=SHARDS[shards])
        if self.whole:
            convert(other, self.old, to, shard_size=SHARDS[before])
        self.wanted = [snapshot(tmp_path / name) for name in ("new", "old")[: 1 + self.whole]]
        self.source, self.other = source, other

    def start(self, k):
        self.out = self.tmp_path / f"model{k}"
        if self.whole:
            shutil.copytree(self.old, self.out)
        return self.out

    def look(self):
        """The directory holds a whole checkpoint, the new one or the old."""
        if not self.out.exists():
            assert not self.whole
            return
        there = {name: value for name, value in snapshot(self.out).items() if MARK not in name}
        if there not in self.wanted:
            assert not verify(self.source, self.out) or (self.whole and not verify(self.other, self.out))

    def left(self):
        """Temporary names."""
        return [path for path in self.tmp_path.rglob("*") if MARK in path.name and self.out.name in str(path)]


@every_case
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_every_call_fails_once(to, shards, before, code, source, other, tmp_path):  # W01, W02, C3, C4
    trial = Trial(tmp_path, source, other, to, shards, before)
    for k in range(1000):
        calls = []
        with contextlib.suppress(WriteError):
            calls = run(source, trial.start(k), to, shards, k, failing(code))
        assert not trial.left()
        trial.look()
        if calls and len(calls) <= k:
            break
    assert 8 < k < 999


@every_case
def test_killed_at_every_call(to, shards, before, source, other, tmp_path):  # W04, W18, C3, C4
    trial = Trial(tmp_path, source, other, to, shards, before)
    for k in range(1000):
        out = trial.start(k)
        child = os.fork()
        if child == 0:
            run(source, out, to, shards, k, kill)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        trial.look()
        if not os.WIFSIGNALED(status):
            break
        if k % 4 == 0:
            convert(source, out, to, overwrite=True, shard_size=SHARDS[shards])
            assert not trial.left()
            assert snapshot(out) == trial.wanted[0]
    assert 8 < k < 999


@pytest.mark.parametrize(("to", "shards"), CASES)
def test_short_writes_are_completed(to, shards, source, tmp_path):  # W03
    calls = run(source, tmp_path / "whole", to, shards)
    for k in [index for index, name in enumerate(calls) if name == "write"]:
        run(source, tmp_path / f"out{k}", to, shards, k, short)
        assert snapshot(tmp_path / f"out{k}") == snapshot(tmp_path / "whole")


@pytest.mark.parametrize("old", [None, "old"])
def test_a_file_is_killed_at_every_call(old, tmp_path):  # W04
    k, path = 0, tmp_path / "file"
    while True:
        path.unlink(missing_ok=True)
        if old:
            path.write_text(old)
        child = os.fork()
        if child == 0:
            filesystem.ops = Watching(k, kill)
            write_text(path, "new")
            os._exit(0)
        killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        assert (path.read_text() if path.exists() else None) in (old, "new")
        write_text(path, "next")
        assert os.listdir(tmp_path) == ["file"]
        if not killed:
            break
        k += 1
    assert k > 4


def test_what_a_living_writer_holds_stays(tmp_path):  # W16
    code = (
        "import sys, time; from pathlib import Path; from trivium.convert.writing import replacing\n"
        "with replacing(Path(sys.argv[1])) as file:\n"
        "    file.write(b'slow'); print('ready', flush=True); sys.stdin.read()"
    )
    path = tmp_path / "file"
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        write_text(path, "fast")
        assert path.read_text() == "fast"
        assert len(os.listdir(tmp_path)) == 2
        process.communicate("")
    assert path.read_bytes() == b"slow"
    assert os.listdir(tmp_path) == ["file"]


def test_sigterm_cleans_up(source, tmp_path):  # C4
    code = (
        "import sys, time\n"
        "from trivium.convert import formats\n"
        "from trivium.cli import main\n"
        "formats.contiguous = lambda array: (print('ready', flush=True), time.sleep(60))\n"
        "main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, "convert", str(source), str(tmp_path / "out"), "--to", "flax"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.wait(20) == 143
    assert os.listdir(tmp_path) == ["source"]


@pytest.mark.parametrize("change", ["touch", "replace"])
def test_a_source_that_changes_is_an_error(change, source, tmp_path):  # W22
    weights = source / "model.safetensors"

    def meddle(*_):
        if change == "touch":
            os.utime(weights, ns=(time.time_ns(), time.time_ns()))
        else:
            weights.rename(weights.with_name("moved"))
            weights.write_bytes(weights.with_name("moved").read_bytes())

    with pytest.raises(Corrupt, match="changed while it was read"):
        convert(source, tmp_path / "out", "flax", progress=meddle)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("to", "shards"), CASES)
def test_the_same_input_gives_the_same_bytes(to, shards, source, tmp_path):  # C8
    run(source, tmp_path / "one", to, shards)
    code = "import sys; from trivium.convert import convert; convert(*sys.argv[1:4], shard_size=int(sys.argv[4]) or None)"
    arguments = [str(source), str(tmp_path / "two"), to, str(SHARDS[shards] or 0)]
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, env=environment)
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")


def test_the_source_is_never_the_destination(source, tmp_path):  # W12
    """Neither by its name, nor by a name that leads to it; a second name of its file is replaced, and the file stays."""
    before = snapshot(source)
    (tmp_path / "link").symlink_to(source)
    for out in (source, tmp_path / "link", source / "inside"):
        with pytest.raises(WriteError, match="in each other"):
            convert(source, out, "flax", overwrite=True)
    linked = tmp_path / "linked"
    linked.mkdir()
    os.link(source / "model.safetensors", linked / "model.safetensors")
    convert(source, linked, "torch", overwrite=True, dtype="bfloat16")
    assert not os.path.samefile(source / "model.safetensors", linked / "model.safetensors")
    assert snapshot(source) == before
