"""Prompts of different lengths beside an encoder, where columns are positions: each length is written by itself."""

import numpy as np

from trivium.core.errors import InputError

from . import programs
from .calls import is_pair


def rows_of(model, options, mask):
    """The decoder's prompts without padding, lists of numbers, if they have any or are of different lengths; or None."""
    if not is_pair(model) or options.get(model.prompt_name) is None:
        return None
    given, array = options[model.prompt_name], programs.Programs(model, False).array
    if not isinstance(given, (list, tuple)):
        given = array(given)
    whole = rows = [[int(token) for token in row] for row in given]
    if mask is not None and model.prompt_name == "input_ids":  # then it is about the prompt
        seen = array(mask)
        rows = [[token for token, shown in zip(row, line, strict=True) if shown] for row, line in zip(whole, seen, strict=True)]
    return rows if rows != whole or len({len(row) for row in rows}) > 1 else None


def generate(model, rows, inputs, mask, given, options):
    """The texts (B R, T + N) of prompts of different lengths, each in its row from the first column on.

    Args:
        model: The model.
        rows: The prompts.
        inputs: What the encoder is given.
        mask: Where that is no padding.
        given: The arguments of `generate` that are no fields.
        options: The fields, and further inputs.

    Raises:
        InputError: More is asked for than texts.
    """
    c = given["generation_config"] or model.generation_config
    c = c.replace(**{name: value for name, value in options.items() if name in c.names()})
    asked = [name for name in ("streamer", "past_key_values", "prefix_allowed_tokens_fn") if given[name] is not None]
    asked += ["return_dict_in_generate"] if c.return_dict_in_generate else []
    if asked:
        why = f"{asked[0]}: prompts of different lengths are written one length after the other"
        raise InputError(why, key=asked[0], hint="give prompts of one length")
    run = programs.Programs(model, False)
    first, *others = model.source_names()
    source = {first: options.get(first, inputs), **{name: options.get(name) for name in others}}
    source |= {} if model.prompt_name == "input_ids" else {"attention_mask": mask}
    source = {name: value for name, value in source.items() if value is not None}
    rest = {name: value for name, value in (options | given).items() if name not in (*source, model.prompt_name)}
    found = {}
    for length in sorted({len(row) for row in rows}):
        chosen = [index for index, row in enumerate(rows) if len(row) == length]
        part = {name: taken(value, chosen, run) for name, value in (source | {model.prompt_name: rows}).items()}
        texts = run.array(model.generate(**part, **rest))
        found |= dict(zip(chosen, np.split(texts, len(chosen)), strict=True))
    longest = max(texts.shape[1] for texts in found.values())
    filled = [np.pad(found[row], [(0, 0), (0, longest - found[row].shape[1])], constant_values=c.pad) for row in sorted(found)]
    return run.tensor(np.concatenate(filled).astype(np.int64))


def taken(rows, chosen, run):
    """Some rows of an array, a tensor, or a list of lists of any lengths."""
    return [rows[index] for index in chosen] if isinstance(rows, (list, tuple)) else run.array(rows)[chosen]
