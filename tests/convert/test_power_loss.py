"""Power loss, simulated: what the disk holds if everything is gone that was not forced to it. Case W07 of the reference.

The model is that of a journalling file system (ext4, XFS, APFS, NTFS): a file's content is what it was at its last fsync;
changes of names take place in their order, those before the last fsync of a directory for certain, of the later ones any
number.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from trivium.convert import convert, filesystem, verify

from .checkpoints import GPT2 as ONE_LAYER
from .checkpoints import checkpoint, drawn_weights, write_checkpoint

GPT2 = {**ONE_LAYER, "n_layer": 0}
FOLDER = None  # in a tree, what a directory is


class Journal(filesystem.FsOps):
    """Does every call, and notes what it changes: names, by a function of a tree {path: file}, and contents, by an fsync."""

    def __init__(self, root):
        self.root, self.log = root, []
        self.tree = {path: FOLDER if path.is_dir() else _file(path) for path in root.rglob("*")}
        self.contents = {_file(path): path.read_bytes() for path, file in self.tree.items() if file is not FOLDER}

    def note(self, change):
        self.log.append(("names", change))

    def create(self, path):
        descriptor = super().create(path)
        file = _file(path)
        self.note(lambda tree: tree.__setitem__(path, file))
        return descriptor

    def fsync(self, descriptor):
        super().fsync(descriptor)
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            self.log.append(("certain", None))
        else:
            self.log.append(("content", ((found.st_dev, found.st_ino), os.pread(descriptor, found.st_size, 0))))

    def mkdir(self, path):
        super().mkdir(path)
        self.note(lambda tree: tree.__setitem__(path, FOLDER))

    def link(self, source, target):
        super().link(source, target)
        self.note(lambda tree: tree.__setitem__(target, tree[source]))

    def replace(self, source, target):
        super().replace(source, target)
        self.note(lambda tree: _moved(tree, {source: target}, gone=target))

    def exchange(self, one, other):
        done = super().exchange(one, other)
        if done:
            self.note(lambda tree: _moved(tree, {one: other, other: one}))
        return done

    def unlink(self, path):
        super().unlink(path)
        self.note(lambda tree: tree.pop(path))

    def rmdir(self, path):
        super().rmdir(path)
        self.note(lambda tree: tree.pop(path))

    def states(self):
        """Every tree {path: content} that may be found after a loss of power at any moment, each once."""
        seen = set()
        for end in range(len(self.log) + 1):
            past = self.log[:end]
            contents = dict(self.contents)
            certain = max((i for i, (kind, _) in enumerate(past) if kind == "certain"), default=0)
            contents.update(content for kind, content in past if kind == "content")
            later = [i for i, (kind, _) in enumerate(past) if kind == "names" and i >= certain]
            for last in [certain, *(i + 1 for i in later)]:
                tree = dict(self.tree)
                for kind, change in past[:last]:
                    if kind == "names":
                        change(tree)
                found = {path: FOLDER if file is FOLDER else contents.get(file, b"") for path, file in tree.items()}
                key = frozenset(found.items())
                if key not in seen:
                    seen.add(key)
                    yield found


def _file(path):
    found = os.stat(path)
    return found.st_dev, found.st_ino


def _moved(tree, moves, gone=None):
    """Renames paths in a tree, and all that is below them."""
    held = {path: tree[path] for path in list(tree) if any(path == one or one in path.parents for one in moves)}
    for path in [*held, *(path for path in list(tree) if gone is not None and path == gone)]:
        tree.pop(path, None)
    for path, file in held.items():
        one = next(one for one in moves if path == one or one in path.parents)
        tree[moves[one] / path.relative_to(one)] = file


def _laid_out(tree, root, place):
    for path, content in sorted(tree.items()):
        target = place / path.relative_to(root)
        if content is FOLDER:
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


@pytest.mark.parametrize(
    ("to", "shard_size", "before"),
    [
        ("torch", None, None),
        ("flax", 300, None),
        ("tensorflow", None, None),
        ("torch", None, "whole"),
        ("torch", 300, "shards"),
        ("torch", 300, "whole"),
        ("flax", None, "shards"),
        ("orbax", None, "whole"),
    ],
)
def test_the_old_or_the_new_is_there_after_a_loss_of_power(to, shard_size, before, tmp_path):
    source = checkpoint(tmp_path / "source", GPT2)
    other = write_checkpoint(tmp_path / "other", {name: array + 1 for name, array in drawn_weights(GPT2).items()}, GPT2)
    root = tmp_path / "disk"
    root.mkdir()
    if before:
        convert(other, root / "model", to, shard_size=300 if before == "shards" else None)
    journal = Journal(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filesystem, "ops", journal)
        convert(source, root / "model", to, overwrite=True, shard_size=shard_size)
    found = set()
    for number, tree in enumerate(journal.states()):
        place = tmp_path / f"state{number}"
        place.mkdir()
        _laid_out(tree, root, place)
        found.add(_which(place / "model", source, other if before else None))
        shutil.rmtree(place)
    assert found == {"old" if before else "none", "new"}


def _which(folder: Path, source: Path, other: Path | None) -> str:
    """Which checkpoint a directory holds, whole."""
    if not folder.exists():
        return "none"
    if not verify(source, folder):
        return "new"
    assert other is not None and not verify(other, folder), "neither the old checkpoint nor the new one"
    return "old"
