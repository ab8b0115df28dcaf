"""MPNet: an encoder of text with a bias for the distance between tokens, trained to predict tokens in permuted order.

Song and others, arXiv:2004.09297. Checkpoint: microsoft/mpnet-base, sentence-transformers/all-mpnet-base-v2.
Letters: B batch, T tokens, D width, N heads, H head width, V vocabulary.
"""

from trivium.core.init import ZEROS
from trivium.core.outputs import BaseModelOutputWithPooling
from trivium.models.mpnet.config import MPNetConfig as Config

from .. import buckets, heads, masks, multihead, nn, ops
from ..bert import network as bert

PAD = 1  # whatever pad_token_id says
REACH = 128


class Embeddings(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.word_embeddings = nn.Embedding(c.vocab_size, c.hidden_size)
        self.position_embeddings = nn.Embedding(c.max_position_embeddings, c.hidden_size)
        self.LayerNorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.dropout = nn.Dropout(c.hidden_dropout_prob)

    def forward(self, x, positions):  # (B, T, D), (B or 1, T) -> (B, T, D)
        return self.dropout(self.LayerNorm(x + self.position_embeddings(positions)))


class SelfAttention(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.q = nn.Linear(c.hidden_size, c.hidden_size)
        self.k = nn.Linear(c.hidden_size, c.hidden_size)
        self.v = nn.Linear(c.hidden_size, c.hidden_size)
        self.o = nn.Linear(c.hidden_size, c.hidden_size)
        self.dropout = nn.Dropout(c.attention_probs_dropout_prob)
        self.heads, self.scale = c.num_attention_heads, (c.hidden_size // c.num_attention_heads) ** -0.5

    def forward(self, x, mask, bias, attentions):  # (B, T, D), (B, 1, 1, T), (1, N, T, T) -> (B, T, D), weights
        q, k, v = (multihead.split(y, self.heads) for y in (self.q(x), self.k(x), self.v(x)))  # (B, T, N, H)
        x, weights = ops.attention(q, k, v, mask, bias=bias, scale=self.scale, dropout=self.dropout, weights=attentions)
        return self.o(multihead.merge(x)), weights


class Attention(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.attn = SelfAttention(c)
        self.LayerNorm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.dropout = nn.Dropout(c.hidden_dropout_prob)

    def forward(self, x, mask, bias, attentions):  # the same
        y, weights = self.attn(x, mask, bias, attentions)
        return self.LayerNorm(self.dropout(y) + x), weights


class Layer(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.attention = Attention(c)
        self.intermediate = bert.Intermediate(c)
        self.output = bert.AddNorm(c.intermediate_size, c)

    def forward(self, x, mask, bias, cache=None, attentions=False):  # (B, T, D) -> (B, T, D)
        x, weights = self.attention(x, mask, bias, attentions)
        return self.output(self.intermediate(x), x), {"attentions": weights}


class Encoder(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.layer = nn.Layers(Layer(c) for _ in range(c.num_hidden_layers))
        self.relative_attention_bias = nn.Embedding(c.relative_attention_num_buckets, c.num_attention_heads)
        self.starts = buckets.starts(c.relative_attention_num_buckets, REACH, both=True)

    def forward(self, x, mask, **options):  # (B, T, D), (B, 1, 1, T) -> (B, T, D)
        places = buckets.relative(x, ops.shape(x)[1], self.starts, both=True)  # (T, T)
        bias = ops.transpose(self.relative_attention_bias(places), (2, 0, 1))[None]  # (1, N, T, T)
        return self.layer(x, mask, bias, **options)


class MPNetModel(nn.Model):
    """MPNet without a head.

    Inputs: input_ids (B, T) or inputs_embeds (B, T, D); attention_mask (B, T), 0 hides; position_ids (B, T), which begin at 2,
    and padding's (token 1) is 1.
    """

    config_class = Config
    body_prefix = "mpnet"
    input_embedding = "embeddings.word_embeddings"
    optional = ("pooler",)

    def __init__(self, c: Config, add_pooling_layer: bool = True):
        super().__init__(c)
        self.embeddings = Embeddings(c)
        self.encoder = Encoder(c)
        if add_pooling_layer:
            self.pooler = bert.Pooler(c)
        self.pools = add_pooling_layer

    def forward(
        self,
        input_ids=None,
        attention_mask=None,
        position_ids=None,
        inputs_embeds=None,
        output_attentions=None,
        output_hidden_states=None,
    ):
        c = self.config
        x = heads.embed(self.embeddings.word_embeddings, input_ids, inputs_embeds)  # (B, T, D)
        if position_ids is None:
            position_ids = self.positions(input_ids, x)
        x, kept = self.encoder(
            self.embeddings(x, position_ids),
            masks.padding(attention_mask),
            attentions=c.output_attentions if output_attentions is None else output_attentions,
            hidden_states=c.output_hidden_states if output_hidden_states is None else output_hidden_states,
        )
        return BaseModelOutputWithPooling(x, self.pooler(x) if self.pools else None, **kept)

    def positions(self, input_ids, x):  # (B, T) or None, (B, T, D) -> (B or 1, T)
        if input_ids is None:
            return ops.arange(ops.shape(x)[1], like=x)[None] + (PAD + 1)
        real = ops.cast(input_ids != PAD, "int32")
        return ops.cumsum(real, 1) * real + PAD


class LMHead(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.dense = nn.Linear(c.hidden_size, c.hidden_size)
        self.layer_norm = nn.LayerNorm(c.hidden_size, eps=c.layer_norm_eps)
        self.decoder = nn.Unembedding(c.hidden_size, c.vocab_size, tied=c.tie_word_embeddings)
        self.bias = nn.Parameter((c.vocab_size,), ZEROS)

    def forward(self, x, embedding):  # (B, T, D) -> (B, T, V)
        return self.decoder(self.layer_norm(ops.gelu(self.dense(x))), embedding, self.bias)  # gelu whatever hidden_act says


class MPNetForMaskedLM(heads.MaskedLM, body=MPNetModel):
    """MPNet that predicts masked tokens."""

    body_options = {"add_pooling_layer": False}
    optional = ("lm_head",)
    output_embedding = "lm_head.decoder"
    other_ties = {"lm_head.decoder.bias": "lm_head.bias"}

    def __init__(self, c: Config):
        super().__init__(c)
        self.lm_head = LMHead(c)

    def unembed(self, x):  # (B, T, D) -> (B, T, V)
        return self.lm_head(x, self.get_input_embeddings())


class Classifying(heads.Head):
    """What the classes that classify share."""

    @staticmethod
    def dropout_rate(c: Config):
        return c.hidden_dropout_prob


class MPNetForSequenceClassification(Classifying, heads.FirstTokenClassification, body=MPNetModel):
    """MPNet that classifies a text or a pair of texts."""

    body_options = {"add_pooling_layer": False}


class MPNetForMultipleChoice(Classifying, heads.MultipleChoice, body=MPNetModel):
    """MPNet that chooses among several continuations."""


class MPNetForTokenClassification(Classifying, heads.TokenClassification, body=MPNetModel):
    """MPNet that classifies each token."""

    body_options = {"add_pooling_layer": False}


class MPNetForQuestionAnswering(heads.QuestionAnswering, body=MPNetModel):
    """MPNet that finds the answer to a question in a text."""

    body_options = {"add_pooling_layer": False}
