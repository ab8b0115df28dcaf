"""model.weights.h5: what `keras.Model.save_weights` of Keras 3 writes for Trivium's own TensorFlow models.

It is HDF5 with a group for each layer, at the layer's path in the model, in which `vars/0`, `vars/1`, ... are its variables.
There are no names in it, so that only who knows the model can tell what is what: see `trivium/convert/keras_names.py`. Keys
are the paths of the datasets. The writer writes what `load_weights` reads.

Source: keras/src/saving/saving_lib.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from trivium.core.errors import UnknownFormat, UnsupportedDtype

from ..tensors import Tensor, check_name
from ..writing import replacing
from . import Output
from .hdf5 import Contents, Sink, write_datasets

_VARIABLE = re.compile(r"(.+/)?vars/\d+")


def read(path: Path, trust: bool = False, private: bool = False) -> list[Tensor]:
    """See `Format.read`."""
    contents = Contents(path, trust)
    if other := [place for place in contents.tensors if not _VARIABLE.fullmatch(place)] or list(contents.lists[""]):
        raise UnknownFormat("an HDF5 file, but not Keras 3's weights", path=path, key=min(other), hint="is it a tf_model.h5?")
    return list(contents.tensors.values())


def write(path: Path, tensors: Iterable[Output], metadata: Mapping[str, str], shard: bool = False) -> None:
    """See `Format.write`."""
    import h5py

    with replacing(path) as target:
        sink = Sink(target)
        with h5py.File(sink, "w", libver="earliest") as file:
            file.create_group("vars")
            for output in tensors:
                check_name(output.key, path)
                if output.dtype.kind == "c":
                    raise UnsupportedDtype(f"HDF5 cannot hold {output.dtype}", path=path, key=output.key)
                write_datasets(file, [output.key], output, sink)
        sink.check()
