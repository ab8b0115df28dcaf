"""BERT: its tiny configs, and the calls of its classes."""

from table import (
    ALL,
    CHOICES,
    CHOSEN,
    CROSS,
    LABELS,
    PAIRWISE,
    SPANS,
    TAGS,
    TEXT,
    THREE,
    TYPES,
    VOCAB,
    Row,
    bits,
    case,
    configs,
    given,
    ids,
    mask,
    normal,
)

ROW = Row(
    "bert",
    configs(
        {
            "vocab_size": VOCAB,
            "hidden_size": 16,
            "intermediate_size": 24,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "type_vocab_size": 3,
            "max_position_embeddings": 19,
        },
        gelu_new={"hidden_act": "gelu_new", "layer_norm_eps": 1e-5, "num_labels": 3},
        relu={"hidden_act": "relu", "num_labels": 1},
        multi_label={"num_labels": 3, "problem_type": "multi_label_classification"},
        targets={"num_labels": 3, "problem_type": "regression"},
        decoder={"is_decoder": True},
        cross={"is_decoder": True, "add_cross_attention": True},
        untied={"tie_word_embeddings": False},
        distances={"position_embedding_type": "relative_key", "num_hidden_layers": 1},
        both_distances={
            "position_embedding_type": "relative_key_query",
            "num_hidden_layers": 1,
            "is_decoder": True,
            "add_cross_attention": True,
        },
    ),
    {
        "BertModel": (
            case("default", **THREE, token_type_ids=ids(3, 5, high=3), **ALL),
            case("default", inputs_embeds=normal(2, 7, 16), position_ids=ids(2, 7, high=19)),
            case("default", input_ids=ids(2, 4), attention_mask=PAIRWISE),
            case("gelu_new", **TEXT),
            case("decoder", **TEXT, output_attentions=True),
            case("cross", **TEXT, **CROSS, output_attentions=True),
            case("cross", **TEXT),
            case("distances", **TEXT, output_attentions=True),
        ),
        "BertForPreTraining": (
            case("default", **TEXT, token_type_ids=TYPES, labels=LABELS, next_sentence_label=given((1, 0))),
            case("default", **TEXT, labels=LABELS, **ALL),
            case("untied", **TEXT, labels=LABELS, next_sentence_label=given((1, 0))),
        ),
        "BertForMaskedLM": (
            case("default", **TEXT, token_type_ids=TYPES, labels=LABELS, **ALL),
            case("default", input_ids=ids(2, 7), position_ids=ids(2, 7, high=19)),
            case("relu", **TEXT, labels=LABELS),
            case("untied", **TEXT, labels=LABELS),
        ),
        "BertLMHeadModel": (
            case("decoder", **TEXT, labels=LABELS),
            case("cross", **TEXT, **CROSS, labels=LABELS, **ALL),
            case("both_distances", **TEXT, **CROSS, labels=LABELS),
        ),
        "BertForNextSentencePrediction": (case("default", **TEXT, token_type_ids=TYPES, labels=given((1, 0))),),
        "BertForSequenceClassification": (
            case("default", **TEXT, token_type_ids=TYPES, labels=given((1, 0)), **ALL),
            case("gelu_new", **TEXT, labels=given((2, 1))),
            case("gelu_new", **TEXT, labels=bits(2, 3)),
            case("relu", **TEXT, labels=normal(2)),
            case("multi_label", **TEXT, labels=bits(2, 3)),
            case("targets", **TEXT, labels=normal(2, 3)),
        ),
        "BertForMultipleChoice": (case("default", **CHOICES, token_type_ids=ids(2, 3, 5, high=3), labels=CHOSEN),),
        "BertForTokenClassification": (
            case("default", **TEXT, token_type_ids=TYPES),
            case("gelu_new", **TEXT, labels=TAGS),
        ),
        "BertForQuestionAnswering": (case("default", **TEXT, token_type_ids=TYPES, **SPANS),),
    },
    greedy={
        "BertLMHeadModel": case(
            "both_distances", input_ids=ids(2, 5), attention_mask=mask("11111", "11111"), do_sample=False, max_new_tokens=8
        ),
    },
    aliases={"FlaxBertLMHeadModel": "FlaxBertForCausalLM"},
)
