"""Layers of TensorFlow that are held as one and run by a loop: the numbers and names of those that are run one by one."""

from __future__ import annotations

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")

import trivium.tensorflow as trivium  # noqa: E402

TEXT = {"vocab_size": 37, "hidden_size": 16, "num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 24}
LLAMA = trivium.LlamaConfig(**TEXT, num_hidden_layers=3, attention_dropout=0.2)
MIXTRAL = trivium.MixtralConfig(**TEXT, num_hidden_layers=2, num_local_experts=3)
T5 = trivium.T5Config(vocab_size=37, d_model=16, d_kv=6, d_ff=20, num_layers=3, num_heads=2, decoder_start_token_id=0)
RESNET = trivium.ResNetConfig(embedding_size=8, hidden_sizes=[8, 12], depths=[3, 1], layer_type="basic", num_labels=3)

IDS = np.random.default_rng(0).integers(0, 37, (2, 7))
MASK = np.array([[1] * 7 + [1], [0, 0, 0] + [1] * 4 + [1]])
PIXELS = np.random.default_rng(1).standard_normal((2, 3, 32, 32)).astype(np.float32)
ALL = {"output_hidden_states": True, "output_attentions": True}


def pair(network, config):
    """A model as it is born, and the same one scanning."""
    looped, scanned = network(config), network(config)
    scanned.scan_layers()
    return looped, scanned


def assert_same(found, expected, tolerance=1e-5):
    tf.nest.assert_same_structure(found, expected)
    for one, other in zip(tf.nest.flatten(found), tf.nest.flatten(expected), strict=True):
        np.testing.assert_allclose(one, other, tolerance, tolerance)


def called(model, xla=False, **inputs):
    @tf.function(jit_compile=xla, autograph=False)
    def call():
        return model(**inputs)

    return call()


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
    expected = looped(**inputs)
    assert_same(called(scanned, **inputs), expected)
    assert_same(scanned(**inputs), expected)


def test_the_same_caches_step_by_step():
    looped, scanned = pair(trivium.LlamaForCausalLM, LLAMA)
    caches = [model.init_cache(2, 8) for model in (looped, scanned)]
    for ids in (IDS, IDS[:, :1]):
        one, other = (
            run(model, input_ids=ids, attention_mask=MASK, past_key_values=cache)
            for run, model, cache in zip((lambda m, **x: m(**x), called), (looped, scanned), caches, strict=True)
        )
        assert_same(other, one)
        caches = [one.past_key_values, other.past_key_values]
    assert caches[1][2].length == 8


@pytest.mark.parametrize("xla", [False, True])
def test_the_same_gradients(xla):
    looped, scanned = pair(trivium.LlamaForCausalLM, LLAMA)

    def gradients(model, compile_):
        @tf.function(jit_compile=compile_, autograph=False)
        def call():
            with tf.GradientTape() as tape:
                loss = model(input_ids=IDS, labels=IDS, training=False).loss
            return tape.gradient(loss, model.trainable_variables)

        for variable, gradient in zip(model.trainable_variables, call(), strict=True):
            variable.assign(tf.convert_to_tensor(gradient))

    gradients(looped, False)
    gradients(scanned, xla)
    for (weight, one), (_, other) in zip(looped.read_weights(), scanned.read_weights(), strict=True):
        assert abs(one()).max() > 0
        np.testing.assert_allclose(other(), one(), 1e-4, 1e-6, err_msg=weight.name)


def test_the_same_dropout_call_by_call():
    seen = []
    for model in pair(trivium.LlamaForCausalLM, LLAMA):
        run = tf.function(lambda model=model: model(IDS, training=True).logits, autograph=False)
        seen.append([run(), run()])
    assert_same(seen[1], seen[0])
    assert not np.allclose(*seen[1])


def test_the_same_running_statistics():
    looped, scanned = pair(trivium.ResNetForImageClassification, RESNET)
    for model in (looped, scanned):
        tf.function(lambda model=model: model(PIXELS, training=True).logits, autograph=False)()
    for (weight, one), (_, other) in zip(looped.read_weights(), scanned.read_weights(), strict=True):
        np.testing.assert_allclose(other(), one(), 1e-5, 1e-6, err_msg=weight.name)


@pytest.mark.parametrize("name", ["llama", "mixtral", "t5"])
def test_weights_keep_their_names(name, tmp_path):
    network, config, _ = CALLS[name]
    looped, scanned = pair(network, config)
    scanned.save_pretrained(tmp_path)
    other = network(config, seed=1)
    other.scan_layers()
    other.assign_weights({weight.name: read() for weight, read in network.from_pretrained(tmp_path).read_weights()})
    some = next(name for name in other.layout.weights if ".1." in name)
    other.assign_weights({some: np.full(other.layout.weights[some].shape, 2, np.float32)})
    for (weight, one), (_, found) in zip(looped.read_weights(), other.read_weights(), strict=True):
        np.testing.assert_array_equal(found(), np.full(weight.shape, 2) if weight.name == some else one(), weight.name)
    sizes = [sum(np.prod(variable.shape) for variable in model.trainable_variables) for model in (scanned, looped)]
    assert sizes[0] == sizes[1]
    assert len(scanned.trainable_variables) < len(looped.trainable_variables)


def test_layers_are_had_by_index():
    looped, scanned = pair(trivium.LlamaModel, LLAMA)
    assert len(scanned.layers) == len(list(scanned.layers)) == 3
    x = np.random.default_rng(2).standard_normal((2, 16)).astype(np.float32)
    for index in (1, -1):
        one, other = (model.layers[index].mlp for model in (looped, scanned))
        np.testing.assert_array_equal(one.up_proj.kernel, other.up_proj.kernel)
        assert_same(other(x), one(x))
    with pytest.raises(IndexError):
        scanned.layers[3]


def test_work_to_compile_does_not_grow_with_depth():
    def products(depth):
        model = trivium.LlamaForCausalLM(LLAMA.replace(num_hidden_layers=depth))
        model.scan_layers()
        graph = tf.function(lambda: model(IDS).logits, autograph=False).get_concrete_function().graph.as_graph_def()
        nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
        return sum(node.op in ("MatMul", "BatchMatMulV2", "Einsum") for node in nodes)

    assert products(2) == products(5)
