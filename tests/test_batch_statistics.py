"""Batch normalisation in training: the running statistics are the same in every framework, and can be had back from JAX."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.backends import Backend
from trivium.core.errors import InputError

RESNET = {"embedding_size": 4, "hidden_sizes": (8, 12), "depths": (1, 1), "num_labels": 3}
PIXELS = np.random.default_rng(0).standard_normal((3, 3, 2, 3, 24, 24)).astype(np.float32) + 0.5


def statistics(model: Any) -> dict[str, np.ndarray]:
    return {weight.name: np.array(read()) for weight, read in model.read_weights() if weight.leaf.startswith("running_")}


def resnet(backend: Backend, name: str = "ResNetForImageClassification") -> Any:
    return getattr(backend.door, name)(backend.door.ResNetConfig(**RESNET))


def test_running_statistics_are_the_same_in_every_framework() -> None:
    """After three steps, of another number of images each; the variance is PyTorch's, over n - 1."""
    found = {}
    for name in ("torch", "tensorflow", "flax"):
        backend = Backend(name)
        model = resnet(backend)
        learn = backend.learner(model)
        for step in range(3):
            learn({"pixel_values": PIXELS[step, 0, :, :, : 24 - 8 * step].repeat(step + 1, 0)})
        found[name] = statistics(model)
    for name in ("tensorflow", "flax"):
        for weight, expected in found["torch"].items():
            np.testing.assert_allclose(found[name][weight], expected, 1e-5, 1e-6, err_msg=f"{name} {weight}")
    first = statistics(resnet(Backend("torch")))
    assert all(not np.allclose(values, first[weight], atol=1e-3) for weight, values in found["torch"].items())


def test_statistics_as_a_function() -> None:
    """`apply` leaves the model's statistics alone, returns the new ones if asked, and takes them in the next step."""
    import jax

    backend = Backend("flax")
    model = resnet(backend)
    before, params, stats = statistics(model), model.params, model.batch_stats
    step = jax.jit(lambda stats, x: model.apply(params, x, train=True, batch_stats=stats, mutable=["batch_stats"])[1])
    for images in PIXELS[:, 0]:
        stats = step(stats, images)["batch_stats"]
    assert all(np.array_equal(values, before[name]) for name, values in statistics(model).items())
    native = resnet(backend)
    learn = backend.learner(native)
    for images in PIXELS[:, 0]:
        learn({"pixel_values": images})
    model.batch_stats = stats
    for name, values in statistics(native).items():
        np.testing.assert_allclose(statistics(model)[name], values, 1e-5, 1e-6, err_msg=name)
    with pytest.raises(InputError, match="batch_stats are not those of ResNet"):
        model.batch_stats = {}
    with pytest.raises(InputError, match="batch_stats alone change"):
        model.apply(params, PIXELS[0, 0], mutable=["params"])


def test_statistics_of_the_twin() -> None:
    """As `FlaxResNetModel` of Transformers 4.52.4 returned them: beside the output, with variances over n."""
    import trivium

    model = trivium.FlaxResNetModel(trivium.ResNetConfig(**RESNET), seed=0)
    params = model.params
    assert set(params) == {"params", "batch_stats"} and not isinstance(model(PIXELS[0, 0], params=params), tuple)
    for images in PIXELS[:2, 0]:
        _, state = model(images, params=params, train=True)
        params = {"params": params["params"], "batch_stats": state["batch_stats"]}
    last = params["batch_stats"]["encoder"]["stages"]["1"]["layers"]["0"]["layer"]["1"]["normalization"]
    np.testing.assert_allclose(last["mean"], [0.029743772, -0.0054836553, 0.039563984], 1e-4, 1e-5)
    np.testing.assert_allclose(last["var"], [0.9304119945, 0.8667908907, 0.8811418414], 1e-4, 1e-5)
    model.params = params
    found = statistics(model)["encoder.stages.1.layers.0.layer.1.normalization.running_mean"]
    np.testing.assert_allclose(found, last["mean"], 1e-6)
