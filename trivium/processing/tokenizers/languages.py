"""Tokenizers of many languages, which a token names."""

from __future__ import annotations

from typing import Any

from trivium.core.errors import TokenizerError

from .encoding import BatchEncoding
from .templates import set_template
from .tokenizer import PretrainedTokenizer


class TranslationTokenizer(PretrainedTokenizer):
    """mBART's and NLLB's tokenizers: `src_lang` is the language of texts, `tgt_lang` that of `text_target`."""

    @property
    def src_lang(self) -> str:
        """The language of texts, by its token: "en_XX"."""
        return self.options["src_lang"]

    @src_lang.setter
    def src_lang(self, language: str) -> None:
        self.lang_token_id(language)
        self.options["src_lang"] = language
        set_template(self)

    def lang_token(self, language: str) -> str:
        """The token of a language."""
        return language

    def lang_token_id(self, language: str) -> int:
        """The number of a language's token: `forced_bos_token_id` of a text in it.

        Raises:
            TokenizerError: The tokenizer has no such language.
        """
        found = self.backend_tokenizer.token_to_id(self.lang_token(language))
        if found is None:
            raise TokenizerError(f"there is no language {language!r}", key="src_lang", hint='such as "en_XX" or "eng_Latn"')
        return found

    def __call__(self, text: Any = None, text_pair: Any = None, text_target: Any = None, **options: Any) -> BatchEncoding:
        target = self.options.get("tgt_lang")
        if text_target is None or target is None:
            return super().__call__(text, text_pair, text_target, **options)
        found = super().__call__(text, text_pair, **options) if text is not None else None
        source, self.src_lang = self.src_lang, target
        try:
            labels = super().__call__(text_target, **options)
        finally:
            self.src_lang = source
        if found is None:
            return labels
        found["labels"] = labels["input_ids"]
        return found
