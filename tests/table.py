"""One row per architecture: the tiny configs and the calls that its goldens and our tests are made of.

Pure data and the standard library, since the tests import it and so does `goldens/generate.py`, in another environment.
Inputs are described here and drawn by `drawn.py`. Sizes are tiny, and apart where they can be, so that a transposed or
swapped axis cannot go unnoticed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

VOCAB = 37
IGNORED = -100  # the label that a loss leaves out


@dataclass(frozen=True)
class Input:
    """One array given to a model: `kind` "integers" (drawn from [low, high)), "normal" (drawn) or "given" (`data`).

    Where `kept` has a zero, the value is replaced by `fill`.
    """

    kind: str
    shape: tuple[int, ...] = ()
    low: int = 0
    high: int = 0
    data: Any = None
    dtype: str = "int64"
    kept: Any = None
    fill: int = 0

    def where(self, *rows: Any, other: int) -> Input:
        """The same values where the rows of digits say 1, `other` elsewhere."""
        return replace(self, kept=_digits(rows), fill=other)


def _digits(rows: Any) -> Any:
    return tuple(map(int, rows)) if isinstance(rows, str) else tuple(map(_digits, rows))


def ids(*shape: int, low: int = 0, high: int = VOCAB) -> Input:
    """Drawn integers: tokens, types or labels."""
    return Input("integers", shape, low, high)


def normal(*shape: int) -> Input:
    """Drawn floats: embeddings, pixels, targets."""
    return Input("normal", shape, dtype="float32")


def given(data: Any) -> Input:
    """Integers as they stand."""
    return Input("given", data=data)


def mask(*rows: Any) -> Input:
    """Zeros and ones, a string of digits per row; rows may be nested for a mask of higher rank."""
    return Input("given", data=_digits(rows))


def bools(*rows: str) -> Input:
    """`mask`, as booleans."""
    return replace(mask(*rows), dtype="bool")


def bits(*shape: int) -> Input:
    """Drawn zeros and ones as floats: targets of several labels at once."""
    return Input("integers", shape, 0, 2, dtype="float32")


@dataclass(frozen=True)
class Case:
    """One call of a model built from the named config.

    Attributes:
        config: A name in the row's `configs`.
        inputs: Array arguments by name.
        options: Plain arguments by name.
        blind: A mask of the positions (B, T) that attend to nothing: what comes out there is anyone's.
    """

    config: str
    inputs: dict[str, Input]
    options: dict[str, Any]
    blind: Input | None = None


def case(config: str, blind: Input | None = None, **call: Any) -> Case:
    """A `Case` as one would write the call."""
    inputs = {name: value for name, value in call.items() if isinstance(value, Input)}
    return Case(config, inputs, {name: value for name, value in call.items() if name not in inputs}, blind)


@dataclass(frozen=True)
class Row:
    """One architecture.

    Attributes:
        model_type: As in config.json.
        configs: Name -> arguments of the config class.
        classes: Class -> its calls.
        greedy: Class -> the call whose continuation is stored too.
        aliases: Class -> its name in Transformers' Flax or TensorFlow part, where that is not Flax/TF + class.
    """

    model_type: str
    configs: dict[str, dict[str, Any]]
    classes: dict[str, tuple[Case, ...]]
    greedy: dict[str, Case] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)


ALL = {"output_hidden_states": True, "output_attentions": True}


def _configs(tiny: dict[str, Any], **changes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: tiny | change for name, change in {"default": {}, **changes}.items()}


_RIGHT = mask("1111100", "1111111")  # padding on the right
_LEFT = {  # padding on the left, as a causal model meets it
    "attention_mask": mask("0011111", "1111111"),
    "position_ids": given(((0, 0, 0, 1, 2, 3, 4), (0, 1, 2, 3, 4, 5, 6))),
    "blind": mask("1100000", "0000000"),
}
_TEXT = {"input_ids": ids(2, 7), "attention_mask": _RIGHT}
_THREE = {"input_ids": ids(3, 5), "attention_mask": mask("11100", "11111", "11110")}
_PAIRWISE = mask(("1010", "1101", "0110", "1111"), ("0111", "1000", "1010", "1101"))  # who sees whom, (B, T, T)
_TYPES = ids(2, 7, high=3)
_LABELS = ids(2, 7).where("0110100", "1011011", other=IGNORED)
_TAGS = ids(2, 7, high=3).where("0110100", "1011011", other=IGNORED)
_SPANS = {"start_positions": given((1, 4)), "end_positions": given((3, 9))}  # 9 is out of range
_CHOICES = {
    "input_ids": ids(2, 3, 5),
    "attention_mask": mask(("11100", "11111", "11000"), ("11111", "10000", "11110")),
}
_CHOICE_LABELS = ids(2, 3, 5).where(("01100", "01111", "01000"), ("11111", "10000", "00110"), other=IGNORED)
_CHOSEN = given((2, 1))
_CROSS = {"encoder_hidden_states": normal(2, 6, 16), "encoder_attention_mask": mask("111111", "011100")}

BERT = Row(
    "bert",
    _configs(
        {
            "vocab_size": VOCAB,
            "hidden_size": 16,
            "intermediate_size": 24,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "type_vocab_size": 3,
            "max_position_embeddings": 19,
        },
        gelu_new={"hidden_act": "gelu_new", "layer_norm_eps": 1e-5, "num_labels": 3},
        relu={"hidden_act": "relu", "num_labels": 1},
        multi_label={"num_labels": 3, "problem_type": "multi_label_classification"},
        targets={"num_labels": 3, "problem_type": "regression"},
        decoder={"is_decoder": True},
        cross={"is_decoder": True, "add_cross_attention": True},
        untied={"tie_word_embeddings": False},
    ),
    {
        "BertModel": (
            case("default", **_THREE, token_type_ids=ids(3, 5, high=3), **ALL),
            case("default", inputs_embeds=normal(2, 7, 16), position_ids=ids(2, 7, high=19)),
            case("default", input_ids=ids(2, 4), attention_mask=_PAIRWISE),
            case("gelu_new", **_TEXT),
            case("decoder", **_TEXT, output_attentions=True),
            case("cross", **_TEXT, **_CROSS, output_attentions=True),
            case("cross", **_TEXT),
        ),
        "BertForPreTraining": (
            case("default", **_TEXT, token_type_ids=_TYPES, labels=_LABELS, next_sentence_label=given((1, 0))),
            case("default", **_TEXT, labels=_LABELS, **ALL),
            case("untied", **_TEXT, labels=_LABELS, next_sentence_label=given((1, 0))),
        ),
        "BertForMaskedLM": (
            case("default", **_TEXT, token_type_ids=_TYPES, labels=_LABELS, **ALL),
            case("default", input_ids=ids(2, 7), position_ids=ids(2, 7, high=19)),
            case("relu", **_TEXT, labels=_LABELS),
            case("untied", **_TEXT, labels=_LABELS),
        ),
        "BertLMHeadModel": (
            case("decoder", **_TEXT, labels=_LABELS),
            case("cross", **_TEXT, **_CROSS, labels=_LABELS, **ALL),
        ),
        "BertForNextSentencePrediction": (case("default", **_TEXT, token_type_ids=_TYPES, labels=given((1, 0))),),
        "BertForSequenceClassification": (
            case("default", **_TEXT, token_type_ids=_TYPES, labels=given((1, 0)), **ALL),
            case("gelu_new", **_TEXT, labels=given((2, 1))),
            case("gelu_new", **_TEXT, labels=bits(2, 3)),
            case("relu", **_TEXT, labels=normal(2)),
            case("multi_label", **_TEXT, labels=bits(2, 3)),
            case("targets", **_TEXT, labels=normal(2, 3)),
        ),
        "BertForMultipleChoice": (case("default", **_CHOICES, token_type_ids=ids(2, 3, 5, high=3), labels=_CHOSEN),),
        "BertForTokenClassification": (
            case("default", **_TEXT, token_type_ids=_TYPES),
            case("gelu_new", **_TEXT, labels=_TAGS),
        ),
        "BertForQuestionAnswering": (case("default", **_TEXT, token_type_ids=_TYPES, **_SPANS),),
    },
    aliases={"FlaxBertLMHeadModel": "FlaxBertForCausalLM"},
)

_PAD = 36
_MARKED = {"mc_token_ids": given(((2, 4, 1), (3, 0, 4)))}
_RIGHT_IDS = ids(2, 7, high=_PAD).where("1111100", "1111111", other=_PAD)
_LEFT_IDS = ids(2, 7, high=_PAD).where("0011111", "1111111", other=_PAD)

GPT2 = Row(
    "gpt2",
    _configs(
        {
            "vocab_size": VOCAB,
            "n_embd": 16,
            "n_layer": 2,
            "n_head": 2,
            "n_positions": 19,
            "bos_token_id": 36,
            "eos_token_id": 36,
        },
        scaled={"scale_attn_by_inverse_layer_idx": True, "reorder_and_upcast_attn": True},  # stanford-crfm's GPT-2s set both
        inner={"n_inner": 24, "activation_function": "relu", "layer_norm_epsilon": 1e-3},
        cross={"add_cross_attention": True},
        untied={"tie_word_embeddings": False},
        padded={"pad_token_id": _PAD, "num_labels": 3},
        regression={"pad_token_id": _PAD, "num_labels": 1},
        tanh={"summary_activation": "tanh"},
    ),
    {
        "GPT2Model": (
            case("default", **_THREE, **ALL),
            case("default", input_ids=ids(2, 7), **_LEFT, token_type_ids=ids(2, 7)),
            case("default", inputs_embeds=normal(2, 7, 16)),
            case("scaled", **_TEXT, output_attentions=True),
            case("inner", **_TEXT),
            case("cross", **_TEXT, **_CROSS, output_attentions=True),
        ),
        "GPT2LMHeadModel": (
            case("default", **_TEXT, labels=_LABELS, **ALL),
            case("default", input_ids=ids(2, 7), **_LEFT, labels=ids(2, 7).where("0001111", "1111111", other=IGNORED)),
            case("scaled", **_TEXT),
            case("cross", **_TEXT, **_CROSS, labels=_LABELS),
            case("untied", **_TEXT, labels=_LABELS),
        ),
        "GPT2DoubleHeadsModel": (
            case("default", **_CHOICES, **_MARKED, mc_labels=_CHOSEN, labels=_CHOICE_LABELS),
            case("default", **_CHOICES),
            case("tanh", **_CHOICES, mc_labels=_CHOSEN),
        ),
        "GPT2ForSequenceClassification": (
            case("padded", input_ids=_RIGHT_IDS, attention_mask=_RIGHT, labels=given((2, 1)), **ALL),
            case("padded", input_ids=_LEFT_IDS, **_LEFT, labels=bits(2, 3)),
            case("regression", input_ids=_RIGHT_IDS, attention_mask=_RIGHT, labels=normal(2)),
            case("default", input_ids=ids(1, 6), labels=given((1,))),
        ),
        "GPT2ForTokenClassification": (case("padded", **_TEXT, labels=_TAGS),),
        "GPT2ForQuestionAnswering": (case("default", **_TEXT, **_SPANS),),
    },
    greedy={
        "GPT2LMHeadModel": case(
            "default",
            input_ids=_LEFT_IDS,
            attention_mask=_LEFT["attention_mask"],
            do_sample=False,
            use_cache=True,
            max_new_tokens=8,
        ),
    },
)

_IMAGE = normal(2, 3, 12, 12)

VIT = Row(
    "vit",
    _configs(
        {
            "hidden_size": 16,
            "intermediate_size": 24,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 12,
            "patch_size": 4,
            "encoder_stride": 4,
        },
        no_bias={"qkv_bias": False, "num_labels": 3},
        oblong={"image_size": (12, 8), "patch_size": (4, 2), "num_channels": 1},
        pooler={"pooler_output_size": 10, "pooler_act": "relu", "hidden_act": "gelu_new", "layer_norm_eps": 1e-6},
        one={"num_labels": 1},
    ),
    {
        "ViTModel": (
            case("default", pixel_values=_IMAGE, **ALL),
            case("default", pixel_values=normal(2, 3, 20, 16), interpolate_pos_encoding=True),
            case("oblong", pixel_values=normal(2, 1, 12, 8)),
            case("pooler", pixel_values=_IMAGE),
        ),
        "ViTForImageClassification": (
            case("default", pixel_values=_IMAGE, labels=given((1, 0))),
            case("no_bias", pixel_values=_IMAGE, labels=given((2, 1)), **ALL),
            case("no_bias", pixel_values=_IMAGE, labels=bits(2, 3)),
            case("one", pixel_values=normal(2, 3, 20, 16), interpolate_pos_encoding=True, labels=normal(2)),
        ),
        "ViTForMaskedImageModeling": (
            case("default", pixel_values=_IMAGE, bool_masked_pos=bools("010110010", "100000111"), **ALL),
            case("no_bias", pixel_values=_IMAGE),
        ),
    },
)

ROWS = {row.model_type: row for row in (BERT, GPT2, VIT)}
