"""What a user of JAX and Flax expects of a model, beyond the right numbers."""

from __future__ import annotations

import copy
import functools
import pickle
import warnings

import ml_dtypes
import numpy as np
import pytest

pytest.importorskip("flax")

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax import export
from trivium.backends.flax.models.bert import network as bert
from trivium.backends.flax.models.gpt2 import network as gpt2
from trivium.backends.flax.models.vit import network as vit
from trivium.backends.numpy.models.bert import network as numpy_bert
from trivium.backends.numpy.models.gpt2 import network as numpy_gpt2
from trivium.backends.numpy.models.vit import network as numpy_vit

from trivium.backends.flax import nn as flax_nn
from trivium.backends.flax import ops
from trivium.core.errors import ConfigError, InputError
from trivium.core.outputs import LayerCache

BERT = bert.Config(
    vocab_size=37, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, max_position_embeddings=19
)
GPT2 = gpt2.Config(vocab_size=37, n_embd=16, n_layer=2, n_head=2, n_positions=19)
VIT = vit.Config(
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=24,
    image_size=12,
    patch_size=4,
    encoder_stride=4,
)
SHORT = {"bert": BERT.replace(num_hidden_layers=1), "gpt2": GPT2.replace(n_layer=1), "vit": VIT.replace(num_hidden_layers=1)}
"""One layer, where two would only take longer to compile."""

IDS = np.random.default_rng(0).integers(0, 37, (2, 7))
LABELS = np.where(IDS % 2, IDS, -100)


def built(network, config, **options):
    model = network(config, **options)
    model.eval()
    return model


def assert_close(found, expected, tolerance=1e-5):
    np.testing.assert_allclose(np.asarray(found, np.float64), np.asarray(expected, np.float64), tolerance, tolerance)


def assert_same(found, expected, tolerance=1e-5):
    """The same outputs, field by field, of Flax and NumPy."""
    assert found.keys() == expected.keys()
    for name in expected:
        for one, other in zip(jax.tree.leaves(found[name]), jax.tree.leaves(expected[name]), strict=True):
            assert_close(one, other, tolerance)


forward = jax.jit(lambda model, *inputs, **options: model(*inputs, **options))  # a module is a pytree


@pytest.fixture(scope="module", autouse=True)
def quick_compilation():
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)


@pytest.fixture(scope="module")
def masked_lm():
    return built(bert.BertForMaskedLM, BERT)


@pytest.fixture(scope="module")
def expected(masked_lm):
    """The masked_lm's logits."""
    return np.asarray(forward(masked_lm, IDS).logits)


# The numbers


LEFT = np.array([[0, 0, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1]])
HIDDEN = np.array([[0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0]])
PIXELS = np.random.default_rng(1).standard_normal((2, 3, 12, 12)).astype(np.float32)
LARGER = np.random.default_rng(2).standard_normal((2, 3, 20, 16)).astype(np.float32)
PATCHES = np.arange(18).reshape(2, 9) % 3 == 0


@pytest.mark.parametrize(
    ("ours", "reference", "config", "inputs"),
    [
        (bert, numpy_bert, BERT, {"input_ids": IDS, "output_attentions": True, "output_hidden_states": True}),
        (bert, numpy_bert, BERT, {"input_ids": IDS, "attention_mask": HIDDEN, "labels": LABELS}),
        (gpt2, numpy_gpt2, GPT2, {"input_ids": IDS, "labels": LABELS}),
        (gpt2, numpy_gpt2, GPT2, {"input_ids": IDS, "attention_mask": LEFT}),
        (gpt2, numpy_gpt2, GPT2, {"input_ids": IDS, "attention_mask": LEFT, "output_attentions": True}),
        (vit, numpy_vit, VIT, {"pixel_values": PIXELS, "bool_masked_pos": PATCHES}),
        (vit, numpy_vit, VIT, {"pixel_values": LARGER, "interpolate_pos_encoding": True}),
    ],
)
def test_numbers_are_those_of_numpy_in_float64(ours, reference, config, inputs):
    name = {bert: "BertForMaskedLM", gpt2: "GPT2LMHeadModel", vit: "ViTForMaskedImageModeling"}[ours]
    wide = {key: value.astype(np.float64) if key == "pixel_values" else value for key, value in inputs.items()}
    expected = getattr(reference, name)(config, dtype="float64")(**wide)
    model = built(getattr(ours, name), config)
    assert_same(jax.jit(functools.partial(model.apply, **inputs))(model.params), expected)


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_attention_in_float64_and_queries_that_see_nothing(weights, causal, masked):
    from trivium.backends.numpy import ops as numpy_ops

    q, k, v = np.random.default_rng(3).standard_normal((3, 2, 5, 2, 4))
    mask = np.array([0, 0, 1, 1, 0], bool)[None, None, None] if masked else None  # the first two see nothing if causal
    options = {"causal": causal, "scale": 0.5, "weights": weights}
    expected = numpy_ops.attention(q, k, v, mask, dropout=lambda x: x, **options)
    single = (x.astype(np.float32) for x in (q, k, v))
    found = ops.attention(*single, mask, dropout=flax_nn.Dropout(0.0), **options)
    assert_close(found[0], expected[0], 1e-6)
    assert (found[1] is None) == (expected[1] is None) != weights
    with jax.enable_x64(True):
        found = ops.attention(*map(jnp.asarray, (q, k, v)), mask, dropout=flax_nn.Dropout(0.0), **options)
        assert_close(found[0], expected[0], 1e-13)


def test_float64_is_never_float32_in_silence():
    with pytest.raises(ConfigError, match="float64"):
        bert.BertModel(BERT, dtype="float64")
    with jax.enable_x64(True):
        model = built(bert.BertModel, BERT, dtype="float64")
        assert_same(forward(model, IDS), numpy_bert.BertModel(BERT, dtype="float64")(IDS), 1e-12)


# The module


def test_the_module_is_made_of_nnx(masked_lm):
    layer = masked_lm.bert.encoder.layer[0]
    assert type(layer.attention.self.query) is nnx.Linear
    assert type(layer.output.LayerNorm) is nnx.LayerNorm
    assert type(masked_lm.bert.embeddings.word_embeddings) is nnx.Embed
    assert type(layer.output.dropout) is nnx.Dropout
    assert type(gpt2.GPT2Model(GPT2).h[1].attn.c_attn) is nnx.Linear
    assert type(vit.ViTModel(VIT).embeddings.patch_embeddings.projection) is nnx.Conv
    assert isinstance(masked_lm.bert.encoder.layer, nnx.List)
    assert ("bert", "encoder", "layer", 1, "output", "dense", "kernel") in dict(nnx.to_flat_state(nnx.state(masked_lm)))


def test_every_weight_is_one_param_and_tied_ones_are_once(masked_lm):
    flat = dict(nnx.to_flat_state(nnx.state(masked_lm, nnx.Param)))
    assert len(flat) == len(masked_lm.layout.weights) == len(jax.tree.leaves(masked_lm.params))
    assert sum(value.shape == (37, 16) for value in flat.values()) == 1
    untied = bert.BertForMaskedLM(BERT.replace(tie_word_embeddings=False))
    assert untied.cls.predictions.decoder.kernel.shape == (16, 37)


def test_split_merge_jit_and_the_module_as_a_pytree(masked_lm, expected):
    graphdef, state = nnx.split(masked_lm)
    assert hash(graphdef) == hash(nnx.graphdef(masked_lm))
    calls = {
        "no compilation": lambda: masked_lm(IDS),
        "nnx.jit": lambda: nnx.jit(lambda model, x: model(x))(masked_lm, IDS),
        "nnx.jit as a tree": lambda: nnx.jit(lambda model, x: model(x), graph=False, graph_updates=False)(masked_lm, IDS),
        "jax.jit of the state": lambda: jax.jit(lambda state, x: nnx.merge(graphdef, state)(x))(state, IDS),
        "static graphdef": lambda: jax.jit(lambda g, s, x: nnx.merge(g, s)(x), static_argnums=0)(graphdef, state, IDS),
    }
    for call in calls.values():
        assert_close(call().logits, expected)


@pytest.mark.parametrize(
    ("network", "config"),
    [(bert.BertForPreTraining, BERT), (gpt2.GPT2DoubleHeadsModel, GPT2), (vit.ViTForMaskedImageModeling, VIT)],
)
def test_abstract_weights(network, config):
    model = network(config, seed=None)
    for weight in model.layout:
        owner, name = model._owner(weight)
        held = getattr(owner, name).get_value()
        assert isinstance(held, jax.ShapeDtypeStruct)
        assert (held.shape, held.dtype) == (weight.shape_in("flax"), jnp.float32), weight.name
    assert len(jax.tree.leaves(model.params)) == len(model.layout.weights)


def test_weights_go_in_and_out(masked_lm, expected):
    model = built(bert.BertForMaskedLM, BERT, seed=None)
    model.assign_weights({weight.name: read() for weight, read in masked_lm.read_weights()})
    assert_close(forward(model, IDS).logits, expected, 0)
    for (weight, read), (_, other) in zip(model.read_weights(), numpy_bert.BertForMaskedLM(BERT).read_weights(), strict=True):
        np.testing.assert_array_equal(read(), other(), weight.name)


def test_loaded_weights_are_copies():
    model = bert.BertModel(BERT, seed=None)
    source = {weight.name: np.ones(weight.shape, np.float32) for weight in model.layout}
    model.assign_weights(source)
    for array in source.values():
        array[...] = 7
    assert all((leaf == 1).all() for leaf in jax.tree.leaves(model.params))


def test_a_weight_stays_where_it_was_put():
    model = bert.BertModel(BERT)
    mesh = jax.make_mesh((1,), ("x",), axis_types=(jax.sharding.AxisType.Auto,))
    place = jax.sharding.NamedSharding(mesh, jax.P("x"))
    model.params = jax.device_put(model.params, place)
    model.assign_weights({"pooler.dense.bias": np.ones(16, np.float32)})
    assert model.pooler.dense.bias.get_value().sharding == place
    assert (model.pooler.dense.bias[...] == 1).all()


def test_copies_and_pickles(masked_lm, expected):
    for other in (copy.deepcopy(masked_lm), pickle.loads(pickle.dumps(masked_lm)), nnx.clone(masked_lm)):
        assert_close(forward(other, IDS).logits, expected, 0)
        assert other.config == masked_lm.config
    pickle.loads(pickle.dumps(gpt2.GPT2DoubleHeadsModel(GPT2)))
    assert forward._cache_size() < 9  # copies are of one structure, and compile nothing anew


@pytest.mark.parametrize(
    ("network", "config", "inputs"),
    [
        (bert.BertForMaskedLM, BERT, {"input_ids": IDS, "labels": LABELS}),
        (gpt2.GPT2LMHeadModel, GPT2, {"input_ids": IDS, "labels": LABELS}),
        (vit.ViTForMaskedImageModeling, VIT, {"pixel_values": PIXELS, "bool_masked_pos": PATCHES}),
    ],
)
def test_bfloat16_stays_bfloat16(network, config, inputs):
    model = built(network, config, dtype="bfloat16")
    assert {leaf.dtype for leaf in jax.tree.leaves(model.params)} == {jnp.dtype("bfloat16")}
    assert next(read() for _, read in model.read_weights()).dtype == ml_dtypes.bfloat16
    out = jax.jit(functools.partial(model.apply, **inputs, output_hidden_states=True))(model.params)
    assert {x.dtype for x in jax.tree.leaves(out) if x.ndim} == {jnp.dtype("bfloat16")}
    assert_close(out.loss, forward(built(network, config), **inputs).loss, 0.03)


# The function


def test_apply_is_a_pure_function(masked_lm, expected):
    params = masked_lm.params
    assert params["bert"]["encoder"]["layer"]["0"]["output"]["dense"]["kernel"].shape == (24, 16)
    traces = []

    @jax.jit
    def apply(params, ids):
        traces.append(ids)
        return masked_lm.apply(params, ids).logits

    assert_close(apply(params, IDS), expected)
    assert not np.allclose(apply(jax.tree.map(lambda x: 2 * x, params), IDS), expected)
    assert len(traces) == 1
    assert_close(forward(masked_lm, IDS).logits, expected, 0)
    narrow = apply(jax.tree.map(lambda x: x.astype(jnp.bfloat16), params), IDS)
    assert narrow.dtype == jnp.bfloat16  # layers compute in the dtype of their weights


def test_apply_does_not_depend_on_the_model_s_own_weights_and_mode(masked_lm, expected):
    model = bert.BertForMaskedLM(BERT, seed=None)  # in training mode, too
    assert_close(jax.jit(model.apply)(masked_lm.params, IDS).logits, expected)
    assert not model.bert.embeddings.dropout.deterministic
    model.params = masked_lm.params
    model.eval()
    assert_close(forward(model, IDS).logits, expected)


def test_apply_refuses_what_does_not_fit(masked_lm):
    with pytest.raises(InputError, match=r"bert\.embeddings"):
        masked_lm.apply(masked_lm.params["bert"], IDS)
    with pytest.raises(InputError, match="rngs"):
        masked_lm.apply(masked_lm.params, IDS, train=True)
    model = bert.BertModel(SHORT["bert"].replace(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0))
    model.apply(model.params, IDS, train=True)  # has nothing to draw


@pytest.mark.parametrize(
    ("network", "inputs"),
    [
        (bert.BertForMaskedLM, {"input_ids": IDS, "labels": LABELS}),
        (gpt2.GPT2LMHeadModel, {"input_ids": IDS, "labels": LABELS}),
        (vit.ViTForMaskedImageModeling, {"pixel_values": PIXELS, "bool_masked_pos": PATCHES}),
    ],
)
def test_gradients_reach_every_weight(network, inputs):
    model = network(SHORT[network.config_class.model_type], seed=0)
    grads = jax.jit(jax.grad(lambda params: model.apply(params, **inputs).loss))(model.params)
    for path, grad in jax.tree.leaves_with_path(grads):
        name = jax.tree_util.keystr(path, simple=True, separator=".")
        assert jnp.isfinite(grad).all(), name
        assert jnp.abs(grad).max() > 0 or name.endswith("key.bias"), name  # which softmax does not see


def test_a_tied_weight_gets_the_gradients_of_both_its_uses():
    config = SHORT["bert"]
    tied, untied = bert.BertForMaskedLM(config), bert.BertForMaskedLM(config.replace(tie_word_embeddings=False), seed=None)
    params = tied.params
    table = params["bert"]["embeddings"]["word_embeddings"]["embedding"]
    apart = copy.deepcopy(params)
    apart["cls"]["predictions"]["decoder"] = {"kernel": table.T}

    def gradients(model, params):
        return jax.jit(jax.grad(lambda params: model.apply(params, IDS, labels=LABELS).loss))(params)

    both, each = gradients(tied, params), gradients(untied, apart)
    shared = both["bert"]["embeddings"]["word_embeddings"]["embedding"]
    assert_close(
        shared, each["bert"]["embeddings"]["word_embeddings"]["embedding"] + each["cls"]["predictions"]["decoder"]["kernel"].T
    )


def test_vmap_over_inputs_and_over_weights(masked_lm, expected):
    params = masked_lm.params
    rows = jax.jit(jax.vmap(lambda row: masked_lm.apply(params, row[None]).logits[0]))(IDS)
    assert_close(rows, expected)
    stacked = jax.tree.map(lambda x: jnp.stack([x, 2 * x]), params)
    both = jax.jit(jax.vmap(lambda params: masked_lm.apply(params, IDS).logits))(stacked)
    assert_close(both[0], expected)
    assert not np.allclose(both[0], both[1])


def test_export(masked_lm, expected):
    (batch,) = export.symbolic_shape("batch")
    ids = jax.ShapeDtypeStruct((batch, 7), jnp.int32)
    data = export.export(jax.jit(masked_lm.apply))(masked_lm.params, ids).serialize()
    assert_close(export.deserialize(data).call(masked_lm.params, IDS.astype(np.int32)).logits, expected)


# Outputs


def test_outputs_are_pytrees(masked_lm):
    out = jax.jit(lambda params: masked_lm.apply(params, IDS, labels=LABELS, output_hidden_states=True))(masked_lm.params)
    assert type(out).__name__ == "HeadOutput"
    assert out.keys() == ["loss", "logits", "hidden_states"]
    halved = jax.tree.map(lambda x: x / 2, out)
    assert_close(halved.logits, out.logits / 2)
    assert len(halved.hidden_states) == 3
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree.leaves_with_path(out)]
    assert paths == [".loss", ".logits", *(f".hidden_states[{i}]" for i in range(3))]
    assert jax.eval_shape(masked_lm, IDS).logits.shape == (2, 7, 37)


# Dropout and training


def test_dropout_acts_in_training_alone():
    model = bert.BertModel(SHORT["bert"])
    run = nnx.jit(lambda model: model(IDS, output_attentions=True))
    first, second = run(model), run(model)
    assert not np.allclose(first[0], second[0])
    assert (first.attentions[0] == 0).any()  # the weights as they were used
    fixed = nnx.view(model, deterministic=True)
    assert_close(run(fixed)[0], run(fixed)[0], 0)
    model.eval()
    assert_close(run(model)[0], run(fixed)[0], 0)


def test_dropout_follows_the_seed():
    one, same, other = (bert.BertModel(SHORT["bert"], seed=seed) for seed in (5, 5, 6))
    run = nnx.jit(lambda model: model(IDS)[0])
    assert_close(run(one), run(same), 0)
    keys, others = (
        {tuple(jax.random.key_data(key).tolist()) for key in jax.tree.leaves(nnx.state(model, nnx.RngKey))}
        for model in (one, other)
    )
    assert len(keys) == 4  # each layer has its own
    assert not keys & others
    nnx.reseed(one, dropout=1)
    before = run(one)
    nnx.reseed(one, dropout=1)
    assert_close(run(one), before, 0)


def test_dropout_of_apply_follows_its_key(masked_lm):
    run = jax.jit(lambda key: masked_lm.apply(masked_lm.params, IDS, train=True, rngs=key).logits)
    one, same, other = (run(jax.random.key(seed)) for seed in (5, 5, 6))
    assert_close(one, same, 0)
    assert not np.allclose(one, other)
    assert_close(run({"dropout": jax.random.key(5)}), one, 0)


def test_nnx_optimizer_lowers_the_loss():
    model = bert.BertForMaskedLM(SHORT["bert"])
    optimizer = nnx.Optimizer(model, optax.adam(1e-2), wrt=nnx.Param)

    @nnx.jit
    def step(model, optimizer):
        loss, grads = nnx.value_and_grad(lambda model: model(IDS, labels=LABELS).loss)(model)
        optimizer.update(model, grads)
        return loss

    losses = [float(step(model, optimizer)) for _ in range(12)]
    assert losses[-1] < losses[0] - 0.5


def test_optax_alone_lowers_the_loss():
    model, optimizer = bert.BertForMaskedLM(SHORT["bert"]), optax.adam(1e-2)

    @jax.jit
    def step(params, state, key):
        def loss(params):
            return model.apply(params, IDS, labels=LABELS, train=True, rngs=key).loss

        value, grads = jax.value_and_grad(loss)(params)
        updates, state = optimizer.update(grads, state)
        return optax.apply_updates(params, updates), state, value

    params, losses = model.params, []
    state = optimizer.init(params)
    for key in jax.random.split(jax.random.key(0), 12):
        params, state, value = step(params, state, key)
        losses.append(float(value))
    assert losses[-1] < losses[0] - 0.5


# Decoding


@pytest.mark.parametrize("mask", [None, LEFT], ids=["whole", "left-padded"])
def test_cached_decoding_equals_the_full_forward(mask):
    model = built(gpt2.GPT2LMHeadModel, GPT2)
    expected = forward(model, IDS, attention_mask=mask).logits
    room = None if mask is None else np.concatenate([mask, np.ones((2, 2), mask.dtype)], 1)
    traces = []

    @functools.partial(jax.jit, donate_argnums=2)
    def step(params, ids, cache):
        traces.append(ids.shape)
        return model.apply(params, ids, past_key_values=cache, attention_mask=room)

    cache, found = model.init_cache(2, 9), []
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # JAX warns of gifts that it could not use
        for piece in np.split(IDS, [3, 4, 5, 6], axis=1):
            out = step(model.params, piece, cache)
            cache = out.past_key_values
            found.append(out.logits)
    assert int(cache[0].length) == 7
    seen = slice(None) if mask is None else np.asarray(mask, bool)
    assert_close(jnp.concatenate(found, 1)[seen], expected[seen])
    assert traces == [(2, 3), (2, 1)]  # the prompt and one token; no further one compiles


def test_caches_are_pytrees():
    cache = gpt2.GPT2LMHeadModel(GPT2, dtype="bfloat16", seed=None).init_cache(2, 9)
    assert all(isinstance(layer, LayerCache) for layer in jax.tree.map(lambda x: x, cache))
    assert cache[0].key.dtype == jnp.bfloat16
    assert cache[0].length.dtype == jnp.int32
