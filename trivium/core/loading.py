"""The options of `from_pretrained` that programs for Transformers give: what they mean here."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import ConfigError

_OTHER_NAMES = {"torch_dtype": "dtype", "use_auth_token": "token"}

_HELD_ANYWAY = frozenset({
    "from_pt", "from_tf", "from_flax",  # every format is read into every framework, told by its content
    "low_cpu_mem_usage", "_fast_init",  # weights are mapped or read one by one, and never drawn in vain
    "use_safetensors", "weights_only", "trust_remote_code",  # no checkpoint can have anything executed
    "resume_download",  # as huggingface_hub always does
})  # fmt: skip

_ABSENT = {
    "quantization_config": "quantised checkpoints are not read",
    "gguf_file": "GGUF is not read",
    "state_dict": "use model.assign_weights, or trivium.convert for a file",
    "key_mapping": "use trivium convert --rename OLD=NEW",
    "variant": "give the weight file itself instead of its directory",
    "max_memory": "the model is held by one device",
    "tp_plan": "the model is held by one device",
    "proxies": "set the environment's HTTPS_PROXY",
}


def familiar(options: dict[str, Any]) -> dict[str, Any]:
    """The options of Transformers' `from_pretrained` as Trivium's: renamed, or left out where they hold anyway.

    Raises:
        ConfigError: One asks for what is not there; the error says what to do instead.
    """
    options = {_OTHER_NAMES.get(name, name): value for name, value in options.items() if name not in _HELD_ANYWAY}
    for name, hint in _ABSENT.items():
        if options.pop(name, None) is not None:
            raise ConfigError(f"from_pretrained does not take {name}", key=name, hint=hint)
    attention = options.pop("attn_implementation", None)
    if attention not in (None, "eager", "sdpa"):  # the numbers are the same, and weights of attention are made when asked for
        raise ConfigError(
            f"attn_implementation = {attention!r} is not there", key="attn_implementation",
            hint="leave it out: each framework's own fused attention is used",
        )  # fmt: skip
    return options


def dtype_name(dtype: Any) -> str | None:
    """NumPy's name of a dtype of any framework: "bfloat16" for torch.bfloat16, jnp.bfloat16, tf.bfloat16 and itself.

    None and "auto", which ask for the dtype of the checkpoint, are None.

    Raises:
        ConfigError: It is no dtype of floats.
    """
    if dtype is None or dtype == "auto":
        return None
    name = dtype if isinstance(dtype, str) else getattr(dtype, "name", None) or getattr(dtype, "__name__", None) or str(dtype)
    name = name.rpartition(".")[2]
    try:
        import ml_dtypes  # noqa: F401  (gives NumPy the name "bfloat16")

        found = np.dtype(name)
    except TypeError:
        found = None
    if found is None or not (found.kind == "f" or found.name == "bfloat16"):
        raise ConfigError(f"dtype = {dtype!r} is no dtype of floats", key="dtype", hint='such as "float32" or "bfloat16"')
    return found.name
