"""What programs for Transformers 4 ask of a tokenizer besides calling it, and under which names they import one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import AddedToken

from .saving import Saved

if TYPE_CHECKING:
    from .tokenizer import PretrainedTokenizer


class Familiar(Saved):
    """Methods that have other names today, and what stands around tokens that are numbers already."""

    SPECIAL_TOKENS_ATTRIBUTES = (
        *(f"{role}_token" for role in ("bos", "eos", "unk", "sep", "pad", "cls", "mask")), "additional_special_tokens",
    )  # fmt: skip
    model_max_length: int

    def encode_plus(self, text: Any, text_pair: Any = None, **options: Any) -> Any:
        """A call for one text or pair."""
        return self(text, text_pair, **options)  # type: ignore[operator]

    def batch_encode_plus(self, batch_text_or_text_pairs: Sequence[Any], **options: Any) -> Any:
        """A call for several texts or pairs."""
        return self(list(batch_text_or_text_pairs), **options)  # type: ignore[operator]

    def get_added_vocab(self) -> dict[str, int]:
        """Token -> number of those that were added to the vocabulary."""
        return {token.content: number for number, token in self.added_tokens_decoder.items()}

    added_tokens_encoder = property(get_added_vocab)

    @property
    def all_special_tokens_extended(self) -> list[str | AddedToken]:
        """The special tokens, with how they are found in texts."""
        added = {token.content: token for token in self.added_tokens_decoder.values()}
        return [added.get(token, token) for token in self.all_special_tokens]

    @property
    def max_len_single_sentence(self) -> int:
        """How many tokens of one text the model takes."""
        return self.model_max_length - self.backend_tokenizer.num_special_tokens_to_add(False)

    @property
    def max_len_sentences_pair(self) -> int:
        """How many tokens of two texts the model takes."""
        return self.model_max_length - self.backend_tokenizer.num_special_tokens_to_add(True)

    def build_inputs_with_special_tokens(
        self, token_ids_0: Sequence[int], token_ids_1: Sequence[int] | None = None
    ) -> list[int]:
        """The tokens of one text or two with what stands around them."""
        return [number for number, _, _ in self._around(token_ids_0, token_ids_1)]

    def create_token_type_ids_from_sequences(
        self, token_ids_0: Sequence[int], token_ids_1: Sequence[int] | None = None
    ) -> list[int]:
        """The segments of the tokens of one text or two with what stands around them."""
        return [segment for _, segment, _ in self._around(token_ids_0, token_ids_1)]

    def get_special_tokens_mask(
        self, token_ids_0: Sequence[int], token_ids_1: Sequence[int] | None = None, already_has_special_tokens: bool = False
    ) -> list[int]:
        """1 for each token that stands around a text; or, of tokens that have them already, for each special one."""
        if already_has_special_tokens:
            special = set(self.all_special_ids)
            return [int(number in special) for number in token_ids_0]
        return [special for _, _, special in self._around(token_ids_0, token_ids_1)]

    def _around(self, first: Sequence[int], second: Sequence[int] | None) -> Iterator[tuple[int, int, int]]:
        """(number, segment, 1 if it stands around) of each token; what stands around is that of two words in place of texts."""
        encode = self.backend_tokenizer.encode
        found = encode(["a"], None if second is None else ["a"], is_pretokenized=True)
        left = {0: list(first), 1: list(second or ())}
        for number, segment, special, which in zip(
            found.ids, found.type_ids, found.special_tokens_mask, found.sequence_ids, strict=True
        ):
            if special:
                yield number, segment, 1
            else:
                yield from ((one, segment, 0) for one in left.pop(which or 0, ()))

    def save_vocabulary(self, save_directory: str | Path, filename_prefix: str | None = None) -> tuple[str, ...]:
        """Writes the vocabulary's files alone, and returns their paths; the library says which."""
        folder = Path(save_directory)
        folder.mkdir(parents=True, exist_ok=True)
        return tuple(self.backend_tokenizer.model.save(str(folder), filename_prefix))


class Named:
    """A name under which programs import a tokenizer, such as BertTokenizer: what it loads is of that class."""

    def __init__(self, *_: Any, **__: Any) -> None:
        name = type(self).__name__
        raise TypeError(
            f"{name} is made by {name}.from_pretrained(a directory or a Hub id), which reads the vocabulary's files"
        )

    @classmethod
    def from_pretrained(cls, source: str | Path, *_: Any, **options: Any) -> PretrainedTokenizer:
        """As `AutoTokenizer.from_pretrained`, of this class whatever the files name."""
        from . import AutoTokenizer

        return AutoTokenizer.from_pretrained(source, **{**options, "tokenizer_class": cls.__name__})
