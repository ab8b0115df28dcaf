"""Layers of Flax that are held as one and scanned: the numbers and names of those that are run one by one."""

from __future__ import annotations

import jax
import numpy as np
import pytest

pytest.importorskip("flax")

from flax import nnx

import trivium.flax as trivium

TEXT = {"vocab_size": 37, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 24}
LLAMA = trivium.LlamaConfig(**TEXT, num_hidden_layers=3, attention_dropout=0.2)
MIXTRAL = trivium.MixtralConfig(**TEXT, num_hidden_layers=2, num_local_experts=3)
T5 = trivium.T5Config(vocab_size=37, d_model=16, d_kv=6, d_ff=20, num_layers=3, num_heads=2, decoder_start_token_id=0)
RESNET = trivium.ResNetConfig(embedding_size=8, hidden_sizes=[8, 12], depths=[3, 1], layer_type="basic", num_labels=3)

IDS = np.random.default_rng(0).integers(0, 37, (2, 7))
MASK = np.array([[1] * 7 + [1], [0, 0, 0] + [1] * 4 + [1]])
PIXELS = np.random.default_rng(1).standard_normal((2, 3, 32, 32)).astype(np.float32)
ALL = {"output_hidden_states": True, "output_attentions": True}


@pytest.fixture(scope="module", autouse=True)
def quick_compilation():
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)


def pair(network, config, **options):
    """A model as it is born, and the same one scanning."""
    looped, scanned = network(config), network(config)
    scanned.scan_layers(**options)
    for model in (looped, scanned):
        model.eval()
    return looped, scanned


def assert_same(found, expected, tolerance=1e-5):
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, tolerance, tolerance)


def called(model, **inputs):
    return jax.jit(lambda model: model(**inputs))(model)


CALLS = {
    "llama": (trivium.LlamaForCausalLM, LLAMA, {"input_ids": IDS, "labels": IDS, **ALL}),
    "mixtral": (trivium.MixtralForCausalLM, MIXTRAL, {"input_ids": IDS, "output_router_logits": True, **ALL}),
    "t5": (trivium.T5ForConditionalGeneration, T5, {"input_ids": IDS, "labels": IDS, **ALL}),  # the first layer is unlike
    "resnet": (trivium.ResNetForImageClassification, RESNET, {"pixel_values": PIXELS, "output_hidden_states": True}),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_same_outputs_hidden_states_and_attentions(name):
    network, config, inputs = CALLS[name]
    looped, scanned = pair(network, config)
    assert_same(called(scanned, **inputs), called(looped, **inputs))


def test_the_same_caches_step_by_step():
    looped, scanned = pair(trivium.LlamaForCausalLM, LLAMA)
    caches = [model.init_cache(2, 8) for model in (looped, scanned)]
    for ids in (IDS, IDS[:, :1]):
        outs = [
            called(model, input_ids=ids, attention_mask=MASK, past_key_values=cache)
            for model, cache in zip((looped, scanned), caches, strict=True)
        ]
        assert_same(*outs)
        caches = [out.past_key_values for out in outs]
    assert caches[1][2].length == 8


@pytest.mark.parametrize("options", [{}, {"rematerialise": True}])
def test_the_same_gradients(options):
    looped, scanned = pair(trivium.LlamaForCausalLM, LLAMA, **options)

    @jax.jit
    def gradients(params, model):
        return jax.grad(lambda params: model.apply(params, IDS, labels=IDS).loss)(params)

    looped.params, scanned.params = gradients(looped.params, looped), gradients(scanned.params, scanned)
    for (weight, one), (_, other) in zip(looped.read_weights(), scanned.read_weights(), strict=True):
        assert abs(one()).max() > 0
        np.testing.assert_allclose(other(), one(), 1e-4, 1e-6, err_msg=weight.name)


def test_the_same_dropout_call_by_call():
    looped, scanned = pair(trivium.LlamaForCausalLM, LLAMA)
    run = nnx.jit(lambda model: model(IDS).logits)
    seen = []
    for model in (looped, scanned):
        model.train()
        seen.append([run(model), run(model)])
    assert_same(seen[1], seen[0])
    assert not np.allclose(*seen[1])
    assert np.isfinite(scanned.apply(scanned.params, IDS, labels=IDS, train=True, rngs=jax.random.key(0)).loss)


def test_the_same_running_statistics():
    looped, scanned = pair(trivium.ResNetForImageClassification, RESNET)
    for model in (looped, scanned):
        model.train()
        nnx.jit(lambda model: model(PIXELS).logits)(model)
    for (weight, one), (_, other) in zip(looped.read_weights(), scanned.read_weights(), strict=True):
        np.testing.assert_allclose(other(), one(), 1e-5, 1e-6, err_msg=weight.name)


@pytest.mark.parametrize("name", ["llama", "mixtral", "t5"])
def test_weights_keep_their_names(name, tmp_path):
    network, config, _ = CALLS[name]
    looped, scanned = pair(network, config)
    scanned.save_pretrained(tmp_path)
    loaded = network.from_pretrained(tmp_path)
    empty = network(config, seed=None)
    empty.scan_layers()
    empty.assign_weights({weight.name: read() for weight, read in loaded.read_weights()})
    some = next(weight for weight in empty.layout.weights if ".1." in weight)
    empty.assign_weights({some: np.full(empty.layout.weights[some].shape, 2, np.float32)})
    for (weight, one), (_, other) in zip(looped.read_weights(), empty.read_weights(), strict=True):
        np.testing.assert_array_equal(other(), np.full(weight.shape, 2) if weight.name == some else one(), weight.name)


def test_layers_are_had_by_index():
    looped, scanned = pair(trivium.LlamaModel, LLAMA)
    assert len(scanned.layers) == len(list(scanned.layers)) == 3
    for index in (1, -1):
        one, other = (model.layers[index].mlp.up_proj.kernel[...] for model in (looped, scanned))
        np.testing.assert_array_equal(one, other)
    with pytest.raises(IndexError):
        scanned.layers[3]


def test_work_to_compile_does_not_grow_with_depth():
    def products(depth):
        model = trivium.LlamaForCausalLM(LLAMA.replace(num_hidden_layers=depth), seed=None)
        model.scan_layers()
        program = jax.jit(jax.grad(lambda params: model.apply(params, IDS, labels=IDS).loss)).lower(model.params)
        return program.as_text().count("dot_general")

    assert products(2) == products(5)
