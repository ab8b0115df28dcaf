"""Writes the goldens: what Transformers 4.52.4 answers, names and saves, for every row of `tests/table.py`.

    python3.11 -m venv oracle
    oracle/bin/pip install transformers==4.52.4 torch==2.13.0 tensorflow-cpu==2.19.1 tf-keras flax==0.10.4 \
        jax==0.4.38 jaxlib==0.4.38 scipy
    oracle/bin/python tests/goldens/generate.py [model_type ... | files]

With no argument it writes everything. For each class a file `<model_type>/<Class>.json`, which `tests/kept.py` shortens, of:

    transformers, class
    configs: name ->
        config        config.json as Transformers saved it
        weights       name in model.safetensors -> shape; the values are `drawn.weight(name, shape)`
        constants     name in model.safetensors -> array, where it is a table of integers that the architecture fixes
        state_dict    all names in memory, tied copies with them
        tensorflow    class, layers (of tf_model.h5, in order), tensors: [dataset, shape, dtype, sha256] in the file's order
        flax          class, sha256 (of flax_model.msgpack), tensors: [path, shape, dtype, sha256] in the file's order
        without       framework -> why it has no part here
        cases         inputs, options, outputs of each call, computed in float64
        greedy        inputs, options, tokens (the prompt with them)

Arrays are as `drawn.pack` writes them. A NaN in an output stands at a position that attends to nothing. `files/` holds
checkpoints as Transformers writes them, one folder each, with the same drawn weights.
"""

from __future__ import annotations

import os

os.environ |= {"TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}
os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}

import contextlib
import copy
import gc
import hashlib
import inspect
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import flax.serialization
import h5py
import numpy as np
import tf_keras
import torch
import transformers
from safetensors.numpy import load_file

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

import drawn  # noqa: E402
import table  # noqa: E402

from tests import kept  # noqa: E402

ROWS = table.rows()

Tensors = list[tuple[str, np.ndarray]]


def build(name: str, config: Any, folder: Path) -> torch.nn.Module:
    """A PyTorch model with drawn weights, saved in the folder."""
    attention = config._attn_implementation_internal or "eager"  # a row may ask for another
    model = getattr(transformers, name)._from_config(config, attn_implementation=attention).eval()
    model.save_pretrained(folder)
    state = model.state_dict()
    drawn_at = {}
    for key, value in load_file(folder / "model.safetensors").items():
        if value.dtype.kind == "f":
            held = state[in_memory(model, key)]
            held.copy_(torch.from_numpy(drawn.weight(key, value.shape)))
            drawn_at[held.data_ptr()] = key
    undrawn = [key for key, value in state.items() if value.is_floating_point() and value.data_ptr() not in drawn_at]
    undrawn = [key for key in undrawn if key not in (model._keys_to_ignore_on_save or ())]  # they keep their own values
    if undrawn:
        raise ValueError(f"{name}: neither saved nor tied to what is: {undrawn}")
    model.save_pretrained(folder)
    return model


def in_memory(model: torch.nn.Module, key: str) -> str:
    """The name in memory of a tensor in a file, where some models' are spelt otherwise."""
    for pattern, there in model._checkpoint_conversion_mapping.items():
        key, found = re.subn(pattern, there, key)
        if found:
            break
    return key


def softmax_as_wide(x: torch.Tensor, dim: int = -1, _stacklevel: int = 3, dtype: torch.dtype | None = None) -> torch.Tensor:
    """softmax that is not made in float32 where x is float64: that hides by float64's lowest number, which float32 lacks."""
    return torch.softmax(x, dim, dtype=None if x.dtype == torch.float64 else dtype)


@contextlib.contextmanager
def all_wide() -> Iterator[None]:
    """float64 throughout: also for the masks that a network makes, with float64's lowest number."""
    torch.set_default_dtype(torch.float64)
    with mock.patch("torch.nn.functional.softmax", softmax_as_wide):
        yield
    torch.set_default_dtype(torch.float32)


def evenly(weights: torch.Tensor, count: int, replacement: bool = False) -> torch.Tensor:
    """What ViLT, which draws patches at random, is given to do without chance: places at even distances, or from the first."""
    places = torch.arange(int(count))
    return places % len(weights) if replacement else places * len(weights) // int(count)


def call(model: torch.nn.Module, case: table.Case) -> tuple[dict[str, Any], dict[str, Any]]:
    """The case's inputs, and the model's outputs for them."""
    inputs = {name: drawn.array(name, spec) for name, spec in case.inputs.items()}
    wide = {name: torch.from_numpy(value) for name, value in inputs.items()}
    wide = {name: value.double() if value.is_floating_point() else value for name, value in wide.items()}
    problem_type = model.config.problem_type
    draws = {"rand": torch.rand, "multinomial": evenly}
    if "noise" in wide and "noise" not in inspect.signature(model.forward).parameters:  # it draws it itself
        noise = wide.pop("noise")
        draws |= {"rand": lambda *shape, **options: noise, "randperm": lambda count: noise.argsort()}
    with torch.no_grad(), all_wide(), mock.patch.multiple(torch, **draws):
        result = model(**drawn.nested(wide), **case.options, return_dict=True)
    model.config.problem_type = problem_type  # the call has written its guess there
    blind = None if case.blind is None else drawn.array("blind", case.blind).astype(bool)

    def store(value: torch.Tensor) -> dict[str, Any]:
        array = value.double().numpy()
        if not np.isfinite(array).all():
            raise ValueError("an output is not finite")
        if blind is not None:
            if array.shape[:2] == blind.shape:
                array[blind] = np.nan
            elif array.ndim == 4 and (array.shape[0], array.shape[2]) == blind.shape:  # attentions (B, H, T, S)
                array.swapaxes(1, 2)[blind] = np.nan
        return drawn.pack(array)

    def stored(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return store(value)
        if isinstance(value, Mapping):  # the output of a part
            return {"fields": {name: stored(part) for name, part in value.items() if name != "past_key_values"}}
        return [stored(part) for part in value]

    outputs = {name: stored(value) for name, value in result.items() if name != "past_key_values"}
    return {name: drawn.pack(value) for name, value in inputs.items()}, outputs


def widened(value: np.ndarray) -> torch.Tensor:
    tensor = torch.from_numpy(value)
    return tensor.double() if tensor.is_floating_point() else tensor


def greedy(model: torch.nn.Module, case: table.Case) -> dict[str, Any]:
    """The case's inputs and how the model goes on from them."""
    inputs = {name: drawn.array(name, spec) for name, spec in case.inputs.items()}
    with all_wide():
        result = model.generate(
            **{name: widened(value) for name, value in inputs.items()},
            **case.options,
            return_dict_in_generate=True,
            output_logits=True,
        )
    best = torch.stack(result.logits).topk(2).values
    margin = (best[..., 0] - best[..., 1]).min().item()
    if not margin >= 1e-3 or len(result.logits) != case.options["max_new_tokens"]:
        raise ValueError(f"greedy: the choice is too close to call, {margin}, or the text ended early")
    tokens = drawn.pack(result.sequences.numpy())
    prompt = result.sequences.shape[1] - len(result.logits)
    if "input_ids" in inputs and inputs["input_ids"].shape[1] == prompt + 1:  # BLIP drops the end of a prompt
        inputs |= {name: inputs[name][:, :prompt] for name in ("input_ids", "attention_mask")}
    return {"inputs": {name: drawn.pack(value) for name, value in inputs.items()}, "options": case.options, "tokens": tokens}


def read_tensorflow(folder: Path) -> tuple[dict[str, Any], Tensors]:
    """The layers and the datasets of tf_model.h5, in the order of its attributes."""
    with h5py.File(folder / "tf_model.h5") as file:
        layers = [str(name) for name in file.attrs["layer_names"]]
        found = [(f"{layer}/{name}", file[layer][name][()]) for layer in layers for name in file[layer].attrs["weight_names"]]
    return {"layers": layers}, found


def read_flax(folder: Path) -> tuple[dict[str, Any], Tensors]:
    """The hash and the leaves of flax_model.msgpack, in the order of its maps."""

    def leaves(tree: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, np.ndarray]]:
        for key, value in tree.items():
            if isinstance(value, Mapping):
                yield from leaves(value, (*path, key))
            else:
                yield "/".join((*path, key)), value

    data = (folder / "flax_model.msgpack").read_bytes()
    return {"sha256": hashlib.sha256(data).hexdigest()}, list(leaves(flax.serialization.msgpack_restore(data)))


FRAMEWORKS: dict[str, tuple[str, Callable[[Path], tuple[dict[str, Any], Tensors]]]] = {
    "tensorflow": ("TF", read_tensorflow),
    "flax": ("Flax", read_flax),
}


def unsaved(model: torch.nn.Module) -> dict[str, np.ndarray]:
    """What the model has and its file has not."""
    state = model.state_dict()
    return {key: state[key].numpy() for key in model._keys_to_ignore_on_save or ()}


def sorted_hash(values: np.ndarray) -> str:
    """The hash of values in order of size, integers as if all were of 64 bits."""
    return hashed(np.sort(values.astype(np.int64) if values.dtype.kind in "iu" else values, axis=None))


def hashed(values: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()).hexdigest()


def elsewhere(framework: str, other: str, folder: Path, weights: Mapping[str, np.ndarray], given: set[str]) -> dict[str, Any]:
    """What another framework's class saves after loading the folder; a ValueError says why there is nothing to compare.

    What the architecture gives (`given`), it may leave out.
    """
    _, read = FRAMEWORKS[framework]
    if not hasattr(transformers, other):
        raise ValueError(f"there is no {other}")
    with tempfile.TemporaryDirectory() as saved:
        load_elsewhere(other, folder).save_pretrained(saved, safe_serialization=False)
        about, tensors = read(Path(saved))
    # Frameworks transpose and reshape, so weights are recognised by their values in order of size.
    kept = {key: value for key, value in weights.items() if not key.endswith("num_batches_tracked")}  # PyTorch alone counts
    ours = {sorted_hash(value): key for key, value in kept.items()}
    theirs = {key: sorted_hash(value) for key, value in tensors}
    lost = [key for digest, key in ours.items() if digest not in theirs.values() and key not in given]
    made_up = [key for key, digest in theirs.items() if digest not in ours]
    if lost or made_up:
        raise ValueError(f"{other} loses {lost} and makes up {made_up}")
    rows = [[path, list(value.shape), value.dtype.name, hashed(value)] for path, value in tensors]
    return {"class": other, **about, "tensors": rows}


def load_elsewhere(name: str, folder: Path) -> Any:
    tf_keras.backend.clear_session()  # or a second model's weights would be named tf_bert_model_1/...
    try:
        return getattr(transformers, name).from_pretrained(folder)
    except Exception as error:  # whatever it is, it is the reason
        raise ValueError(f"{name} refuses this config: {type(error).__name__}: {error}") from error


def golden(row: table.Row, name: str) -> dict[str, Any]:
    """The content of one class's file."""
    cases, configs = row.classes[name], {}
    first_with: dict[str, str] = {}
    for chosen in dict.fromkeys(case.config for case in cases):
        config = getattr(transformers, name).config_class(**copy.deepcopy(row.configs[chosen]))
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            model = build(name, config, folder)
            weights = load_file(folder / "model.safetensors")
            constants = {key: drawn.pack(value) for key, value in weights.items() if value.dtype.kind != "f"}
            entry = {
                "config": json.loads((folder / "config.json").read_text()),
                "weights": {key: list(value.shape) for key, value in weights.items() if key not in constants},
                "state_dict": list(model.state_dict()),
                "without": {},
            } | ({"constants": constants} if constants else {})
            twin = first_with.setdefault(json.dumps(entry["weights"]), chosen)
            given = {key for key, value in model.named_parameters() if not value.requires_grad}
            for framework in FRAMEWORKS:
                if twin != chosen:
                    entry["without"][framework] = f"the same weights as in {twin}"
                    continue
                other = FRAMEWORKS[framework][0] + name
                try:
                    entry[framework] = elsewhere(
                        framework, row.aliases.get(other, other), folder, weights | unsaved(model), given
                    )
                except ValueError as error:
                    entry["without"][framework] = str(error)
                    print(f"{name} {chosen}: no {framework} part: {error}", flush=True)
        model = model.double()
        for module in model.modules():
            if getattr(module, "reorder_and_upcast_attn", False):  # GPT-2: up to float32, which is down from float64
                module.reorder_and_upcast_attn = False
            if isinstance(module, transformers.VisionEncoderDecoderModel):  # would shift labels twice; Transformers 5 does not
                module.loss_type = "ForMaskedLM"
            if isinstance(module, transformers.XLNetModel):  # its places are float32, whatever it is itself
                places = module.relative_positional_encoding
                module.relative_positional_encoding = lambda *sizes, places=places, **more: places(*sizes, **more).double()
        entry["cases"] = []
        for case in (case for case in cases if case.config == chosen):
            inputs, outputs = call(model, case)
            entry["cases"].append({"inputs": inputs, "options": case.options, "outputs": outputs})
        if name in row.greedy and row.greedy[name].config == chosen:
            entry["greedy"] = greedy(model, row.greedy[name])
        configs[chosen] = entry
        gc.collect()
    return {"transformers": transformers.__version__, "class": name, "configs": configs}


PREFIXES = {"tf": "TF", "flax": "Flax"}
FILES = (  # one layer of BERT, since HDF5 spends two kilobytes on every tensor
    (
        "bert",
        "BertForPreTraining",
        {"num_hidden_layers": 1},
        "torch_sharded tf tf_sharded tf_safetensors flax flax_sharded flax_safetensors",
    ),
    ("gpt2", "GPT2LMHeadModel", {}, "tf flax"),
)


def write_files() -> None:
    """The checkpoints under files/, from the rows' default configs."""
    target = HERE / "files"
    shutil.rmtree(target, ignore_errors=True)
    for short, name, layers, kinds in FILES:
        config = transformers.AutoConfig.for_model(short, **ROWS[short].configs["default"] | layers)
        with tempfile.TemporaryDirectory() as folder:
            model = build(name, config, Path(folder))
            for kind in kinds.split():
                framework, _, form = kind.partition("_")
                there = model if framework == "torch" else load_elsewhere(PREFIXES[framework] + name, Path(folder))
                safe = framework == "torch" or form == "safetensors"
                options = {"max_shard_size": "5KB"} if form == "sharded" else {}
                there.save_pretrained(target / f"{short}_{kind}", safe_serialization=safe, **options)


def main(chosen: list[str]) -> None:
    torch.set_num_threads(1)
    for model_type in chosen or [*ROWS, "files"]:
        if model_type == "files":
            write_files()
            continue
        row = ROWS[model_type]
        (HERE / model_type).mkdir(exist_ok=True)
        for name in row.classes:
            stored = kept.short(golden(row, name), row)
            (HERE / model_type / f"{name}.json").write_text(kept.render(stored) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
