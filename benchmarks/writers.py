"""The contestants of `generate.py`, one per process: `python -m benchmarks.writers NAME MODEL BATCH PROMPT`.

Reads lines from standard input and answers on standard output: "N" is answered by the seconds in which N tokens were written
after the prompt. It is run by the interpreters of several environments, so it imports nothing of the project at the top.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

GPT2 = {"n_embd": 1024, "n_layer": 24, "n_head": 16}
LLAMA = {
    "vocab_size": 32000, "hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 22, "num_attention_heads": 32,
    "num_key_value_heads": 4, "max_position_embeddings": 2048, "rms_norm_eps": 1e-5,
}  # fmt: skip
MODELS: dict[str, tuple[str, dict[str, Any], str]] = {
    "gpt2": ("GPT2LMHead", GPT2, "float32"),  # gpt2-medium
    "llama": ("LlamaForCausalLM", LLAMA, "bfloat16"),  # TinyLlama-1.1B
    "small": ("GPT2LMHead", {"n_embd": 768, "n_layer": 12, "n_head": 12}, "float32"),  # gpt2
}
NAMES = {"gpt2": "GPT2", "small": "GPT2", "llama": "Llama"}

Write = Callable[[int], Any]


def prompt(batch: int, tokens: int) -> Any:
    import numpy as np

    return np.random.default_rng(0).integers(1000, 30000, (batch, tokens))


def of_class(library: Any, model: str, prefix: str = "") -> tuple[Any, Any]:
    """A class of Transformers or Trivium, and its config, which ends no text."""
    family = NAMES[model]
    name = "GPT2LMHeadModel" if family == "GPT2" else "LlamaForCausalLM"
    ends = dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"))
    return getattr(library, prefix + name), getattr(library, f"{family}Config")(**MODELS[model][1] | ends)


# Trivium


def trivium(door: str, model: str, ids: Any, **options: Any) -> Write:
    import importlib

    cls, config = of_class(importlib.import_module(f"trivium.{door}"), model)
    network = cls(config, dtype=MODELS[model][2])
    return lambda tokens: network.generate(ids, max_new_tokens=tokens, **options)


# Transformers


def transformers_torch(model: str, ids: Any, compiled: bool) -> Write:
    import torch
    import transformers

    cls, config = of_class(transformers, model)
    with torch.device("cpu"):
        network = cls(config).to(getattr(torch, MODELS[model][2])).eval()
    options: dict[str, Any] = {"do_sample": False, "pad_token_id": 0, "attention_mask": torch.ones(ids.shape, dtype=torch.long)}
    if compiled:
        how = transformers.CompileConfig(fullgraph=False)
        how._compile_all_devices = True  # without which it compiles on accelerators alone
        options |= {"cache_implementation": "static", "compile_config": how}
        # one size of cache for all
        options["max_cache_len"] = ids.shape[1] + 64
    inputs = torch.from_numpy(ids)
    return lambda tokens: network.generate(inputs, max_new_tokens=tokens, **options)


def transformers_flax(model: str, ids: Any) -> Write:
    import jax
    import jax.numpy as jnp
    import transformers

    cls, config = of_class(transformers, model, "Flax")
    dtype = getattr(jnp, MODELS[model][2])
    network = cls(config, dtype=dtype)
    params = network.to_bf16(network.params) if dtype == jnp.bfloat16 else network.params
    inputs = jnp.asarray(ids)

    def write(params: Any, tokens: int) -> Any:
        return network.generate(inputs, params=params, max_new_tokens=tokens, do_sample=False, pad_token_id=0).sequences

    call = jax.jit(write, static_argnums=1)  # without which its loop is compiled again in each call, for minutes
    return lambda tokens: call(params, tokens).block_until_ready()


def transformers_tensorflow(model: str, ids: Any) -> Write:
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import tensorflow as tf
    import transformers

    cls, config = of_class(transformers, model, "TF")
    network = cls(config)
    call = tf.function(network.generate, jit_compile=True)
    inputs = tf.constant(ids, tf.int32)
    # it fails for one token, so that "after the first" is a little too high
    return lambda tokens: call(inputs, max_new_tokens=max(2, tokens), do_sample=False, pad_token_id=0).numpy()


# KerasHub


def keras_hub(backend: str, model: str, ids: Any) -> Write:
    os.environ["KERAS_BACKEND"] = backend
    import keras_hub
    import numpy as np

    values = MODELS[model][1]
    if NAMES[model] == "GPT2":
        options = {"vocabulary_size": 50257, "num_layers": values["n_layer"], "num_heads": values["n_head"]}
        options |= {"hidden_dim": values["n_embd"], "intermediate_dim": 4 * values["n_embd"], "dropout": 0.0}
    else:
        options = {
            "vocabulary_size": values["vocab_size"], "num_layers": values["num_hidden_layers"], "rope_max_wavelength": 10000,
            "num_query_heads": values["num_attention_heads"], "num_key_value_heads": values["num_key_value_heads"],
            "hidden_dim": values["hidden_size"], "intermediate_dim": values["intermediate_size"], "layer_norm_epsilon": 1e-5,
        }  # fmt: skip
    backbone = getattr(keras_hub.models, f"{NAMES[model]}Backbone")(**options, dtype=MODELS[model][2])
    network = getattr(keras_hub.models, f"{NAMES[model]}CausalLM")(backbone=backbone, preprocessor=None)
    network.compile(sampler="greedy")
    length = ids.shape[1]

    def write(tokens: int) -> Any:
        given = np.pad(ids, ((0, 0), (0, tokens)), constant_values=1)
        mask = np.arange(length + tokens)[None].repeat(len(ids), 0) < length
        return network.generate({"token_ids": given, "padding_mask": mask}, stop_token_ids=None)

    return write


# llama.cpp


def llama_cpp(model: str, ids: Any) -> Write:
    import llama_cpp
    import numpy as np

    folder = tempfile.TemporaryDirectory()
    path = str(Path(folder.name) / "model.gguf")
    write_gguf(path, model)
    llama_cpp.llama_backend_init()
    network = llama_cpp.llama_model_load_from_file(path.encode(), llama_cpp.llama_model_default_params())
    rows, length = ids.shape
    options = llama_cpp.llama_context_default_params()
    options.n_ctx, options.n_seq_max, options.n_batch, options.n_ubatch = rows * 256, rows, rows * length, 512
    options.n_threads = options.n_threads_batch = int(os.environ["OMP_NUM_THREADS"])
    context = llama_cpp.llama_init_from_model(network, options)
    vocabulary = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(network))
    batch = llama_cpp.llama_batch_init(rows * length, 0, rows)

    def read(tokens: Any, first: int) -> Any:
        """The likeliest token (B,) after tokens (B, T), the first of which have this position."""
        batch.n_tokens = tokens.size
        for place, (row, column) in enumerate(np.ndindex(tokens.shape)):
            batch.token[place], batch.pos[place] = int(tokens[row, column]), first + column
            batch.n_seq_id[place], batch.seq_id[place][0] = 1, row
            batch.logits[place] = column == tokens.shape[1] - 1
        assert llama_cpp.llama_decode(context, batch) == 0
        last = range(tokens.shape[1] - 1, tokens.size, tokens.shape[1])
        logits = [np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(context, place), (vocabulary,)) for place in last]
        return np.argmax(logits, 1)[:, None]

    def write(tokens: int) -> Any:
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
        found = [read(ids, 0)]
        for place in range(length, length + tokens - 1):
            found.append(read(found[-1], place))
        return found

    write.folder = folder  # type: ignore[attr-defined]
    return write


def write_gguf(path: str, model: str) -> None:
    """A model with random weights in llama.cpp's format."""
    import gguf
    import numpy as np

    values = MODELS[model][1]
    is_gpt2 = NAMES[model] == "GPT2"
    names = ("n_embd", "n_layer", "n_head", "n_head") if is_gpt2 else (
        "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads")  # fmt: skip
    width, layers, heads, key_heads = (values[name] for name in names)
    inner, vocabulary = (4 * width, 50257) if is_gpt2 else (values["intermediate_size"], values["vocab_size"])
    writer = gguf.GGUFWriter(path, "gpt2" if is_gpt2 else "llama")
    writer.add_context_length(1024 if is_gpt2 else 2048)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(heads)
    writer.add_head_count_kv(key_heads)
    writer.add_vocab_size(vocabulary)
    writer.add_tokenizer_model("none")
    keys = width // heads * key_heads
    shapes = {"token_embd": (vocabulary, width), "output_norm": (width,)}
    layer = {"attn_norm": (width,), "attn_output": (width, width), "ffn_norm": (width,)}
    layer |= {"ffn_up": (inner, width), "ffn_down": (width, inner)}
    if is_gpt2:
        writer.add_layer_norm_eps(1e-5)
        shapes["position_embd"] = (1024, width)
        layer["attn_qkv"] = (3 * width, width)
    else:
        writer.add_layer_norm_rms_eps(1e-5)
        writer.add_rope_dimension_count(width // heads)
        shapes["output"] = (vocabulary, width)
        layer |= {"attn_q": (width, width), "attn_k": (keys, width), "attn_v": (keys, width), "ffn_gate": (inner, width)}
    shapes |= {f"blk.{index}.{name}": shape for index in range(layers) for name, shape in layer.items()}
    random = np.random.default_rng(0)
    for name, shape in shapes.items():
        drawn = random.standard_normal(shape, np.float32) * 0.02
        if len(shape) == 2 and MODELS[model][2] == "bfloat16":
            kind = gguf.GGMLQuantizationType.BF16
            writer.add_tensor(f"{name}.weight", gguf.quants.quantize(drawn, kind), raw_dtype=kind)
        else:
            writer.add_tensor(f"{name}.weight", drawn + (len(shape) == 1))
        if is_gpt2 and "embd" not in name:
            writer.add_tensor(f"{name}.bias", np.zeros(shape[0], np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


CONTESTANTS: dict[str, tuple[str, Callable[[str, Any], Write]]] = {
    "Transformers 5, PyTorch": ("transformers5", lambda m, ids: transformers_torch(m, ids, False)),
    "Transformers 5, PyTorch, compiled": ("transformers5", lambda m, ids: transformers_torch(m, ids, True)),
    "Transformers 4, TensorFlow, XLA": ("transformers4", transformers_tensorflow),
    "Transformers 4, Flax": ("transformers4", transformers_flax),
    "KerasHub, TensorFlow": ("keras_hub", lambda m, ids: keras_hub("tensorflow", m, ids)),
    "KerasHub, JAX": ("keras_hub", lambda m, ids: keras_hub("jax", m, ids)),
    "llama.cpp": ("llama_cpp", llama_cpp),
    "Trivium, PyTorch": ("", lambda m, ids: trivium("torch", m, ids)),
    "Trivium, PyTorch, compiled": ("", lambda m, ids: trivium("torch", m, ids, compiled=True)),
    "Trivium, TensorFlow": ("", lambda m, ids: trivium("tensorflow", m, ids)),
    "Trivium, JAX": ("", lambda m, ids: trivium("flax", m, ids)),
}
"""By name: whose environment, and what makes the function that writes so many tokens."""

if __name__ == "__main__":
    name, model, *sizes = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print is no answer
    write = CONTESTANTS[name][1](model, prompt(*map(int, sizes)))
    print("ready", file=answers)
    for line in sys.stdin:
        start = time.perf_counter()
        write(int(line))
        print(time.perf_counter() - start, file=answers)
