"""The vocabulary of `tests/rows/`: tiny configs and calls, of which goldens and tests are made.

Pure data and the standard library, since the tests import it and so does `goldens/generate.py`, in another environment.
Inputs are described here and drawn by `drawn.py`. Sizes are tiny, and apart where they can be, so that a transposed or
swapped axis cannot go unnoticed.
"""

from __future__ import annotations

import functools
import runpy
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

VOCAB = 37
IGNORED = -100  # the label that a loss leaves out


@dataclass(frozen=True)
class Input:
    """One array given to a model: `kind` "integers" (drawn from [low, high)), "normal" (drawn) or "given" (`data`).

    Where `kept` has a zero, the value is replaced by `fill`. What is named "labels.0.boxes" is the boxes in the first of a list
    of dicts.
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


def numbers(data: Any) -> Input:
    """Floats as they stand."""
    return Input("given", data=data, dtype="float32")


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
        unread: Field of the config that no network reads -> why it is there.
        begun: Pattern of weights that do not begin as in Transformers 4.52.4, but as the authors have it -> how.
        rounds: Whether it rounds to float32 on its way, which differences of float64 magnify.
        maps: Whether its body has attention between all of a sample's tokens, so that there are maps to be looked at.
    """

    model_type: str
    configs: dict[str, dict[str, Any]]
    classes: dict[str, tuple[Case, ...]]
    greedy: dict[str, Case] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    begun: dict[str, str] = field(default_factory=dict)
    rounds: bool = False
    maps: bool = True


CHECKED = "`check` refuses any value but the one that follows from other fields"  # why a field may be unread

ALL = {"output_hidden_states": True, "output_attentions": True}


def configs(tiny: dict[str, Any], **changes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: tiny | change for name, change in {"default": {}, **changes}.items()}


RIGHT = mask("1111100", "1111111")  # padding on the right
LEFT = {  # padding on the left, as a causal model meets it
    "attention_mask": mask("0011111", "1111111"),
    "position_ids": given(((0, 0, 0, 1, 2, 3, 4), (0, 1, 2, 3, 4, 5, 6))),
    "blind": mask("1100000", "0000000"),
}
TEXT = {"input_ids": ids(2, 7), "attention_mask": RIGHT}
THREE = {"input_ids": ids(3, 5), "attention_mask": mask("11100", "11111", "11110")}
PAIRWISE = mask(("1010", "1101", "0110", "1111"), ("0111", "1000", "1010", "1101"))  # who sees whom, (B, T, T)
TYPES = ids(2, 7, high=3)
LABELS = ids(2, 7).where("0110100", "1011011", other=IGNORED)
TAGS = ids(2, 7, high=3).where("0110100", "1011011", other=IGNORED)
SPANS = {"start_positions": given((1, 4)), "end_positions": given((3, 9))}  # 9 is out of range
CHOICES = {
    "input_ids": ids(2, 3, 5),
    "attention_mask": mask(("11100", "11111", "11000"), ("11111", "10000", "11110")),
}
CHOICE_LABELS = ids(2, 3, 5).where(("01100", "01111", "01000"), ("11111", "10000", "00110"), other=IGNORED)
CHOSEN = given((2, 1))
CROSS = {"encoder_hidden_states": normal(2, 6, 16), "encoder_attention_mask": mask("111111", "011100")}

PAD = 36
RIGHT_IDS = ids(2, 7, high=PAD).where("1111100", "1111111", other=PAD)
LEFT_IDS = ids(2, 7, high=PAD).where("0011111", "1111111", other=PAD)
IMAGE = normal(2, 3, 12, 12)
SOURCE = {"input_ids": ids(2, 6), "attention_mask": mask("111111", "111100")}  # what an encoder is given
ENDED_1 = ids(2, 7, low=2).where("1101011", "1110110", other=1)
TINY_T5 = {
    "vocab_size": VOCAB,
    "d_model": 16,
    "d_kv": 6,
    "d_ff": 20,
    "num_layers": 2,
    "num_heads": 2,
    "relative_attention_num_buckets": 8,
    "relative_attention_max_distance": 10,
    "decoder_start_token_id": 0,
}
TARGET = {"decoder_input_ids": ids(2, 5), "decoder_attention_mask": mask("11111", "11110")}
TINY_PAIR = {  # BART and its relatives
    "vocab_size": VOCAB,
    "d_model": 16,
    "encoder_layers": 2,
    "encoder_attention_heads": 2,
    "encoder_ffn_dim": 24,
    "decoder_layers": 1,
    "decoder_attention_heads": 4,
    "decoder_ffn_dim": 20,
    "max_position_embeddings": 19,
    "forced_eos_token_id": None,
}
ENDED = ids(2, 7, low=3).where("1101011", "1110110", other=2)  # texts with end-of-text tokens, as many in each


def decoder_calls(
    name: str,
    width: int,
    body: tuple[str, ...] = (),
    writing: tuple[str, ...] = (),
    left: dict[str, Input] = LEFT,
    answers: bool = True,
) -> dict[str, tuple[Case, ...]]:
    """What the classes of a decoder of text are called with.

    Args:
        name: Of the architecture, as its classes have it.
        width: Of its tokens.
        body: The configs besides that the model without a head is tried with.
        writing: Those for the one that predicts the next token.
        left: How it is told of padding on the left.
        answers: Whether it has a head for question answering.
    """
    calls = {
        f"{name}Model": (
            case("default", **TEXT, **ALL),
            case("default", input_ids=ids(2, 7), **left),
            case("default", inputs_embeds=normal(2, 7, width)),
            *(case(config, **TEXT) for config in body),
        ),
        f"{name}ForCausalLM": (case("default", **TEXT, labels=LABELS), *(case(config, **TEXT) for config in writing)),
        f"{name}ForSequenceClassification": (
            case("padded", input_ids=RIGHT_IDS, attention_mask=RIGHT, labels=given((2, 1))),
            case("padded", input_ids=LEFT_IDS, **left, labels=bits(2, 3)),
        ),
        f"{name}ForTokenClassification": (case("padded", **TEXT, labels=TAGS),),
    }
    return calls | ({f"{name}ForQuestionAnswering": (case("default", **TEXT, **SPANS),)} if answers else {})


def decoder_text(name: str) -> dict[str, Case]:
    """What a decoder continues, greedily."""
    options = {"do_sample": False, "use_cache": True, "max_new_tokens": 8}
    mask = LEFT["attention_mask"]
    return {f"{name}ForCausalLM": case("default", input_ids=LEFT_IDS, attention_mask=mask, **options)}


@functools.cache
def rows() -> dict[str, Row]:
    """The row of every file in `tests/rows`, by model_type."""
    here, found = Path(__file__).parent, {}
    sys.modules.setdefault("table", sys.modules[__name__])  # what they call this file, be it a part of `tests` or not
    sys.path.insert(0, str(here))  # where a relative finds its parent's
    try:
        for path in sorted(here.glob("rows/[a-z]*.py")):
            row = runpy.run_path(str(path))["ROW"]
            found[row.model_type] = row
    finally:
        sys.path.remove(str(here))
    return found
