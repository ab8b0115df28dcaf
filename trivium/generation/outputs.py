"""What `generate` returns if it is asked for more than tokens; the names are those of Transformers."""

from __future__ import annotations

from trivium.core.outputs import ModelOutput, Tensor


class GenerateOutput(ModelOutput):
    """Texts, and how they came about.

    Attributes:
        sequences: (B R, T), prompts and continuations, R for each prompt.
        sequences_scores: (B R,), of beam search: the sum of the logarithms of the chances over length ** length_penalty.
        scores: For each token generated, what it was chosen by, (B K, V) for K beams.
        logits: The same before processing.
        beam_indices: (B R, N), of beam search: from which of the B K beams each token came, -1 after the end.
        past_key_values: The cache, which has seen all but the last token: for the next turn, with the longer prompt.
        hidden_states, attentions, cross_attentions: For each token generated, of each layer: (B R, T, D), (B R, N, T, S),
            (B R, N, T, E); the first of the whole prompt, and the others of one token. S are the tokens up to then. Of a beam
            search the rows are the B K beams that were read then: `beam_indices` says which of them a text came by.
        decoder_hidden_states, decoder_attentions: The same, where there is an encoder.
        segments: Of each sound: its segments, {"start": seconds, "end": seconds, "tokens": (T,)}.
        token_timestamps: (B, T), the second at which each token of a sound begins.
        encoder_hidden_states, encoder_attentions: Of each layer: (B, E, D), (B, N, E, E), each text at the start of its row.
    """

    sequences: Tensor = None
    sequences_scores: Tensor = None
    scores: tuple[Tensor, ...] | None = None
    logits: tuple[Tensor, ...] | None = None
    beam_indices: Tensor = None
    past_key_values: tuple | None = None
    hidden_states: tuple[tuple[Tensor, ...], ...] | None = None
    attentions: tuple[tuple[Tensor, ...], ...] | None = None
    cross_attentions: tuple[tuple[Tensor, ...], ...] | None = None
    decoder_hidden_states: tuple[tuple[Tensor, ...], ...] | None = None
    decoder_attentions: tuple[tuple[Tensor, ...], ...] | None = None
    encoder_hidden_states: tuple[Tensor, ...] | None = None
    encoder_attentions: tuple[Tensor, ...] | None = None
    segments: tuple[tuple[dict, ...], ...] | None = None
    token_timestamps: Tensor = None
