"""Interrupted conversions that are taken up again, and two that want the same destination."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections import namedtuple

import pytest
from click.testing import CliRunner

from trivium.cli import main
from trivium.convert import convert, filesystem, saving, writing
from trivium.convert.writing import MARK, PLAN
from trivium.core.errors import Busy, DiskFull, Mismatch, WriteError

from .checkpoints import GPT2, checkpoint, drawn_weights, snapshot, write_checkpoint
from .test_crash import Watching, failing, kill

SIZE = 300


@pytest.fixture
def source(tmp_path):
    return checkpoint(tmp_path / "source", GPT2)


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def interrupted(source, out, k, act=None, to="torch", **options):
    """The calls of a conversion whose k-th call fails."""
    watching = Watching(k, act or failing(errno.EIO))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filesystem, "ops", watching)
        convert(source, out, to, overwrite=True, **{"shard_size": SIZE, **options})
    return watching.names


def halfway(source, out):
    """A conversion with --resume that fails when half of its files are made."""
    calls = interrupted(source, out.with_name("all"), -1)
    shutil.rmtree(out.with_name("all"))
    created = [k for k, name in enumerate(calls) if name == "create"]
    with pytest.raises(WriteError):
        interrupted(source, out, created[len(created) // 2], resume=True)
    assert len(finished(out.parent)) > 1


def left(folder):
    """The temporary directories in or beside a directory."""
    return [path for path in folder.rglob(f"*{MARK}*") if path.is_dir()]


def finished(folder):
    """The shards in the one temporary directory."""
    (temporary,) = left(folder)
    return {path.name: path.stat().st_ino for path in temporary.iterdir() if "-of-" in path.name and MARK not in path.name}


@pytest.mark.parametrize("to", ["torch", "tensorflow", "flax", "bin", "npz"])
@pytest.mark.parametrize("before", [None, "other"])
def test_killed_and_resumed(to, before, source, tmp_path):
    """Wherever it is killed: the result is that of a conversion which was not, and finished shards are not written again."""
    convert(source, tmp_path / "whole", to, shard_size=SIZE)
    other = write_checkpoint(tmp_path / "other", {name: array + 1 for name, array in drawn_weights(GPT2).items()}, GPT2)
    if before:
        convert(other, tmp_path / "old", to, shard_size=SIZE)
    calls = len(interrupted(source, tmp_path / "calls", -1, to=to))
    stayed = []
    for k in range(6, calls, calls // 6):
        place = tmp_path / f"at{k}"
        place.mkdir()
        if before:
            shutil.copytree(tmp_path / "old", place / "out")
        child = os.fork()
        if child == 0:
            interrupted(source, place / "out", k, kill, to=to)
            os._exit(0)
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
        there = finished(place) if left(place) else {}
        report = convert(source, place / "out", to, overwrite=True, shard_size=SIZE, resume=True, verify=True)
        assert snapshot(place / "out") == snapshot(tmp_path / "whole")
        assert os.listdir(place) == ["out"]
        if there and report.notes:
            files = {path.name: path.stat().st_ino for path in (place / "out").iterdir()}
            assert there.items() <= files.items()
            assert report.notes[0].startswith(f"{len(there)} of ")
            stayed.append(len(there))
    assert len(set(stayed)) > 1


def test_an_error_leaves_what_is_finished_only_where_it_is_to_be_resumed(source, tmp_path):
    convert(source, tmp_path / "whole", "torch", shard_size=SIZE)
    with pytest.raises(WriteError):
        interrupted(source, tmp_path / "out", 40)
    assert not left(tmp_path)
    halfway(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    count = len(finished(tmp_path))
    result = run("convert", source, tmp_path / "out", "--to", "torch", "--shard-size", SIZE, "--resume")
    assert result.exit_code == 0
    assert f"note: {count} of " in result.stderr
    assert snapshot(tmp_path / "out") == snapshot(tmp_path / "whole")
    assert not left(tmp_path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"shard_size": 200}, "shard_size"),
        ({"dtype": "float16"}, "dtype"),
        ({"ignore": ["nothing"]}, "ignore"),
        ({"to": "npz"}, "target"),
        ({"touched": True}, "source"),
        ({"broken": True}, "version and source and target"),
    ],
)
def test_another_plan_begins_anew_and_says_why(options, said, source, tmp_path):
    halfway(source, tmp_path / "out")
    if options.pop("touched", False):
        os.utime(source / "model.safetensors", ns=(1, 1))
    if options.pop("broken", False):
        (left(tmp_path)[0] / PLAN).write_text("{}")
    given = {"to": "torch", "shard_size": SIZE} | options
    report = convert(source, tmp_path / "out", resume=True, **given)
    assert f"begun anew, since what was left is of another {said}" in report.notes[0]
    convert(source, tmp_path / "whole", **given)
    assert snapshot(tmp_path / "out") == snapshot(tmp_path / "whole")


@pytest.mark.parametrize("damage", ["flip", "truncate", "swap"])
def test_what_is_damaged_is_written_again(damage, source, tmp_path):
    convert(source, tmp_path / "whole", "torch", shard_size=SIZE)
    halfway(source, tmp_path / "out")
    there = finished(tmp_path)
    (temporary,), (first, second, *_) = left(tmp_path), sorted(there)
    data = bytearray((temporary / first).read_bytes())
    if damage == "flip":
        data[-1] ^= 1
    (temporary / first).write_bytes(
        data[: -(damage == "truncate") or None] if damage != "swap" else (temporary / second).read_bytes()
    )
    (temporary / "stray.json").write_text("of the run before")
    report = convert(source, tmp_path / "out", "torch", shard_size=SIZE, resume=True)
    assert report.notes[0].startswith(f"{len(there) - 1} of ")
    assert snapshot(tmp_path / "out") == snapshot(tmp_path / "whole")


def test_what_is_wrong_is_not_kept(source, tmp_path, monkeypatch):
    """What --verify refuses is not taken up again."""

    def refuse(*_):
        raise Mismatch("wrong")

    monkeypatch.setattr("trivium.convert.conversion._verify", refuse)
    with pytest.raises(Mismatch):
        convert(source, tmp_path / "out", "torch", shard_size=SIZE, resume=True, verify=True)
    assert not left(tmp_path)


def test_without_resume_what_was_left_is_removed(source, tmp_path):
    halfway(source, tmp_path / "out")
    assert convert(source, tmp_path / "out", "torch", shard_size=SIZE).notes == ()
    assert not left(tmp_path)


CONVERT = """
import sys
from trivium.convert import convert
def wait(*_):
    print("ready", flush=True)
    sys.stdin.read()
convert(sys.argv[1], sys.argv[2], "torch", overwrite=True, shard_size=300, progress=wait)
"""


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("end", ["killed", "done"])
def test_two_conversions_of_one_destination(there, end, source, tmp_path):
    """The second is told that the first is at work; a dead one is in nobody's way."""
    out = tmp_path / "out"
    if there:
        convert(source, out, "npz")
    command = [sys.executable, "-c", CONVERT, str(source), str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        for options in ({}, {"resume": True, "shard_size": SIZE}):
            with pytest.raises(Busy, match="another run is writing there"):
                convert(source, out, "flax", overwrite=True, **options)
        convert(source, tmp_path / "elsewhere", "flax")
        assert run("convert", source, out, "--to", "flax", "--overwrite").exit_code == 1
        if end == "killed":
            process.send_signal(signal.SIGKILL)
        process.communicate("")
    convert(source, out, "torch", overwrite=True, shard_size=SIZE)
    assert not left(tmp_path)
    assert not list(tmp_path.rglob(f"*{MARK}*"))


def test_a_directory_that_appears_meanwhile(source, tmp_path):
    """Who comes second harms nothing."""

    def meddle(*_):
        (tmp_path / "out").mkdir(exist_ok=True)
        (tmp_path / "out" / "theirs").write_text("kept")

    with pytest.raises(Busy, match="Directory not empty"):
        convert(source, tmp_path / "out", "torch", progress=meddle)
    assert snapshot(tmp_path / "out").keys() == {"theirs"}
    assert not left(tmp_path)


def test_space_is_asked_for_first(source, tmp_path, monkeypatch):
    """With the numbers, before a byte is written, and not where it suffices."""
    usage = namedtuple("usage", "total used free")
    needed = 4 * sum(array.size for array in drawn_weights(GPT2).values())
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**6, 0, needed - 1))
    with pytest.raises(DiskFull, match=f"{needed:,} bytes are to be written, {needed - 1:,} are free") as caught:
        convert(source, tmp_path / "out", "torch")
    assert isinstance(caught.value, OSError)
    assert os.listdir(tmp_path) == ["source"]
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**6, 0, needed))
    convert(source, tmp_path / "out", "torch")
    with pytest.raises(DiskFull):
        writing.check_space(tmp_path, needed + 1)


@pytest.mark.parametrize(
    ("code", "name"),
    [(errno.ENOSPC, "DiskFull"), (errno.EDQUOT, "DiskFull"), (errno.EROFS, "ReadOnly"), (errno.EACCES, "ReadOnly"),
     (errno.EBUSY, "Busy"), (errno.EIO, "WriteError")],
)  # fmt: skip
def test_errors_by_class(code, name, source, tmp_path):
    with pytest.raises(WriteError) as caught:
        interrupted(source, tmp_path / "out", 5, failing(code))
    assert type(caught.value).__name__ == name


@pytest.mark.parametrize("to", ["keras", "orbax"])
def test_formats_that_cannot_be_split_are_refused_by_name(to, source, tmp_path):
    result = run("convert", source, tmp_path / "out", "--to", to, "--shard-size", "1kB")
    assert result.exit_code == 1
    assert f"{saving.TARGETS[to].kind.file} cannot be split" in result.stderr
    assert os.listdir(tmp_path) == ["source"]
