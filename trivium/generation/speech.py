"""What Whisper's decoder begins with: the language that is spoken, and what is to be done with it.

Radford and others, arXiv:2212.04356, section 2.3; the keys of generation_config.json are those of Transformers.
"""

import numpy as np

from trivium.core.errors import InputError
from trivium.core.names import nearest


def prompt(model, c, inputs, compiled, language=None, task=None, timestamps=False):
    """The decoder's first tokens (B, T).

    Without `language` and `task` the config's own count, or else its forced_decoder_ids, and a language that these leave open
    is heard by the model itself.

    Args:
        model: The model.
        c: The GenerationConfig.
        inputs: (B, M, F).
        compiled: Whether to compile.
        language: A name ("german"), a code ("de") or a token, or B of them.
        task: "transcribe" or "translate".
        timestamps: Whether times are to be written, too.

    Raises:
        InputError: The checkpoint knows no such language or task, or none at all.
    """
    if c.source.get("is_multilingual") is False and (language or task):
        name = "language" if language else "task"
        raise InputError(f"the checkpoint knows one language alone, and no {name}", key=name, hint="leave it out")
    language, task = language or c.source.get("language"), task or c.source.get("task")
    languages, tasks = (c.source.get(name) or {} for name in ("lang_to_id", "task_to_id"))
    if language is None and task is None:
        begin = forced(c)
        task_id = begin[1] if len(begin) > 1 else None
        language_id = begin[0] if begin else None
        rest = begin[2:]
    else:
        language_id = None if language is None else languages_of(language, languages, len(inputs))
        task_id, rest = known(task or "transcribe", tasks, "task"), []
    if language_id is None and languages:
        language_id = hear(model, c, inputs, compiled, languages)
    silent = c.source.get("no_timestamps_token_id")
    rest = [token for token in rest if token != silent] + ([] if silent is None or timestamps else [silent])
    parts = [c.decoder_start_token_id, language_id, *([] if language_id is None else [task_id]), *rest]
    parts = [part for part in parts if part is not None]
    return np.stack(np.broadcast_arrays(*parts, np.zeros(len(inputs), np.int64))[:-1], 1)


def languages_of(language, ids, batch):
    """The tokens of a language, or of one for each of the batch."""
    if isinstance(language, str):
        return known(language, ids, "language")
    if len(language) != batch:
        raise InputError(f"{len(language)} languages for {batch} sounds", key="language", hint="give one, or as many")
    return np.array([known(one, ids, "language") for one in language])


def forced(c):
    """The tokens that the config puts after the first, None where it leaves one open."""
    found = []
    for place, token in c.forced_decoder_ids or ():
        if place != len(found) + 1:
            break
        found.append(token)
    return found


def known(name, ids, kind):
    """The token of a language, which may be given as "english", "en" or its token "<|en|>", or of a task."""
    from trivium.processing.tokenizers.speech import LANGUAGES

    for spelled in (name, f"<|{name}|>", f"<|{LANGUAGES.get(name.lower())}|>"):
        if spelled in ids:
            return ids[spelled]
    names = [known.strip("<|>") for known in ids]
    hint = nearest(name, names) if names else "its generation_config.json names none"
    raise InputError(f"the checkpoint has no {kind} {name!r}", key=kind, hint=hint)


def hear(model, c, inputs, compiled, languages):
    """The token (B,) of the language that is likeliest."""
    others = sorted(set(range(model.config.vocab_size)) - set(languages.values()))
    plain = type(c)(decoder_start_token_id=c.decoder_start_token_id, suppress_tokens=others, max_new_tokens=1)
    begin = np.full((len(inputs), 1), c.decoder_start_token_id)
    segment = np.asarray(inputs)[:, :, : 2 * model.config.max_source_positions]
    found = model.generate(segment, generation_config=plain, decoder_input_ids=begin, compiled=compiled)
    return np.array([int(token) for token in found[:, -1]])
