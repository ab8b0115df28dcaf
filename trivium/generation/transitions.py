"""By what scores tokens were chosen. Letters: B batch, R texts for each prompt, K beams, N new tokens, V vocabulary."""

import numpy as np


def chosen_by(run, sequences, scores, beam_indices, normalize):
    """The scores (B R, N) of new tokens, as the framework's tensor; arguments as of `compute_transition_scores`."""
    scores, tokens = np.stack([run.array(one) for one in scores]).astype(np.float32), run.array(sequences)  # (N, B K, V)
    if normalize:
        largest = scores.max(-1, keepdims=True)
        scores = scores - largest - np.log(np.exp(scores - largest).sum(-1, keepdims=True))
    if beam_indices is None:
        rows = np.repeat(np.arange(scores.shape[1])[:, None], len(scores), 1)
    else:
        rows = run.array(beam_indices)
    longest = int((rows >= 0).sum(1).max())
    rows, tokens = rows[:, :longest], tokens[:, tokens.shape[1] - longest :]
    found = scores[np.arange(longest)[None], np.maximum(rows, 0), tokens]
    return run.tensor(np.where(rows < 0, np.float32(0), found))
