"""EnCodec beyond its goldens: codes on their own, what is refused, and the Hub's names of normalised weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests import drawn
from tests.backends import Backend, each_backend
from tests.conftest import Golden
from tests.kept import Kept
from trivium.core.errors import ConfigError, InputError
from trivium.models.encodec.config import EncodecConfig

CHUNKED, PLAIN = (Golden("encodec", "EncodecModel", name) for name in ("chunked", "default"))


@each_backend
def test_codes_say_the_wave(backend: Backend, tmp_path: Path) -> None:
    """What `encode` gives is enough for `decode`, and for the model itself."""
    model = backend.door.EncodecModel.from_pretrained(CHUNKED.write(tmp_path))
    (case,) = CHUNKED.content["cases"]
    wave, mask = (backend.array(drawn.unpack(case["inputs"][name])) for name in ("input_values", "padding_mask"))
    wanted = {name: Kept(value) for name, value in case["outputs"].items()}
    codes = model.encode(wave, mask)
    assert tuple(codes.audio_scales.shape) == (3, 2, 1, 1)
    assert wanted["audio_codes"].error(backend.numpy(codes.audio_codes)) < 1e-5
    heard = (
        model.decode(codes.audio_codes, codes.audio_scales, mask),
        model(wave, mask, audio_codes=codes.audio_codes, audio_scales=codes.audio_scales),
    )
    for out in heard:
        assert wanted["audio_values"].error(backend.numpy(out.audio_values)) < 1e-5


def test_refusals(tmp_path: Path) -> None:
    """What does not fit is refused by name."""
    from trivium import numpy as door

    chunked = door.EncodecModel.from_pretrained(CHUNKED.write(tmp_path / "chunked"))
    plain = door.EncodecModel.from_pretrained(PLAIN.write(tmp_path / "plain"))
    wave, codes = np.zeros((1, 2, 100), np.float32), np.zeros((2, 1, 1, 4), np.int32)
    with pytest.raises(InputError, match="whole number of chunks"):
        chunked(wave)
    with pytest.raises(InputError, match="audio_scales"):
        chunked(wave, audio_codes=codes)
    with pytest.raises(InputError, match="bandwidth"):
        plain(wave[:, :1], bandwidth=7.0)
    with pytest.raises(InputError, match="2 chunks"):
        plain.decode(codes)
    with pytest.raises(InputError, match="5 codes"):
        plain.decode(np.zeros((1, 1, 5, 4), np.int32))
    for fields, name in (
        ({"codebook_size": 1000}, "codebook_size"),
        ({"codebook_dim": 64}, "codebook_dim"),
        ({"target_bandwidths": (0.1,)}, "target_bandwidths"),
        ({"use_causal_conv": False, "trim_right_ratio": 0.5}, "trim_right_ratio"),
        ({"pad_mode": "constant"}, "pad_mode"),
    ):
        with pytest.raises(ConfigError, match=name):
            EncodecConfig(**fields)


def test_weight_norm_by_the_names_on_the_hub(tmp_path: Path) -> None:
    """The checkpoints on the Hub have weight_g and weight_v."""
    from trivium import numpy as door

    folder = PLAIN.write(tmp_path)
    case = PLAIN.content["cases"][0]
    tensors = load_file(folder / "model.safetensors")
    for new, short in (("0", "weight_g"), ("1", "weight_v")):
        tensors = {name.replace(f"parametrizations.weight.original{new}", short): value for name, value in tensors.items()}
    assert any(name.endswith("weight_v") for name in tensors)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    out = door.EncodecModel.from_pretrained(folder)(drawn.unpack(case["inputs"]["input_values"]), **case["options"])
    assert Kept(case["outputs"]["audio_values"]).error(out.audio_values) < 1e-5
