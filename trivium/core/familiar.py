"""What programs for Transformers 4 ask of a model besides calling, loading and saving it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from .errors import InputError
from .loading import dtype_name

if TYPE_CHECKING:
    from .layout import Layout

ABSENT = {
    "prune_heads": "cut the weights themselves: model.assign_weights, after a config with fewer heads",
    "set_input_embeddings": "model.assign_weights({name: array}), or resize_token_embeddings for another number of rows",
    "set_output_embeddings": "model.assign_weights({name: array}), or resize_token_embeddings for another number of rows",
    "resize_position_embeddings": "a new model of config.replace(max_position_embeddings=...), and assign_weights",
    "get_extended_attention_mask": "masks of (batch, length) are all that the networks take",
    "get_head_mask": "model.trace(inputs, names, edits) changes what a head returns",
    "enable_gradient_checkpointing": "model.gradient_checkpointing_enable()",
    "enable_input_require_grads": "model.get_input_embeddings().register_forward_hook(...)",
    "prepare_inputs_for_generation": "model.generate and model.stream prepare them",
    "load_flax_weights": "from_pretrained reads every format",
    "load_tf_weights": "from_pretrained reads every format",
    "to_bettertransformer": "fused attention is used anyway",
    "add_adapter": "put the adapter beside the layers, which are the framework's own",
    "register_for_auto_class": "trivium.register",
    "hf_compute_loss": "labels among the inputs, and outputs.loss",
    "greedy_search": "generate(do_sample=False)",
    "beam_search": "generate(num_beams=...)",
    "contrastive_search": "generate(penalty_alpha=..., top_k=...)",
    "sample": "generate(do_sample=True)",
}
"""Methods of Transformers 4 that there are not -> what to use instead; docs/migration.md has the same table."""


def without_head_masks(options: Mapping[str, Any]) -> dict[str, Any]:
    """A call's options without masks of heads, which programs hand on as None.

    Raises:
        InputError: One is not None.
    """
    given = [name for name in options if name in _HEAD_MASKS and options[name] is not None]
    if given:
        raise InputError(f"{given[0]} is not there", key=given[0], hint=ABSENT["get_head_mask"])
    return {name: value for name, value in options.items() if name not in _HEAD_MASKS}


_HEAD_MASKS = ("head_mask", "decoder_head_mask", "cross_attn_head_mask")


class Familiar:
    """The methods; `Pretrained` has the rest."""

    config: Any
    layout: Layout
    body_prefix: Any
    output_embedding: Any
    get_body: Callable[[], Any]
    get_input_embeddings: Callable[[], Any]
    input_shapes: Callable[[], Mapping[str, Any]]
    like: Callable[[], Any]
    _tie: Callable[[Mapping[str, str]], None]

    def get_output_embeddings(self) -> Any:
        """The layer that makes a score for each token; None if there is none."""
        found = self
        for part in self.output_embedding.split("."):
            found = getattr(found, part)
        return found if self.output_embedding else None

    @property
    def base_model(self) -> Any:
        """The network without its head, as `get_body` gives it."""
        return self.get_body()

    @property
    def base_model_prefix(self) -> str:
        """The name under which networks with a head keep their body: "bert"."""
        return self.body_prefix

    @property
    def main_input_name(self) -> str:
        """What is usually given first: "input_ids", "pixel_values", ..."""
        return next(iter(self.input_shapes()))

    def can_generate(self) -> bool:
        """Whether the network writes."""
        return hasattr(self, "generate")

    def num_parameters(self, only_trainable: bool = False, exclude_embeddings: bool = False) -> int:
        """The number of parameters, tied ones once; buffers and running statistics are none.

        Args:
            only_trainable: Leave out what no optimizer changes.
            exclude_embeddings: Leave out tables of embeddings.
        """
        counted = (weight for weight in self.layout if (weight.is_trained if only_trainable else weight.is_parameter))
        return sum(math.prod(one.shape) for one in counted if not (exclude_embeddings and one.layer == "Embedding"))

    def get_memory_footprint(self, return_buffers: bool = True) -> int:
        """The bytes of the weights; the frameworks' own buffers, which checkpoints lack, are not counted."""
        counted = sum(math.prod(one.shape) for one in self.layout) if return_buffers else self.num_parameters()
        return counted * np.dtype(dtype_name(self.like().dtype)).itemsize

    def tie_weights(self) -> None:
        """Does nothing that holds not anyway: weights that are tied are one weight, in every framework."""
        self._tie(self.layout.ties)

    def resize_token_embeddings(
        self,
        new_num_tokens: int | None = None,
        pad_to_multiple_of: int | None = None,
        mean_resizing: bool = True,
        seed: int = 0,
    ) -> Any:
        """Gives the vocabulary another size, in place: before an optimizer is made, whose parameters are others then.

        Tables, output layers and biases are cut, or get new rows at the end; the config says the new size. Parts of the
        model, and layers that were stacked by `scan_layers`, are made anew.

        Args:
            new_num_tokens: As `len(tokenizer)`; as it is if None.
            pad_to_multiple_of: Of what the number is to be a multiple.
            mean_resizing: Whether new rows are the mean of the old ones; else they are drawn as at first.
            seed: For rows that are drawn.

        Returns:
            The layer that embeds the input.

        Raises:
            ConfigError: The network embeds no tokens, or is a pair of networks.
        """
        from .resizing import resize

        resize(self, new_num_tokens, pad_to_multiple_of, mean_resizing, seed)
        return self.get_input_embeddings()

    def _become(self, other: Any) -> None:
        """Takes over all that another model of the same class holds, but for what it lacks."""
        kept = {name: value for name, value in vars(self).items() if name not in vars(other)}
        self.__dict__.clear()
        self.__dict__.update({**vars(other), **kept})


def _absent(name: str, instead: str) -> Callable[..., NoReturn]:
    def method(self: Any, *inputs: Any, **options: Any) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} has no {name}; instead: {instead}")

    method.__name__, method.__doc__ = name, f"Not there; instead: {instead}."
    return method


for _name, _instead in ABSENT.items():
    setattr(Familiar, _name, _absent(_name, _instead))
