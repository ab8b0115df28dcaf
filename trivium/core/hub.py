"""Finding a checkpoint: a local path, or a repository of the Hub through huggingface_hub."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .errors import HubError, NotFound, Offline

OPTIONS = ("revision", "token", "cache_dir", "local_files_only", "force_download", "subfolder")
"""The keyword arguments that concern the Hub."""

WEIGHTS = (
    ("model.safetensors", "model*.safetensors", "model.safetensors.index.json"),
    ("pytorch_model.bin", "pytorch_model*.bin", "pytorch_model.bin.index.json"),
    ("tf_model.h5", "tf_model*.h5", "tf_model.h5.index.json"),
    ("flax_model.msgpack", "flax_model*.msgpack", "flax_model.msgpack.index.json"),
)
"""The weight files that Trivium reads, the best first: single file, shards, index."""

_REPOSITORY = re.compile(r"[\w.-]+(/[\w.-]+)?")


def resolve(
    source: str | Path, config_only: bool = False, subfolder: str = "", files: Sequence[str] = (), **options: Any
) -> Path:
    """The local path of a checkpoint; from the Hub only the files that are needed are fetched.

    Args:
        source: A directory, a file, or a Hub id; a path that exists comes first. "hf://" before an id is allowed.
        config_only: Leave the weights where they are.
        subfolder: A folder in the directory or repository.
        files: Fetch these alone, those of them that there are.
        **options: revision, token, cache_dir, local_files_only, force_download: as in huggingface_hub.

    Raises:
        NotFound: There is no such path, and it is no id of a repository, or the repository or revision is not there.
        Offline: The Hub is not to be asked (HF_HUB_OFFLINE, local_files_only) or does not answer, and the files are not
            in the cache.
        HubError: The Hub refused.
    """
    name = str(source)
    if not name.startswith("hf://"):
        path = Path(source).expanduser() / subfolder
        if path.exists():
            return path
        if not _REPOSITORY.fullmatch(name) or Path(source).is_absolute():
            raise NotFound("no such file or directory", path=path)
    return _fetch(name.removeprefix("hf://"), ["config.json"] if config_only else list(files), subfolder, options)


def _fetch(repository: str, files: list[str], subfolder: str, options: dict[str, Any]) -> Path:
    import huggingface_hub
    from huggingface_hub import errors

    prefix = f"{subfolder.rstrip('/')}/" if subfolder else ""
    hint = f"check the spelling, or fetch it yourself: hf download {repository}"
    try:
        choices = [files] if files else _choices(repository, prefix, options)
        for patterns in choices:
            try:
                wanted = [prefix + pattern for pattern in patterns]
                found = huggingface_hub.snapshot_download(repository, allow_patterns=wanted, library_name="trivium", **options)
                break
            except errors.LocalEntryNotFoundError:
                if patterns is choices[-1]:
                    raise
    except NotFound:
        raise
    except errors.GatedRepoError:
        raise HubError(
            f"access to {repository} is gated", path=repository, hint="ask for access on its page, then log in: hf auth login"
        ) from None
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, errors.HFValidationError) as error:
        raise NotFound(
            f"neither a local path nor a repository of the Hub ({type(error).__name__})", path=repository, hint=hint
        ) from None
    except (errors.OfflineModeIsEnabled, errors.LocalEntryNotFoundError):
        raise Offline(
            "not in the cache, and the Hub cannot be asked", path=repository, hint=f"hf download {repository}"
        ) from None
    except (errors.HfHubHTTPError, OSError) as error:
        raise HubError(f"the Hub could not be used: {error}", path=repository, hint=hint) from None
    folder = Path(found) / subfolder
    if files in ([], ["config.json"]) and not (folder / "config.json").exists():
        raise NotFound("the repository has no config.json", path=f"{repository}/{prefix}config.json")
    return folder


def _choices(repository: str, prefix: str, options: dict[str, Any]) -> list[list[str]]:
    """Which files to fetch: with the weights of the first format that the repository has.

    If the Hub is not to be asked, or does not answer, the first choice that the cache holds will do.
    """
    import huggingface_hub
    from huggingface_hub import constants, errors

    in_cache = [["config.json", *patterns] for patterns in WEIGHTS]
    if options.get("local_files_only") or constants.HF_HUB_OFFLINE:
        return in_cache
    api = huggingface_hub.HfApi(library_name="trivium", token=options.get("token"))
    try:
        info = api.model_info(repository, revision=options.get("revision"))
    except (errors.HfHubHTTPError, errors.HFValidationError):
        raise
    except Exception:  # no connection: httpx's error or httpx2's, as huggingface_hub's version has it
        return in_cache
    names = {file.rfilename for file in info.siblings or ()}
    for single, shards, index in WEIGHTS:
        if prefix + single in names:
            return [["*.json", "*.txt", "*.model", single]]
        if prefix + index in names:
            return [["*.json", "*.txt", "*.model", shards, index]]
    raise NotFound(
        "the repository has no weights in a format that Trivium reads", path=repository,
        hint="safetensors, pytorch_model.bin, tf_model.h5 and flax_model.msgpack are read",
    )  # fmt: skip
