"""Networks that remember by a state: the scan that makes it, its gradients, and texts read piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import drawn
from tests.backends import Backend, each_backend
from tests.conftest import GOLDENS, Golden
from trivium.backends.numpy import ops as reference
from trivium.models.recurrent_gemma.config import RecurrentGemmaConfig

LENGTHS = (1, 2, 5, 8, 13)


def steps(length: int) -> tuple[np.ndarray, ...]:
    """The arguments of a scan, and what its result is multiplied by, float32."""
    made = np.random.default_rng(length)
    a = made.uniform(0.2, 1, (2, length, 3))
    values = (a, made.standard_normal((2, length, 3)), made.standard_normal((2, 3)), made.standard_normal((2, length, 3)))
    return tuple(value.astype(np.float32) for value in values)


def slopes(a: np.ndarray, b: np.ndarray, start: np.ndarray, upstream: np.ndarray) -> list[np.ndarray]:
    """The gradient of sum(upstream linear_scan(a, b, start)), by differences: it is linear in every element."""
    arguments = [x.astype(np.float64) for x in (a, b, start)]

    def total() -> float:
        return float((upstream * reference.linear_scan(*arguments)).sum())

    found = [np.zeros_like(x) for x in arguments]
    for x, slope in zip(arguments, found, strict=True):
        for place in np.ndindex(x.shape):
            kept = x[place]
            x[place] = kept + 0.5
            high = total()
            x[place] = kept - 0.5
            slope[place] = high - total()
            x[place] = kept
    return found


def torch_ways() -> dict[str, Callable[..., Any]]:
    """A function of the scan's arguments and `upstream` that gives the result and its gradients, eagerly and compiled."""
    import torch

    from trivium.backends.torch import ops

    compiled = torch.compile(ops.linear_scan, fullgraph=True, dynamic=True, backend="aot_eager")

    def with_gradients(scan: Callable[..., Any], *arrays: np.ndarray) -> list[Any]:
        *arguments, upstream = (torch.from_numpy(x) for x in arrays)
        arguments = [x.requires_grad_() for x in arguments]
        found = scan(*arguments)
        (found * upstream).sum().backward()
        return [found.detach(), *(x.grad for x in arguments)]

    return {
        "eager": lambda *arrays: with_gradients(ops.linear_scan, *arrays),
        "compiled": lambda *arrays: with_gradients(compiled, *arrays),
    }


def tensorflow_ways() -> dict[str, Callable[..., Any]]:
    """The same in TensorFlow, where lengths are unknown while it traces."""
    import tensorflow as tf

    from trivium.backends.tensorflow import ops

    def with_gradients(a: Any, b: Any, start: Any, upstream: Any) -> list[Any]:
        with tf.GradientTape() as tape:
            tape.watch((a, b, start))
            found = ops.linear_scan(a, b, start)
            total = tf.reduce_sum(found * upstream)
        return [found, *tape.gradient(total, (a, b, start))]

    signature = [tf.TensorSpec(shape, tf.float32) for shape in ((None, None, 3), (None, None, 3), (None, 3), (None, None, 3))]
    return {
        "eager": lambda *arrays: with_gradients(*map(tf.constant, arrays)),
        "traced": tf.function(with_gradients, input_signature=signature),
        "compiled": tf.function(with_gradients, input_signature=signature, jit_compile=True),
    }


def flax_ways() -> dict[str, Callable[..., Any]]:
    """The same in JAX."""
    import jax

    from trivium.backends.flax import ops

    def with_gradients(*arrays: Any) -> list[Any]:
        found, back = jax.vjp(ops.linear_scan, *arrays[:3])
        return [found, *back(arrays[3])]

    return {"eager": with_gradients, "compiled": jax.jit(with_gradients)}


@pytest.mark.parametrize("ways", [torch_ways, tensorflow_ways, flax_ways], ids=["torch", "tensorflow", "flax"])
def test_scan_and_its_gradients(ways: Callable[[], dict[str, Callable[..., Any]]]) -> None:
    """Texts of every length, whether compiled or not, give NumPy's states, and the gradients that differences give."""
    for name, way in ways().items():
        for length in LENGTHS:
            arrays = steps(length)
            wanted = [reference.linear_scan(*arrays[:3]), *slopes(*arrays)]
            for found, expected in zip(way(*arrays), wanted, strict=True):
                np.testing.assert_allclose(np.asarray(found), expected, atol=2e-5, err_msg=f"{name}, {length} steps")


RECURRENT = [
    Golden("mamba", "MambaForCausalLM", "default"),
    Golden("recurrent_gemma", "RecurrentGemmaForCausalLM", "default"),
]
in_pieces = pytest.mark.parametrize("golden", RECURRENT, ids=repr)


def test_all_recurrent_networks_are_here() -> None:
    """Whoever has a cache with states is tried below."""
    users = {
        path.parent.name
        for path in (GOLDENS.parents[1] / "trivium" / "models").glob("*/network.py")
        if "recurrent." in path.read_text()
    }
    assert users == {golden.model_type for golden in RECURRENT}


@in_pieces
@each_backend
def test_pieces_are_the_whole(golden: Golden, backend: Backend, checkpoint: Path) -> None:
    """A text read in pieces of several tokens and of one, with its beginning hidden, gives what it gives at once."""
    model = getattr(backend.door, golden.class_name).from_pretrained(checkpoint)
    ids = drawn.unpack(golden.content["greedy"]["inputs"]["input_ids"])
    mask = drawn.unpack(golden.content["greedy"]["inputs"]["attention_mask"])
    whole = backend.numpy(backend.call(model, {"input_ids": ids, "attention_mask": mask}).logits)
    cache, found = model.init_cache(len(ids), 12), []
    for start, end in ((0, 3), (3, 4), (4, 7)):
        # a mask that ends with the tokens at hand, and one that knows of no more than the first two
        known = mask[:, :end] if end < 7 else mask[:, :2]
        out = backend.call(model, {"input_ids": ids[:, start:end], "attention_mask": known}, past_key_values=cache)
        assert [type(layer) for layer in out.past_key_values] == [type(layer) for layer in cache]
        cache = out.past_key_values
        found.append(backend.numpy(out.logits))
    seen = mask.astype(bool)
    np.testing.assert_allclose(np.concatenate(found, 1)[seen], whole[seen], atol=1e-5)


@in_pieces
@each_backend
def test_half_precision(golden: Golden, backend: Backend, checkpoint: Path) -> None:
    """bfloat16 weights give bfloat16 logits near those of float32, and states that stay float32."""
    cls = getattr(backend.door, golden.class_name)
    ids = drawn.unpack(golden.content["greedy"]["inputs"]["input_ids"])
    wanted = backend.numpy(backend.call(cls.from_pretrained(checkpoint), {"input_ids": ids}).logits)
    model = cls.from_pretrained(checkpoint, dtype="bfloat16")
    out = backend.call(model, {"input_ids": ids}, past_key_values=model.init_cache(len(ids), 7))
    assert "bfloat16" in str(out.logits.dtype)
    states = [layer.state for layer in out.past_key_values if hasattr(layer, "state")]
    assert states and all("float32" in str(state.dtype) for state in states)
    logits = out.logits.float() if backend.name == "torch" else out.logits
    assert np.abs(backend.numpy(logits).astype(np.float32) - wanted).max() < 0.05 * np.abs(wanted).max()


@each_backend
def test_a_token_sees_the_window_before_it(backend: Backend) -> None:
    """A layer that attends sees `attention_window_size` keys before each token and its own; so it does with a cache."""
    config = RecurrentGemmaConfig(
        vocab_size=9, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2,
        block_types=("attention",), attention_window_size=2,
    )  # fmt: skip
    model = backend.door.RecurrentGemmaModel(config)
    ids = np.arange(7)[None]
    whole, other = (
        backend.numpy(backend.call(model, {"input_ids": x}).last_hidden_state)[0] for x in (ids, np.where(ids == 1, 8, ids))
    )
    assert (np.abs(whole - other).max(-1) > 1e-6).tolist() == [False, True, True, True, False, False, False]
    cache = model.init_cache(1, 7)
    for start, end in ((0, 4), (4, 5), (5, 7)):
        out = backend.call(model, {"input_ids": ids[:, start:end]}, past_key_values=cache)
        cache = out.past_key_values
        np.testing.assert_allclose(backend.numpy(out.last_hidden_state)[0], whole[start:end], atol=1e-5)
