"""LayoutLM: BERT for documents, which also sees where on the page each token stands.

Xu and others, arXiv:1912.13318. Checkpoint: microsoft/layoutlm-base-uncased. A relative of BERT.
Letters: B batch, T tokens, D width.
"""

from trivium.models.layoutlm.config import LayoutLMConfig as Config

from .. import heads, nn, ops
from ..bert import network as bert


class Embeddings(bert.Embeddings):
    def __init__(self, c: Config):
        super().__init__(c, c.hidden_size)
        self.x_position_embeddings = nn.Embedding(c.max_2d_position_embeddings, c.hidden_size)
        self.y_position_embeddings = nn.Embedding(c.max_2d_position_embeddings, c.hidden_size)
        self.h_position_embeddings = nn.Embedding(c.max_2d_position_embeddings, c.hidden_size)
        self.w_position_embeddings = nn.Embedding(c.max_2d_position_embeddings, c.hidden_size)

    def place(self, boxes):  # (B, T, 4) -> (B, T, D)
        left, top, right, bottom = (boxes[..., side] for side in range(4))  # (B, T) each
        corners = self.x_position_embeddings(left) + self.y_position_embeddings(top)
        corners = corners + self.x_position_embeddings(right) + self.y_position_embeddings(bottom)
        return corners + self.h_position_embeddings(bottom - top) + self.w_position_embeddings(right - left)


class LayoutLMModel(bert.BertModel):
    """LayoutLM without a head.

    Inputs: input_ids (B, T) or inputs_embeds (B, T, D); bbox (B, T, 4), left, top, right and bottom of each token's box on a
    page of 1000 by 1000, zeros if None; attention_mask (B, T), 0 hides; token_type_ids and position_ids (B, T).
    """

    config_class = Config
    body_prefix = "layoutlm"

    @staticmethod
    def make_embeddings(c: Config):
        return Embeddings(c)

    def forward(
        self,
        input_ids=None,
        bbox=None,
        attention_mask=None,
        token_type_ids=None,
        position_ids=None,
        inputs_embeds=None,
        output_attentions=None,
        output_hidden_states=None,
    ):
        x = heads.embed(self.embeddings.word_embeddings, input_ids, inputs_embeds)  # (B, T, D)
        if bbox is None:
            bbox = ops.cast(ops.zeros((*ops.shape(x)[:2], 4), like=x), "int32")
        return super().forward(
            attention_mask=attention_mask,
            token_type_ids=token_type_ids,
            position_ids=position_ids,
            inputs_embeds=x + self.embeddings.place(bbox),  # Unlike Bert: and the token's box
            output_attentions=output_attentions,
            output_hidden_states=output_hidden_states,
        )


class LayoutLMForMaskedLM(bert.Predicting, heads.MaskedLM, body=LayoutLMModel):
    """LayoutLM that predicts masked tokens."""

    body_options = {}  # Unlike Bert: the pooler is always there


class LayoutLMForSequenceClassification(heads.PooledClassification, body=LayoutLMModel):
    """LayoutLM that classifies a document."""


class LayoutLMForTokenClassification(heads.TokenClassification, body=LayoutLMModel):
    """LayoutLM that classifies each token: the fields of a form, say."""


class LayoutLMForQuestionAnswering(heads.QuestionAnswering, body=LayoutLMModel):
    """LayoutLM that finds the answer to a question in a document."""
