"""model.orbax: a checkpoint of Orbax with the parameters of one of Trivium's Flax models, as `nnx.state(model, nnx.Param)`.

It is a directory: `_METADATA` says which arrays there are, and each is an array of Zarr. Orbax itself puts them into one
database (OCDBT), which only the library tensorstore reads (`pip install "trivium[orbax]"`). What is written here is the plainer
form, an uncompressed file for each array, which Orbax restores alike, gives the same bytes each time, and can be mapped. Keys
are the paths of the arrays, joined with ".", without the last part "value".

Sources: orbax/checkpoint/_src/metadata/tree.py; https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from trivium.core.errors import BackendMissing, Corrupt, LimitExceeded, Unsafe, UnsupportedDtype
from trivium.core.files import parse_json

from ..tensors import DTYPES, Mapped, Tensor, check_count, check_name, check_shape, is_native, reading
from ..writing import assembling, replacing
from . import ORBAX_MARKER as MARKER
from . import Output

METADATA_LIMIT = 256 * 2**20  # bytes; of a checkpoint of a million arrays
ARRAY_LIMIT = 2**16  # bytes of what describes one array
EXPANSION_LIMIT = 1000  # values : stored bytes
EXPANSION_FREE = 64 * 2**20  # bytes up to which any ratio is allowed

_UNFINISHED = ".orbax-checkpoint-tmp"
_DICT_KEY = 2
_ARRAYS = ("jax.Array", "np.ndarray")
_HANDLER = "orbax.checkpoint._src.handlers.standard_checkpoint_handler.StandardCheckpointHandler"
_ZARR = {dtype.str if is_native(dtype) else name: dtype for name, dtype in DTYPES.items() if name != "float8_e8m0fnu"}
"""What Zarr calls a dtype -> the dtype."""


def read(path: Path, trust: bool = False, private: bool = False) -> list[Tensor]:
    """See `Format.read`.

    Raises:
        BackendMissing: Its arrays are in a form that takes tensorstore, which is not installed.
    """
    if _UNFINISHED in path.name:
        raise Corrupt("Orbax has not finished writing this", path=path, hint="take a checkpoint whose name has no such end")
    metadata = _json(path / MARKER, METADATA_LIMIT)
    tree = metadata.get("tree_metadata")
    if not isinstance(tree, dict):
        raise Corrupt("it lists no arrays", path=path / MARKER, key="tree_metadata")
    check_count(len(tree), path)
    places = [_place(entry, path) for entry in tree.values()]
    keys = {place: place.removesuffix(".value") for place in places}
    if len(set(keys.values())) != len(tree):
        raise Corrupt("an array is listed twice", path=path / MARKER)
    database, driver = metadata.get("use_ocdbt") is True, "zarr3" if metadata.get("use_zarr3") is True else "zarr"
    plain = not database and driver == "zarr"
    tensors = [(_mapped(path, place, key) if plain else None) or _stored(path, place, key, driver, database)
               for place, key in keys.items()]  # fmt: skip
    declared = sum(tensor.nbytes for tensor in tensors)
    stored = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    if declared > max(EXPANSION_FREE, EXPANSION_LIMIT * stored):
        raise LimitExceeded(f"{declared:,} bytes of values stored in {stored:,}", path=path)
    return tensors


def _json(path: Path, limit: int) -> dict[str, Any]:
    with reading(path), open(path, "rb") as file:
        return parse_json(file.read(limit + 1), path, limit)


def _place(entry: Any, path: Path) -> str:
    """The name under which an array is stored: its path in the tree, joined with "."."""
    try:
        parts = [part["key"] for part in entry["key_metadata"]]
        kind = entry["value_metadata"]["value_type"]
    except (KeyError, TypeError):
        raise Corrupt("an array without a path or type", path=path / MARKER, key=str(entry)[:200]) from None
    name = ".".join(map(str, parts))
    if not all(isinstance(part, str) and part.strip(".") == part != "" and "/" not in part for part in parts):
        raise Unsafe("an array whose name leads elsewhere", path=path / MARKER, key=ascii(name)[:200])
    check_name(name, path / MARKER)
    if kind not in _ARRAYS:
        raise UnsupportedDtype(f"a value of the type {str(kind)[:40]!r}", path=path / MARKER, key=name)
    return name


def _mapped(path: Path, place: str, key: str) -> Tensor | None:
    """An array that is in one file, uncompressed; None if it is not."""
    folder = path / place
    if not folder.resolve().is_relative_to(path.resolve()):
        raise Unsafe("a symbolic link that leads out of the checkpoint", path=path, key=place)
    facts = _json(folder / ".zarray", ARRAY_LIMIT)
    if facts.get("zarr_format") != 2 or facts.get("filters") or facts.get("dtype") not in _ZARR:
        raise UnsupportedDtype("an array in a form or dtype that is not supported", path=folder, key=str(facts)[:200])
    dtype = _ZARR[facts["dtype"]]
    shape = check_shape(facts.get("shape"), dtype, path, key)
    chunks = [max(size, 1) for size in shape]
    if facts.get("compressor") is not None or facts.get("chunks") != chunks or facts.get("order") != "C":
        return None
    if not math.prod(shape):
        return Tensor(key, shape, dtype, partial(np.empty, shape, dtype))
    file = Mapped(folder / _chunk(shape))
    tensor = Tensor(key, shape, dtype, partial(_values, file, shape, dtype, path, key))
    if file.size != tensor.nbytes:
        raise Corrupt(f"{file.size:,} bytes are stored of {tensor.nbytes:,}", path=folder, key=key, hint="copy it again")
    return tensor


def _chunk(shape: tuple[int, ...]) -> str:
    """The name of the file of an array in one piece."""
    return ".".join("0" for _ in shape) or "0"


def _values(file: Mapped, shape: tuple[int, ...], dtype: np.dtype, path: Path, key: str) -> np.ndarray:
    if dtype.kind == "b" and (file.array(0, shape, DTYPES["uint8"]) > 1).any():
        raise Corrupt("a boolean that is neither 0 nor 1", path=path, key=key)
    return file.array(0, shape, dtype)


def _stored(path: Path, place: str, key: str, driver: str, database: bool) -> Tensor:
    """An array that tensorstore reads. Where it is, is said here and never by the checkpoint."""
    try:
        import tensorstore
    except ImportError as error:
        raise BackendMissing(
            f"tensorstore is not installed ({error})", path=path, key="tensorstore", hint='pip install "trivium[orbax]"'
        ) from None
    base = f"{path.resolve().as_uri()}/"
    where = {"driver": "ocdbt", "base": base, "path": f"{place}/"} if database else f"{base}{place}/"
    try:
        store = tensorstore.open({"driver": driver, "kvstore": where}, open=True, read=True).result()
    except (ValueError, OSError) as error:
        raise Corrupt(f"tensorstore cannot read it: {str(error)[:300]}", path=path, key=key, hint="copy it again") from None
    if store.dtype.name not in DTYPES:
        raise UnsupportedDtype(f"the dtype {store.dtype.name!r} is not supported", path=path, key=key)
    dtype = DTYPES[store.dtype.name]
    shape = check_shape(list(map(int, store.shape)), dtype, path, key)
    return Tensor(key, shape, dtype, partial(_decoded, store, shape, dtype, path, key))


def _decoded(store: Any, shape: tuple[int, ...], dtype: np.dtype, path: Path, key: str) -> np.ndarray:
    try:
        return np.asarray(store.read().result()).astype(dtype, copy=False).reshape(shape)
    except (ValueError, OSError) as error:
        raise Corrupt(f"tensorstore cannot read it: {str(error)[:300]}", path=path, key=key, hint="copy it again") from None


def write(path: Path, tensors: Iterable[Output], metadata: Mapping[str, str], shard: bool = False) -> None:
    """See `Format.write`. The file is a directory; `MARKER` in it is written last."""
    outputs = sorted(tensors, key=lambda output: output.key)
    names = {dtype: name for name, dtype in _ZARR.items()}
    with assembling(path, (MARKER,), lambda name: False) as folder:
        for output in outputs:
            check_name(output.key, path)
            if output.dtype not in names:
                raise UnsupportedDtype(f"Zarr cannot hold {output.dtype}", path=path, key=output.key)
            place = folder / f"{output.key}.value"
            place.mkdir()
            facts = {
                "chunks": [max(size, 1) for size in output.shape], "compressor": None, "dimension_separator": ".",
                "dtype": names[output.dtype], "fill_value": None, "filters": None, "order": "C",
                "shape": list(output.shape), "zarr_format": 2,
            }  # fmt: skip
            _write_json(place / ".zarray", facts)
            if output.nbytes:
                with replacing(place / _chunk(output.shape)) as file:
                    for piece in output.pieces():
                        file.write(piece.reshape(-1).view(np.uint8).data)
        _write_json(folder / "_CHECKPOINT_METADATA", {"item_handlers": _HANDLER, "metrics": {}, "custom_metadata": {}})
        tree = {str((*output.key.split("."), "value")): _entry(output) for output in outputs}
        _write_json(folder / MARKER, {
            "tree_metadata": tree, "use_ocdbt": False, "use_zarr3": False, "store_array_data_equal_to_fill_value": True,
            "custom_metadata": None,
        })  # fmt: skip


def _entry(output: Output) -> dict[str, Any]:
    """What `_METADATA` says of an array."""
    keys = [{"key": part, "key_type": _DICT_KEY} for part in (*output.key.split("."), "value")]
    value = {"value_type": "jax.Array", "skip_deserialize": False, "write_shape": list(output.shape)}
    return {"key_metadata": keys, "value_metadata": value}


def _write_json(path: Path, value: Any) -> None:
    with replacing(path) as file:
        file.write(json.dumps(value, separators=(",", ":")).encode())
