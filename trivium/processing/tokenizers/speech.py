"""Whisper's tokenizer: what is written begins with tokens of the language and the task, and may hold times."""

from __future__ import annotations

from typing import Any

from tokenizers import processors

from trivium.core.errors import TokenizerError

from .tokenizer import PretrainedTokenizer

_STEP = 0.02  # seconds between two tokens of time
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

    def decode(  # type: ignore[override]
        self, token_ids: Any, skip_special_tokens: bool = False, decode_with_timestamps: bool = False, **options: Any
    ) -> str:
        """Tokens as text; times are left out, or written as <|1.04|> with `decode_with_timestamps`."""
        first = (self.backend_tokenizer.token_to_id("<|notimestamps|>") or len(self)) + 1
        ids = [int(one) for one in token_ids]
        if not decode_with_timestamps:
            return super().decode([one for one in ids if one < first], skip_special_tokens, **options)
        parts: list[list[int] | str] = [[]]
        for one in ids:
            if one >= first:
                parts += [f"<|{(one - first) * _STEP:.2f}|>", []]
            else:
                parts[-1].append(one)  # type: ignore[union-attr]
        return "".join(
            part if isinstance(part, str) else super(WhisperTokenizer, self).decode(part, skip_special_tokens, **options)
            for part in parts
        )
