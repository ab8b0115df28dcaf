"""An encoder and a decoder of any architectures: put together from two checkpoints, and what is refused."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from tests import drawn
from tests.backends import Backend, each_backend
from tests.conftest import Golden
from trivium.core.errors import ConfigError
from trivium.models.encoder_decoder.config import EncoderDecoderConfig

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
        ({"encoder": BERT, "decoder": DECODER, "tie_encoder_decoder": True}, "tie_encoder_decoder"),
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
