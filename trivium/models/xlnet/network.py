"""XLNet: predicts tokens in permuted orders, with a memory of what came before and a second stream that sees no content.

Yang and others, arXiv:1906.08237; Dai and others (Transformer-XL), arXiv:1901.02860. Checkpoint: xlnet/xlnet-base-cased.
Letters: B batch, C choices, T tokens, M tokens in memory, S = M + T, P tokens to predict, R relative positions, D width,
N heads, H head width, V vocabulary, L labels; h the stream with content, g the one without.
"""

from trivium.core.outputs import AnswersOutput, MemoryModelOutput
from trivium.models.xlnet.config import XLNetConfig as Config

from .. import answers, heads, nn, ops, permuted


class RelativeAttention(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        width = c.d_model // c.n_head
        self.q = nn.Parameter((c.d_model, c.n_head, width))
        self.k = nn.Parameter((c.d_model, c.n_head, width))
        self.v = nn.Parameter((c.d_model, c.n_head, width))
        self.o = nn.Parameter((c.d_model, c.n_head, width))
        self.r = nn.Parameter((c.d_model, c.n_head, width))
        self.r_r_bias = nn.Parameter((c.n_head, width))
        self.r_s_bias = nn.Parameter((c.n_head, width))
        self.r_w_bias = nn.Parameter((c.n_head, width))
        self.seg_embed = nn.Parameter((2, c.n_head, width))
        self.layer_norm = nn.LayerNorm(c.d_model, eps=c.layer_norm_eps)
        self.dropout = nn.Dropout(c.dropout)
        self.scale = width**-0.5

    def forward(self, h, g, memory, places, h_mask, g_mask, differs, mapping, attentions):  # -> h, g, weights of each
        seen = h if memory is None else ops.concat([memory, h], 1)  # (B, S, D)
        keys = [ops.einsum("bsd,dnh->bsnh", seen, w) for w in (self.k, self.v)]
        keys.append(ops.einsum("rd,dnh->rnh", places, self.r))
        q = ops.einsum("btd,dnh->btnh", h, self.q)
        y, weights = self.look(q, *keys, h_mask, differs, attentions)
        if g is None:
            return self.add(y, h), None, weights
        q = ops.einsum("bpnh,bpt->btnh", ops.einsum("bpd,dnh->bpnh", g, self.q), mapping)  # each in its token's place
        z, g_weights = self.look(q, *keys, g_mask, differs, attentions)
        z = ops.einsum("btnh,bpt->bpnh", z, mapping)
        return self.add(y, h), self.add(z, g), (weights, g_weights) if attentions else None

    def look(self, q, k, v, r, mask, differs, attentions):  # (B, T, N, H) -> the same, (B, N, T, S)
        bias = shift(ops.einsum("btnh,rnh->bntr", q + self.r_r_bias, r), ops.shape(k)[1])  # (B, N, T, S)
        if differs is not None:
            segments = ops.einsum("btnh,snh->bnts", q + self.r_s_bias, self.seg_embed)  # (B, N, T, 2)
            bias = bias + ops.where(differs[:, None], segments[..., 1:], segments[..., :1])
        return ops.attention(
            q + self.r_w_bias, k, v, mask, bias=bias * self.scale, scale=self.scale, dropout=self.dropout, weights=attentions
        )

    def add(self, y, x):  # (B, T, N, H), (B, T, D) -> (B, T, D)
        return self.layer_norm(self.dropout(ops.einsum("btnh,dnh->btd", y, self.o)) + x)


def with_memory(hidden, seen, x):  # (B, 1 or T, T or S), for x (B, T, D) -> (B, 1 or T, S): memory is visible unless it says
    width, tokens = ops.shape(hidden)[2], ops.shape(x)[1]
    if isinstance(width, int) and isinstance(tokens, int) and width == seen + tokens:
        return hidden
    return ops.concat([ops.zeros((*ops.shape(hidden)[:2], seen), like=hidden), hidden], 2)


def shift(x, keys):  # (B, N, T, R) -> (B, N, T, S): what query t has at place T - t + s goes to s
    batch, n, tokens, places = ops.shape(x)
    x = ops.reshape(x, (batch, n, places, tokens))[:, :, 1:]
    return ops.reshape(x, (batch, n, tokens, places - 1))[..., :keys]


class FeedForward(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.layer_norm = nn.LayerNorm(c.d_model, eps=c.layer_norm_eps)
        self.layer_1 = nn.Linear(c.d_model, c.d_inner)
        self.layer_2 = nn.Linear(c.d_inner, c.d_model)
        self.dropout = nn.Dropout(c.dropout)
        self.activation = ops.activation(c.ff_activation)

    def forward(self, x):  # (B, T, D) -> (B, T, D)
        y = self.layer_2(self.dropout(self.activation(self.layer_1(x))))
        return self.layer_norm(self.dropout(y) + x)


class Layer(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.rel_attn = RelativeAttention(c)
        self.ff = FeedForward(c)

    def forward(self, h, g, *shared):  # (B, T, D), (B, P, D) or None -> the same, weights
        h, g, weights = self.rel_attn(h, g, *shared)
        return self.ff(h), None if g is None else self.ff(g), weights


class XLNetModel(nn.Model):
    """XLNet without a head.

    Inputs: input_ids (B, T) or inputs_embeds (B, T, D); attention_mask (B, T), or (B, S) with the memory's, 0 hides, or
    input_mask, 1 hides; mems, what an earlier call returned, a tensor (M, B, D) for each layer; perm_mask (B, T, T), 1 hides
    the second token from the first; target_mapping (B, P, T), 1 where the token is to be predicted, and then the output is
    (B, P, D) from the stream without content; token_type_ids (B, T). mems are returned unless use_mems, by default the config's
    use_mems_eval, is false.
    """

    config_class = Config
    body_prefix = "transformer"
    input_embedding = "word_embedding"

    def __init__(self, c: Config):
        super().__init__(c)
        self.word_embedding = nn.Embedding(c.vocab_size, c.d_model)
        self.mask_emb = nn.Parameter((1, 1, c.d_model))
        self.layer = nn.Layers(Layer(c) for _ in range(c.n_layer))
        self.dropout = nn.Dropout(c.dropout)

    def forward(
        self, input_ids=None, attention_mask=None, mems=None, perm_mask=None, target_mapping=None, token_type_ids=None,
        input_mask=None, inputs_embeds=None, use_mems=None, output_attentions=None, output_hidden_states=None,
    ):  # fmt: skip
        c = self.config
        attentions = c.output_attentions if output_attentions is None else output_attentions
        h = heads.embed(self.word_embedding, input_ids, inputs_embeds)  # (B, T, D)
        batch, tokens, width = ops.shape(h)
        memories = [None] * c.n_layer if mems is None else [ops.transpose(mems[i], (1, 0, 2)) for i in range(c.n_layer)]
        seen = 0 if mems is None else ops.shape(mems[0])[0]
        hidden = self.hidden(h, seen, attention_mask, input_mask, perm_mask)  # (B or 1, 1 or T, S)
        own = ops.arange(seen + tokens, like=h) == (ops.arange(tokens, like=h) + seen)[:, None]
        g_mask = None if hidden is None else ~hidden[:, None]
        h_mask = None if hidden is None else g_mask | own  # who has content sees itself
        differs = None
        if token_type_ids is not None:
            types = ops.cast(token_type_ids, "int32")
            seen_types = ops.zeros((batch, seen), like=types)  # memory is of type 0
            differs = types[:, :, None] != ops.concat([seen_types, types], 1)[:, None]  # (B, T, S)
        places = self.dropout(self.places(h, seen + tokens))  # (R, D)
        g = None
        if target_mapping is not None:
            target_mapping = ops.cast_like(target_mapping, h)
            g = self.dropout(ops.broadcast_to(self.mask_emb, (batch, ops.shape(target_mapping)[1], width)))
        h = self.dropout(h)
        kept, states, weights = (), (), ()
        for layer, memory in zip(self.layer, memories, strict=True):
            kept += (self.remember(h, memory),)
            states += (h,) if g is None else (h, g)
            h, g, found = layer(h, g, memory, places, h_mask, g_mask, differs, target_mapping, attentions)
            weights += (found,)
        states += (h,) if g is None else (h, g)
        return MemoryModelOutput(
            self.dropout(h if g is None else g),
            kept if (c.use_mems_eval if use_mems is None else use_mems) else None,
            states if (c.output_hidden_states if output_hidden_states is None else output_hidden_states) else None,
            weights if attentions else None,
        )

    def hidden(self, x, seen, attention_mask, input_mask, perm_mask):  # -> True where hidden (B or 1, 1 or T, S), or None
        c, found = self.config, None
        if attention_mask is not None:
            found = with_memory(~ops.cast(attention_mask, "bool")[:, None], seen, x)
        elif input_mask is not None:
            found = with_memory(ops.cast(input_mask, "bool")[:, None], seen, x)
        if perm_mask is not None:
            permuted = with_memory(ops.cast(perm_mask, "bool"), seen, x)
            found = permuted if found is None else permuted | found
        if c.attn_type == "uni":
            tokens = ops.shape(x)[1]
            queries, keys = ops.arange(tokens, like=x)[:, None], ops.arange(seen + tokens, like=x)
            later = keys > queries + seen
            later = (later | (keys < queries))[None] if c.same_length else later[None]  # each sees as many
            found = later if found is None else found | later
        return found

    def places(self, x, keys):
        """Sines and cosines of all distances between a token of x (B, T, D) and `keys`, from `keys` down: (R, D)."""
        c = self.config
        count = keys + (ops.shape(x)[1] if c.attn_type == "bi" else 1)
        distances = ops.cast(keys - ops.arange(count, like=x), "float32")
        if c.clamp_len > 0:
            distances = ops.minimum(ops.maximum(distances, -float(c.clamp_len)), float(c.clamp_len))
        angles = distances[:, None] * ops.constant([10000 ** (-i / c.d_model) for i in range(0, c.d_model, 2)], like=x)
        return ops.cast_like(ops.concat([ops.sin(angles), ops.cos(angles)], -1), x)

    def remember(self, h, memory):  # (B, T, D), (B, M, D) or None -> (M', B, D)
        c = self.config
        h = h[:, : c.reuse_len] if c.reuse_len else h
        h = h if memory is None else ops.concat([memory, h], 1)
        return ops.transpose(h[:, -c.mem_len :] if c.mem_len else h, (1, 0, 2))


class XLNetLMHeadModel(permuted.Writing, heads.MaskedLM, body=XLNetModel):
    """XLNet that predicts the tokens that target_mapping chooses, or the next. Labels: (B, P), -100 for none.

    With past_key_values, from `init_cache`, it predicts what follows input_ids (B, T), as `permuted` has it.
    """

    optional = ("lm_loss",)
    output_embedding = "lm_loss"

    def __init__(self, c: Config):
        super().__init__(c)
        self.lm_loss = nn.Unembedding(c.d_model, c.vocab_size, tied=c.tie_word_embeddings, bias=True)

    def unembed(self, x):  # (B, P, D) -> (B, P, V)
        return self.lm_loss(x, self.get_input_embeddings())


class Summary(nn.Module):
    """The last token, transformed."""

    def __init__(self, c: Config):
        super().__init__()
        self.summary = nn.Linear(c.d_model, c.d_model)
        self.dropout = nn.Dropout(c.summary_last_dropout)
        self.activation = ops.activation(c.summary_activation) if c.summary_activation else None

    def forward(self, x):  # (B, T, D) -> (B, D)
        x = self.summary(x[:, -1])
        return self.dropout(x if self.activation is None else self.activation(x))


class Summarising(heads.Head):
    """What the classes that judge a whole text share."""

    optional = ("sequence_summary", "logits_proj")

    def __init__(self, c: Config):
        super().__init__(c)
        self.sequence_summary = Summary(c)
        self.logits_proj = nn.Linear(c.d_model, self.count(c))

    def classify(self, out):  # (B, T, D) -> (B, L)
        return self.logits_proj(self.sequence_summary(out.last_hidden_state))


class XLNetForSequenceClassification(Summarising, heads.SequenceClassification, body=XLNetModel):
    """XLNet that classifies a text or a pair of texts."""

    @staticmethod
    def count(c: Config):
        return c.num_labels


class XLNetForMultipleChoice(Summarising, heads.Choice, body=XLNetModel):
    """XLNet that chooses among several continuations."""

    @staticmethod
    def count(c: Config):
        return 1

    def judge(self, out):  # (B C, T, D) -> (B C, 1)
        return self.classify(out)


class XLNetForTokenClassification(heads.TokenClassification, body=XLNetModel):
    """XLNet that classifies each token."""

    @staticmethod
    def dropout_rate(c: Config):
        return 0.0


class XLNetForQuestionAnsweringSimple(heads.QuestionAnswering, body=XLNetModel):
    """XLNet that finds the answer to a question in a text."""


class XLNetForQuestionAnswering(heads.Head, body=XLNetModel):
    """XLNet that finds the likeliest answers to a question, or tells that there is none.

    p_mask (B, T): 1 where no answer can be; cls_index (B,): the token that tells whether there is one, the last if None.
    With start_positions and end_positions (B,), and is_impossible (B,), there is a loss; without, see `answers.beam`.
    """

    optional = ("start_logits", "end_logits", "answer_class")

    def __init__(self, c: Config):
        super().__init__(c)
        self.start_logits = answers.StartLogits(c)
        self.end_logits = answers.EndLogits(c)
        self.answer_class = answers.AnswerClass(c)

    def forward(
        self, *inputs, start_positions=None, end_positions=None, is_impossible=None, cls_index=None, p_mask=None, **options
    ):
        out = self.body(*inputs, **options)
        x, c, parts = out.last_hidden_state, self.config, (self.start_logits, self.end_logits, self.answer_class)
        if start_positions is not None and end_positions is not None:
            found = [answers.loss(parts, x, start_positions, end_positions, is_impossible, cls_index, p_mask)]
        else:
            found = [None, *answers.beam(parts, x, c.start_n_top, c.end_n_top, cls_index, p_mask)]
        return AnswersOutput(*found, **heads.kept(out))
