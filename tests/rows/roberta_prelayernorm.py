"""RoBERTa-PreLayerNorm: RoBERTa's calls, the first of each, and one that crosses."""

from dataclasses import replace

from rows.roberta import CLASSES, GREEDY, relative

ROW = relative("roberta-prelayernorm", "RobertaPreLayerNorm")
BODY = "RobertaPreLayerNormModel"
ROW = replace(
    ROW,
    classes=ROW.classes | {BODY: ROW.classes[BODY] + CLASSES["Model"][-1:]},
    greedy={"RobertaPreLayerNormForCausalLM": GREEDY},
)
