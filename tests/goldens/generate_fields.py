"""Writes config_fields.json: the fields of Transformers 4.52.4's configs, for every architecture of ours and parts of configs.

    python tests/goldens/generate_fields.py <model_type> ...

with the names of ours (`trivium.models.catalogue`), where Transformers is installed. "general": the fields of all configs with
their defaults. model_type -> fields: its own, and general ones of another default; read: what its network's file takes from a
config beside them, by an attribute or by `getattr`. "switches": what a class answers to the first inputs of its golden, with a
field of the first config changed: the shape and the mean square, the weights drawn by name.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from tests import drawn, kept  # noqa: E402

SWITCHES = (("phi", "PhiModel", {"head_dim": 12}),)
GENERAL = vars(transformers.PretrainedConfig())
READ = re.compile(r"config\.([a-z]\w*)\b(?!\()|getattr\((?:self\.)?config, \"(\w+)\"")


def plain(value: Any) -> Any:
    """A value as JSON has it; of a config within a config, its class."""
    return type(value).__name__ if isinstance(value, transformers.PretrainedConfig) else json.loads(json.dumps(value))


def read(cls: type) -> set[str]:
    """What the network's file takes from configs."""
    path = Path(inspect.getfile(cls))
    network = path.with_name(path.name.replace("configuration_", "modeling_"))
    return {name for pair in READ.findall(network.read_text()) for name in pair if name}


def add(found: dict[str, Any], cls: type) -> None:
    """Adds a config class, and those of its parts."""
    arguments = {name for name in inspect.signature(cls.__init__).parameters if name not in ("self", "kwargs")}
    try:
        values = vars(cls())
    except ValueError:  # a pair, which is nothing without its parts
        values = {}
    own = {name: plain(value) for name, value in values.items() if name not in GENERAL or value != GENERAL[name]}
    own |= dict.fromkeys(arguments - own.keys() - GENERAL.keys())
    more = sorted(read(cls) - own.keys() - GENERAL.keys())
    found[cls.model_type] = {"fields": {name: own[name] for name in sorted(own) if name[0] != "_"}, "read": more}
    for part in cls.sub_configs.values():
        if getattr(part, "model_type", "") not in ("", *found):  # AutoConfig stands for one of any architecture
            add(found, part)


def switch(model_type: str, name: str, change: dict[str, Any]) -> dict[str, Any]:
    """What one class answers with a field changed."""
    content = next(iter(kept.read(HERE / model_type / f"{name}.json")["configs"].values()))
    cls = getattr(transformers, name)
    model = cls(cls.config_class.from_dict(content["config"] | change)).eval()
    weights = {key: torch.from_numpy(drawn.weight(key, tuple(value.shape))) for key, value in model.state_dict().items()}
    model.load_state_dict(
        {key: value for key, value in weights.items() if not key.endswith("num_batches_tracked")}, strict=False
    )
    inputs = {key: torch.from_numpy(drawn.unpack(value)) for key, value in content["cases"][0]["inputs"].items()}
    with torch.no_grad():
        found = model(**inputs).last_hidden_state.double()
    square = float(f"{found.square().mean().item():.7g}")
    return {"class": name, "change": change, "shape": list(found.shape), "square": square}


def main() -> None:
    hidden = ("transformers_version", "_commit_hash")
    found: dict[str, Any] = {
        "general": {key: plain(GENERAL[key]) for key in sorted(GENERAL) if key not in hidden and key[0] != "_"}
    }
    found["switches"] = [switch(*one) for one in SWITCHES]
    for name in sys.argv[1:]:
        add(found, CONFIG_MAPPING[name])
    lines = [f"{json.dumps(name)}: {json.dumps(content, sort_keys=True)}" for name, content in sorted(found.items())]
    (HERE / "config_fields.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
