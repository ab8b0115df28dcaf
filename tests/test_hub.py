"""The Hub: what is fetched from it and sent to it, and what is said where that cannot be; against a server on loopback."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import drawn
from tests.hub import Hub
from tests.test_loading import FILES, run


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    """The address of a Hub with a few repositories."""

    def files(folder: str) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (FILES / folder).iterdir()}

    junk = {"rust_model.ot": b"rust", "model.ckpt.index": b"tf 1", "README.md": b"# x", "onnx/model.onnx": b"onnx"}
    tokenizer = {"tokenizer.json": b"{}", "vocab.txt": b"a\nb\n"}
    repositories = {
        "org/all": junk | tokenizer | files("bert_tf") | files("bert_flax") | files("bert_torch_sharded"),
        "org/tf": junk | tokenizer | files("bert_tf"),
        "org/flax": junk | files("bert_flax"),
        "org/none": junk | {"config.json": (FILES / "bert_tf" / "config.json").read_bytes()},
        "org/bare": junk,
        "org/seen": junk
        | files("bert_tf")
        | {"preprocessor_config.json": b'{"feature_extractor_type": "ViTFeatureExtractor"}'},
    }
    with Hub.serving(repositories) as address:
        yield address


def from_hub(hub: str, home: Path, call: str, **environment: str) -> str:
    """What a fresh process prints that loads from the Hub; the error, by type and message, if it cannot."""
    code = f"""
import trivium.numpy as door
from trivium.core.errors import TriviumError
try:
    print({call})
except TriviumError as error:
    print(type(error).__name__, error)
"""
    Hub.asked.clear()
    settings = {"HF_ENDPOINT": hub, "HF_HOME": str(home), "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1"}
    done = run(code, **(settings | environment))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


FIRST = "float(door.AutoModelForPreTraining.from_pretrained('{}').bert.embeddings.word_embeddings.weight[0, 0])"
UNREACHABLE = {"HF_ENDPOINT": "http://127.0.0.1:9"}
SHARDS = [f"model-0000{i}-of-00003.safetensors" for i in (1, 2, 3)]


@pytest.mark.parametrize(
    ("repository", "wanted"),
    [
        ("org/all", ["model.safetensors.index.json", *SHARDS]),
        ("org/tf", ["tf_model.h5"]),
        ("hf://org/flax", ["flax_model.msgpack"]),
    ],
)
def test_hub(hub: str, tmp_path: Path, repository: str, wanted: list[str]) -> None:
    """A model loads by its id; of the weights only the files of the best format are fetched; then it loads offline."""
    value = drawn.weight("bert.embeddings.word_embeddings.weight", (37, 16))[0, 0]
    call = FIRST.format(repository)
    assert float(from_hub(hub, tmp_path, call)) == value
    fetched = {name for name in Hub.asked if not name.endswith((".json", ".txt")) or name.endswith(".index.json")}
    assert fetched == set(wanted)
    assert "config.json" in Hub.asked
    own = call.replace("AutoModelForPreTraining", "BertForPreTraining")
    for environment in ({"HF_HUB_OFFLINE": "1"}, UNREACHABLE):
        assert float(from_hub(hub, tmp_path, own, **environment)) == value
    assert not Hub.asked


def test_hub_processors(hub: str, tmp_path: Path) -> None:
    """A processor fetches the files of processors alone; then it loads offline. A checkpoint without one says so."""
    call = "type(__import__('trivium').AutoImageProcessor.from_pretrained('{}')).__name__"
    assert from_hub(hub, tmp_path, call.format("org/seen")) == "ViTImageProcessor"
    assert set(Hub.asked) == {"preprocessor_config.json", "config.json"}
    for environment in ({"HF_HUB_OFFLINE": "1"}, UNREACHABLE):
        assert from_hub(hub, tmp_path, call.format("org/seen"), **environment) == "ViTImageProcessor"
    found = from_hub(hub, tmp_path, call.format("org/flax"))
    assert found.startswith("NotFound") and "hf download" in found
    assert from_hub(hub, tmp_path, call.format("org/tf"), **UNREACHABLE).startswith("Offline")


def test_hub_config_only(hub: str, tmp_path: Path) -> None:
    """A config alone fetches nothing else."""
    assert from_hub(hub, tmp_path, "door.AutoConfig.from_pretrained('org/all').model_type") == "bert"
    assert set(Hub.asked) == {"config.json"}


@pytest.mark.parametrize(
    ("call", "environment", "error", "message"),
    [
        (FIRST.format("org/nothing"), {}, "NotFound", "neither a local path nor a repository"),
        ("door.BertModel.from_pretrained('org/all', revision='no')", {}, "NotFound", "RevisionNotFoundError"),
        ("door.BertModel.from_pretrained('org/none')", {}, "NotFound", "no weights in a format that Trivium reads"),
        ("door.BertModel.from_pretrained('org/bare')", {}, "NotFound", "no "),
        (FIRST.format("org/all"), {"HF_HUB_OFFLINE": "1"}, "Offline", "hf download org/all"),
        ("door.BertModel.from_pretrained('org/all', local_files_only=True)", {}, "Offline", "hf download org/all"),
        (FIRST.format("org/all"), UNREACHABLE, "Offline", "hf download org/all"),
        ("door.BertModel.from_pretrained('org/all')", UNREACHABLE, "Offline", "hf download org/all"),
    ],
)
def test_hub_says_no(hub: str, tmp_path: Path, call: str, environment: dict[str, str], error: str, message: str) -> None:
    """What is not there, what is not in the cache, and a Hub that cannot be reached: each has its error, and a way on."""
    found = from_hub(hub, tmp_path, call, **environment)
    assert found.startswith(f"{error} "), found
    assert message in found
    assert "hint: " in found


@pytest.mark.parametrize("token", ["may-write", "may-not"])
def test_push_to_hub(hub: str, tmp_path: Path, token: str) -> None:
    """A model and its tokenizer in two formats, in one commit, with a card; and what a Hub that refuses is told as."""
    program = f"""
import trivium, trivium.numpy as tr
from trivium.core.errors import TriviumError
model = tr.BertForPreTraining.from_pretrained({str(FILES / "bert_tf")!r})
try:
    print(model.push_to_hub("org/pushed", formats=("safetensors", "flax"), token={token!r}))
except TriviumError as error:
    print(type(error).__name__, error)
"""
    Hub.asked.clear()
    settings = {"HF_ENDPOINT": hub, "HF_HOME": str(tmp_path), "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1"}
    done = run(program, HF_HUB_OFFLINE="0", **settings)
    if token == "may-not":
        assert "HubError" in done.stdout and "hf auth login" in done.stdout, done.stderr
        return
    assert "/org/pushed/commit/" in done.stdout, done.stderr
    files = Hub.repositories["org/pushed"]
    assert {"config.json", "model.safetensors", "flax_model.msgpack", "README.md"} <= set(files)
    assert Hub.asked[-1].startswith("commit of") and b"library_name: trivium" in files["README.md"]
    again = from_hub(hub, tmp_path, "door.AutoModelForPreTraining.from_pretrained('org/pushed').num_parameters()")
    assert int(again) > 1000


def test_what_has_moved(hub: str, tmp_path: Path) -> None:
    """A repository that was renamed is found under its old name; large files are elsewhere, as in every test here."""
    Hub.renamed["org/old"] = "org/tf"
    value = drawn.weight("bert.embeddings.word_embeddings.weight", (37, 16))[0, 0]
    assert float(from_hub(hub, tmp_path, FIRST.format("org/old"))) == value


def test_what_has_changed(hub: str, tmp_path: Path) -> None:
    """After a new commit only the files that differ are fetched, and the old commit stays in the cache."""
    Hub.repositories["org/edited"] = dict(Hub.repositories["org/tf"])
    from_hub(hub, tmp_path, FIRST.format("org/edited"))
    config = json.loads(Hub.repositories["org/edited"]["config.json"]) | {"layer_norm_eps": 0.5}
    Hub.repositories["org/edited"]["config.json"] = json.dumps(config).encode()
    old, Hub.commit = Hub.commit, "b" * 40
    try:
        from_hub(hub, tmp_path, FIRST.format("org/edited"))
    finally:
        Hub.commit = old
    assert Hub.asked == ["config.json"]
    own = f"door.BertForPreTraining.from_pretrained('org/edited', revision='{old}').config.layer_norm_eps"
    assert "0.5" not in from_hub(hub, tmp_path, own, HF_HUB_OFFLINE="1")


def test_what_is_gated(hub: str, tmp_path: Path) -> None:
    """Without a token the error says how to get in; with one it loads."""
    Hub.repositories["org/gated"] = dict(Hub.repositories["org/tf"])
    Hub.gated.add("org/gated")
    found = from_hub(hub, tmp_path, FIRST.format("org/gated"))
    assert found.startswith("HubError") and "gated" in found and "hf auth login" in found
    assert float(from_hub(hub, tmp_path, FIRST.format("org/gated"), HF_TOKEN="may-read"))


def test_a_line_that_breaks(hub: str, tmp_path: Path) -> None:
    """A download that broke off is taken up again, and nothing half is ever loaded."""
    Hub.cut.add("tf_model.h5")
    value = drawn.weight("bert.embeddings.word_embeddings.weight", (37, 16))[0, 0]
    assert float(from_hub(hub, tmp_path, FIRST.format("org/tf"))) == value
    assert [name for name in Hub.asked if name.startswith("tf_model")] == ["tf_model.h5", "tf_model.h5"]


def test_the_converter_takes_ids(hub: str, tmp_path: Path) -> None:
    """`trivium convert hf://...` and a bare id, and `inspect`."""
    convert = "__import__('trivium').convert.convert('{}', {!r}, to='flax').destination"
    assert "out" in from_hub(hub, tmp_path, convert.format("hf://org/tf", str(tmp_path / "out")))
    assert (tmp_path / "out" / "flax_model.msgpack").read_bytes() == Hub.repositories["org/flax"]["flax_model.msgpack"]
    assert "bert" in from_hub(hub, tmp_path, "__import__('trivium').convert.inspect('org/flax')")


def test_the_page_on_the_hub_runs(hub: str, tmp_path: Path) -> None:
    """docs/hub.md's programs, one after the other."""
    Hub.repositories["organisation/name"] = {f"encoder/{name}": data for name, data in Hub.repositories["org/tf"].items()}
    found = re.findall(r"```python\n(.*?)```", (Path(__file__).parents[1] / "docs" / "hub.md").read_text(), re.DOTALL)
    settings = {"HF_ENDPOINT": hub, "HF_HOME": str(tmp_path), "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1"}
    program = "\n".join(["tokenizer = None", *found]).replace('"cache"', repr(str(tmp_path / "cache")))
    done = run(program, HF_TOKEN="may-write", **settings)
    assert done.returncode == 0, done.stderr
    assert len(found) == 2 and {"model.safetensors", "flax_model.msgpack"} <= set(Hub.repositories["organisation/new"])
