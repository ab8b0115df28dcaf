"""An encoder and a decoder of any architectures: put together from two checkpoints, and what is refused."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests import drawn
from tests.backends import Backend, each_backend
from tests.conftest import Golden
from trivium.core.errors import Collision, ConfigError, InputError
from trivium.models.encoder_decoder.config import EncoderDecoderConfig
from trivium.models.speech_encoder_decoder.config import SpeechEncoderDecoderConfig
from trivium.models.vision_encoder_decoder.config import VisionEncoderDecoderConfig

BERT = {"model_type": "bert", "hidden_size": 16, "num_attention_heads": 2}
DECODER = BERT | {"is_decoder": True, "add_cross_attention": True}


@each_backend
def test_put_together_from_two_checkpoints(backend: Backend, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The weights are those of the checkpoints; the decoder's attention to the encoder is drawn and reported; it trains."""
    encoder = Golden("bert", "BertForPreTraining", "default").write(tmp_path / "encoder")
    decoder = Golden("gpt2", "GPT2LMHeadModel", "default").write(tmp_path / "decoder")
    with caplog.at_level(logging.WARNING, "trivium"):
        model = backend.door.EncoderDecoderModel.from_encoder_decoder_pretrained(
            encoder, decoder, decoder_start_token_id=3, pad_token_id=0, encoder_num_labels=5
        )
    assert "crossattention" in caplog.text and "attn.c_attn" not in caplog.text.replace("crossattention.c_attn", "")
    assert model.config.decoder.add_cross_attention and model.config.encoder.num_labels == 5
    found = {weight.name: read() for weight, read in model.read_weights()}
    same = ("encoder.embeddings.word_embeddings.weight", "decoder.transformer.h.0.attn.c_attn.weight")
    for name, there in zip(same, ("bert.embeddings.word_embeddings.weight", "transformer.h.0.attn.c_attn.weight"), strict=True):
        assert np.array_equal(found[name], drawn.weight(there, found[name].shape)), name
    assert np.std(found["decoder.transformer.h.0.crossattention.c_attn.weight"]) > 0
    tokens = np.array([[5, 7, 1], [2, 2, 9]])
    out = backend.call(model, {"input_ids": tokens, "labels": tokens})
    assert np.isfinite(backend.numpy(out.loss))
    model.save_pretrained(tmp_path / "whole")
    again = backend.door.EncoderDecoderModel.from_pretrained(tmp_path / "whole")
    assert (again.config.encoder, again.config.decoder) == (model.config.encoder, model.config.decoder)
    logits = backend.call(again, {"input_ids": tokens, "labels": tokens}).logits
    assert np.array_equal(backend.numpy(logits), backend.numpy(out.logits))


def test_a_decoder_becomes_an_encoder_and_the_reverse() -> None:
    """`from_encoder_decoder_configs` says of each part which it is."""
    plain, decoder = (EncoderDecoderConfig.from_dict({"encoder": BERT, "decoder": DECODER}).replace() for _ in range(2))
    config = EncoderDecoderConfig.from_encoder_decoder_configs(decoder.decoder, plain.encoder)
    assert not config.encoder.is_decoder and not config.encoder.add_cross_attention
    assert config.decoder.is_decoder and config.decoder.add_cross_attention


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"decoder": DECODER}, r"EncoderDecoderConfig\.encoder is missing"),
        ({"encoder": BERT}, r"EncoderDecoderConfig\.decoder is missing"),
        ({"encoder": BERT, "decoder": BERT}, "add_cross_attention = False"),
        ({"encoder": BERT, "decoder": DECODER | {"cross_attention_hidden_size": 8}}, "cross_attention_hidden_size = 8"),
        ({"encoder": BERT, "decoder": {"model_type": "none"}}, "'none' is not one of Trivium's"),
    ],
)
def test_refused_configs(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        EncoderDecoderConfig.from_dict(values)


@pytest.mark.parametrize(
    ("decoder", "message"),
    [({"model_type": "llama"}, "cannot attend to an encoder"), ({"model_type": "vit"}, "no class for AutoModelForCausalLM")],
)
def test_refused_decoders(decoder: dict[str, object], message: str) -> None:
    from trivium import numpy as door

    with pytest.raises(ConfigError, match=message):
        door.EncoderDecoderModel(EncoderDecoderConfig.from_dict({"encoder": BERT, "decoder": decoder}))


TROCR = {"model_type": "trocr", "d_model": 16, "decoder_attention_heads": 2, "cross_attention_hidden_size": 12}
SPEECH = {"model_type": "wav2vec2", "hidden_size": 16, "num_attention_heads": 2, "num_conv_pos_embedding_groups": 2}


@pytest.mark.parametrize(
    ("cls", "values", "message"),
    [
        (EncoderDecoderConfig, {"encoder": BERT, "decoder": TROCR}, "= 12, and the encoder is of width 16"),
        (
            SpeechEncoderDecoderConfig,
            {"encoder": SPEECH | {"add_adapter": True, "output_hidden_size": 12}, "decoder": {"model_type": "bart"}},
            "of width 12, the decoder's is 1024",
        ),
    ],
)
def test_widths_that_do_not_fit(cls: type[EncoderDecoderConfig], values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        cls.from_dict(values)


def test_an_encoder_that_does_not_tell_what_is_padding() -> None:
    """A spectrogram's transformer has one length, and no mask."""
    from trivium import numpy as door

    spectrogram = {"model_type": "audio-spectrogram-transformer", "hidden_size": 16, "num_attention_heads": 2}
    spectrogram |= {"num_hidden_layers": 1, "intermediate_size": 8, "max_length": 24, "num_mel_bins": 16}
    decoder = {"model_type": "bart", "d_model": 16, "decoder_layers": 1, "decoder_ffn_dim": 8, "vocab_size": 11}
    config = SpeechEncoderDecoderConfig.from_dict({"encoder": spectrogram, "decoder": decoder, "decoder_start_token_id": 1})
    model, sound = door.SpeechEncoderDecoderModel(config), np.zeros((1, 24, 16), np.float32)
    assert model(sound, decoder_input_ids=np.array([[1, 2]])).logits.shape == (1, 2, 11)
    with pytest.raises(InputError, match="does not tell which of its states are padding"):
        model(sound, np.ones((1, 24), int), decoder_input_ids=np.array([[1, 2]]))


def test_a_pooler_that_nobody_trained(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Checkpoints of TrOCR have none, as their encoders had none; it is drawn and reported, and changes no answer."""
    from trivium import numpy as door

    golden = Golden("vision-encoder-decoder", "VisionEncoderDecoderModel", "trocr").write(tmp_path)
    whole = door.VisionEncoderDecoderModel.from_pretrained(golden)
    weights = load_file(golden / "model.safetensors")
    save_file({name: value for name, value in weights.items() if "pooler" not in name}, golden / "model.safetensors")
    with caplog.at_level(logging.WARNING, "trivium"):
        model = door.VisionEncoderDecoderModel.from_pretrained(golden)
    assert "encoder.pooler.dense.weight" in caplog.text
    image, tokens = np.ones((1, 3, 12, 12), np.float32), np.array([[2, 5]])
    assert np.array_equal(model(image, tokens).logits, whole(image, tokens).logits)


def test_what_is_shared_may_have_two_names(tmp_path: Path) -> None:
    """Checkpoints from before safetensors hold the encoder's weights beside the decoder's: as one, or they are refused."""
    from trivium import numpy as door

    golden = Golden("encoder-decoder", "EncoderDecoderModel", "shared").write(tmp_path)
    model, tokens = door.EncoderDecoderModel.from_pretrained(golden), np.array([[5, 7, 1], [2, 2, 9]])
    weights = load_file(golden / "model.safetensors")
    both = weights | {alias: weights[name] for alias, name in model.layout.ties.items() if name in weights}
    assert len(both) > len(weights) and not any(name.startswith("encoder.embeddings") for name in weights)
    save_file(both, golden / "model.safetensors")
    again = door.EncoderDecoderModel.from_pretrained(golden)
    assert np.array_equal(again(tokens, labels=tokens).logits, model(tokens, labels=tokens).logits)
    both["encoder.embeddings.LayerNorm.bias"] = both["encoder.embeddings.LayerNorm.bias"] + 1
    save_file(both, golden / "model.safetensors")
    with pytest.raises(Collision, match=r"encoder\.embeddings\.LayerNorm\.bias"):
        door.EncoderDecoderModel.from_pretrained(golden)


@pytest.mark.parametrize("form", ["tensorflow", "flax"])
def test_files_that_share_nothing_have_both(form: str, tmp_path: Path) -> None:
    """TensorFlow's and Flax's classes of Transformers 4 have an encoder of their own, which their files have to hold."""
    from trivium import numpy as door
    from trivium.convert.checkpoint import open_checkpoint

    golden = Golden("encoder-decoder", "EncoderDecoderModel", "shared").write(tmp_path / "torch")
    model, tokens = door.EncoderDecoderModel.from_pretrained(golden), np.array([[5, 7, 1]])
    model.save_pretrained(tmp_path / "other", format=form)
    with open_checkpoint(tmp_path / "other", trust=True) as checkpoint:
        assert len([name for name in checkpoint.tensors if "token_type_embeddings" in name]) == 2
    again = door.EncoderDecoderModel.from_pretrained(tmp_path / "other")
    assert np.array_equal(again(tokens, labels=tokens).logits, model(tokens, labels=tokens).logits)


def test_put_together_to_share(tmp_path: Path) -> None:
    from trivium import numpy as door

    bert = Golden("bert", "BertForPreTraining", "default").write(tmp_path)
    model = door.EncoderDecoderModel.from_encoder_decoder_pretrained(bert, bert, tie_encoder_decoder=True)
    assert model.encoder.encoder.layer[0].attention.self.query is model.decoder.bert.encoder.layer[0].attention.self.query
    assert model.encoder.encoder.layer[0].attention.self is not model.decoder.bert.encoder.layer[0].attention.self
    found = {weight.name: read() for weight, read in model.read_weights()}
    name = "bert.encoder.layer.0.output.dense.weight"
    assert np.array_equal(found[f"decoder.{name}"], drawn.weight(name, found[f"decoder.{name}"].shape))


def test_nothing_to_share() -> None:
    from trivium import numpy as door

    gpt2 = {"model_type": "gpt2", "add_cross_attention": True, "n_layer": 1, "n_embd": 16, "n_head": 2}
    config = EncoderDecoderConfig.from_dict({"encoder": BERT, "decoder": gpt2, "tie_encoder_decoder": True})
    with pytest.raises(ConfigError, match="encoder and decoder have no layer in common"):
        door.EncoderDecoderModel(config)
    values = {"encoder": {"model_type": "vit"}, "decoder": gpt2, "tie_encoder_decoder": True}
    with pytest.raises(ConfigError, match="tie_encoder_decoder"):
        VisionEncoderDecoderConfig.from_dict(values)


def test_labels_need_a_start_token(tmp_path: Path) -> None:
    from trivium import numpy as door

    golden = Golden("encoder-decoder", "EncoderDecoderModel", "default").write(tmp_path)
    model = door.EncoderDecoderModel.from_pretrained(golden, decoder_start_token_id=None)
    with pytest.raises(ConfigError, match="decoder_start_token_id"):
        model(np.array([[1, 2]]), labels=np.array([[1, 2]]))


def test_an_option_that_is_no_field(tmp_path: Path) -> None:
    from trivium import numpy as door

    with pytest.raises(ConfigError, match=r"has no field 'pad_token_ids'"):
        door.EncoderDecoderModel.from_encoder_decoder_pretrained(tmp_path, tmp_path, pad_token_ids=3)
