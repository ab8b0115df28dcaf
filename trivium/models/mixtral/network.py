"""Mixtral: Mistral whose tokens go through a few of many MLPs each, chosen by a router.

Jiang and others, arXiv:2401.04088. Checkpoint: mistralai/Mixtral-8x7B-v0.1.
Letters: as in `llama`; M = B T tokens, E experts, C those that a token goes through.
"""

import dataclasses

from trivium.core.outputs import ExpertsHeadOutput, ExpertsModelOutput
from trivium.models.mixtral.config import MixtralConfig as Config

from .. import heads, nn, ops
from ..llama import network as llama
from ..mistral import network as mistral


def choose(logits, count):  # (M, E) -> (M, C) the likeliest experts, (M, E) probabilities in float32
    p = ops.softmax(ops.cast(logits, "float32"), -1)
    return ops.argsort(-p, 1)[:, :count], p


def one_hot(index, count):  # (...) -> (..., E) int32
    return ops.cast(index[..., None] == ops.arange(count, like=index), "int32")


class Experts(nn.Module):
    """Each token's MLPs, and the sum of what they say, weighted by the router."""

    def __init__(self, c: Config):
        super().__init__()
        up, down = (c.hidden_size, c.intermediate_size), (c.intermediate_size, c.hidden_size)
        self.gate = nn.Linear(c.hidden_size, c.num_local_experts, bias=False)
        self.experts = nn.Experts(c.num_local_experts, {"w1": up, "w2": down, "w3": up})
        self.activation = ops.activation(c.hidden_act)
        self.count, self.chosen, self.jitter = c.num_local_experts, c.num_experts_per_tok, c.router_jitter_noise
        if self.jitter > 0:
            self.chance = nn.Chance()

    def forward(self, x):  # (B, T, D) -> (B, T, D), (M, E)
        shape = ops.shape(x)
        if self.jitter > 0 and self.chance.training:  # Fedus and others, arXiv:2101.03961, section 2.2
            x = x * ops.cast_like(1 - self.jitter + 2 * self.jitter * self.chance(shape, like=x), x)
        x = ops.reshape(x, (-1, shape[-1]))  # (M, D)
        logits = self.gate(x)
        chosen, p = choose(logits, self.chosen)  # (M, C), (M, E)
        p = ops.take_along(p, chosen, 1)
        p = p / ops.einsum("mc->m", p)[:, None]
        x = ops.reshape(ops.broadcast_to(x[:, None], (ops.shape(x)[0], self.chosen, shape[-1])), (-1, shape[-1]))  # (M C, D)
        chosen = ops.reshape(chosen, (-1,))
        order = ops.argsort(chosen, 0)  # the rows of each expert together
        x = self.through(ops.take(x, order), ops.cumsum(one_hot(chosen, self.count), 0)[-1])
        x = ops.reshape(ops.take(x, ops.argsort(order, 0)), (-1, self.chosen, shape[-1]))  # (M, C, D)
        return ops.reshape(ops.einsum("mcd,mc->md", x, ops.cast_like(p, x)), shape), logits

    def through(self, x, sizes):  # (M C, D), (E,) -> (M C, D)
        return self.experts("w2", self.activation(self.experts("w1", x, sizes)) * self.experts("w3", x, sizes), sizes)


class Layer(nn.Module):
    def __init__(self, c: Config, index: int):
        super().__init__()
        self.self_attn = llama.Attention(c, bias=False, output_bias=False)
        self.block_sparse_moe = Experts(c)  # Unlike Mistral: many MLPs.
        self.input_layernorm = self.make_norm(c)
        self.post_attention_layernorm = self.make_norm(c)

    @staticmethod
    def make_norm(c: Config):
        return nn.RMSNorm(c.hidden_size, eps=c.rms_norm_eps)

    def forward(self, x, angles, mask, cache=None, attentions=False):  # (B, T, D) -> (B, T, D)
        y, cache, weights = self.self_attn(self.input_layernorm(x), angles, mask, cache, attentions)
        x = x + y
        y, logits = self.block_sparse_moe(self.post_attention_layernorm(x))
        return x + y, {"past_key_values": cache, "attentions": weights, "router_logits": logits}


class MixtralModel(mistral.MistralModel):
    """Mixtral without a head. Inputs: as Decoder's; output_router_logits asks for the logits of the routers."""

    config_class = Config
    layer_class = Layer
    output_class = ExpertsModelOutput

    def forward(
        self,
        input_ids=None,
        attention_mask=None,
        position_ids=None,
        past_key_values=None,
        inputs_embeds=None,
        output_attentions=None,
        output_hidden_states=None,
        output_router_logits=None,
    ):
        options = {"output_attentions": output_attentions, "output_hidden_states": output_hidden_states}
        out = super().forward(input_ids, attention_mask, position_ids, past_key_values, inputs_embeds, **options)
        wanted = self.config.output_router_logits if output_router_logits is None else output_router_logits
        return out if wanted else dataclasses.replace(out, router_logits=None)


def imbalance(router_logits, attention_mask, c: Config):
    """The load balancing loss: E times the sum over experts of their share of tokens times their mean probability: -> ().

    Of all layers together, tokens that are hidden left out. Source: Fedus and others, arXiv:2101.03961, equations 4 to 6.
    """
    logits = ops.concat(router_logits, 0)  # (layers M, E)
    chosen, p = choose(logits, c.num_experts_per_tok)
    counts = p[:, 0] * 0 + 1
    if attention_mask is not None:
        visible = ops.reshape(ops.cast_like(attention_mask, p), (-1,))
        counts = ops.concat([visible] * len(router_logits), 0)
    chosen = ops.cast_like(one_hot(chosen, c.num_local_experts), p)  # (layers M, C, E)
    share = ops.einsum("mce,m->e", chosen, counts) / ops.sum(counts)
    return ops.sum(share * ops.einsum("me,m->e", p, counts) / ops.sum(counts)) * c.num_local_experts


class MixtralForCausalLM(heads.CausalLM, body=MixtralModel):
    """Mixtral that predicts the next token. With the routers' logits, the loss has `router_aux_loss_coef` of aux_loss in it."""

    def forward(self, input_ids=None, attention_mask=None, *inputs, labels=None, **options):
        out = self.body(input_ids, attention_mask, *inputs, **options)
        logits = self.unembed(out.last_hidden_state)  # (B, T, D) -> (B, T, V)
        loss, aux_loss = heads.next_token_loss(logits, labels), None
        if out.router_logits is not None:
            aux_loss = imbalance(out.router_logits, attention_mask, self.config)
            loss = None if loss is None else loss + self.config.router_aux_loss_coef * aux_loss
        names = ("past_key_values", "hidden_states", "attentions", "router_logits")
        return ExpertsHeadOutput(loss, aux_loss, logits, **heads.kept(out, *names))


class MixtralForSequenceClassification(heads.LastTokenClassification, body=MixtralModel):
    """Mixtral that classifies a text by its last token."""


class MixtralForTokenClassification(heads.TokenScores, body=MixtralModel):
    """Mixtral that classifies each token."""


class MixtralForQuestionAnswering(heads.QuestionAnswering, body=MixtralModel):
    """Mixtral that finds the answer to a question in a text."""
