"""Configs within configs, parts of a model loaded by themselves, and weights that have two spellings on disk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests import drawn
from tests.backends import Backend, each_backend
from tests.conftest import Golden
from trivium.core.auto import AutoConfig
from trivium.core.errors import ConfigError, InputError
from trivium.models.bert.config import BertConfig
from trivium.models.clip.config import CLIPConfig, CLIPTextConfig, CLIPVisionConfig
from trivium.models.llama.config import LlamaConfig
from trivium.models.llava.config import LlavaConfig
from trivium.models.vit.config import ViTConfig


def written(class_name: str, config: str, folder: Path, model_type: str = "clip") -> Path:
    return Golden(model_type, class_name, config).write(folder)


def test_a_config_within_a_config_is_written_as_it_was_read(tmp_path: Path) -> None:
    folder = written("CLIPModel", "default", tmp_path)
    values = json.loads((folder / "config.json").read_text())
    config = AutoConfig.from_pretrained(folder)
    assert isinstance(config, CLIPConfig) and isinstance(config.text_config, CLIPTextConfig)
    assert config.to_dict() == values
    changed = config.replace(text_config={**values["text_config"], "layer_norm_eps": 1e-3})
    assert changed.text_config.layer_norm_eps == 1e-3 and changed != config
    assert changed.to_dict() == {**values, "text_config": {**values["text_config"], "layer_norm_eps": 1e-3}}


def test_a_config_of_nothing_but_defaults() -> None:
    config = CLIPConfig(text_config={"hidden_size": 64, "num_attention_heads": 4})  # type: ignore[arg-type]
    again = CLIPConfig.from_dict(json.loads(config.to_json()))
    assert again == config and again.text_config.hidden_size == 64 and again.vision_config == CLIPVisionConfig()


def test_an_error_names_the_inner_field() -> None:
    with pytest.raises(ConfigError, match=r"CLIPTextConfig\.hidden_act"):
        CLIPConfig.from_dict({"text_config": {"hidden_act": "none"}})


def test_fields_stated_twice_must_agree() -> None:
    assert CLIPConfig.from_dict({"text_config": {"hidden_size": 768}, "text_config_dict": {"hidden_size": 768}})
    with pytest.raises(ConfigError, match="text_config_dict"):
        CLIPConfig.from_dict({"text_config": {"hidden_size": 768}, "text_config_dict": {"hidden_size": 512}})


def test_the_config_of_a_part_is_found_in_the_whole(tmp_path: Path) -> None:
    folder = written("CLIPModel", "default", tmp_path)
    assert CLIPTextConfig.from_pretrained(folder) == CLIPConfig.from_pretrained(folder).text_config
    assert isinstance(AutoConfig.from_pretrained(written("CLIPTextModel", "text", tmp_path / "text")), CLIPTextConfig)


@each_backend
def test_a_part_is_loaded_from_the_whole(backend: Backend, tmp_path: Path) -> None:
    folder = written("CLIPModel", "default", tmp_path)
    whole = backend.door.CLIPModel.from_pretrained(folder)
    tokens = np.array([[34, 3, 35, 1], [34, 8, 7, 35]], np.int32)
    image = drawn._normal("image", (2, 3, 12, 12)).astype(np.float32)
    text = backend.call(backend.door.CLIPTextModelWithProjection.from_pretrained(folder), {"input_ids": tokens})
    seen = backend.call(backend.door.CLIPVisionModelWithProjection.from_pretrained(folder), {"pixel_values": image})
    for found, features, given in (
        (text.text_embeds, whole.get_text_features, tokens),
        (seen.image_embeds, whole.get_image_features, image),
    ):
        assert np.allclose(backend.numpy(found), backend.numpy(features(backend.array(given))), atol=1e-5)


def test_weight_norm_by_its_old_names(tmp_path: Path) -> None:
    from trivium import numpy as door

    folder = written("Wav2Vec2Model", "default", tmp_path, "wav2vec2")
    wave = drawn._normal("wave", (1, 60)).astype(np.float32)
    model = door.Wav2Vec2Model.from_pretrained(folder)
    wanted = model(wave).last_hidden_state
    old = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    tensors = load_file(folder / "model.safetensors")
    for new, short in old.items():
        tensors = {name.replace(new, short): value for name, value in tensors.items()}
    assert any(name.endswith("weight_g") for name in tensors)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    assert np.array_equal(door.Wav2Vec2Model.from_pretrained(folder)(wave).last_hidden_state, wanted)


@pytest.mark.parametrize("class_name", ["LlavaModel", "LlavaForConditionalGeneration"])
def test_llava_by_its_newer_names(class_name: str, tmp_path: Path) -> None:
    """The Hub has language_model.model.layers, Transformers has had model.language_model.layers in memory since 4.52."""
    from trivium import numpy as door

    folder = written("LlavaForConditionalGeneration", "default", tmp_path, "llava")
    tokens = np.array([[3, 35, 35, 35, 35, 1, 2]])
    image = drawn._normal("image", (1, 3, 12, 12)).astype(np.float32)
    wanted = getattr(door, class_name).from_pretrained(folder)(tokens, image)[0]
    assert np.isfinite(wanted).all()
    newer = door.LlavaForConditionalGeneration.from_pretrained(folder)
    tensors = {weight.name: read() for weight, read in newer.read_weights()}
    assert not set(tensors) & set(load_file(folder / "model.safetensors"))
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    assert np.array_equal(getattr(door, class_name).from_pretrained(folder)(tokens, image)[0], wanted)
    newer.save_pretrained(tmp_path / "saved")
    assert "language_model.model.norm.weight" in load_file(tmp_path / "saved" / "model.safetensors")


@each_backend
def test_places_for_images_must_be_as_many_as_their_tokens(backend: Backend) -> None:
    """There is no branch on values, so that a mistake shows in the result."""
    config = LlavaConfig.from_dict(Golden("llava", "LlavaModel", "default").content["config"])
    model = backend.door.LlavaModel(config)
    image = drawn._normal("image", (1, 3, 12, 12)).astype(np.float32)
    for places, fits in ((3, False), (4, True), (5, False)):
        tokens = np.array([[1, 2, *[35] * places, 3]])
        found = backend.numpy(backend.call(model, {"input_ids": tokens, "pixel_values": image})[0])
        assert np.isfinite(found).all() if fits else np.isnan(found[:, 2:]).all()


def test_a_config_within_a_config_may_leave_its_architecture_unsaid() -> None:
    config = LlavaConfig.from_dict({"text_config": {"hidden_size": 64}, "vision_config": {"model_type": "vit"}})
    assert isinstance(config.text_config, LlamaConfig) and config.text_config.hidden_size == 64
    assert isinstance(config.vision_config, ViTConfig)
    assert config.to_dict() == {"text_config": {"hidden_size": 64}, "vision_config": {"model_type": "vit"}}


def test_a_text_longer_than_the_distances_that_attention_knows() -> None:
    from trivium import numpy as door

    sizes = {"vocab_size": 7, "hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 1, "intermediate_size": 8}
    config = BertConfig(**sizes, max_position_embeddings=4, position_embedding_type="relative_key")  # type: ignore[arg-type]
    model = door.BertModel(config)
    assert model(np.ones((1, 4), int)).last_hidden_state.shape == (1, 4, 8)
    with pytest.raises(InputError, match="5 tokens, and distances are known up to 3"):
        model(np.ones((1, 5), int))
