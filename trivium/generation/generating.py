"""`model.generate` and `model.stream`."""

from pathlib import Path

from trivium.core.errors import InputError
from trivium.core.names import nearest
from trivium.generation import fields
from trivium.generation.config import ARGUMENTS, FILE, GenerationConfig

from . import (
    arguments,
    assisted,
    beams,
    calls,
    contrastive,
    groups,
    guided,
    inner,
    programs,
    single,
    speech,
    transitions,
    uneven,
)


class Generates:
    """A network that writes: it has a `body`, and `unembed(x) -> logits`; one with an encoder, also `encode`."""

    prompt_name = "decoder_input_ids"
    """What the prompt is called where there is an encoder."""
    not_asked = {}
    """What the network cannot be asked for, by the names of fields and arguments: why."""

    @property
    def generation_config(self):
        """How `generate` generates unless it is told: generation_config.json, or else what config.json says of it."""
        return vars(self).get("_generation_config") or self.adapted(GenerationConfig.from_model_config(self.config))

    @generation_config.setter
    def generation_config(self, config):
        vars(self)["_generation_config"] = config

    def adapted(self, c):
        """What a checkpoint's files say of generating, as this class means it."""
        return c

    def source_names(self):
        """What `encode` is given, by name."""
        return (next(iter(self.input_shapes())),)

    def begun(self, ids, c):
        """The decoder's first tokens (B, T) for the prompt (B, T) that the caller gave."""
        return ids

    @property
    def writing_config(self):
        """The config of the part that writes."""
        return self.config.text_config if hasattr(self.config, "text_config") else getattr(self.config, "decoder", self.config)

    def _read_beside(self, folder: Path) -> None:
        super()._read_beside(folder)
        if (folder / FILE).is_file():
            self.generation_config = self.adapted(GenerationConfig.from_pretrained(folder))

    def _write_beside(self, folder: Path) -> None:
        super()._write_beside(folder)
        if vars(self).get("_generation_config") is not None:
            self.generation_config.save_pretrained(folder)

    def generate(
        self,
        inputs=None,
        attention_mask=None,
        generation_config=None,
        *,
        logits_processor=(),
        stopping_criteria=(),
        prefix_allowed_tokens_fn=None,
        assistant_model=None,
        streamer=None,
        tokenizer=None,
        past_key_values=None,
        negative_prompt_ids=None,
        negative_prompt_attention_mask=None,
        seed=None,
        compiled=None,
        **options,
    ):
        """Goes on with texts: integers (B, T) -> (B R, T + N), R texts for each prompt, N the tokens of the longest.

        Texts may have padding on either side, with the same answers; what has ended is filled up with `pad_token_id`. A
        model with an encoder returns what its decoder wrote. Programs are compiled for few sizes, and kept.

        Args:
            inputs: The prompts, or what the encoder is given: tensors of the framework, arrays, or lists (of any lengths).
            attention_mask: (B, T), 0 at padding; without it, `pad_token_id` is padding unless it also ends texts.
            generation_config: Instead of the model's own.
            logits_processor: Functions (tokens (B, T), scores (B, V)) -> scores, before those of sampling.
            stopping_criteria: Functions (tokens (B, T), scores) -> whether to stop, or (B,) which of the texts.
            prefix_allowed_tokens_fn: A function (index of the prompt, tokens (T,)) -> the tokens that may follow.
            assistant_model: A smaller model with the same vocabulary, which drafts what this one checks.
            streamer: `put` is called with the prompts (B, T), then with each column of tokens (B,); at last `end`.
            tokenizer: What has `decode(tokens) -> text`; for stop_strings.
            past_key_values: Of an earlier output; the prompt is then the whole text, which must be longer.
            negative_prompt_ids: What guidance keeps away from; without them, the last token of each prompt.
            negative_prompt_attention_mask: As `attention_mask`, for them.
            seed: Of sampling; None for the framework's own state.
            compiled: Whether to compile; None: JAX and TensorFlow do, PyTorch its products alone.
            **options: Fields of GenerationConfig; further inputs of the network.

        Returns:
            The tokens; or with `return_dict_in_generate` a `GenerateOutput`.

        Raises:
            InputError: An argument is unknown, or does not fit.
            ConfigError: A field is not valid, or contradicts another.
        """
        given = {
            "logits_processor": logits_processor,
            "stopping_criteria": stopping_criteria,
            "prefix_allowed_tokens_fn": prefix_allowed_tokens_fn,
            "streamer": streamer,
            "tokenizer": tokenizer,
            "assistant_model": assistant_model,
            "past_key_values": past_key_values,
            "negative_prompt_ids": negative_prompt_ids,
            "negative_prompt_attention_mask": negative_prompt_attention_mask,
            "seed": seed,
            "compiled": compiled,
        }
        rows = uneven.rows_of(self, options, attention_mask)
        if rows is not None:
            told = given | {"generation_config": generation_config}
            return uneven.generate(self, rows, inputs, attention_mask, told, options)
        call = self._call(inputs, attention_mask, generation_config, given, options)
        with call.programs.running():
            if is_assisted(call.c, assistant_model):
                return assisted.search(call, assistant_model)
            return strategy(call.c).search(call)

    def stream(self, inputs=None, attention_mask=None, generation_config=None, **options):
        """Yields each column of tokens (B R,), as NumPy's integers, as soon as it is known. Arguments: as of `generate`.

        Raises:
            InputError, ConfigError: As of `generate`; or it is asked for what is said at once.
        """
        given = {name: options.pop(name) for name in list(options) if name in ARGUMENTS}
        call = self._call(inputs, attention_mask, generation_config, given, options)
        if is_assisted(call.c, given.get("assistant_model")) or strategy(call.c) is not single:
            why = "stream is for greedy search and sampling alone"
            raise InputError(why, key="generation_config", hint="contrastive search, guidance and drafts take streamer=")
        yield from single.stream(call)

    def _call(self, inputs, mask, generation_config, given, options):
        """The arguments of `generate` sorted out."""
        arguments.check_writes(self)
        options = dict(options)
        allowed = arguments.inputs_of(self)
        if allowed[0] in options and inputs is None:
            inputs = options.pop(allowed[0])
        others = {name: options.pop(name) for name in allowed[1:] if options.get(name) is not None}
        spoken = {name: options.pop(name, None) for name in arguments.SPOKEN if arguments.hears(self)}
        unknown = [name for name in options if name not in GenerationConfig.names()]
        if unknown:
            known = [*GenerationConfig.names(), *ARGUMENTS, *allowed, *spoken]
            hint = fields.ARGUMENTS.get(unknown[0]) or nearest(unknown[0], known)
            raise InputError(f"generate takes no {unknown[0]!r}", key=unknown[0], hint=hint)
        c = (generation_config or self.generation_config).replace(**options)
        compiled = False if c.disable_compile and given.get("compiled") is None else given.get("compiled")
        if spoken and inputs is not None and "decoder_input_ids" not in others:
            begin = speech.prompt(self, c, inputs, compiled, **spoken)
            others |= {} if begin is None else {"decoder_input_ids": begin}
        callbacks = calls.Callbacks(
            tuple(given.get("logits_processor") or ()),
            tuple(given.get("stopping_criteria") or ()),
            *(given.get(name) for name in ("prefix_allowed_tokens_fn", "streamer", "tokenizer")),
        )
        helper, kept = given.get("assistant_model"), given.get("past_key_values")
        negative = given.get("negative_prompt_ids"), given.get("negative_prompt_attention_mask")
        arguments.check(self, c, negative[0], kept, others.get(calls.SEEN))
        drafts = is_assisted(c, helper)
        if drafts:
            assisted.check(c, callbacks, self, helper)
        else:
            strategy(c).check(c, callbacks)
        told = (inputs, mask, negative, given.get("seed"), kept, compiled, others)
        call = arguments.prepare(self, c, options.keys(), callbacks, *told)
        inner.check(call)
        if drafts:
            assisted.make_room(call, helper)
        return call

    def compute_transition_scores(self, sequences, scores, beam_indices=None, normalize_logits=False):
        """By what score each new token was chosen: (B R, N) of sequences (B R, T + N), 0 after the end.

        Args:
            sequences: Of a `GenerateOutput`, as are the others.
            scores: N of (B K, V); or the logits.
            beam_indices: (B R, N), of a beam search.
            normalize_logits: Whether to make the scores logarithms of chances.
        """
        return transitions.chosen_by(programs.Programs(self, False), sequences, scores, beam_indices, normalize_logits)


def is_assisted(c, helper):
    """Whether tokens are drafted, by a helper or from the text itself."""
    return helper is not None or c.prompt_lookup_num_tokens is not None


def strategy(c):
    """The module that does what a GenerationConfig asks for."""
    if c.num_beams > 1:
        return beams if c.num_beam_groups == 1 else groups
    return contrastive if c.contrastive else guided if c.guided else single
