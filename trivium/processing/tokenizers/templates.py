"""What stands around texts: the post-processor of a tokenizer, by its family and its options."""

from __future__ import annotations

from typing import Any

from tokenizers import processors

from trivium.core.errors import TokenizerError

from . import building


def set_template(tokenizer: Any) -> None:
    """Gives a tokenizer's backend the special tokens that its family puts around texts."""
    family, options = tokenizer.family, tokenizer.options
    language = options.get("src_lang")
    roles = {**tokenizer.roles, "lang": language and getattr(tokenizer, "lang_token", str)(language)}
    template = family.template
    trims = family.build is building.byte_level and template is not None and template[1].startswith("cls")
    if trims or family.build is building.clip:
        _set_trimming(tokenizer, roles)
        return
    if template is None:
        if not options.get("add_bos_token"):
            return
        template = "bos:0 $A:0", "bos:0 $A:0 $B:1"
    left_out = [role for role in ("bos", "eos") if options.get(f"add_{role}_token") is False and family.rebuilds]
    texts = [_without(text, left_out) for text in template]
    used = {part.partition(":")[0] for text in texts for part in text.split()} - {"$A", "$B"}
    tokens = [(roles[role], _number(tokenizer, roles.get(role), role)) for role in sorted(used)]
    single, pair = (" ".join(_named(part, roles) for part in text.split()) for text in texts)
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=single, pair=pair, special_tokens=list(dict(tokens).items())
    )


def _set_trimming(tokenizer: Any, roles: dict[str, Any]) -> None:
    """RoBERTa's and CLIP's: the post-processor that also leaves the space before a word out of its offsets."""
    clip = tokenizer.family.build is building.clip
    last, first = (roles["eos"], roles["bos"]) if clip else (roles["sep"], roles["cls"])
    tokenizer.backend_tokenizer.post_processor = processors.RobertaProcessing(
        (last, _number(tokenizer, last, "sep")), (first, _number(tokenizer, first, "cls")),
        trim_offsets=not clip and tokenizer.options.get("trim_offsets", True),
        add_prefix_space=not clip and tokenizer.options.get("add_prefix_space", False),
    )  # fmt: skip


def _without(text: str, roles: list[str]) -> str:
    return " ".join(part for part in text.split() if part.partition(":")[0] not in roles)


def _named(part: str, roles: dict[str, Any]) -> str:
    role, _, segment = part.partition(":")
    return part if role in ("$A", "$B") else f"{roles[role]}:{segment}"


def _number(tokenizer: Any, token: str | None, role: str) -> int:
    found = None if token is None else tokenizer.backend_tokenizer.token_to_id(token)
    if found is None:
        raise TokenizerError(
            f"the token {token!r}, which stands around texts, is not in the vocabulary", key=f"{role}_token",
            hint="the vocabulary is that of another model, or tokenizer_config.json is",
        )  # fmt: skip
    return found
