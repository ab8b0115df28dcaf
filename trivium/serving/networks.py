"""A network that is given an engine's caches: which can be, what each layer asks of the engine, and the weights.

Letters: T tokens, N heads, K key heads, H head width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch

import trivium.torch
from trivium.backends.torch.model import array_of
from trivium.backends.torch.models import heads, rotary  # type: ignore[attr-defined]  # bound there, not written there
from trivium.convert.checkpoint import Checkpoint
from trivium.convert.formats import KINDS
from trivium.convert.plan import match
from trivium.convert.tensors import DTYPES, Tensor
from trivium.core.auto import class_name
from trivium.core.errors import ConfigError, InputError, KeyMismatch
from trivium.core.outputs import Causal, EngineCache, LayerCache, RingCache, Slopes
from trivium.core.pretrained import Lazy
from trivium.models import catalogue


class Attention(NamedTuple):
    """What a layer asks of an engine's attention.

    Attributes:
        heads: N.
        key_heads: K.
        head_width: H.
        scale: By which products of queries and keys are multiplied.
        window: How many keys a query sees, its own among them; None for all.
        slopes: Of ALiBi, for each head; None without.
    """

    heads: int
    key_heads: int
    head_width: int
    scale: float
    window: int | None
    slopes: tuple[float, ...] | None


def build(values: Mapping[str, Any], dtype: str) -> Any:
    """The network for a config.json's values, without numbers: its weights are on the meta device.

    Raises:
        ConfigError: The config is not valid, or asks for a network that cannot be given an engine's caches; the error says why.
    """
    config: Any = catalogue.config_class(values.get("model_type")).from_dict(values)
    try:
        name = class_name(config, "AutoModelForCausalLM")
    except ConfigError:
        raise _refusal(config, "it has no class that writes by a decoder alone") from None
    network = getattr(trivium.torch, name)(config, dtype=dtype, seed=None)
    network.eval()
    reason = _obstacle(network)
    if reason is not None:
        raise _refusal(config, reason)
    return network


def _refusal(config: Any, reason: str) -> ConfigError:
    return ConfigError(
        f"{config.model_type} cannot be served: {reason}", key="model_type",
        hint="use model.generate; or leave out TriviumForCausalLM, if vLLM has a network of its own",
    )  # fmt: skip


def _obstacle(network: Any) -> str | None:
    """Why a network cannot be given an engine's caches, as far as it says so itself."""
    kinds = {type(layer).__name__ for layer in network.init_cache(1, 1) if not isinstance(layer, LayerCache | RingCache)}
    if kinds:
        return f"an engine keeps keys and values of the text alone, and its layers need a {' and a '.join(sorted(kinds))}"
    if not isinstance(network, heads.NextToken):
        return "its head is not one that predicts a decoder's next token (heads.NextToken)"
    if any(isinstance(part, rotary.Rotary) and part.growth is not None for part in network.modules()):
        return 'its rotary positions depend on the text\'s length (rope_type is "dynamic"), and one call has many texts'
    return None


def attentions(network: Any) -> list[Attention]:
    """What each layer asks of the engine's attention, found by calling the network on the meta device.

    Args:
        network: From `build`.

    Raises:
        ConfigError: A layer asks for what engines do not have.
    """
    asked = tuple(_Asked(network.config) for _ in range(network.config.num_hidden_layers))
    token = torch.zeros((1, 1), dtype=torch.int32, device="meta")
    try:
        with torch.inference_mode():
            states(network, asked, token, input_ids=token)
    except InputError as error:
        raise _refusal(network.config, error.message) from None
    return [layer.found for layer in asked]


class _Asked(EngineCache):
    """Takes down what a layer asks for."""

    found: Attention

    def __init__(self, config: Any) -> None:
        self.config = config

    def attend(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, mask: Causal, bias: Slopes | None, scale: float
    ) -> torch.Tensor:
        if not isinstance(mask, Causal) or not isinstance(bias, Slopes | None):
            raise _refusal(self.config, "its attention has a mask or bias of its own, for which an engine has no word")
        if bias is not None and bias.dtype != "float32":
            raise _refusal(self.config, f"its ALiBi has the rounding of {bias.dtype}, which an engine's has not")
        slopes = None if bias is None else bias.slopes
        self.found = Attention(q.shape[2], k.shape[2], q.shape[3], scale, mask.window, slopes)
        return q


def states(network: Any, caches: tuple[Any, ...], positions: torch.Tensor, **tokens: Any) -> torch.Tensor:
    """The last states (1, T, D) of one row of tokens.

    Args:
        network: From `build`.
        caches: An EngineCache for each layer.
        positions: (1, T), each token's place in its text.
        **tokens: input_ids (1, T) or inputs_embeds (1, T, D).
    """
    asks_nothing = {"output_attentions": False, "output_hidden_states": False}
    out = network.body(position_ids=positions, past_key_values=caches, **tokens, **asks_nothing)
    return out.last_hidden_state


def allocate(network: Any, device: torch.device) -> None:
    """Gives the weights of a network from `build` memory on a device, with any values."""
    for part in network.modules():
        for name, weight in list(part.named_parameters(recurse=False)):
            held = torch.empty_like(weight, device=device)
            part.register_parameter(name, torch.nn.Parameter(held, requires_grad=False))
    network._tie(network.layout.ties)


def load(network: Any, values: Mapping[str, Any], source: str, weights: Iterable[tuple[str, torch.Tensor]]) -> None:
    """Fills a network's weights.

    Args:
        network: From `allocate`.
        values: The config.json.
        source: Of the weights, for errors.
        weights: Name in the checkpoint -> tensor, in PyTorch's layout.

    Raises:
        CheckpointError: Weights are missing, unexpected or of another shape; the error lists every one.
    """
    tensors = {name: Tensor(name, tuple(held.shape), _dtype(held), _reader(held)) for name, held in weights}
    checkpoint = Checkpoint(Path(source), tensors, KINDS[0], "torch", (), dict(values))
    found = match(checkpoint, network.unbound(), network.config)
    fresh = found.check_for_class()
    if fresh:
        raise KeyMismatch(
            f"the checkpoint lacks what writes: {', '.join(sorted(fresh))}", path=source, key=min(fresh),
            hint="it is of a class without that head, which has to be trained first",
        )  # fmt: skip
    network.assign_weights(Lazy(found.read, list(network.layout.weights)))


def _dtype(tensor: torch.Tensor) -> Any:
    return DTYPES[str(tensor.dtype).removeprefix("torch.")]


def _reader(tensor: torch.Tensor) -> Callable[[], Any]:
    return lambda: array_of(tensor)
