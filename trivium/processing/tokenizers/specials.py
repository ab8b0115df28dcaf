"""The special tokens of a tokenizer, as attributes: `tokenizer.pad_token`, `tokenizer.pad_token_id`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tokenizers import AddedToken, Tokenizer

from trivium.core.errors import TokenizerError

ROLES = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")
_ATTRIBUTE = re.compile(rf"({'|'.join(ROLES)})_token(_id)?")
ABSENT = {
    "as_target_tokenizer": "tokenizer(texts, text_target=translations)",
    "prepare_for_model": "tokenizer(texts, ...), or build_inputs_with_special_tokens for numbers",
    "prepare_seq2seq_batch": "tokenizer(texts, text_target=translations, padding=True, return_tensors=...)",
    "push_to_hub": "model.push_to_hub(repo_id, tokenizer=tokenizer)",
    "register_for_auto_class": "save_pretrained; AutoTokenizer reads what it writes",
    "train_new_from_iterator": "the tokenizers library's trainers; AutoTokenizer reads the tokenizer.json that they write",
    "truncate_sequences": "tokenizer(texts, truncation=..., max_length=...)",
}
"""Methods of Transformers 4 that there are not -> what to use instead."""


class Specials:
    """A tokenizer's roles and added tokens.

    Attributes:
        backend_tokenizer: The tokenizer of the library.
        roles: Role ("pad", ...) -> its token.
        additional_special_tokens: Further tokens that decoding may skip.
    """

    backend_tokenizer: Tokenizer
    roles: dict[str, str]
    additional_special_tokens: list[str]

    def __getattr__(self, name: str) -> Any:
        found = _ATTRIBUTE.fullmatch(name)
        if found is None:
            instead = f"; instead: {ABSENT[name]}" if name in ABSENT else ""
            raise AttributeError(f"{type(self).__name__} has no {name!r}{instead}")
        token = self.__dict__.get("roles", {}).get(found[1])
        return token if found[2] is None or token is None else self.backend_tokenizer.token_to_id(token)

    def __setattr__(self, name: str, value: Any) -> None:
        found = _ATTRIBUTE.fullmatch(name)
        if found is None:
            super().__setattr__(name, value)
        elif value is None:
            self.roles.pop(found[1], None)
        else:
            token = str(value) if found[2] is None else self.backend_tokenizer.id_to_token(int(value))
            if token is None:
                raise TokenizerError(f"there is no token {value}", key=name)
            self.add_special_tokens({f"{found[1]}_token": value if isinstance(value, AddedToken) else token})

    def add_special_tokens(self, special_tokens_dict: Mapping[str, Any]) -> int:
        """Gives roles to tokens, which are added if there are none such.

        Args:
            special_tokens_dict: "pad_token" and so on -> token; "additional_special_tokens" -> a list.

        Returns:
            How many tokens were added; the model's embedding needs as many rows more.
        """
        wanted = []
        for name, value in special_tokens_dict.items():
            found = _ATTRIBUTE.fullmatch(name)
            if found is not None and found[2] is None:
                self.roles[found[1]] = str(value)
                wanted.append(value)
            elif name == "additional_special_tokens":
                self.additional_special_tokens = [*dict.fromkeys([*self.additional_special_tokens, *map(str, value)])]
                wanted += value
            else:
                raise TokenizerError(f"{name!r} is no role of a token", key=name, hint=", ".join(f"{r}_token" for r in ROLES))
        return self.add_tokens(wanted, special_tokens=True)

    def add_tokens(self, new_tokens: str | AddedToken | Sequence[str | AddedToken], special_tokens: bool = False) -> int:
        """Adds tokens that are not there yet, and returns how many they were."""
        given = [new_tokens] if isinstance(new_tokens, (str, AddedToken)) else list(new_tokens)
        if special_tokens:
            tokens = [
                token if isinstance(token, AddedToken) else AddedToken(token, special=True, normalized=False) for token in given
            ]
            return self.backend_tokenizer.add_special_tokens(tokens)
        return self.backend_tokenizer.add_tokens(given)

    @property
    def special_tokens_map(self) -> dict[str, Any]:
        """The roles that have a token, as special_tokens_map.json has them."""
        found: dict[str, Any] = {f"{role}_token": self.roles[role] for role in ROLES if role in self.roles}
        return found | ({"additional_special_tokens": self.additional_special_tokens} if self.additional_special_tokens else {})

    @property
    def all_special_tokens(self) -> list[str]:
        """The tokens with a role, and the additional ones, each once."""
        return list(
            dict.fromkeys([*(self.roles[role] for role in ROLES if role in self.roles), *self.additional_special_tokens])
        )

    @property
    def all_special_ids(self) -> list[int]:
        """Their numbers."""
        found = map(self.backend_tokenizer.token_to_id, self.all_special_tokens)
        return [number for number in found if number is not None]

    def skipped_ids(self) -> set[int]:
        """The numbers of the tokens that decoding may skip: these, and those that were added as special."""
        added = self.backend_tokenizer.get_added_tokens_decoder().items()
        return {*self.all_special_ids, *(number for number, token in added if token.special)}

    @property
    def added_tokens_decoder(self) -> dict[int, AddedToken]:
        """Number -> token of those that were added to the vocabulary."""
        return dict(sorted(self.backend_tokenizer.get_added_tokens_decoder().items()))

    @property
    def pad_token_type_id(self) -> int:
        """The segment of padding."""
        return 0
