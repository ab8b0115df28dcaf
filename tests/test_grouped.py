"""Products of rows with the kernel of their group, in compiled graphs: several tiles, empty groups, gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

ROWS = 11
each_split = pytest.mark.parametrize("sizes", [(3, 0, 6, 2), (0, 0, 0, 11), (11, 0, 0, 0), (1, 4, 4, 2)])


def drawn(sizes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, kernels, sizes."""
    random = np.random.default_rng(0)
    x, kernels = (random.standard_normal(shape).astype(np.float32) for shape in ((ROWS, 3), (len(sizes), 3, 5)))
    return x, kernels, np.array(sizes, np.int32)


def reference(x: np.ndarray, kernels: np.ndarray, sizes: np.ndarray) -> list[np.ndarray]:
    """The products, and the gradients of the sum of their squares."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    found = np.einsum("mi,mio->mo", x, kernels[groups])
    by_kernel = np.zeros_like(kernels)
    np.add.at(by_kernel, groups, x[:, :, None] * 2 * found[:, None])
    return [found, np.einsum("mo,mio->mi", 2 * found, kernels[groups]), by_kernel]


def check(found: Any, arrays: tuple[np.ndarray, ...]) -> None:
    for mine, wanted in zip(found, reference(*arrays), strict=True):
        np.testing.assert_allclose(np.asarray(mine), wanted, atol=1e-4)


@each_split
def test_torch(sizes: tuple[int, ...]) -> None:
    torch = pytest.importorskip("torch")
    from trivium.backends.torch import grouped

    arrays = drawn(sizes)
    x, kernels, counts = (torch.from_numpy(array) for array in arrays)
    for leaf in (x, kernels):
        leaf.requires_grad_()
    y = torch.compile(grouped.matmul, fullgraph=True, backend="aot_eager")(x, kernels, counts)
    (y**2).sum().backward()
    check((y.detach(), x.grad, kernels.grad), arrays)


@each_split
@pytest.mark.parametrize("jit_compile", [False, True])
def test_tensorflow(sizes: tuple[int, ...], jit_compile: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    tf = pytest.importorskip("tensorflow")
    from trivium.backends.tensorflow import grouped

    monkeypatch.setattr(grouped, "TILE", 4)
    arrays = drawn(sizes)

    def step(x: Any, kernels: Any, sizes: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch((x, kernels))
            y = grouped.matmul(x, kernels, sizes)
            loss = tf.reduce_sum(y**2)
        return y, *tape.gradient(loss, (x, kernels))

    signature = [tf.TensorSpec((None, 3)), tf.TensorSpec((len(sizes), 3, 5)), tf.TensorSpec((len(sizes),), tf.int32)]
    check(tf.function(step, jit_compile=jit_compile, input_signature=signature)(*arrays), arrays)


@each_split
def test_jax(sizes: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    jax = pytest.importorskip("jax")
    from trivium.backends.flax import grouped

    monkeypatch.setattr(grouped, "TILE", 4)
    arrays = drawn(sizes)

    def loss(x: Any, kernels: Any, sizes: Any) -> Any:
        y = grouped.matmul(x, kernels, sizes)
        return (y**2).sum(), y

    (_, y), gradients = jax.jit(jax.value_and_grad(loss, (0, 1), has_aux=True))(*arrays)
    check((y, *gradients), arrays)
