"""Answers to questions found by beam: the likeliest starts, the likeliest ends for each, and whether there is an answer.

Yang and others, arXiv:1906.08237, for SQuAD 2. A network keeps the three parts under names of its own.
Letters: B batch, T tokens, D width, K starts, E ends for each.
"""

from . import nn, ops


class StartLogits(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.dense = nn.Linear(c.hidden_size, 1)

    def forward(self, x):  # (B, T, D) -> (B, T)
        return self.dense(x)[..., 0]


class EndLogits(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.dense_0 = nn.Linear(2 * c.hidden_size, c.hidden_size)
        self.LayerNorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.dense_1 = nn.Linear(c.hidden_size, 1)

    def forward(self, x, start):  # (B, T, D), (B, K, D) -> (B, T, K): an end for each of K starts
        batch, tokens, width = ops.shape(x)
        shape = (batch, tokens, ops.shape(start)[1], width)
        pair = ops.concat([ops.broadcast_to(x[:, :, None], shape), ops.broadcast_to(start[:, None], shape)], -1)
        return self.dense_1(self.LayerNorm(ops.tanh(self.dense_0(pair))))[..., 0]


class AnswerClass(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.dense_0 = nn.Linear(2 * c.hidden_size, c.hidden_size)
        self.dense_1 = nn.Linear(c.hidden_size, 1, bias=False)

    def forward(self, x, start, index):  # (B, T, D), (B, D), (B,) or None -> (B,)
        token = x[:, -1] if index is None else ops.take_rows(x, index)
        return self.dense_1(ops.tanh(self.dense_0(ops.concat([start, token], -1))))[..., 0]


def loss(parts, x, start_positions, end_positions, is_impossible, cls_index, p_mask):  # x (B, T, D) -> ()
    """Of the right start and end, and half of that of there being none, if that is given."""
    start, end, answer_class = parts
    state = ops.take_rows(x, start_positions)  # (B, D)
    ends = exclude(end(x, state[:, None])[..., 0], p_mask)  # (B, T)
    found = ops.cross_entropy(exclude(start(x), p_mask), start_positions)
    found = (found + ops.cross_entropy(ends, end_positions)) / 2
    if cls_index is not None and is_impossible is not None:
        none = answer_class(x, state, cls_index)
        found = found + ops.binary_cross_entropy(none, ops.cast_like(is_impossible, none)) / 2
    return found


def beam(parts, x, starts, ends, cls_index, p_mask):  # x (B, T, D) -> two of (B, K), two of (B, E K), (B,)
    """Chances and places of the `starts` likeliest starts and the `ends` likeliest ends for each; logits of no answer."""
    start, end, answer_class = parts
    chances = ops.softmax(exclude(start(x), p_mask), -1)  # (B, T)
    first = ops.argsort(-chances, -1)[:, :starts]  # (B, K)
    chosen = ops.cast_like(first[..., None] == ops.arange(ops.shape(x)[1], like=x), x)  # (B, K, T)
    logits = end(x, ops.einsum("bkt,btd->bkd", chosen, x))  # (B, T, K)
    end_chances = ops.softmax(exclude(logits, None if p_mask is None else p_mask[:, :, None]), 1)
    last = ops.argsort(-end_chances, 1)[:, :ends]  # (B, E, K)
    flat = (-1, starts * ends)
    last_chances = ops.reshape(ops.take_along(end_chances, last, 1), flat)
    none = answer_class(x, ops.einsum("bt,btd->bd", chances, x), cls_index)
    return ops.take_along(chances, first, -1), first, last_chances, ops.reshape(last, flat), none


def exclude(logits, p_mask):
    """Logits as good as none where p_mask says that no answer can be."""
    return logits if p_mask is None else ops.where(ops.cast(p_mask, "bool"), logits * 0 - 1e30, logits)
