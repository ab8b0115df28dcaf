"""Tokenizers: texts to tokens and back, with Transformers' arguments and results, on the `tokenizers` library."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Encoding, Tokenizer

from trivium.core.errors import TemplateError, TokenizerError, TriviumError

from ..batch import as_array
from . import chat
from .encoding import BatchEncoding
from .familiar import Familiar
from .families import Family
from .streaming import DecodeStream

ENDLESS = int(1e30)
"""A `model_max_length` that is none."""

_STRATEGIES = ("longest_first", "only_first", "only_second")
_SPACED = ((" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" 's", "'s"),
           (" 've", "'ve"), (" 're", "'re"))  # fmt: skip


class PretrainedTokenizer(Familiar):
    """A checkpoint's tokenizer.

    Args:
        backend: The tokenizer of the library.
        family: What it is one of.
        name: Its class in Transformers, without "Fast".
        options: What tokenizer_config.json says.
        roles: Role -> its token.
        additional: Further special tokens.
        chat_template: How conversations become text; or name -> such.
        folder: Of its files.
    """

    is_fast = True
    empty_pair_counts = False
    """Whether an empty second text is one."""

    def __init__(
        self,
        backend: Tokenizer,
        family: Family,
        name: str,
        options: Mapping[str, Any],
        roles: Mapping[str, str],
        additional: Sequence[str] = (),
        chat_template: str | Mapping[str, str] | None = None,
        folder: Path = Path(),
    ):
        self.backend_tokenizer, self.family, self.name, self.folder = backend, family, name, folder
        self.options, self.roles, self.additional_special_tokens = dict(options), dict(roles), list(additional)
        self.chat_template = chat_template
        self.model_max_length = int(min(options.get("model_max_length") or ENDLESS, ENDLESS))
        self.padding_side = options.get("padding_side") or family.side
        self.truncation_side = options.get("truncation_side") or "right"
        self.model_input_names = list(options.get("model_input_names") or family.inputs)
        self.clean_up_tokenization_spaces = bool(options.get("clean_up_tokenization_spaces", family.cleans))
        self.split_special_tokens = bool(options.get("split_special_tokens", False))
        self._lock = threading.Lock()  # the library keeps truncation and padding in the tokenizer

    def settle(self) -> None:
        """Does what is left to do when all is read; for families with more than a template."""

    def __repr__(self) -> str:
        length = "" if self.model_max_length == ENDLESS else f", model_max_length={self.model_max_length}"
        return f"{self.name}Tokenizer(vocab_size={self.vocab_size}{length}, special_tokens={self.special_tokens_map})"

    # The vocabulary

    @property
    def vocab_size(self) -> int:
        """The number of tokens, without those that were added."""
        return self.backend_tokenizer.get_vocab_size(with_added_tokens=False)

    def __len__(self) -> int:
        return self.backend_tokenizer.get_vocab_size(with_added_tokens=True)

    def get_vocab(self) -> dict[str, int]:
        """Token -> number."""
        return self.backend_tokenizer.get_vocab(with_added_tokens=True)

    vocab = property(get_vocab)

    @property
    def marks_continuations(self) -> bool:
        """Whether tokens say that they go on with a word, as WordPiece's do."""
        return bool(getattr(self.backend_tokenizer.model, "continuing_subword_prefix", None))

    def convert_tokens_to_ids(self, tokens: str | Iterable[str]) -> Any:
        """The number of a token, or of each of some; that of the unknown token for one that is none."""
        if isinstance(tokens, str):
            found = self.backend_tokenizer.token_to_id(tokens)
            return self.unk_token_id if found is None else found
        return [self.convert_tokens_to_ids(token) for token in tokens]

    def convert_ids_to_tokens(self, ids: Any, skip_special_tokens: bool = False) -> Any:
        """The token of a number, or of each of some."""
        if np.ndim(ids) == 0:
            return self.backend_tokenizer.id_to_token(int(ids))
        skipped = self.skipped_ids() if skip_special_tokens else set()
        return [self.backend_tokenizer.id_to_token(int(one)) for one in as_array(ids) if int(one) not in skipped]

    def convert_tokens_to_string(self, tokens: Sequence[str]) -> str:
        """Tokens as text."""
        decoder = self.backend_tokenizer.decoder
        return decoder.decode(list(tokens)) if decoder is not None else " ".join(tokens)

    def num_special_tokens_to_add(self, pair: bool = False) -> int:
        """How many tokens are put around a text, or around two."""
        return self.backend_tokenizer.num_special_tokens_to_add(pair)

    # Texts to tokens

    def tokenize(self, text: str, pair: str | None = None, add_special_tokens: bool = False) -> list[str]:
        """The tokens of a text."""
        return self(text, pair, add_special_tokens=add_special_tokens).tokens()

    def encode(self, text: Any, text_pair: Any = None, **options: Any) -> Any:
        """The numbers of the tokens of a text: `input_ids` of a call."""
        return self(text, text_pair, **options)["input_ids"]

    def __call__(
        self,
        text: Any = None,
        text_pair: Any = None,
        text_target: Any = None,
        *,
        add_special_tokens: bool = True,
        padding: bool | str = False,
        truncation: bool | str | None = None,
        max_length: int | None = None,
        stride: int = 0,
        is_split_into_words: bool = False,
        pad_to_multiple_of: int | None = None,
        padding_side: str | None = None,
        return_tensors: str | None = None,
        return_token_type_ids: bool | None = None,
        return_attention_mask: bool | None = None,
        return_overflowing_tokens: bool = False,
        return_special_tokens_mask: bool = False,
        return_offsets_mapping: bool = False,
        return_length: bool = False,
    ) -> BatchEncoding:
        """The tokens of a text, of a pair of texts, or of a list of them.

        Args:
            text: A text or a list; a text may be a list of its words, with `is_split_into_words`.
            text_pair: The second text of each pair.
            text_target: What a model is to write: `labels`, or without `text` the only text.
            add_special_tokens: Whether to put the family's special tokens around it.
            padding: True or "longest": to the longest of the batch; "max_length": to `max_length`.
            truncation: True or "longest_first", "only_first", "only_second": to `max_length`, or the model's.
            max_length: In tokens.
            stride: How many tokens two parts of a text share that is cut into several.
            is_split_into_words: Whether texts are lists of words.
            pad_to_multiple_of: Of what the length is to be a multiple.
            padding_side: "left" or "right", if not the tokenizer's.
            return_tensors: "pt", "tf", "jax" or "np".
            return_token_type_ids, return_attention_mask: Whether to return them, if not as the models take them.
            return_overflowing_tokens: Whether what is cut off makes further parts, with `overflow_to_sample_mapping`.
            return_special_tokens_mask: Whether to say which tokens are special, (B, T).
            return_offsets_mapping: Whether to say where each token begins and ends in its text, (B, T, 2).
            return_length: Whether to say how many tokens there are.

        Raises:
            TokenizerError: A text is none, or an option does not fit.
        """
        options: dict[str, Any] = {
            "add_special_tokens": add_special_tokens, "padding": padding, "truncation": truncation, "max_length": max_length,
            "stride": stride, "is_split_into_words": is_split_into_words, "pad_to_multiple_of": pad_to_multiple_of,
            "padding_side": padding_side, "return_overflowing_tokens": return_overflowing_tokens,
        }  # fmt: skip
        wanted = {
            "token_type_ids": return_token_type_ids, "attention_mask": return_attention_mask, "length": return_length,
            "special_tokens_mask": return_special_tokens_mask, "offset_mapping": return_offsets_mapping,
        }  # fmt: skip
        if text is None and text_target is None:
            raise TokenizerError("there is neither text nor text_target", key="text")
        first = text if text is not None else text_target
        text_pair = text_pair if self.empty_pair_counts else text_pair or None
        several, inputs = _inputs(first, text_pair, is_split_into_words)
        encodings, origins = self._encodings(inputs, options)
        found = self._columns(encodings, wanted)
        if return_overflowing_tokens:
            found["overflow_to_sample_mapping"] = origins
        elif not several and return_tensors is None:
            found = {name: values[0] for name, values in found.items()}
        if text is not None and text_target is not None:
            labels = self(text_target, **{**options, "return_overflowing_tokens": False})["input_ids"]
            found["labels"] = labels if several or return_tensors is None else [labels]
        try:
            return BatchEncoding(found, encodings, return_tensors)
        except ValueError as error:
            raise TokenizerError(
                f"the texts differ in length, so that they make no tensor ({error})",
                key="padding",
                hint="padding=True, truncation=True",
            ) from None

    def _encodings(self, inputs: list[Any], options: Mapping[str, Any]) -> tuple[list[Encoding], list[int]]:
        """The encodings of texts and their further parts, and of which text each is."""
        backend = self.backend_tokenizer
        with self._lock, wrapped():
            self._set_truncation(options)
            self._set_padding(options)
            if getattr(backend, "encode_special_tokens", False) != self.split_special_tokens:
                backend.encode_special_tokens = self.split_special_tokens
            found = backend.encode_batch(
                inputs, is_pretokenized=options["is_split_into_words"], add_special_tokens=options["add_special_tokens"]
            )
        if not options["return_overflowing_tokens"]:
            return found, list(range(len(found)))
        parts = [(part, number) for number, one in enumerate(found) for part in (one, *one.overflowing)]
        return [part for part, _ in parts], [number for _, number in parts]

    def _set_truncation(self, options: Mapping[str, Any]) -> None:
        truncation, length = options["truncation"], options["max_length"]
        strategy = _STRATEGIES[0] if truncation is True else str(getattr(truncation, "value", truncation))
        if truncation in (None, False) or strategy == "do_not_truncate":
            self.backend_tokenizer.no_truncation()
            return
        if strategy not in _STRATEGIES:
            raise TokenizerError(f"truncation = {truncation!r} is none of: {', '.join(_STRATEGIES)}", key="truncation")
        length = self.model_max_length if length is None else length
        if length >= ENDLESS:
            self.backend_tokenizer.no_truncation()
            return
        if options["stride"] and options["stride"] >= length - self.num_special_tokens_to_add():
            raise TokenizerError(f"stride = {options['stride']} leaves no room in max_length = {length}", key="stride")
        self.backend_tokenizer.enable_truncation(
            length, stride=options["stride"], strategy=strategy, direction=self.truncation_side
        )

    def _set_padding(self, options: Mapping[str, Any]) -> None:
        padding = options["padding"]
        how = "longest" if padding is True else str(getattr(padding, "value", padding))
        if padding in (None, False) or how == "do_not_pad":
            self.backend_tokenizer.no_padding()
            return
        length = self._padded_length(how, options["max_length"])
        self.backend_tokenizer.enable_padding(
            direction=options["padding_side"] or self.padding_side, pad_id=self._pad(), pad_type_id=self.pad_token_type_id,
            pad_token=self.pad_token, length=length, pad_to_multiple_of=options["pad_to_multiple_of"],
        )  # fmt: skip

    def _padded_length(self, how: str, max_length: int | None) -> int | None:
        if how not in ("longest", "max_length"):
            raise TokenizerError(f"padding = {how!r} is none of: longest, max_length, do_not_pad", key="padding")
        length = None if how == "longest" else self.model_max_length if max_length is None else max_length
        if length is not None and length >= ENDLESS:
            raise TokenizerError("padding='max_length' needs max_length: the model has none", key="max_length")
        return length

    def _pad(self) -> int:
        if self.pad_token_id is None:
            raise TokenizerError(
                "there is no token for padding", key="pad_token", hint="tokenizer.pad_token = tokenizer.eos_token, for one"
            )
        return self.pad_token_id

    def _columns(self, encodings: Sequence[Encoding], wanted: Mapping[str, bool | None]) -> dict[str, Any]:
        """The values of encodings by name, in the order of Transformers."""

        def asked(name: str) -> bool:
            return name in self.model_input_names if wanted.get(name) is None else bool(wanted[name])

        found: dict[str, Any] = {"input_ids": [one.ids for one in encodings]}
        if asked("token_type_ids"):
            found["token_type_ids"] = [one.type_ids for one in encodings]
        if asked("attention_mask"):
            found["attention_mask"] = [one.attention_mask for one in encodings]
        if wanted["special_tokens_mask"]:
            found["special_tokens_mask"] = [one.special_tokens_mask for one in encodings]
        if wanted["offset_mapping"]:
            found["offset_mapping"] = [one.offsets for one in encodings]
        if wanted["length"]:
            found["length"] = [len(one.ids) for one in encodings]
        return found

    def pad(
        self,
        encoded_inputs: Any,
        padding: bool | str = True,
        max_length: int | None = None,
        pad_to_multiple_of: int | None = None,
        padding_side: str | None = None,
        return_attention_mask: bool | None = None,
        return_tensors: str | None = None,
    ) -> BatchEncoding:
        """Brings what was tokenized to one length.

        Args:
            encoded_inputs: Name -> rows, or a list of such for one text each.
            padding, max_length, pad_to_multiple_of, padding_side: As of a call.
            return_attention_mask: Whether to return it, if not as the models take it.
            return_tensors: "pt", "tf", "jax" or "np".
        """
        if not hasattr(encoded_inputs, "keys"):
            encoded_inputs = {name: [one[name] for one in encoded_inputs] for name in encoded_inputs[0]}
        rows = {
            name: [list(as_array(row)) if np.ndim(row) else row for row in values] for name, values in encoded_inputs.items()
        }
        ids = rows["input_ids"]
        if return_attention_mask or (return_attention_mask is None and "attention_mask" in self.model_input_names):
            rows.setdefault("attention_mask", [[1] * len(row) for row in ids])
        if padding in (None, False):
            return BatchEncoding(rows, (), return_tensors)
        length = self._padded_length("longest" if padding is True else str(padding), max_length) or max(map(len, ids))
        if pad_to_multiple_of:
            length = -(-length // pad_to_multiple_of) * pad_to_multiple_of
        values = {"input_ids": self._pad(), "token_type_ids": self.pad_token_type_id, "special_tokens_mask": 1}
        left = (padding_side or self.padding_side) == "left"
        for name, found in rows.items():
            for number, row in enumerate(found):
                if isinstance(row, list) and len(row) == len(ids[number]) < length and name != "input_ids":
                    more = [values.get(name, 0)] * (length - len(row))
                    found[number] = more + row if left else row + more
        rows["input_ids"] = [
            [values["input_ids"]] * (length - len(row)) + row if left else row + [values["input_ids"]] * (length - len(row))
            for row in ids
        ]
        return BatchEncoding({name: rows[name] for name in dict.fromkeys([*encoded_inputs, *rows])}, (), return_tensors)

    # Tokens to texts

    def decode(
        self, token_ids: Any, skip_special_tokens: bool = False, clean_up_tokenization_spaces: bool | None = None
    ) -> str:
        """Tokens as text.

        Args:
            token_ids: A number, or numbers (T,): a list, an array or a tensor.
            skip_special_tokens: Whether special tokens are left out.
            clean_up_tokenization_spaces: Whether spaces before full stops and the like go, if not as the files say.
        """
        ids = [int(one) for one in np.atleast_1d(as_array(token_ids)).tolist()]
        with wrapped():
            text = self.backend_tokenizer.decode(ids, skip_special_tokens=skip_special_tokens)
        suffix = getattr(self.backend_tokenizer.model, "end_of_word_suffix", None)
        if suffix:  # CLIP's, which its decoder leaves in
            text = text.replace(suffix, " ").strip()
        cleans = self.clean_up_tokenization_spaces if clean_up_tokenization_spaces is None else clean_up_tokenization_spaces
        return clean_up(text) if cleans else text

    def batch_decode(self, sequences: Any, **options: Any) -> list[str]:
        """Rows of tokens as texts; the options are those of `decode`."""
        return [self.decode(row, **options) for row in sequences]

    def decode_stream(self, **options: Any) -> DecodeStream:
        """What makes text of tokens that come one by one: `step(token)`, and at the end `rest()`; options: `decode`'s."""
        return DecodeStream(self, **options)

    # Conversations

    def apply_chat_template(
        self,
        conversation: Any,
        *,
        chat_template: str | None = None,
        tools: Any = None,
        documents: Any = None,
        add_generation_prompt: bool = False,
        continue_final_message: bool = False,
        tokenize: bool = True,
        return_dict: bool = False,
        tokenizer_kwargs: Mapping[str, Any] | None = None,
        return_tensors: str | None = None,
        padding: bool | str = False,
        truncation: bool | str = False,
        max_length: int | None = None,
        **variables: Any,
    ) -> Any:
        """A conversation as the text or the tokens that the model was trained with; or several.

        Args:
            conversation: A list of {"role", "content"}, or a list of such lists.
            chat_template: A template, or the name of one of the checkpoint's, if not its default.
            tools, documents, add_generation_prompt, continue_final_message: See `chat.render`.
            tokenize: Return tokens, and not text.
            return_dict: Return all inputs of the model, and not the tokens alone.
            tokenizer_kwargs, return_tensors, padding, truncation, max_length: Of the call.
            **variables: What else the template may use.

        Raises:
            TemplateError: There is none, or it fails; see `chat.render`.
        """
        several = bool(conversation) and not isinstance(conversation[0], Mapping)
        template = self.get_chat_template(chat_template, tools)
        how = {
            "tools": tools, "documents": documents, "add_generation_prompt": add_generation_prompt,
            "continue_final_message": continue_final_message, **self.special_tokens_map, **variables,
        }  # fmt: skip
        texts = [chat.render(template, messages, **how) for messages in (conversation if several else [conversation])]
        if not tokenize:
            return texts if several else texts[0]
        options: dict[str, Any] = {
            "padding": padding,
            "truncation": truncation,
            "max_length": max_length,
            "return_tensors": return_tensors,
        }
        found = self(texts if several else texts[0], add_special_tokens=False, **options, **(tokenizer_kwargs or {}))
        return found if return_dict else found["input_ids"]

    def get_chat_template(self, chat_template: str | None = None, tools: Any = None) -> str:
        """The template to use: one of the checkpoint's by name, one that is given, or the checkpoint's."""
        own = self.chat_template
        if isinstance(own, Mapping):
            name = chat_template or ("tool_use" if tools is not None and "tool_use" in own else "default")
            found = own.get(name, chat_template)
        else:
            found = chat_template or own
        if not found:
            raise TemplateError(
                "the tokenizer has no chat template", key="chat_template",
                hint="the model was not trained for conversations, or its files lack it: give chat_template=...",
            )  # fmt: skip
        return found


class wrapped:  # noqa: N801  (used as a function)
    """Turns what the library raises, panics of Rust included, into a TokenizerError."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if kind is None or isinstance(error, (TriviumError, KeyboardInterrupt, SystemExit, MemoryError)):
            return
        if isinstance(error, Exception) or kind.__name__ == "PanicException":
            raise TokenizerError(f"the tokenizer failed: {str(error)[:300]}") from None


def clean_up(text: str) -> str:
    """Text without the spaces that tokenizing puts before full stops and the like."""
    for spaced, plain in _SPACED:
        text = text.replace(spaced, plain)
    return text


def _inputs(text: Any, pair: Any, words: bool) -> tuple[bool, list[Any]]:
    """Whether there are several texts, and each text or pair as the library takes it."""
    several = isinstance(text, (list, tuple)) and (not words or (bool(text) and isinstance(text[0], (list, tuple))))
    texts = list(text) if several else [text]
    if pair is None:
        inputs = [tuple(one) if isinstance(one, (list, tuple)) and not words else one for one in texts]
    else:
        pairs = list(pair) if several else [pair]
        if len(pairs) != len(texts):
            raise TokenizerError(f"{len(texts)} texts, but {len(pairs)} second texts", key="text_pair")
        inputs = list(zip(texts, pairs, strict=True))
    for number, one in enumerate(inputs):
        parts = one if isinstance(one, tuple) else (one,)
        if words:
            right = all(isinstance(part, (list, tuple)) and all(isinstance(word, str) for word in part) for part in parts)
        else:
            right = all(isinstance(part, str) for part in parts) and len(parts) <= 2
        if not right:
            kind = "a list of words" if words else "a text, or a pair of texts"
            raise TokenizerError(f"text {number} is {type(parts[0]).__name__}, not {kind}", key="text")
    return several, inputs
