"""Whisper's tokenizer: what is written begins with tokens of the language and the task, and may hold times."""

from __future__ import annotations

from typing import Any

import numpy as np
from tokenizers import processors

from trivium.core.errors import TokenizerError

from ..batch import as_array, tensor
from . import times
from .tokenizer import PretrainedTokenizer

STEP = 0.02
"""Seconds between two tokens of time."""
_PROMPT = ("<|startofprev|>", "<|startoftranscript|>")
TASKS = ("transcribe", "translate")
LANGUAGES = {
    "english": "en", "chinese": "zh", "german": "de", "spanish": "es", "russian": "ru", "korean": "ko", "french": "fr",
    "japanese": "ja", "portuguese": "pt", "turkish": "tr", "polish": "pl", "catalan": "ca", "dutch": "nl", "arabic": "ar",
    "swedish": "sv", "italian": "it", "indonesian": "id", "hindi": "hi", "finnish": "fi", "vietnamese": "vi", "hebrew":
    "he", "ukrainian": "uk", "greek": "el", "malay": "ms", "czech": "cs", "romanian": "ro", "danish": "da", "hungarian":
    "hu", "tamil": "ta", "norwegian": "no", "thai": "th", "urdu": "ur", "croatian": "hr", "bulgarian": "bg", "lithuanian":
    "lt", "latin": "la", "maori": "mi", "malayalam": "ml", "welsh": "cy", "slovak": "sk", "telugu": "te", "persian": "fa",
    "latvian": "lv", "bengali": "bn", "serbian": "sr", "azerbaijani": "az", "slovenian": "sl", "kannada": "kn",
    "estonian": "et", "macedonian": "mk", "breton": "br", "basque": "eu", "icelandic": "is", "armenian": "hy", "nepali":
    "ne", "mongolian": "mn", "bosnian": "bs", "kazakh": "kk", "albanian": "sq", "swahili": "sw", "galician": "gl",
    "marathi": "mr", "punjabi": "pa", "sinhala": "si", "khmer": "km", "shona": "sn", "yoruba": "yo", "somali": "so",
    "afrikaans": "af", "occitan": "oc", "georgian": "ka", "belarusian": "be", "tajik": "tg", "sindhi": "sd", "gujarati":
    "gu", "amharic": "am", "yiddish": "yi", "lao": "lo", "uzbek": "uz", "faroese": "fo", "haitian creole": "ht", "pashto":
    "ps", "turkmen": "tk", "nynorsk": "nn", "maltese": "mt", "sanskrit": "sa", "luxembourgish": "lb", "myanmar": "my",
    "tibetan": "bo", "tagalog": "tl", "malagasy": "mg", "assamese": "as", "tatar": "tt", "hawaiian": "haw", "lingala":
    "ln", "hausa": "ha", "bashkir": "ba", "javanese": "jw", "sundanese": "su", "cantonese": "yue",
}  # fmt: skip
"""The languages that Whisper knows -> their codes. Source: openai/whisper, tokenizer.py."""


class WhisperTokenizer(PretrainedTokenizer):
    """Whisper's tokenizer; `set_prefix_tokens` says what texts begin with."""

    def settle(self) -> None:
        """Puts the tokens around texts that the options ask for."""
        names = ("language", "task", "predict_timestamps")
        self.set_prefix_tokens(**{name: self.options.get(name) for name in names})

    def set_prefix_tokens(
        self, language: str | None = None, task: str | None = None, predict_timestamps: bool | None = None
    ) -> None:
        """Has texts begin with a language, a task ("transcribe" or "translate"), and whether times follow."""
        given = {"language": language, "task": task, "predict_timestamps": predict_timestamps}
        self.options |= {name: value for name, value in given.items() if value is not None}
        numbers = self.prefix_tokens
        names = [self.backend_tokenizer.id_to_token(number) for number in numbers]
        begin = " ".join(f"{name}:0" for name in names)
        self.backend_tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{begin} $A:0 {self.eos_token}:0", pair=f"{begin} $A:0 $B:1 {self.eos_token}:1",
            special_tokens=[(self.eos_token, self.eos_token_id), *zip(names, numbers, strict=True)],
        )  # fmt: skip

    @property
    def prefix_tokens(self) -> list[int]:
        """The tokens that texts begin with."""
        tokens = ["<|startoftranscript|>"]
        language, task = self.options.get("language"), self.options.get("task")
        if language is not None:
            tokens.append(f"<|{LANGUAGES.get(str(language).lower(), str(language).lower())}|>")
        if task is not None:
            if task not in TASKS:
                raise TokenizerError(f"task = {task!r} is none of: {', '.join(TASKS)}", key="task")
            tokens.append(f"<|{task}|>")
        if not self.options.get("predict_timestamps"):
            tokens.append("<|notimestamps|>")
        found = [self.backend_tokenizer.token_to_id(token) for token in tokens]
        for token, number in zip(tokens, found, strict=True):
            if number is None:
                raise TokenizerError(f"there is no token {token!r}", key="language")
        return [number for number in found if number is not None]

    def get_decoder_prompt_ids(
        self, task: str | None = None, language: str | None = None, no_timestamps: bool = True
    ) -> list[tuple[int, int]]:
        """What is written first, as (place, token): `forced_decoder_ids`. It is set for texts too."""
        self.set_prefix_tokens(language, task, not no_timestamps)
        return list(enumerate(self.prefix_tokens))[1:]

    def get_prompt_ids(self, text: str, return_tensors: str | None = "np") -> Any:
        """The tokens (T,) of what was said before, for `generate(prompt_ids=...)`.

        Raises:
            TokenizerError: The text has special tokens.
        """
        found = self("<|startofprev|>", f" {text.strip()}", add_special_tokens=False)["input_ids"]
        special = next((one for one in found[1:] if one in self.skipped_ids()), None)
        if special is not None:
            raise TokenizerError(f"the prompt has the special token {self.convert_ids_to_tokens(special)!r}", key="text")
        return found if return_tensors is None else tensor(found, return_tensors, "prompt_ids")

    def decode(
        self,
        token_ids: Any,
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool | None = None,
        output_offsets: bool = False,
        time_precision: float = STEP,
        decode_with_timestamps: bool = False,
        normalize: bool = False,
        basic_normalize: bool = False,
        remove_diacritics: bool = False,
    ) -> Any:
        """Tokens as text.

        Args:
            token_ids: (T,), a list, an array or a tensor.
            skip_special_tokens: Whether special tokens are left out, and a prompt (`get_prompt_ids`) with them.
            clean_up_tokenization_spaces: Whether spaces before full stops and the like go.
            output_offsets: Return {"text", "offsets": [{"text", "timestamp": (start, end) in seconds}]}.
            time_precision: Seconds from one token of time to the next.
            decode_with_timestamps: Write times as <|1.04|>, where they are left out else.
            normalize: Not there: the rules for English.
            basic_normalize: Whether to write what counts for comparisons alone; see `basic_normalize`.
            remove_diacritics: Whether letters lose their marks then.

        Raises:
            TokenizerError: `normalize` was asked for.
        """
        if normalize:
            raise TokenizerError(
                "normalize is not there", key="normalize", hint="basic_normalize=True, or the whisper-normalizer package"
            )
        ids = [int(one) for one in np.atleast_1d(as_array(token_ids)).tolist()]
        said = _without_prompt(ids, *map(self.convert_tokens_to_ids, _PROMPT)) if skip_special_tokens else ids
        first = self.timestamp_begin

        def text_of(part: list[int]) -> str:
            text = super(WhisperTokenizer, self).decode(part, skip_special_tokens, clean_up_tokenization_spaces)
            return self.basic_normalize(text, remove_diacritics) if basic_normalize else text

        if decode_with_timestamps:
            parts = times.marked(said, first, time_precision)
            text = "".join(part if isinstance(part, str) else text_of(part) for part in parts)
        else:
            text = text_of([one for one in said if one < first])
        if not output_offsets:
            return text
        spans = [
            {"text": super(WhisperTokenizer, self).decode([one for one in part if one < first]), "timestamp": span}
            for part, span in times.spans(ids, first, time_precision)
        ]
        return {"text": text, "offsets": spans}

    @property
    def timestamp_begin(self) -> int:
        """The number of the token of time 0; those of later times follow it."""
        return (self.backend_tokenizer.token_to_id("<|notimestamps|>") or len(self)) + 1

    def timestamp_ids(self, time_precision: float = STEP) -> list[int | None]:
        """The tokens of the times from 0 to 30 seconds; None for those that the vocabulary lacks."""
        return [self.backend_tokenizer.token_to_id(f"<|{place * time_precision:.2f}|>") for place in range(1501)]

    @staticmethod
    def basic_normalize(text: str, remove_diacritics: bool = False) -> str:
        """Lower case, without what is in brackets, marks and symbols; for comparisons in any language."""
        return times.normalized(text, remove_diacritics)


def _without_prompt(ids: list[int], prompt: int, begin: int) -> list[int]:
    """What follows a prompt; all, if there is none."""
    if not ids or ids[0] != prompt:
        return ids
    return ids[ids.index(begin) :] if begin in ids else []
