"""HDF5 of unknown origin: it is read in a child process with limits, and whatever the file does, this process goes on."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from contextlib import suppress

import h5py
import numpy as np
import pytest

from trivium.convert import sandbox
from trivium.convert.formats import hdf5, hdf5_walk
from trivium.convert.sandbox import Child
from trivium.core.errors import CheckpointError, Corrupt, LimitExceeded, TriviumError, Unsafe

from .test_formats import add, h5_file


@pytest.fixture
def path(tmp_path):
    with h5_file(tmp_path) as file:
        add(file, "kernel:0", np.arange(6, dtype="f4").reshape(2, 3))
        add(file, "packed:0", np.arange(4000, dtype="f4").reshape(40, 100), compression="gzip", chunks=(7, 30), shuffle=True)
        add(file, "on:0", np.array([True, False]))
    return tmp_path / "tf_model.h5"


def test_this_process_does_not_open_the_file(path):
    """Not even the library is loaded; and the bytes of what is not compressed come from our own map."""
    code = (
        "import sys; from pathlib import Path; from trivium.convert.formats import hdf5\n"
        "found = {t.key: t.read() for t in hdf5.read(Path(sys.argv[1]))}\n"
        "assert 'h5py' not in sys.modules\n"
        "assert found['packed:0'].sum() == sum(range(4000)) and found['on:0'].tolist() == [True, False]\n"
        "assert found['kernel:0'].base is not None and not found['kernel:0'].flags.writeable"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)


@pytest.mark.parametrize("trust", [False, True])
def test_pieces_of_what_is_compressed(trust, path, monkeypatch):
    monkeypatch.setattr(hdf5, "PIECE", 1000)
    found = {tensor.key: tensor for tensor in hdf5.read(path, trust)}
    assert np.array_equal(found["packed:0"].read(), np.arange(4000, dtype="f4").reshape(40, 100))
    assert np.array_equal(found["packed:0"].read()[3], np.arange(300, 400))


def test_the_child_ends_with_the_last_tensor(path):
    tensors = hdf5.read(path)
    packed = next(tensor for tensor in tensors if tensor.key == "packed:0")
    packed.read()
    library = packed.read.args[1].func.__self__
    process = library.child.process
    assert process.poll() is None
    del tensors, packed, library
    gc.collect()  # a cycle may hold them for a while
    assert process.wait(timeout=20) is not None


def child(body, monkeypatch, path, memory=2**31, seconds=10):
    """A child whose module does something bad."""
    start = (
        "import sys, json, types; sys.path[:0] = json.loads(sys.argv[1]); from trivium.convert.sandbox import serve\n"
        f"module = sys.modules['trivium.convert.bad'] = types.ModuleType('bad'); exec({body!r}, module.__dict__); serve()"
    )
    monkeypatch.setattr(sandbox, "_START", start)
    return Child("bad", (), path, memory, seconds)


BAD = {
    "loop": ("def answer(request):\n while True: pass", LimitExceeded),
    "sleep": ("import time\ndef answer(request): time.sleep(100)", LimitExceeded),
    "memory": ("def answer(request): return {'bytes': bytearray(2**40)}", LimitExceeded),
    "crash": ("import os\ndef answer(request): os.abort()", Corrupt),
    "exit": ("import os\ndef answer(request): os._exit(0)", Corrupt),
    "other exception": ("def answer(request): raise ValueError", Corrupt),
    "a long answer": ("import sys\ndef answer(request): sys.stdout.buffer.write(b'\\xff' * 100); sys.exit()", LimitExceeded),
    "no JSON": ("import sys\ndef answer(request): sys.stdout.buffer.write(b'\\1' + bytes(7) + b'{'); sys.exit()", Corrupt),
    "no dict": ("import sys\ndef answer(request): sys.stdout.buffer.write(b'\\2' + bytes(7) + b'[]'); sys.exit()", Corrupt),
    "more bytes": ("def answer(request): return {'bytes': b'x' * 100}", Corrupt),
    "another error": ("def answer(request): return {'error': ['KeyboardInterrupt', 'x', None, None]}", CheckpointError),
    "writing": ("def answer(request): open('canary', 'w').write('x')", Corrupt),
}


@pytest.mark.parametrize("case", BAD)
def test_children_that_misbehave(case, monkeypatch, tmp_path):
    body, error = BAD[case]
    monkeypatch.chdir(tmp_path)
    start = time.monotonic()
    with pytest.raises(TriviumError) as caught:
        child(body, monkeypatch, tmp_path / "x.h5", seconds=1).ask({}, 3)
    assert type(caught.value) is error
    assert time.monotonic() - start < 10
    assert not (tmp_path / "canary").exists() or not (tmp_path / "canary").stat().st_size


def test_the_child_sees_no_secrets(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setenv("HDF5_PLUGIN_PATH", str(tmp_path))  # H14
    found = child("import os\ndef answer(request): return dict(os.environ)", monkeypatch, tmp_path).ask({}, 60)
    assert "HF_TOKEN" not in found
    assert "HDF5_PLUGIN_PATH" not in found
    assert found["HDF5_PLUGIN_PRELOAD"] == "::"


def test_mutations_never_harm_this_process(path, tmp_path, monkeypatch):  # F02, F04
    """One child for many files, which is replaced when one of them has killed it; 3 places in 4 are among the metadata."""
    sound, generator = path.read_bytes(), np.random.default_rng(0)
    mutant, worker, answered = tmp_path / "mutant.h5", None, 0
    for _ in range(250):
        changed = bytearray(sound)
        for place in generator.integers(0, len(sound) if generator.random() < 0.25 else 4096, generator.integers(1, 5)):
            changed[place] = generator.integers(0, 256)
        mutant.write_bytes(changed)
        worker = worker or Child("formats.hdf5_walk", ("h5py",), mutant, hdf5.MEMORY, 20)
        with suppress(TriviumError):
            worker.ask({"path": str(mutant)}, 3)
            answered += 1
        if worker.process.poll() is not None:
            worker = None
    assert answered


def soft_root(file):
    file["layer/x"] = h5py.SoftLink("/")


def soft_self(file):
    file["layer/x"] = h5py.SoftLink("/layer/x")


def soft_dangling(file):
    file["layer/x"] = h5py.SoftLink("/nowhere")


def soft_in_the_middle(file):
    file["elsewhere/inner"] = np.zeros(2)
    file["layer/x"] = h5py.SoftLink("/elsewhere")


def external_in_the_middle(file):
    file["layer/x"] = h5py.ExternalLink("/etc/passwd", "/a")


def cycle(file):
    file["layer/a/b"] = file["layer"]


def many_declared(file):
    for index in range(20):
        file["layer"].create_dataset(f"x{index}", (2**20, 2**10), "f4", chunks=(2**10, 2**10), compression="gzip")


@pytest.mark.parametrize(
    ("case", "change", "error"),
    [
        ("H02 root", soft_root, Unsafe), ("H02 itself", soft_self, Unsafe), ("H02 dangling", soft_dangling, Unsafe),
        ("H05 soft", soft_in_the_middle, Unsafe), ("H05 external", external_in_the_middle, Unsafe),
        ("H06 cycle", cycle, Unsafe),
        ("H11 many", many_declared, LimitExceeded),
    ],
)  # fmt: skip
def test_refuses(case, change, error, path):
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(TriviumError) as caught:
        hdf5.read(path, trust=True)
    assert type(caught.value) is error


def test_large_chunks(path, monkeypatch):  # H12
    monkeypatch.setattr(hdf5_walk, "CHUNK_LIMIT", 800)
    with pytest.raises(LimitExceeded, match="chunks"):
        hdf5.read(path, trust=True)


def test_many_groups(tmp_path):  # H08, smaller
    with h5py.File(tmp_path / "tf_model.h5", "w", libver="latest") as file:
        for index in range(2_000):
            file.create_group(str(index))
    with pytest.raises(TriviumError):
        hdf5.read(tmp_path / "tf_model.h5")


def test_limit_of_objects(path, monkeypatch):  # H08
    from trivium.convert import tensors

    monkeypatch.setattr(tensors, "TENSOR_LIMIT", 2)
    with pytest.raises(LimitExceeded):
        hdf5.read(path, trust=True)


def test_a_file_that_is_being_written(path):  # H21
    with h5py.File(path, "r+"):
        with pytest.raises(CheckpointError, match="another program") as caught:
            hdf5.read(path)
        assert caught.value.hint
    assert hdf5_walk.answer({"path": str(path)})["datasets"]


def test_trust_needs_no_child(tmp_path, monkeypatch):
    """`--trust` and `trust=True` reach the reader wherever a checkpoint is read."""
    from trivium.cli import main
    from trivium.convert import convert, dry_run, inspect, verify

    from .checkpoints import checkpoint

    source = checkpoint(tmp_path / "model")
    convert(source, tmp_path / "tf", "tensorflow")
    monkeypatch.setattr(hdf5, "Child", None)
    convert(tmp_path / "tf", tmp_path / "torch", "torch", trust=True)
    dry_run(tmp_path / "tf", "torch", trust=True)
    assert inspect(tmp_path / "tf", trust=True).network == "BertForMaskedLM"
    assert verify(source, tmp_path / "tf", trust=True) == []
    arguments = ["convert", str(tmp_path / "tf"), str(tmp_path / "again"), "--to", "bin", "--trust"]
    assert main(arguments, standalone_mode=False) == 0
    with pytest.raises(TypeError):
        inspect(tmp_path / "tf")
