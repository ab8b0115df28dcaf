"""Models to the Hub: everything in one commit."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .errors import HubError, Offline

_CARD = """---
library_name: trivium
---

# {name}

`{cls}`, {parameters:,} parameters, as {formats}. Any framework reads any of the formats:

```python
from trivium import {cls}, TF{cls}, Flax{cls}

model = {cls}.from_pretrained("{repository}")
```
"""


def push(
    model: Any,
    repo_id: str,
    formats: Sequence[str] = ("safetensors",),
    *,
    tokenizer: Any = None,
    commit_message: str | None = None,
    private: bool | None = None,
    token: str | bool | None = None,
    revision: str | None = None,
    create_pr: bool = False,
    shard_size: int | None = None,
) -> str:
    """Uploads a model: config, weights, generation config, a model card if there is none, all in one commit.

    Args:
        model: Of any framework.
        repo_id: "name" or "organisation/name"; the repository is made if there is none.
        formats: Of the weights: "safetensors", "tensorflow" (tf_model.h5), "flax" (flax_model.msgpack); several at once.
        tokenizer: What else to upload that has `save_pretrained`: a tokenizer, or a processor.
        commit_message: Says what the commit is.
        private: Whether a repository that is made is private.
        token: Of the Hub; the one that was logged in with if not given.
        revision: A branch, if not main.
        create_pr: Whether to open a pull request instead.
        shard_size: Bytes of values that one file holds at most.

    Returns:
        The address of the commit.

    Raises:
        Offline: The Hub is not to be asked, or does not answer.
        HubError: The Hub refused.
    """
    import huggingface_hub
    from huggingface_hub import errors

    api = huggingface_hub.HfApi(library_name="trivium", token=token)
    try:
        repository = api.create_repo(repo_id, private=private, exist_ok=True).repo_id
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            options = {} if shard_size is None else {"shard_size": shard_size}
            for kind in formats:
                model.save_pretrained(folder, format=kind, **options)
            if tokenizer is not None:
                tokenizer.save_pretrained(folder)
            if not api.file_exists(repository, "README.md", revision=revision):
                (folder / "README.md").write_text(_card(model, repository, formats))
            message = commit_message or f"Upload {model.unbound().__name__}"
            done = api.upload_folder(
                repo_id=repository, folder_path=folder, commit_message=message, revision=revision, create_pr=create_pr
            )
    except errors.OfflineModeIsEnabled:
        raise Offline("the Hub is not to be asked", path=repo_id, hint="unset HF_HUB_OFFLINE") from None
    except errors.HfHubHTTPError as error:
        raise HubError(
            f"the Hub refused: {error}", path=repo_id, hint="log in with a token that may write: hf auth login"
        ) from None
    except OSError as error:
        raise Offline(
            f"the Hub could not be reached: {error}", path=repo_id, hint="check the network, and HF_ENDPOINT"
        ) from None
    return str(done.commit_url)


def _card(model: Any, repository: str, formats: Sequence[str]) -> str:
    name = model.unbound().__name__
    return _CARD.format(
        name=repository.rpartition("/")[2], cls=name, parameters=model.num_parameters(), formats=", ".join(formats),
        repository=repository,
    )  # fmt: skip
