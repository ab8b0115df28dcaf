"""Long recordings, and times: one segment after the other, each from where the last time of the one before it was.

Radford and others, arXiv:2212.04356, section 4.5; the rules are those of Transformers 4.52.
Letters: B batch, M mel bins, F frames, N frames of a segment, T tokens.
"""

import dataclasses
import math
from typing import Any

import numpy as np

from trivium.core.errors import InputError
from trivium.generation import alignment, segments
from trivium.generation import prompts as reading
from trivium.generation.outputs import GenerateOutput

from . import ops, programs, speech

NAMES = (
    "return_timestamps", "return_token_timestamps", "return_segments", "prompt_ids", "prompt_condition_type",
    "condition_on_prev_tokens", "temperature", "compression_ratio_threshold", "logprob_threshold", "no_speech_threshold",
    "num_frames",
)  # fmt: skip
"""What may be said of listening."""
IN_FILES = ("return_timestamps", "condition_on_prev_tokens", *NAMES[7:10])
"""Of that, what generation_config.json may say."""


@dataclasses.dataclass
class Wanted:
    """What is asked for; the names are Transformers', and those of `NAMES`.

    Attributes:
        temperature: In turn, until a segment is good enough: the first alone where nothing says what that is.
    """

    return_timestamps: Any = None
    return_token_timestamps: bool = False
    return_segments: bool = False
    prompt_ids: Any = None
    prompt_condition_type: str | None = None
    condition_on_prev_tokens: bool | None = None
    temperature: Any = None
    compression_ratio_threshold: float | None = None
    logprob_threshold: float | None = None
    no_speech_threshold: float | None = None
    num_frames: Any = None


class Listener:
    """Sounds on their way to text.

    Args:
        model: The model.
        c: The GenerationConfig.
        wanted: What is asked for.
        features: (B, M, F).
        mask: (B, F), 0 where a sound has ended, or None.
        spoken: `language` and `task`.
        options: Of `generate`, for each segment.
    """

    def __init__(self, model, c, wanted, features, mask, spoken, options):
        self.model, self.wanted, self.features, self.options = model, wanted, features, options
        self.size = segments.STRIDE * model.config.max_source_positions
        long = features.shape[2] > self.size
        self.timed = bool(wanted.return_timestamps or long)
        self.words = wanted.return_token_timestamps or wanted.return_timestamps == "word"
        check(c, wanted, long, mask, len(features), self.timed, self.words)
        silent = c.source.get("no_timestamps_token_id")
        self.first_time = model.config.vocab_size + 1 if silent is None else silent + 1
        self.begin = speech.prompt(model, c, features, options.get("compiled"), **spoken, timestamps=self.timed)
        if self.timed:
            most = c.source.get("max_initial_timestamp_index")
            c = c.replace(timestamp_tokens=(self.first_time, -1 if most is None else most))
        kept = {"return_dict_in_generate": True, "output_scores": True}
        self.c = c.replace(forced_decoder_ids=None, **kept)
        self.most = mask.sum(1).astype(int) if long and mask is not None else np.full(len(features), features.shape[2])
        self.seek = np.zeros(len(features), int)
        self.segments = [list(self.prompted()) for _ in features]
        self.remembers = [bool(wanted.condition_on_prev_tokens)] * len(features)

    def prompted(self):
        """The prompt as a first segment, if it is to be the first one's alone."""
        ids = self.wanted.prompt_ids
        if ids is not None and self.wanted.prompt_condition_type != "all-segments":
            yield {"tokens": ids[1:] if ids[0] == self.c.source.get("prev_sot_token_id") else ids}

    def run(self):
        """All segments of all sounds."""
        while (self.seek < self.most).any():
            active = np.flatnonzero(self.seek < self.most)
            pieces = {row: self.segment(row) for row in active}
            prompts = self.prompts(active)
            said = self.write(pieces, prompts)
            for row in active:
                frames = min(self.most[row] - self.seek[row], self.size)
                if said[row].skipped:
                    self.seek[row] += frames
                    continue
                found, offset = segments.cut(
                    said[row], frames, self.seek[row] * alignment.SECONDS / segments.STRIDE, self.first_time
                )
                self.segments[row] += found
                self.seek[row] += offset
        if self.wanted.prompt_ids is not None and self.wanted.prompt_condition_type != "all-segments":
            return [said[1:] for said in self.segments]
        return self.segments

    def segment(self, row):
        """The next piece of a sound, filled up: (M, N)."""
        begin = self.seek[row]
        piece = self.features[row, :, begin : min(begin + self.size, self.most[row])]
        return np.pad(piece, [(0, 0), (0, self.size - piece.shape[1])])

    def prompts(self, active):
        """The decoder's first tokens for each of the sounds: (T,)."""
        ids, most = self.wanted.prompt_ids, self.model.config.max_target_positions // 2 - 1
        marker = self.c.source.get("prev_sot_token_id")
        if marker is None and len(self.c.suppress_tokens or ()) > 1:
            marker = self.c.suppress_tokens[-2]
        found = {}
        for row in active:
            before = np.zeros(0, int)
            if any(self.remembers) and self.segments[0]:
                if ids is not None and self.wanted.prompt_condition_type == "all-segments":
                    before = ids
                elif marker is not None:
                    before = np.array([marker])
                said = [self.shortened(one) for one in self.segments[row]] if self.remembers[row] else []
                before = np.concatenate([before, *([np.concatenate(said)[-most:]] if said else [])])
            elif ids is not None:
                before = ids
            found[row] = np.concatenate([before, self.begin[row]]).astype(np.int64)
        return found

    def shortened(self, segment):
        """A segment's tokens, of which the last of two times is taken away."""
        tokens = segment["tokens"]
        if len(tokens) > 2 and tokens[-2] >= self.first_time:
            segment["tokens"] = tokens[:-1]
        return segment["tokens"]

    # One segment

    def write(self, pieces, prompts):
        """What is written of each piece (M, N), after its prompt (T,): by the first temperature at which it is good enough."""
        temperatures = self.wanted.temperature
        temperatures = temperatures if isinstance(temperatures, (list, tuple)) else (temperatures,)
        found, left = {}, list(pieces)
        silence = self.silence(pieces, prompts)
        for index, temperature in enumerate(temperatures):
            failed = []
            for rows in segments.alike(left, prompts):
                for row, said, good in self.attempt(rows, pieces, prompts, temperature, silence):
                    found[row] = said
                    self.remembers[row] = bool(self.wanted.condition_on_prev_tokens) and (temperature or 0.0) < 0.5
                    failed += [] if good else [row]
            left = failed
            if not left or index == len(temperatures) - 1:
                return found
        raise InputError("no temperature is given", key="temperature")

    def attempt(self, rows, pieces, prompts, temperature, silence):
        """What is written of pieces whose prompts are of one length, and whether it is good enough."""
        c = self.c.replace(do_sample=True, temperature=temperature, num_beams=1) if temperature else self.c
        c = c if temperature is None or temperature else c.replace(do_sample=False)
        ids = np.stack([prompts[row] for row in rows])
        told = {"generation_config": c, "decoder_input_ids": ids}
        out = self.model.generate_segment(np.stack([pieces[row] for row in rows]), **told, **self.options)
        run = programs.Programs(self.model, False)
        scores = np.stack([run.array(step) for step in out.scores])  # (T, B K, V)
        paths = None if out.beam_indices is None else run.array(out.beam_indices)
        sequences = run.array(out.sequences)
        looks = self.looks([pieces[row] for row in rows], sequences) if self.words else None
        for index, row in enumerate(rows):
            tokens = segments.stripped(sequences[index, ids.shape[1] :], c)
            path = np.full(len(scores), index) if paths is None else np.maximum(paths[index], 0)
            chosen = scores[np.arange(len(path)), path]
            good, skipped = self.judge(tokens, chosen, temperature, silence.get(row))
            tokens = tokens[:-1] if len(tokens) and tokens[-1] in c.eos else tokens
            times = self.times(looks[index], row)[ids.shape[1] :] if self.words else None
            yield row, segments.Said(tokens, times, skipped), good

    def judge(self, tokens, scores, temperature, silence):
        """Whether tokens (T,), by their scores (T, V), are good enough, and whether there is nothing to be written at all."""
        wanted, good, likely = self.wanted, True, math.inf
        if wanted.compression_ratio_threshold is not None:
            good = segments.compression(tokens, self.model.config.vocab_size) <= wanted.compression_ratio_threshold
        if wanted.logprob_threshold is not None:
            likely = segments.mean_log(tokens, scores, temperature)
            good = good and not likely < wanted.logprob_threshold
        if silence is not None and likely < wanted.logprob_threshold and silence > wanted.no_speech_threshold:
            return True, True
        return good, False

    def silence(self, pieces, prompts):
        """How likely it is that nobody speaks in each piece; nothing unless that is asked for."""
        if self.wanted.no_speech_threshold is None:
            return {}
        run, found = programs.Programs(self.model, self.options.get("compiled")), {}
        for rows in segments.alike(list(pieces), prompts):
            place = len(prompts[rows[0]]) - self.begin.shape[1]
            ids = np.stack([prompts[row][: place + 1] for row in rows]).astype(np.int32)
            with run.running():
                sound = run.tensor(np.stack([pieces[row] for row in rows]))
                chances = run.array(run(first_chances)((), sound, run.tensor(ids)))
            found |= dict(zip(rows, chances[:, self.first_time - 2].tolist(), strict=True))
        return found

    def looks(self, pieces, sequences):
        """Where the decoder looked in each piece when it read each token of what was written but the last: (B, H, T, E)."""
        run, length = programs.Programs(self.model, self.options.get("compiled")), sequences.shape[1] - 1
        room = min(reading.bucket(length), self.model.config.max_target_positions) if run.compiles else length
        ids = np.pad(sequences[:, :length], [(0, 0), (0, room - length)]).astype(np.int32)
        heads = tuple(map(tuple, self.c.source["alignment_heads"]))
        with run.running():
            found = run(looked, heads)((), run.tensor(np.stack(pieces)), run.tensor(ids))
            return np.stack([run.array(head)[:, :length] for head in found], 1)

    def times(self, weights, row):
        """The second at which each token begins, since the segment's start, by where heads looked (H, T, E): (T + 1,)."""
        frames = self.wanted.num_frames
        if frames is not None:
            weights = weights[..., : int(frames if np.ndim(frames) == 0 else frames[row]) // segments.STRIDE]
        return alignment.token_times(weights, getattr(self.model.config, "median_filter_width", 7))


def first_chances(model, _, sound, ids):
    """The chances (B, V) of what follows ids (B, T) about a sound. A program."""
    out = model.body(decoder_input_ids=ids, encoder_outputs=model.encode(sound))
    return ops.softmax(ops.cast(model.unembed(out.last_hidden_state[:, -1:])[:, 0], "float32"), -1)


def looked(model, heads, _, sound, ids):
    """Where heads (layer, head) looked in a sound, reading ids (B, T): for each (B, T, E). A program."""
    out = model.body(decoder_input_ids=ids, encoder_outputs=model.encode(sound), output_attentions=True)
    return tuple(out.cross_attentions[layer][:, head] for layer, head in heads)


def check(c, wanted, long, mask, batch, timed, words):
    """Raises InputError where what is asked for contradicts itself, or the checkpoint lacks what it takes."""
    if long and wanted.return_timestamps is False:
        raise InputError("longer sounds than one segment are followed by their times", key="return_timestamps")
    if long and mask is None and batch > 1:
        raise InputError("several long sounds need to be told where each ends", key="attention_mask")
    if timed and c.source.get("no_timestamps_token_id") is None:
        why = "generation_config.json does not say which tokens are times"
        raise InputError(why, key="no_timestamps_token_id")
    if words and not c.source.get("alignment_heads"):
        raise InputError("generation_config.json does not say which heads follow the sound", key="alignment_heads")
    if c.num_return_sequences > 1:
        raise InputError("segments follow one text for each sound", key="num_return_sequences")
    if wanted.prompt_condition_type not in (None, "first-segment", "all-segments"):
        raise InputError('is "first-segment" or "all-segments"', key="prompt_condition_type")
    if wanted.prompt_condition_type == "all-segments" and not wanted.condition_on_prev_tokens:
        raise InputError('"all-segments" needs condition_on_prev_tokens', key="prompt_condition_type")
    if wanted.no_speech_threshold is not None and wanted.logprob_threshold is None:
        raise InputError("no_speech_threshold needs a logprob_threshold", key="no_speech_threshold")


def transcribe(model, c, wanted, inputs, mask, spoken, options):
    """The tokens (B, T) of whole sounds; with their segments, and tokens' times, if asked for a GenerateOutput."""
    run = programs.Programs(model, False)
    features = run.array(inputs)
    if wanted.prompt_ids is not None:
        wanted.prompt_ids = np.asarray(run.array(wanted.prompt_ids), np.int64)
    listener = Listener(model, c, wanted, features, None if mask is None else run.array(mask), spoken, options)
    found = listener.run()
    sequences = segments.filled([[one["tokens"] for one in row] for row in found], c.pad)
    sequences = run.tensor(sequences.astype(np.int64))
    if not (wanted.return_segments or listener.words or c.return_dict_in_generate):
        return sequences
    times = None
    if listener.words:
        times = segments.filled([[one["token_timestamps"][: len(one["tokens"])] for one in row] for row in found], None)
        times = run.tensor(times.astype(np.float32))
    return GenerateOutput(sequences, segments=tuple(tuple(row) for row in found), token_timestamps=times)
