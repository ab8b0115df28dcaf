"""Writes tests/goldens/pipelines.json: what the pipelines of Transformers 4.52.4 answer, with small checkpoints of drawn weights.

Run by hand, in an environment with transformers==4.52.4, PyTorch and Pillow:
    python tests/goldens/generate_pipelines.py
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import torch
import transformers

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests import drawn, pipelines_table  # noqa: E402


def checkpoint(name: str, folder: Path) -> None:
    """Writes a checkpoint."""
    values = pipelines_table.config(name)
    (folder / "config.json").write_text(json.dumps(values))
    cls = getattr(transformers, values["architectures"][0])
    model = cls(transformers.AutoConfig.from_pretrained(folder))
    model.tie_weights()
    state = model.state_dict()
    new, seen = {}, set()
    for key, value in state.items():
        if value.is_floating_point() and value.data_ptr() not in seen:  # or it is tied to one before it
            seen.add(value.data_ptr())
            new[key] = torch.from_numpy(drawn.weight(key, tuple(value.shape)))
    model.load_state_dict(new, strict=False)
    model.tie_weights()
    model.save_pretrained(folder)
    pipelines_table.lay_out(name, folder)


def main() -> None:
    """Runs every call."""
    found = []
    with tempfile.TemporaryDirectory() as root:
        for name in pipelines_table.CHECKPOINTS:
            (Path(root) / name).mkdir()
            checkpoint(name, Path(root) / name)
        for task, name, item, options in pipelines_table.CALLS:
            pipe = transformers.pipeline(task, str(Path(root) / name), framework="pt", device=-1)
            given = pipelines_table.given(item)
            answer = pipe(**given, **options) if task == "question-answering" else pipe(given, **options)
            found.append({"task": task, "checkpoint": name, "answer": pipelines_table.plain(answer)})
            print(task, name, str(found[-1]["answer"])[:150])
    (Path(__file__).parent / "pipelines.json").write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
