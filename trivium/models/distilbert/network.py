"""DistilBERT: BERT at half the depth, distilled from it; it has no token types and no pooler.

Sanh and others, arXiv:1910.01108. Checkpoint: distilbert/distilbert-base-uncased.
Letters: B batch, C choices, T tokens, D width, N heads, H head width, V vocabulary, L labels.
"""

from trivium.core.init import Sinusoids
from trivium.core.outputs import BaseModelOutput
from trivium.models.distilbert.config import DistilBertConfig as Config

from .. import heads, masks, multihead, nn, ops

EPS = 1e-12  # of every norm; the config has no field for it


class Embeddings(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.word_embeddings = nn.Embedding(c.vocab_size, c.dim)
        first = Sinusoids() if c.sinusoidal_pos_embds else None
        self.position_embeddings = nn.Embedding(c.max_position_embeddings, c.dim, init=first)
        self.LayerNorm = nn.LayerNorm(c.dim, eps=EPS)
        self.dropout = nn.Dropout(c.dropout)

    def forward(self, x):  # (B, T, D) -> (B, T, D)
        positions = ops.arange(ops.shape(x)[1], like=x)[None]
        return self.dropout(self.LayerNorm(x + self.position_embeddings(positions)))


class Attention(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.q_lin = nn.Linear(c.dim, c.dim)
        self.k_lin = nn.Linear(c.dim, c.dim)
        self.v_lin = nn.Linear(c.dim, c.dim)
        self.out_lin = nn.Linear(c.dim, c.dim)
        self.dropout = nn.Dropout(c.attention_dropout)
        self.heads, self.scale = c.n_heads, (c.dim // c.n_heads) ** -0.5

    def forward(self, x, mask, attentions):  # (B, T, D), (B, 1, 1, T) -> (B, T, D), weights
        q, k, v = (multihead.split(y, self.heads) for y in (self.q_lin(x), self.k_lin(x), self.v_lin(x)))  # (B, T, N, H)
        x, weights = ops.attention(q, k, v, mask, scale=self.scale, dropout=self.dropout, weights=attentions)
        return self.out_lin(multihead.merge(x)), weights


class FFN(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.lin1 = nn.Linear(c.dim, c.hidden_dim)
        self.lin2 = nn.Linear(c.hidden_dim, c.dim)
        self.dropout = nn.Dropout(c.dropout)
        self.activation = ops.activation(c.activation)

    def forward(self, x):  # (B, T, D) -> (B, T, D)
        return self.dropout(self.lin2(self.activation(self.lin1(x))))


class Layer(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.attention = Attention(c)
        self.sa_layer_norm = nn.LayerNorm(c.dim, eps=EPS)
        self.ffn = FFN(c)
        self.output_layer_norm = nn.LayerNorm(c.dim, eps=EPS)

    def forward(self, x, mask, cache=None, attentions=False):  # (B, T, D) -> (B, T, D)
        y, weights = self.attention(x, mask, attentions)
        x = self.sa_layer_norm(y + x)
        return self.output_layer_norm(self.ffn(x) + x), {"attentions": weights}


class Transformer(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.layer = nn.Layers(Layer(c) for _ in range(c.n_layers))

    def forward(self, x, *shared, **options):
        return self.layer(x, *shared, **options)


class DistilBertModel(nn.Model):
    """DistilBERT without a head.

    Inputs: input_ids (B, T) or inputs_embeds (B, T, D); attention_mask (B, T), 0 hides.
    """

    config_class = Config
    body_prefix = "distilbert"
    input_embedding = "embeddings.word_embeddings"

    def __init__(self, c: Config):
        super().__init__(c)
        self.embeddings = Embeddings(c)
        self.transformer = Transformer(c)

    def forward(
        self, input_ids=None, attention_mask=None, inputs_embeds=None, output_attentions=None, output_hidden_states=None
    ):
        c = self.config
        x = heads.embed(self.embeddings.word_embeddings, input_ids, inputs_embeds)  # (B, T, D)
        x, kept = self.transformer(
            self.embeddings(x),
            masks.padding(attention_mask),
            attentions=c.output_attentions if output_attentions is None else output_attentions,
            hidden_states=c.output_hidden_states if output_hidden_states is None else output_hidden_states,
        )
        return BaseModelOutput(x, **kept)


class DistilBertForMaskedLM(heads.MaskedLM, body=DistilBertModel):
    """DistilBERT that predicts masked tokens."""

    optional = ("vocab_transform", "vocab_layer_norm", "vocab_projector")
    output_embedding = "vocab_projector"

    def __init__(self, c: Config):
        super().__init__(c)
        self.vocab_transform = nn.Linear(c.dim, c.dim)
        self.vocab_layer_norm = nn.LayerNorm(c.dim, eps=EPS)
        self.vocab_projector = nn.Unembedding(c.dim, c.vocab_size, tied=c.tie_word_embeddings, bias=True)
        self.activation = ops.activation(c.activation)

    def unembed(self, x):  # (B, T, D) -> (B, T, V)
        x = self.vocab_layer_norm(self.activation(self.vocab_transform(x)))
        return self.vocab_projector(x, self.get_input_embeddings())


class FirstToken(heads.Head):
    """What the classes that judge by the first token share."""

    optional = ("pre_classifier", "classifier")

    def __init__(self, c: Config):
        super().__init__(c)
        self.pre_classifier = nn.Linear(c.dim, c.dim)
        self.classifier = nn.Linear(c.dim, self.count(c))
        self.dropout = nn.Dropout(c.seq_classif_dropout)

    def classify(self, out):  # (B, T, D) -> (B, L)
        return self.classifier(self.dropout(ops.relu(self.pre_classifier(out.last_hidden_state[:, 0]))))


class DistilBertForSequenceClassification(FirstToken, heads.SequenceClassification, body=DistilBertModel):
    """DistilBERT that classifies a text or a pair of texts."""

    @staticmethod
    def count(c: Config):
        return c.num_labels


class DistilBertForMultipleChoice(FirstToken, heads.Choice, body=DistilBertModel):
    """DistilBERT that chooses among several continuations."""

    @staticmethod
    def count(c: Config):
        return 1

    def judge(self, out):  # (B C, T, D) -> (B C, 1)
        return self.classify(out)


class DistilBertForTokenClassification(heads.TokenClassification, body=DistilBertModel):
    """DistilBERT that classifies each token."""

    @staticmethod
    def dropout_rate(c: Config):
        return c.dropout


class DistilBertForQuestionAnswering(heads.QuestionAnswering, body=DistilBertModel):
    """DistilBERT that finds the answer to a question in a text."""

    def __init__(self, c: Config):
        super().__init__(c)
        self.dropout = nn.Dropout(c.qa_dropout)

    def locate(self, x):  # (B, T, D) -> (B, T, 2)
        return self.qa_outputs(self.dropout(x))
