"""The contestants of `forward.py`, one per process: `python contestants.py NAME BATCH TOKENS`.

Reads lines from standard input and answers on standard output: "run" is answered by the seconds of one forward pass. It is run
by two interpreters, ours and that of the peer's environment, so it imports nothing of the project at the top.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
BASE = {
    "vocab_size": 30522,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
}


def inputs(batch: int, tokens: int):
    import numpy as np

    ids = np.random.default_rng(0).integers(1000, 30000, (batch, tokens))
    mask = np.ones((batch, tokens), np.int64)
    mask[-1, tokens // 2 :] = 0
    return ids, mask


def peer_torch(batch: int, tokens: int, compiled: bool) -> Callable[[], object]:
    import transformers

    model = transformers.BertModel(transformers.BertConfig(**BASE)).eval()
    return _torch(model, batch, tokens, compiled)


def trivium_torch(batch: int, tokens: int, compiled: bool) -> Callable[[], object]:
    import trivium.torch

    return _torch(trivium.torch.BertModel(trivium.torch.BertConfig(**BASE)).eval(), batch, tokens, compiled)


def _torch(model, batch: int, tokens: int, compiled: bool) -> Callable[[], object]:
    import torch

    ids, mask = map(torch.from_numpy, inputs(batch, tokens))
    call = torch.compile(model) if compiled else model

    def run() -> object:
        with torch.inference_mode():
            return call(input_ids=ids, attention_mask=mask).last_hidden_state

    return run


def trivium_tensorflow(batch: int, tokens: int, xla: bool) -> Callable[[], object]:
    import tensorflow as tf

    import trivium.tensorflow

    model = trivium.tensorflow.BertModel(trivium.tensorflow.BertConfig(**BASE))
    ids, mask = map(tf.constant, inputs(batch, tokens))
    call = tf.function(lambda ids, mask: model(ids, attention_mask=mask).last_hidden_state, jit_compile=xla)
    return lambda: call(ids, mask).numpy()


def trivium_flax(batch: int, tokens: int) -> Callable[[], object]:
    import jax

    import trivium.flax

    model = trivium.flax.BertModel(trivium.flax.BertConfig(**BASE))
    model.eval()
    ids, mask = map(jax.numpy.asarray, inputs(batch, tokens))
    params = model.params
    call = jax.jit(lambda params, ids, mask: model.apply(params, ids, attention_mask=mask).last_hidden_state)
    return lambda: call(params, ids, mask).block_until_ready()


CONTESTANTS = {
    "Transformers 5, PyTorch, eager": lambda b, t: peer_torch(b, t, False),
    "Transformers 5, PyTorch, compiled": lambda b, t: peer_torch(b, t, True),
    "Trivium, PyTorch, eager": lambda b, t: trivium_torch(b, t, False),
    "Trivium, PyTorch, compiled": lambda b, t: trivium_torch(b, t, True),
    "Trivium, TensorFlow, tf.function": lambda b, t: trivium_tensorflow(b, t, False),
    "Trivium, TensorFlow, XLA": lambda b, t: trivium_tensorflow(b, t, True),
    "Trivium, Flax, jax.jit": trivium_flax,
}

if __name__ == "__main__":
    name, batch, tokens = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print is no answer
    forward = CONTESTANTS[name](batch, tokens)
    for _ in range(2):
        forward()
    print("ready", file=answers)
    for _ in sys.stdin:
        start = time.perf_counter()
        forward()
        print(time.perf_counter() - start, file=answers)
