"""`generate` of a network that writes down what is said."""

import numpy as np

from trivium.core.errors import InputError
from trivium.generation import segments

from . import listening
from .generating import Generates


class Hears(Generates):
    """A network that writes down sounds (B, M, F) of any length, with their times if asked."""

    def generate(self, inputs=None, attention_mask=None, generation_config=None, **options):
        """As of other networks; and of sounds longer than a segment (30 s), or with any of these, segment by segment.

        Then the tokens are what was said alone, without the decoder's first tokens.

        Args:
            inputs: The sounds' features, (B, M, F).
            attention_mask: (B, F), 0 where a sound has ended.
            generation_config: Instead of the model's own.
            **options: As of `Generates.generate`; and
                language: A name, a code or a token, or one for each sound; without it, the model listens.
                task: "transcribe", or "translate" into English.
                return_timestamps: Whether to write times, too; "word" also asks for `return_token_timestamps`.
                return_token_timestamps: Whether to say when each token was said, by where the decoder looked.
                return_segments: Whether to return the segments, too, in a GenerateOutput.
                num_frames: How much of the sound counts for that, for all or for each.
                prompt_ids: (T,), a text that goes before, as the tokenizer's `get_prompt_ids` makes it.
                prompt_condition_type: Before the "first-segment", or "all-segments".
                condition_on_prev_tokens: Whether a segment is told what was said before it.
                temperature: Of sampling, which it asks for unless it is 0; several are tried in turn until a segment is good
                    enough.
                compression_ratio_threshold: A segment is good enough if zlib makes it no more times shorter,
                logprob_threshold: and if the mean logarithm of its tokens' chances is no less than this.
                no_speech_threshold: How likely silence must be for a segment, which is not, to be left out.

        Raises:
            InputError, ConfigError: As of `Generates.generate`, or something does not go together.
        """
        if inputs is None:
            inputs = options.pop("input_features", None)
        c = generation_config or self.generation_config
        asked = {name: options.pop(name) for name in listening.NAMES if name in options}
        said = {name: c.source[name] for name in listening.IN_FILES if c.source.get(name) is not None}
        several = isinstance(asked.get("temperature"), (list, tuple))
        plain = not any(value for name, value in (said | asked).items() if name != "temperature") and not several
        long = inputs is not None and np.shape(inputs)[2] > segments.STRIDE * self.config.max_source_positions
        if plain and not long:
            more = {"temperature": asked["temperature"], "do_sample": True} if asked.get("temperature") else {}
            return super().generate(inputs, attention_mask, generation_config, **options, **more)
        if inputs is None or "decoder_input_ids" in options:
            name = "input_features" if inputs is None else "decoder_input_ids"
            raise InputError(f"{name}: segments are cut from input_features, and begun by language, task, prompt_ids", key=name)
        fields = {name: options.pop(name) for name in list(options) if name in c.names()}
        spoken = {name: options.pop(name, None) for name in ("language", "task")}
        wanted = listening.Wanted(**said | {name: value for name, value in asked.items() if value is not None})
        return listening.transcribe(self, c.replace(**fields), wanted, inputs, attention_mask, spoken, options)

    def generate_segment(self, inputs, **options):
        """What is written of one segment of each sound, as by other networks."""
        return super().generate(inputs, **options)
