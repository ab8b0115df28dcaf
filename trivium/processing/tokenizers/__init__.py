"""Tokenizers: `AutoTokenizer.from_pretrained`.

Files of every age are read: tokenizer.json; vocab.txt; vocab.json with merges.txt; SentencePiece's models. `families.py` is a
table of which tokenizers there are, `building.py` makes those that have no tokenizer.json, `tokenizer.py` is what users call.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, normalizers, pre_tokenizers

from trivium.core import hub
from trivium.core.errors import NotFound, TokenizerError
from trivium.core.files import read_json
from trivium.core.names import nearest

from .. import settings
from . import saving
from .characters import CTCTokenizer
from .encoding import BatchEncoding
from .familiar import Named
from .families import COPIES, FAMILIES, PLAIN, REFUSED, Family
from .files import Files
from .languages import TranslationTokenizer
from .specials import ROLES
from .speech import WhisperTokenizer
from .split_tokenizers import (
    ByT5Tokenizer,
    JapaneseTokenizer,
    M2M100Tokenizer,
    MarianTokenizer,
    MarkedTokenizer,
    SiglipTokenizer,
)
from .templates import set_template
from .tokenizer import PretrainedTokenizer, wrapped

__all__ = ["AutoTokenizer", "BatchEncoding", "PretrainedTokenizer"]

_LIMIT = 256 * 2**20  # bytes of tokenizer.json
_FILES = (
    saving.TOKENIZER, saving.CONFIG, saving.SPECIALS, saving.ADDED, saving.TEMPLATE, "chat_template.json", "config.json",
    "vocab.txt", "vocab.json", "target_vocab.json", "merges.txt", "bpe.codes", "normalizer.json", "*.model", "*.spm",
)  # fmt: skip
_CLASSES = {
    "BertJapanese": JapaneseTokenizer, "Bertweet": MarkedTokenizer, "BlenderbotSmall": MarkedTokenizer, "ByT5": ByT5Tokenizer,
    "M2M100": M2M100Tokenizer, "MBart": TranslationTokenizer, "MBart50": TranslationTokenizer, "Marian": MarianTokenizer,
    "Nllb": TranslationTokenizer, "Phobert": MarkedTokenizer, "Siglip": SiglipTokenizer, "Wav2Vec2CTC": CTCTokenizer,
    "Whisper": WhisperTokenizer,
}  # fmt: skip


def names() -> list[str]:
    """The names under which programs import tokenizers: BertTokenizer, BertTokenizerFast, ..."""
    return [f"{name}Tokenizer{fast}" for name in (*FAMILIES, *COPIES) for fast in ("", "Fast")]


@functools.cache
def named(name: str) -> type[Named]:
    """The class of such a name.

    Raises:
        AttributeError: There is none.
    """
    if name not in names():
        raise AttributeError(f"there is no tokenizer {name!r}; {nearest(name, names())}")
    return type(name, (Named,), {"__module__": "trivium", "__doc__": Named.__doc__})


class AutoTokenizer:
    """The tokenizer of a checkpoint."""

    @staticmethod
    def from_pretrained(source: str | Path, **options: Any) -> PretrainedTokenizer:
        """The tokenizer of a checkpoint, of the family that its files name.

        Args:
            source: A directory, or a Hub id of which only the tokenizer's files are fetched.
            **options: Those of the Hub (revision, token, ...), and what tokenizer_config.json may say: `padding_side`,
                `model_max_length`, `do_lower_case`, `pad_token`, ...

        Raises:
            NotFound: There is no such checkpoint, or it has no tokenizer.
            TokenizerError: A file is damaged, or of a kind that is not read.
        """
        options = {name: value for name, value in options.items() if name not in ("use_fast", "trust_remote_code", "config")}
        of_hub = {name: options.pop(name) for name in hub.OPTIONS if name in options}
        folder = hub.resolve(source, files=_FILES, **of_hub)
        folder = folder if folder.is_dir() else folder.parent
        said = _read(folder / saving.CONFIG) | options
        name, family = _family(folder, said)
        return _loaded(folder, name, family, {**family.defaults, **said})


def _read(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}


def _family(folder: Path, options: Mapping[str, Any]) -> tuple[str, Family]:
    """The family of a checkpoint, by what its files say, and its name."""
    named = options.get("tokenizer_class")
    config = _read(folder / "config.json")
    if not isinstance(named, str):
        named = config.get("tokenizer_class")
    if not isinstance(named, str):
        named = f"{settings.kind(config.get('model_type'), 'tokenizer') or 'PreTrained'}Tokenizer"
    name = named.removesuffix("Fast").removesuffix("Tokenizer")
    name = COPIES.get(name, name)
    if name in FAMILIES:
        return name, FAMILIES[name]
    if (folder / saving.TOKENIZER).is_file():  # which says all that has to be known
        return "PreTrained", dataclasses.replace(FAMILIES["PreTrained"], inputs=PLAIN)
    raise TokenizerError(
        f"{named[:80]} is no tokenizer that Trivium has, and there is no tokenizer.json", path=folder, key="tokenizer_class",
        hint=REFUSED.get(name, "in Transformers: AutoTokenizer.from_pretrained(...).save_pretrained(...) writes one"),
    )  # fmt: skip


def _loaded(folder: Path, name: str, family: Family, options: dict[str, Any]) -> PretrainedTokenizer:
    given, additional = _roles(folder, options)
    said = {**family.specials, **given}
    roles = {role: token for role, token in said.items() if token is not None}
    apart = family.own is not None and all((folder / file).is_file() for file in family.own)
    whole = (folder / saving.TOKENIZER).is_file() and not apart
    if whole:
        backend = _backend(folder / saving.TOKENIZER)
        _adjust(backend, options)
    elif family.build is None:
        raise NotFound("the checkpoint has no tokenizer.json", path=folder, key=saving.TOKENIZER)
    else:
        with wrapped():
            backend = family.build(Files(folder, options, roles))
    vocabulary = backend.get_vocab()
    _add(backend, folder, options)
    kept = {role: token for role, token in roles.items() if not whole or role in given or token in vocabulary}
    cls = PretrainedTokenizer if whole and family.own is not None else _CLASSES.get(name, PretrainedTokenizer)
    tokenizer = cls(backend, family, name, _plain(options), kept, additional, _templates(folder, options), folder)
    if not whole and family.own is not None:
        tokenizer.own_files = {file: (folder / file).read_bytes() for file in family.own}
    _mark(backend, tokenizer, whole)
    if not whole or family.rebuilds:
        set_template(tokenizer)
    tokenizer.settle()
    return tokenizer


def _roles(folder: Path, options: Mapping[str, Any]) -> tuple[dict[str, str | None], list[str]]:
    """Role -> token as the files say it, None for a role that is to have none; and further special tokens."""
    roles: dict[str, str | None] = {}
    additional: list[str] = []
    for values in (_read(folder / saving.SPECIALS), options):
        for role in ROLES:
            if f"{role}_token" in values:
                roles[role] = _token(values[f"{role}_token"])
        more = values.get("additional_special_tokens")
        if isinstance(more, list):
            additional = [token for token in map(_token, more) if token is not None]
    return roles, additional


def _token(value: Any) -> str | None:
    if isinstance(value, Mapping):
        value = value.get("content")
    if value is not None and not isinstance(value, (str, AddedToken)):
        raise TokenizerError(f"{str(value)[:80]!r} is no token", key="special token")
    return None if value is None else str(value)


def _backend(path: Path) -> Tokenizer:
    if path.stat().st_size > _LIMIT:
        raise TokenizerError(f"a tokenizer of more than {_LIMIT:,} bytes", path=path)
    try:
        with wrapped():
            return Tokenizer.from_file(str(path))
    except TokenizerError as error:
        raise TokenizerError(error.message, path=path, hint="download it again") from None


def _adjust(backend: Tokenizer, options: Mapping[str, Any]) -> None:
    """What tokenizer_config.json may change of tokenizer.json."""
    normalizer = backend.normalizer
    if isinstance(normalizer, normalizers.BertNormalizer):
        names = {
            "lowercase": "do_lower_case",
            "strip_accents": "strip_accents",
            "handle_chinese_chars": "tokenize_chinese_chars",
        }
        for field, name in names.items():
            if name in options and getattr(normalizer, field) != options[name]:
                setattr(normalizer, field, options[name])
    if isinstance(backend.pre_tokenizer, pre_tokenizers.ByteLevel) and "add_prefix_space" in options:
        backend.pre_tokenizer.add_prefix_space = bool(options["add_prefix_space"])


def _add(backend: Tokenizer, folder: Path, options: Mapping[str, Any]) -> None:
    """Adds the tokens that the files add to the vocabulary, in their order, and checks their numbers."""
    found: dict[int, AddedToken] = {}
    for token, number in _read(folder / saving.ADDED).items():
        if type(number) is not int:
            raise TokenizerError(f"{str(number)[:80]!r} is no number of a token", path=folder / saving.ADDED, key=token)
        found[number] = AddedToken(token, normalized=False)
    for number, values in dict(options.get("added_tokens_decoder") or {}).items():
        if not str(number).isdigit() or not isinstance(values, Mapping) or not isinstance(values.get("content"), str):
            raise TokenizerError("added_tokens_decoder is no object of tokens", path=folder / saving.CONFIG, key=str(number))
        known = ("content", "single_word", "lstrip", "rstrip", "normalized", "special")
        found[int(number)] = AddedToken(**{name: values[name] for name in known if name in values})
    for number, added in sorted(found.items(), key=lambda pair: pair[0]):
        if backend.get_added_tokens_decoder().get(number) == added:
            continue
        (backend.add_special_tokens if added.special else backend.add_tokens)([added])
        if backend.token_to_id(added.content) != number:
            raise TokenizerError(
                f"the token {added.content!r} is to be number {number}, and would be {backend.token_to_id(added.content)}",
                path=folder, key=saving.ADDED, hint="the files are of different tokenizers",
            )  # fmt: skip


def _mark(backend: Tokenizer, tokenizer: PretrainedTokenizer, whole: bool) -> None:
    """Lets the backend know the special tokens, so that texts are not cut within them."""
    known = {token.content for token in backend.get_added_tokens_decoder().values() if token.special}
    sentinels = {"T5": 100, "ByT5": 125}.get(tokenizer.name, 0) if not whole else 0
    more = [f"<extra_id_{i}>" for i in range(tokenizer.options.get("extra_ids", sentinels) if sentinels else 0)]
    tokenizer.additional_special_tokens = list(
        dict.fromkeys([*tokenizer.additional_special_tokens, *tokenizer.family.more, *more])
    )
    takes_space = tokenizer.name in (
        "Albert",
        "Bart",
        "Barthez",
        "Blenderbot",
        "Camembert",
        "MBart",
        "MBart50",
        "MPNet",
        "Nllb",
        "Roberta",
        "XLMRoberta",
        "XLNet",
    )
    for token in tokenizer.all_special_tokens:
        lstrip = takes_space and token == tokenizer.mask_token and not whole
        if token not in known or lstrip:
            backend.add_special_tokens([AddedToken(token, lstrip=lstrip, normalized=False, special=True)])


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that are no tokens; a tokenizer holds those itself."""
    held = {f"{role}_token" for role in ROLES} | {
        "added_tokens_decoder",
        "additional_special_tokens",
        "chat_template",
    }
    return {name: value for name, value in options.items() if name not in held}


def _templates(folder: Path, options: Mapping[str, Any]) -> Any:
    """The chat template of a checkpoint, or name -> template."""
    path = folder / saving.TEMPLATE
    if path.is_file():
        if path.stat().st_size > 2**20:
            raise TokenizerError("a chat template of more than 1 MiB", path=path)
        return path.read_text("utf-8")
    found = options.get("chat_template") or _read(folder / "chat_template.json").get("chat_template")
    if isinstance(found, list):
        return {
            str(one["name"]): str(one["template"])
            for one in found
            if isinstance(one, Mapping) and {"name", "template"} <= set(one)
        }
    if found is not None and not isinstance(found, str):
        raise TokenizerError(
            "chat_template is neither a text nor a list of named ones", path=folder / saving.CONFIG, key="chat_template"
        )
    return found
