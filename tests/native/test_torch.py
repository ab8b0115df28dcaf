"""What PyTorch's users expect of a module: names, modes, hooks, copies, compilers, training."""

from __future__ import annotations

import copy
import inspect
import io
import os
import pickle
from collections.abc import Iterator
from inspect import Parameter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import drawn
from tests.conftest import Golden, every_golden, goldens, native_goldens
from tests.test_goldens import TOLERANCE
from trivium.convert.names import key
from trivium.convert.rules import rules_of
from trivium.models import catalogue

torch = pytest.importorskip("torch")

from trivium import torch as door  # noqa: E402
from trivium.backends.torch import inference, products  # noqa: E402

pytestmark = pytest.mark.xdist_group("torch")

ONE_PER_ARCHITECTURE = ("BertForMaskedLM-default", "GPT2LMHeadModel-default", "ViTForImageClassification-no_bias")
one_per_architecture = pytest.mark.parametrize("golden", [g for g in goldens() if repr(g) in ONE_PER_ARCHITECTURE], ids=repr)
one_per_class = pytest.mark.parametrize(
    "golden", list({g.class_name: g for g in reversed(native_goldens())}.values()), ids=repr
)

FIRST_OF_ARCHITECTURE = list({g.model_type: g for g in reversed(list(goldens()))}.values())
WITH_INDUCTOR = [
    golden for golden in FIRST_OF_ARCHITECTURE if "TRIVIUM_INDUCTOR" in os.environ or golden.model_type in ("gpt2", "mixtral")
]
"""With what PyTorch's own compiler is tried: one class of each architecture if TRIVIUM_INDUCTOR is set, up to a minute each."""


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    """Every test draws the same numbers, and leaves the generator as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def build(golden: Golden, weights: bool = True, **options: Any) -> Any:
    """A golden's model with its weights, for inference; or with first values."""
    cls = getattr(door, golden.class_name)
    config = cls.config_class.from_dict(golden.content["config"])
    model = cls(config, **options)
    if weights:
        model.assign_weights(golden.weights())
    return model.eval()


def inputs_of(golden: Golden, labels: bool = True) -> tuple[dict[str, Any], dict[str, Any]]:
    """A call of the golden with labels, if it has one: its inputs as tensors, and its outputs."""
    cases = golden.content["cases"]
    case = next((case for case in cases if "loss" in case["outputs"]), cases[0])
    inputs = drawn.nested({name: torch.from_numpy(drawn.unpack(value).copy()) for name, value in case["inputs"].items()})
    return inputs, case["outputs"]


def first(out: Any) -> Any:
    """The main output, without the loss."""
    return next(value for name, value in out.items() if "loss" not in name)


def close(found: Any, wanted: Any, tolerance: float = TOLERANCE) -> None:
    """Asserts that two tensors are the same within a tolerance relative to the largest value."""
    torch.testing.assert_close(found.float(), wanted.float(), rtol=0, atol=tolerance * max(1.0, float(wanted.abs().max())))


# Weights


@every_golden
def test_state_dict_has_the_names_of_the_hub(golden: Golden) -> None:
    """`state_dict()` has Transformers' names, no other, and their shapes; parameters count once where they are tied."""
    model = build(golden, weights=False)
    state = model.state_dict()
    assert set(state) == set(golden.content["state_dict"])
    weights, rules = golden.content["weights"], rules_of(catalogue.folder_of_type(model.config.model_type))
    in_files = {weight.name: key(weight, model.layout, "torch", rules) for weight in model.layout}  # LLaVA's are others
    shapes = {in_files.get(name, name): list(value.shape) for name, value in state.items()}
    assert {name: shape for name, shape in shapes.items() if name in weights} == weights
    expected = sum(int(np.prod(weight.shape)) for weight in model.layout if weight.is_parameter)
    assert sum(parameter.numel() for parameter in model.parameters()) == expected == model.num_parameters()


@one_per_class
def test_load_state_dict(golden: Golden) -> None:
    """A state dict of Transformers' model, with both names of what is tied, loads strictly and gives its outputs."""
    model = build(golden, weights=False)
    ties = model.layout.ties
    state = {name: torch.from_numpy(value) for name, value in golden.weights().items()}
    state |= {alias: state[name] for alias, name in ties.items()}
    result = model.load_state_dict(state, strict=True)
    assert not result.missing_keys
    assert not result.unexpected_keys
    inputs, _ = inputs_of(golden)
    with torch.no_grad():
        assert torch.equal(first(model(**inputs)), first(build(golden)(**inputs)))


def test_load_state_dict_with_assign() -> None:
    """A model on the meta device takes a state dict's own tensors."""
    golden = next(g for g in goldens() if repr(g) == "BertForMaskedLM-default")
    model, source = build(golden, weights=False, seed=None), build(golden)
    assert model.device.type == "meta"
    model.load_state_dict(source.state_dict(), assign=True)
    assert model.bert.embeddings.word_embeddings.weight.data_ptr() == source.bert.embeddings.word_embeddings.weight.data_ptr()


def tied(model: Any) -> bool:
    """Whether each weight with two names is one parameter."""
    assert model.layout.ties
    return all(model.get_parameter(alias) is model.get_parameter(name) for alias, name in model.layout.ties.items())


@pytest.mark.parametrize("golden", [g for g in goldens() if repr(g) in ONE_PER_ARCHITECTURE[:2]], ids=repr)
@pytest.mark.parametrize(
    "copied",
    [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m)), lambda m: saved(m)],
    ids=["deepcopy", "pickle", "torch.save"],
)
def test_copies(golden: Golden, copied: Any) -> None:
    """A copy has the same outputs, keeps its ties, and shares nothing with the first."""
    model = build(golden)
    other = copied(model)
    assert tied(model)
    assert tied(other)
    inputs, _ = inputs_of(golden)
    with torch.no_grad():
        before = first(model(**inputs))
        assert torch.equal(before, first(other(**inputs)))
        for parameter in other.parameters():
            parameter.zero_()
        assert torch.equal(before, first(model(**inputs)))
    assert other.config == model.config


def saved(model: Any) -> Any:
    """The model from a file of `torch.save`."""
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


# Modes and dtypes


@one_per_architecture
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64], ids=str)
def test_to_dtype(golden: Golden, dtype: Any) -> None:
    """`.to(dtype)` moves every weight; outputs come in that dtype, near those of float32; losses at least in float32."""
    model = build(golden)
    inputs, _ = inputs_of(golden)
    with torch.no_grad():
        wanted = model(**inputs, output_hidden_states=True)
        moved = model.to(dtype)
        assert model.dtype == dtype
        assert {value.dtype for value in model.state_dict().values()} == {dtype}
        inputs = {name: value.to(dtype) if name == "pixel_values" else value for name, value in inputs.items()}
        found = moved(**inputs, output_hidden_states=True)
    assert first(found).dtype == dtype
    assert {state.dtype for state in found.hidden_states} == {dtype}
    assert found.loss.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    for name in ("logits", "loss"):
        close(found[name], wanted[name], 1e-5 if dtype == torch.float64 else 3e-2)
    if model.layout.ties:
        assert tied(model)


@one_per_architecture
def test_dropout_acts_in_training_only(golden: Golden) -> None:
    """`train()` turns dropout on, `eval()` off; every rate of the config counts."""
    config = golden.content["config"]
    rates = [name for name, value in config.items() if name.endswith(("_pdrop", "_dropout_prob"))]
    assert len(rates) > 1
    inputs, _ = inputs_of(golden)
    for rate in rates:
        changed = config | dict.fromkeys(rates, 0.0) | {rate: 0.5}
        cls = getattr(door, golden.class_name)
        model = cls(cls.config_class.from_dict(changed))
        assert model.train().training
        with torch.no_grad():
            assert not torch.equal(first(model(**inputs)), first(model(**inputs))), rate
            model.eval()
            assert torch.equal(first(model(**inputs)), first(model(**inputs)))


def test_from_pretrained_is_for_inference(tmp_path: Path) -> None:
    """A loaded model is in eval mode, its weights trainable and its own."""
    golden = next(g for g in goldens() if repr(g) == "BertForMaskedLM-default")
    model = door.BertForMaskedLM.from_pretrained(golden.write(tmp_path))
    assert not any(module.training for module in model.modules())
    assert all(parameter.requires_grad for parameter in model.parameters())
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    again = door.BertForMaskedLM.from_pretrained(tmp_path)
    assert not torch.equal(again.bert.embeddings.word_embeddings.weight, model.bert.embeddings.word_embeddings.weight)


# Modules


@one_per_architecture
def test_hooks_see_every_layer(golden: Golden) -> None:
    """A forward hook runs on every module that computes something, and can change its output."""
    model = build(golden)
    seen: set[str] = set()
    containers = {name for name, module in model.named_modules() if type(module).forward is torch.nn.Module.forward}
    handles = [
        module.register_forward_hook(lambda module, args, out, name=name: seen.add(name))
        for name, module in model.named_modules()
    ]
    inputs, _ = inputs_of(golden)
    with torch.no_grad():
        plain = first(model(**inputs))
    dropouts = {name for name, module in model.named_modules() if isinstance(module, torch.nn.Dropout)}
    assert seen >= {name for name, _ in model.named_modules()} - containers - dropouts
    for handle in handles:
        handle.remove()
    norm = next(module for module in model.modules() if isinstance(module, torch.nn.LayerNorm))
    norm.register_forward_hook(lambda module, args, out: out * 2)
    with torch.no_grad():
        assert not torch.equal(first(model(**inputs)), plain)


@one_per_architecture
def test_layers_are_pytorchs_own(golden: Golden) -> None:
    """Layers are those that quantisers and adapters look for by type; each weight belongs to one."""
    model = build(golden)
    known = (torch.nn.Linear, torch.nn.Embedding, torch.nn.LayerNorm, torch.nn.Conv2d)
    held = {id(p) for module in model.modules() if isinstance(module, known) for p in module.parameters(recurse=False)}
    others = {name for name, parameter in model.named_parameters() if id(parameter) not in held}
    own = {name for name, weight in model.layout.weights.items() if weight.layer in ("Conv1D", "Parameter")}
    assert others == own - set(model.layout.ties.values())  # BERT's output bias is shown by its decoder
    assert len(others) < len(model.layout.weights) / 2 or golden.model_type == "gpt2"


@one_per_class
def test_forward_names_what_it_takes(golden: Golden) -> None:
    """`inspect.signature(model.forward)` has every input by name, in Transformers' order: trainers and exporters read it."""
    model = build(golden, weights=False)
    taken = inspect.signature(model.forward).parameters
    assert {parameter.kind for parameter in taken.values()} <= {Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY}
    for case in golden.content["cases"]:
        assert {*case["inputs"], *case["options"]} <= set(taken)
    body = list(inspect.signature(model.get_body().forward).parameters)
    assert [name for name in taken if name in body] == body


# Compilers


@pytest.mark.slow
@one_per_architecture
def test_compile(golden: Golden) -> None:
    """The whole network is one graph for `torch.compile`, with gradients, and a batch of another size needs no other."""
    model = build(golden)
    torch._dynamo.reset()
    graphs, compilations = [], []

    def backend(graph: Any, example: Any) -> Any:
        graphs.append(graph)
        # one network with its backward pass compiled too; for the others the graph is what matters
        return torch._dynamo.lookup_backend("aot_eager" if golden.model_type == "gpt2" else "eager")(graph, example)

    compiled = torch.compile(model, fullgraph=True, backend=backend, dynamic=True)
    inputs, _ = inputs_of(golden)
    for step in (inputs, {name: value.repeat(2, *[1] * (value.ndim - 1)) for name, value in inputs.items()}):
        out, wanted = compiled(**step), model(**step)
        compilations.append(len(graphs))
        close(out.logits, wanted.logits)
        close(out.loss, wanted.loss)
        out.loss.backward()
        assert all(parameter.grad is not None for parameter in model.parameters())
    assert compilations[0] == compilations[1]


@pytest.mark.slow
@pytest.mark.parametrize("golden", WITH_INDUCTOR, ids=repr)
def test_compile_with_inductor(golden: Golden) -> None:
    """PyTorch's own compiler gives the same numbers, as one graph."""
    model = build(golden)
    torch._dynamo.reset()
    inputs, _ = inputs_of(golden)
    with torch.no_grad():
        found, wanted = torch.compile(model, fullgraph=True)(**inputs), model(**inputs)
    for name in wanted:
        if isinstance(wanted[name], torch.Tensor):
            close(found[name], wanted[name])


@pytest.mark.slow
@one_per_architecture
def test_export(golden: Golden) -> None:
    """`torch.export` with batch size and length unknown; the exported program keeps the names of the weights and the output."""
    model = build(golden)
    inputs, _ = inputs_of(golden)
    inputs = {name: value for name, value in inputs.items() if name in ("input_ids", "attention_mask", "pixel_values")}
    batch = torch.export.Dim("batch", min=2, max=64)
    length = torch.export.Dim("length", min=2, max=19)
    shapes = {name: {0: batch} if name == "pixel_values" else {0: batch, 1: length} for name in inputs}
    with torch.no_grad():
        program = torch.export.export(model, (), inputs, dynamic_shapes=shapes)
        larger = {
            name: value.repeat(3, 1, 1, 1)
            if name == "pixel_values"
            else torch.cat([value, value.flip(1)[:, :4]], 1).repeat(3, 1)
            for name, value in inputs.items()
        }
        found, wanted = program.module()(**larger), model(**larger)
    assert type(found) is type(wanted)
    close(found.logits, wanted.logits)
    assert set(program.state_dict) == set(model.state_dict())


# Training


@one_per_class
def test_every_weight_gets_a_gradient(golden: Golden) -> None:
    """Every parameter that the call uses gets a finite gradient, and not all zeros."""
    model = build(golden)
    inputs, _ = inputs_of(golden)
    out = model(**inputs)
    loss = out.loss if "loss" in out else first(out).square().sum()
    if "mc_loss" in out:
        loss = loss + out.mc_loss
    if "pooler_output" in out:
        loss = loss + out.pooler_output.square().sum()
    loss.backward()
    missing = {name for name, parameter in model.named_parameters() if parameter.grad is None}
    unused = ["crossattention", "mask_token"]
    if getattr(model.config, "position_embedding_type", "absolute") != "absolute":
        unused.append("position_embeddings")
    assert not {name for name in missing if not any(part in name for part in unused)}
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            assert parameter.grad.isfinite().all(), name
            # a bias that moves all scores or all choices alike changes nothing
            assert parameter.grad.abs().max() > 0 or name.endswith("bias"), name


@one_per_architecture
def test_adamw_lowers_the_loss(golden: Golden) -> None:
    """A few steps of AdamW lower the loss, and leave tied weights tied."""
    model = build(golden).train()
    inputs, _ = inputs_of(golden)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    model.eval()  # without dropout the loss is the same function at each step
    losses = []
    for _ in range(5):
        loss = model(**inputs).loss
        losses.append(float(loss))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < 0.9 * losses[0]
    assert losses == sorted(losses, reverse=True)
    assert not model.layout.ties or tied(model)


# Decoding


@pytest.mark.parametrize(
    "golden", [g for g in goldens() if repr(g) in ("GPT2LMHeadModel-default", "BertLMHeadModel-decoder")], ids=repr
)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_cached_decoding(golden: Golden, dtype: str) -> None:
    """Token by token with a cache gives what one call over the whole text gives; the cache has the model's dtype."""
    model = build(golden).to(getattr(torch, dtype))
    tokens = torch.from_numpy(drawn.unpack(golden.content["cases"][0]["inputs"]["input_ids"]).copy())
    tokens = tokens.reshape(-1, tokens.shape[-1])
    with torch.no_grad():
        whole = model(input_ids=tokens).logits
        cache = model.init_cache(tokens.shape[0], tokens.shape[1] + 3)
        assert {layer.key.dtype for layer in cache} == {getattr(torch, dtype)}
        for index, chunk in enumerate(tokens.split([3, *[1] * (tokens.shape[1] - 3)], 1)):
            before = [layer.key.clone() for layer in cache]
            out = model(input_ids=chunk, past_key_values=cache)
            assert all(torch.equal(old, layer.key) for old, layer in zip(before, cache, strict=True))  # state is not written to
            cache = out.past_key_values
            end = 3 + index
            close(out.logits[:, -1], whole[:, end - 1], 1e-5 if dtype == "float32" else 5e-2)
        assert int(cache[0].length) == tokens.shape[1]


def test_generation_reads_large_matrices_quickly(tmp_path: Path) -> None:
    """A compiled sum of products in place of `F.linear`, for GPT-2's matrices, which are laid out anew, and for its head."""
    config = door.GPT2Config(n_embd=512, n_layer=2, n_head=8, n_positions=64, vocab_size=640)
    model, ids = door.GPT2LMHeadModel(config), torch.arange(12)[None]
    model.save_pretrained(tmp_path / "before")
    options = {"max_new_tokens": 20, "return_dict_in_generate": True, "output_logits": True}
    as_is = model.generate(ids, compiled=False, **options)
    assert model.transformer.h[0].mlp.c_fc.weight.is_contiguous()
    quick = model.generate(ids, **options)
    assert model.transformer.h[0].mlp.c_fc.weight.T.is_contiguous()
    assert (inference._compiled_floats.cache_info().currsize, quick.sequences.tolist()) == (1, as_is.sequences.tolist())
    differences = [float((one - other).abs().max()) for one, other in zip(quick.logits, as_is.logits, strict=True)]
    assert 0 < max(differences) < 1e-4  # another order of the same sum
    model.save_pretrained(tmp_path / "after")
    assert (tmp_path / "after/model.safetensors").read_bytes() == (tmp_path / "before/model.safetensors").read_bytes()


@pytest.mark.parametrize(("rows", "inputs"), [(1, 1024), (2, 1024), (8, 5632), (3, 4099)])
def test_compiled_products_of_few_rows(rows: int, inputs: int) -> None:
    """Sums of any length, in parts that the compiler adds up quickly, and states that lie one after another.

    A result that lay by columns sent attention of several texts to PyTorch's slowest kernel.
    """
    random = np.random.default_rng(0)
    x, weight = (random.standard_normal((count, inputs)).astype(np.float32) for count in (rows, 70))
    found = inference._product(torch.from_numpy(x), torch.from_numpy(weight))
    wanted = x.astype(np.float64) @ weight.T.astype(np.float64)
    np.testing.assert_allclose(found.numpy(), wanted, atol=1e-6 * abs(wanted).max())
    assert found.is_contiguous()
    assert products.in_parts(found.new_ones(1, inputs)).shape[2] == (inputs if inputs == 4099 else 512)


def test_a_cache_that_is_given_stays(tmp_path: Path) -> None:
    """Programs write their caches in place, a caller's own calls do not, in inference mode neither."""
    config = door.GPT2Config(n_embd=16, n_layer=2, n_head=2, n_positions=32, vocab_size=40)
    model = door.GPT2LMHeadModel(config).eval()
    ids = torch.arange(5)[None]
    with torch.inference_mode():
        cache = model(ids, past_key_values=model.init_cache(1, 16)).past_key_values
        before = [layer.key.clone() for layer in cache]
        model(ids[:, :1], past_key_values=cache)
        model.generate(torch.arange(7)[None], past_key_values=cache, max_new_tokens=4)
    assert all(torch.equal(layer.key, key) for layer, key in zip(cache, before, strict=True))
