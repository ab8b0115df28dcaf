"""Small checkpoints for pipelines, and calls of them: for the goldens' script and for the tests."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

TOKENIZERS = Path(__file__).parent / "goldens" / "tokenizers"
TEXT = {"vocab_size": 512, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24,
        "max_position_embeddings": 128}  # fmt: skip
VISION = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "image_size": 32,
    "patch_size": 8,
}
LABELS = {"id2label": {"0": "O", "1": "B-PER", "2": "I-PER", "3": "B-LOC", "4": "I-LOC"}}
NLI = {
    "id2label": {"0": "contradiction", "1": "neutral", "2": "entailment"},
    "label2id": {"contradiction": 0, "neutral": 1, "entailment": 2},
}
SHORT = "The quick brown fox jumps over the lazy dog."
LONG = "Hello, world! The fox of newest and lowest is it, that you are on for he was. " * 3

DETR = {
    "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "encoder_ffn_dim": 24, "decoder_ffn_dim": 24, "num_queries": 6, "num_labels": 4, "use_timm_backbone": False,
    "use_pretrained_backbone": False, "backbone": None,
    "backbone_config": {
        "model_type": "resnet", "embedding_size": 4, "hidden_sizes": [4, 4, 8, 8], "depths": [1, 1, 1, 1], "layer_type": "basic",
        "out_features": ["stage4"],
    },
}  # fmt: skip
BLIP = {
    "text_config": {**TEXT, "projection_dim": 12, "bos_token_id": 5, "eos_token_id": 3, "sep_token_id": 3, "pad_token_id": 0,
                    "encoder_hidden_size": 16},
    "vision_config": {**VISION, "projection_dim": 12}, "projection_dim": 12,
}  # fmt: skip
SPOKEN = ["<|end|>", "<|startoftranscript|>", "<|en|>", "<|fr|>", "<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>",
          "<|nospeech|>", "<|notimestamps|>", *(f"<|{step * 0.02:.2f}|>" for step in range(1501))]  # fmt: skip
HEARING = {
    "decoder_start_token_id": 501, "eos_token_id": 500, "pad_token_id": 500, "is_multilingual": True, "no_timestamps_token_id": 509,
    "prev_sot_token_id": 507, "lang_to_id": {"<|en|>": 502, "<|fr|>": 503}, "task_to_id": {"translate": 504, "transcribe": 505},
    "alignment_heads": [[0, 0], [0, 1]], "max_initial_timestamp_index": 50, "suppress_tokens": [], "begin_suppress_tokens": [500],
    "max_length": 24,
}  # fmt: skip
"""generation_config.json of a network that hears."""
PAGE = [("the", (10, 10, 60, 30)), ("quick", (70, 10, 140, 30)), ("brown", (150, 10, 220, 30)), ("fox", (10, 40, 60, 60)),
        ("jumps", (70, 40, 150, 60)), ("over", (160, 40, 210, 60)), ("dogs.", (10, 70, 80, 95))]  # fmt: skip

CHECKPOINTS: dict[str, tuple[str, dict[str, Any], str, dict[str, Any]]] = {
    "classes": ("BertForSequenceClassification", {"model_type": "bert", **TEXT, "num_labels": 3}, "bert", {}),
    "several": ("BertForSequenceClassification", {"model_type": "bert", **TEXT, "num_labels": 3, "problem_type": "multi_label_classification"}, "bert", {}),
    "names": ("BertForTokenClassification", {"model_type": "bert", **TEXT, **LABELS}, "bert", {}),
    "answers": ("BertForQuestionAnswering", {"model_type": "bert", **TEXT}, "bert", {}),
    "masked": ("BertForMaskedLM", {"model_type": "bert", **TEXT}, "bert", {}),
    "vectors": ("BertModel", {"model_type": "bert", **TEXT}, "bert", {}),
    "follows": ("BertForSequenceClassification", {"model_type": "bert", **TEXT, **NLI}, "bert", {}),
    "writes": ("GPT2LMHeadModel", {"model_type": "gpt2", "vocab_size": 512, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 128,
                                   "bos_token_id": 5, "eos_token_id": 5}, "gpt2", {}),
    "sums": ("BartForConditionalGeneration", {"model_type": "bart", "vocab_size": 512, "d_model": 16, "encoder_layers": 1, "decoder_layers": 1,
             "encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 24, "decoder_ffn_dim": 24,
             "max_position_embeddings": 128, "forced_eos_token_id": 2}, "bart", {}),
    "pictures": ("ViTForImageClassification", {"model_type": "vit", **VISION, "num_labels": 4}, "",
                 {"image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 32}}),
    "regions": ("SegformerForSemanticSegmentation", {"model_type": "segformer", "num_encoder_blocks": 2, "depths": [1, 1], "sr_ratios": [2, 1],
                "hidden_sizes": [8, 16], "patch_sizes": [7, 3], "strides": [4, 2], "num_attention_heads": [1, 2], "mlp_ratios": [2, 2],
                "decoder_hidden_size": 16, "num_labels": 4}, "",
                {"image_processor_type": "SegformerImageProcessor", "size": {"height": 32, "width": 32}}),
    "both": ("CLIPModel", {"model_type": "clip", "projection_dim": 12, "vision_config": {**VISION},
             "text_config": {**TEXT, "vocab_size": 700, "max_position_embeddings": 77, "eos_token_id": 1, "bos_token_id": 0}}, "clip",
             {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}),
    "speech": ("Wav2Vec2ForCTC", {"model_type": "wav2vec2", "vocab_size": 12, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
               "intermediate_size": 24, "conv_dim": [8, 8], "conv_kernel": [10, 8], "conv_stride": [5, 4], "num_conv_pos_embeddings": 4,
               "num_conv_pos_embedding_groups": 2, "num_feat_extract_layers": 2, "pad_token_id": 0}, "ctc",
               {"feature_extractor_type": "Wav2Vec2FeatureExtractor", "sampling_rate": 1000, "feature_size": 1, "padding_value": 0.0}),
    "sounds": ("Wav2Vec2ForSequenceClassification", {"model_type": "wav2vec2", "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
               "intermediate_size": 24, "conv_dim": [8, 8], "conv_kernel": [10, 8], "conv_stride": [5, 4], "num_conv_pos_embeddings": 4,
               "num_conv_pos_embedding_groups": 2, "num_feat_extract_layers": 2, "classifier_proj_size": 8, "num_labels": 3}, "",
               {"feature_extractor_type": "Wav2Vec2FeatureExtractor", "sampling_rate": 1000, "feature_size": 1, "padding_value": 0.0}),
    "pages": ("LayoutLMForQuestionAnswering", {"model_type": "layoutlm", **TEXT, "max_2d_position_embeddings": 1024}, "layoutlm", {}),
    "boxes": ("DetrForObjectDetection", {"model_type": "detr", **DETR}, "",
              {"image_processor_type": "DetrImageProcessor", "size": {"shortest_edge": 32, "longest_edge": 48}}),
    "parts": ("DetrForSegmentation", {"model_type": "detr", **DETR, "d_model": 64, "encoder_attention_heads": 8, "num_labels": 24, "num_queries": 12,
              "backbone_config": {**DETR["backbone_config"], "out_features": ["stage1", "stage2", "stage3", "stage4"]}}, "",
              {"image_processor_type": "DetrImageProcessor", "size": {"shortest_edge": 64, "longest_edge": 96}}),
    "captions": ("BlipForConditionalGeneration", {"model_type": "blip", **BLIP}, "bert",
                 {"image_processor_type": "BlipImageProcessor", "size": {"height": 32, "width": 32}}),
    "pairs": ("VisionEncoderDecoderModel", {"model_type": "vision-encoder-decoder", "encoder": {"model_type": "vit", **VISION},
              "decoder": {"model_type": "gpt2", "vocab_size": 512, "n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 64,
                          "add_cross_attention": True, "is_decoder": True, "bos_token_id": 5, "eos_token_id": 5},
              "decoder_start_token_id": 5, "pad_token_id": 5, "eos_token_id": 6}, "gpt2",
              {"image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 32}}),
    "hears": ("WhisperForConditionalGeneration", {"model_type": "whisper", "vocab_size": 2011, "d_model": 16, "encoder_layers": 1, "decoder_layers": 1,
              "encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 24, "decoder_ffn_dim": 24, "num_mel_bins": 8,
              "max_source_positions": 50, "max_target_positions": 32, "decoder_start_token_id": 501, "eos_token_id": 500, "bos_token_id": 500,
              "pad_token_id": 500, "suppress_tokens": None, "begin_suppress_tokens": None}, "whisper",
              {"feature_extractor_type": "WhisperFeatureExtractor", "feature_size": 8, "chunk_length": 1, "n_fft": 400, "hop_length": 160}),
    "asks": ("ViltForQuestionAnswering", {"model_type": "vilt", **TEXT, "image_size": 32, "patch_size": 8, "max_image_length": -1, "num_labels": 5},
             "bert", {"image_processor_type": "ViltImageProcessor", "size": {"shortest_edge": 32}, "size_divisor": 8}),
}  # fmt: skip
"""Name -> class, config, tokenizer's kind, preprocessor_config.json."""

CALLS: list[tuple[str, str, Any, dict[str, Any]]] = [
    ("text-classification", "classes", [SHORT, "hello"], {}),
    ("text-classification", "classes", {"text": SHORT, "text_pair": "hello"}, {"top_k": None}),
    ("text-classification", "several", SHORT, {"top_k": 2}),
    ("text-classification", "classes", SHORT, {"function_to_apply": "none"}),
    *(("token-classification", "names", SHORT + " Hello, world", {"aggregation_strategy": how}) for how in ("none", "simple", "first", "max", "average")),
    ("token-classification", "names", LONG * 2, {"aggregation_strategy": "simple", "stride": 8}),
    ("token-classification", "names", SHORT, {"ignore_labels": []}),
    ("question-answering", "answers", {"question": "who jumps?", "context": LONG}, {}),
    ("question-answering", "answers", {"question": "who jumps?", "context": LONG * 3}, {"top_k": 3, "max_seq_len": 60, "doc_stride": 16}),
    ("question-answering", "answers", {"question": "who?", "context": SHORT}, {"handle_impossible_answer": True, "align_to_words": False}),
    ("fill-mask", "masked", "the quick [MASK] fox", {}),
    ("fill-mask", "masked", ["the [MASK] brown [MASK]", "the [MASK]"], {"top_k": 2}),
    ("fill-mask", "masked", "the quick [MASK] fox", {"targets": ["dog", "hello"]}),
    ("feature-extraction", "vectors", "hello world", {}),
    ("zero-shot-classification", "follows", SHORT, {"candidate_labels": "dog, world, fox"}),
    ("zero-shot-classification", "follows", [SHORT, "hello"], {"candidate_labels": ["dog", "fox"], "multi_label": True}),
    ("text-generation", "writes", "The quick brown", {"max_new_tokens": 6, "do_sample": False}),
    ("text-generation", "writes", ["The quick", "Hello"], {"max_new_tokens": 4, "do_sample": False, "return_full_text": False}),
    ("summarization", "sums", LONG, {"max_new_tokens": 8, "num_beams": 2}),
    ("image-classification", "pictures", "picture", {"top_k": 3}),
    ("image-segmentation", "regions", "picture", {}),
    ("zero-shot-image-classification", "both", "picture", {"candidate_labels": ["a dog", "the quick fox", "hello"]}),
    ("automatic-speech-recognition", "speech", "sound", {"return_timestamps": "char"}),
    ("automatic-speech-recognition", "speech", "sound", {"chunk_length_s": 1.0, "stride_length_s": 0.1}),
    ("audio-classification", "sounds", "sound", {"top_k": 2}),
    *(("automatic-speech-recognition", "hears", sound, {"return_timestamps": times, "generate_kwargs": {"language": "fr", "num_beams": 1}})
      for sound, times in (("speech", True), ("long speech", None), ("long speech", True), ("long speech", "word"))),
    ("document-question-answering", "pages", {"question": "who jumps?", "word_boxes": PAGE}, {}),
    ("document-question-answering", "pages", {"question": "who?", "word_boxes": PAGE * 4},
     {"top_k": 3, "max_seq_len": 24, "doc_stride": 4, "handle_impossible_answer": True}),
    ("object-detection", "boxes", "picture", {"threshold": 0.1}),
    ("image-segmentation", "parts", "picture", {"threshold": 0.05, "mask_threshold": 0.05, "overlap_mask_area_threshold": 0.05}),
    ("image-to-text", "captions", "picture", {"max_new_tokens": 5}),
    ("image-to-text", "pairs", "picture", {"max_new_tokens": 5}),
    ("visual-question-answering", "asks", {"image": "picture", "question": "who jumps?"}, {"top_k": 2}),
]  # fmt: skip
"""Task, checkpoint, input ("picture" and "sound" are drawn), options."""


def config(name: str) -> dict[str, Any]:
    """A checkpoint's config.json."""
    cls, values, _, _ = CHECKPOINTS[name]
    return {**values, "architectures": [cls]}


def lay_out(name: str, folder: Path) -> None:
    """Writes what a checkpoint has beside config.json and weights."""
    _, _, kind, preprocessor = CHECKPOINTS[name]
    if preprocessor:
        (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor))
    if kind in ("bert", "layoutlm"):
        shutil.copy(TOKENIZERS / "wordpiece" / "vocab.txt", folder)
    elif kind in ("gpt2", "bart", "clip", "whisper"):
        for file in ("vocab.json", "merges.txt"):
            shutil.copy(TOKENIZERS / ("clip" if kind == "clip" else "bytes") / file, folder)
    elif kind == "ctc":
        vocabulary = ["<pad>", "<s>", "</s>", "<unk>", "|", *"HELOWRD"]
        (folder / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(vocabulary)}))
    if kind == "whisper":
        (folder / "added_tokens.json").write_text(json.dumps({token: 500 + place for place, token in enumerate(SPOKEN)}))
        (folder / "generation_config.json").write_text(json.dumps(HEARING))
    if kind:
        names = {
            "whisper": "Whisper",
            "bert": "Bert",
            "layoutlm": "LayoutLM",
            "gpt2": "GPT2",
            "bart": "Bart",
            "clip": "CLIP",
            "ctc": "Wav2Vec2CTC",
        }
        said = {"tokenizer_class": f"{names[kind]}Tokenizer", "model_max_length": 77 if kind == "clip" else 128}
        if kind == "whisper":
            said |= {
                "additional_special_tokens": SPOKEN[1:10],
                **dict.fromkeys(("bos_token", "eos_token", "unk_token"), SPOKEN[0]),
            }
        (folder / "tokenizer_config.json").write_text(json.dumps(said))


def given(item: Any) -> Any:
    """An input as it is passed: pictures and sounds are drawn."""
    if isinstance(item, dict) and item.get("image") == "picture":
        return {**item, "image": given("picture")}
    if isinstance(item, str) and item == "picture":
        from PIL import Image

        rows, columns = np.mgrid[0:40, 0:56]
        return Image.fromarray(np.stack([rows * 6 % 256, columns * 4 % 256, (rows * columns) % 256], -1).astype(np.uint8))
    if isinstance(item, str) and item == "sound":
        steps = np.arange(2600)
        return (np.sin(steps * 0.05) * np.cos(steps * 0.003) + 0.2 * np.sin(steps * 0.7)).astype(np.float32)
    if isinstance(item, str) and item in ("speech", "long speech"):
        steps = np.arange(14000 if item == "speech" else 41000)
        return (np.sin(steps * 0.05) * np.cos(steps * 0.0003) + 0.2 * np.sin(steps * 0.7)).astype(np.float32)
    return item


def plain(value: Any) -> Any:
    """A result as JSON has it: masks as how many pixels they have, and where."""
    if isinstance(value, dict):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if hasattr(value, "getpixel"):
        inside = np.asarray(value) > 0
        return [int(inside.sum()), *(int(part.sum()) for part in np.nonzero(inside))]
    return value.item() if hasattr(value, "item") else value
