"""The pickles in PyTorch's checkpoints, interpreted: what they say of tensors is noted, and nothing that they name is called.

Python's own unpickler imports and calls whatever a file names, and takes gigabytes for a few bytes. Real checkpoints need about
thirty opcodes and twenty names; all others are refused by name. Values are kept as numbers, strings, tuples, lists, dicts,
`Named`, `Storage` and `Strided`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from trivium.core.errors import Collision, Corrupt, KeyMismatch, LimitExceeded, UnknownFormat, Unsafe, UnsupportedDtype

from ..tensors import DTYPES, Mapped

OPCODE_LIMIT = 5_000_000
MEMO_LIMIT = 1_000_000
STACK_LIMIT = 100_000  # pickle writes the items of a dict in thousands
DEPTH_LIMIT = 64
STRING_LIMIT = 16 * 2**20  # bytes
INTEGER_LIMIT = 16  # bytes

_STORAGES = {
    "Float": "float32", "Double": "float64", "Half": "float16", "BFloat16": "bfloat16",
    "Long": "int64", "Int": "int32", "Short": "int16", "Char": "int8", "Byte": "uint8", "Bool": "bool",
    "ComplexFloat": "complex64", "ComplexDouble": "complex128",
}  # fmt: skip
STORAGES = {f"torch.{name}Storage": DTYPES[dtype] for name, dtype in _STORAGES.items()}
"""The name of a storage's class -> its dtype."""
UNTYPED = "torch.storage.UntypedStorage"
REBUILD, REBUILD_TYPED = "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3"
_REBUILD_OLD, _PARAMETER = "torch._utils._rebuild_tensor", "torch._utils._rebuild_parameter"
_DICT = "collections.OrderedDict"
_TENSOR_DTYPES = {f"torch.{name}": dtype for name, dtype in DTYPES.items()}
_NAMES = {*STORAGES, UNTYPED, REBUILD, REBUILD_TYPED, _REBUILD_OLD, _PARAMETER, _DICT, *_TENSOR_DTYPES}
_UNSUPPORTED = (
    "torch._utils._rebuild_sparse", "torch._utils._rebuild_qtensor", "torch._utils._rebuild_nested_tensor",
    "torch._utils._rebuild_wrapper_subclass", "torch._utils._rebuild_meta_tensor", "torch._utils._rebuild_parameter_with_state",
    "torch._tensor._rebuild_from_type", "torch.serialization._get_layout", "torch.QInt", "torch.QUInt", "torch.per_",
)  # fmt: skip
"""How the names of kinds of tensors begin that hold more than an array of plain numbers."""


@dataclass(frozen=True)
class Named:
    """Something that the file names, and that is allowed."""

    name: str


@dataclass(frozen=True)
class Storage:
    """A flat array that tensors are views of.

    Attributes:
        key: Its name in the file.
        dtype: None for bytes whose meaning each tensor says.
        count: Its elements, or bytes if there is no dtype.
        view: Of a legacy file: another storage's key, where this one begins there, and its elements.
    """

    key: str
    dtype: np.dtype | None
    count: int
    view: tuple[str, int, int] | None = None


@dataclass(frozen=True)
class Strided:
    """A tensor as a view of a storage; `offset` and `strides` count elements."""

    storage: Storage
    dtype: np.dtype
    offset: int
    sizes: tuple[int, ...]
    strides: tuple[int, ...]


def interpret(file: Mapped, start: int, end: int, path: Path, plain: bool = False) -> tuple[Any, int]:
    """The value of the pickle that begins at a byte of a file, and where the pickle ends.

    Args:
        file: The file.
        start: Where it begins.
        end: Before which it ends.
        path: The file's, for messages.
        plain: Whether it may hold nothing but numbers, strings, lists and dicts.

    Raises:
        Unsafe: It names something that no checkpoint needs, or does with it what none does.
        Corrupt, LimitExceeded, UnknownFormat, UnsupportedDtype, KeyMismatch, Collision: It breaks the rules.
    """
    reader = _Interpreter(file, start, end, path, plain)
    return reader.run(), reader.at


class _Interpreter:
    def __init__(self, file: Mapped, start: int, end: int, path: Path, plain: bool) -> None:
        self.data, self.at, self.end, self.path, self.plain = file.bytes, start, end, path, plain
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        if self.take(2) != b"\x80\2":
            raise UnknownFormat(
                "a pickle of another protocol than 2, which torch.save uses", path=self.path, key=self.place(),
                hint="save it again without pickle_protocol",
            )  # fmt: skip
        for _ in range(OPCODE_LIMIT):
            code = self.take(1)
            if code == b".":
                value = self.pop()
                if self.stack or self.marks:
                    self.fail("something is left on the stack")
                return value
            if code not in _ACTIONS:
                self.refuse(code)
            _ACTIONS[code](self)
            if len(self.stack) > STACK_LIMIT or len(self.marks) > DEPTH_LIMIT:
                raise LimitExceeded("a pickle nested deeper than any checkpoint's", path=self.path, key=self.place())
        raise LimitExceeded(f"more than {OPCODE_LIMIT:,} opcodes", path=self.path)

    # Reading

    def place(self) -> str:
        return f"byte {self.at}"

    def fail(self, message: str) -> NoReturn:
        raise Corrupt(f"{message} in the pickle", path=self.path, key=self.place())

    def unsafe(self, message: str) -> NoReturn:
        raise Unsafe(message, path=self.path, key=self.place(), hint="nothing was run; do not load this file in PyTorch either")

    def refuse(self, code: bytes) -> NoReturn:
        import pickletools

        known = pickletools.code2op.get(code.decode("latin-1"))  # type: ignore[attr-defined]
        if known is None:
            self.fail(f"the byte 0x{code[0]:02x} is no opcode")
        self.unsafe(f"the opcode {known.name}, which no checkpoint needs")

    def take(self, count: int) -> bytes:
        begin, self.at = self.at, self.at + count
        if self.at > self.end:
            self.at = begin
            self.fail("the end is missing")
        return self.data[begin : self.at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def signed(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little", signed=True)

    def line(self) -> str:
        end = self.data.find(b"\n", self.at, min(self.end, self.at + 1024))
        if end < 0:
            self.fail("a name does not end")
        text = self.take(end + 1 - self.at)[:-1]
        return text.decode("ascii", "backslashreplace")

    def string(self, size: int, encoding: str) -> str:
        if size > STRING_LIMIT:
            raise LimitExceeded(f"a string of {size:,} bytes; the limit is {STRING_LIMIT:,}", path=self.path, key=self.place())
        try:
            return self.take(size).decode(encoding)
        except UnicodeDecodeError:
            self.fail("a string is not UTF-8")

    def integer(self) -> int:
        size = self.number(1)
        if size > INTEGER_LIMIT:
            raise LimitExceeded(f"an integer of {size} bytes", path=self.path, key=self.place())
        return self.signed(size)

    # The stack

    def pop(self) -> Any:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            self.fail("the stack is empty")
        return self.stack.pop()

    def top(self) -> Any:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            self.fail("the stack is empty")
        return self.stack[-1]

    def marked(self) -> list[Any]:
        if not self.marks:
            self.fail("no mark is set")
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def tuple_of(self, count: int) -> None:
        items = [self.pop() for _ in range(count)]
        self.stack.append(tuple(reversed(items)))

    def put(self, index: int) -> None:
        if len(self.memo) >= MEMO_LIMIT:
            raise LimitExceeded(f"more than {MEMO_LIMIT:,} values are remembered", path=self.path)
        self.memo[index] = self.top()

    def get(self, index: int) -> None:
        if index not in self.memo:
            self.fail(f"value {index} was not remembered")
        self.stack.append(self.memo[index])

    # What is done with values

    def name(self) -> None:
        name = f"{self.line()}.{self.line()}"
        if name.startswith(_UNSUPPORTED):
            raise UnsupportedDtype(f"{name}: a tensor that is more than an array of numbers", path=self.path, key=self.place())
        if self.plain or name not in _NAMES:
            self.unsafe(f"the file names {name}, which no checkpoint needs")
        self.stack.append(Named(name))

    def set_items(self, items: list[Any]) -> None:
        target = self.top()
        if type(target) is not dict:
            self.unsafe("an item is set in what is no dict")
        if len(items) % 2:
            self.fail("a key has no value")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) is not str:
                raise KeyMismatch(f"a key that is no name but a {type(key).__name__}", path=self.path, key=self.place())
            if key in target:
                raise Collision("a name is there twice", path=self.path, key=key)
            target[key] = value

    def append(self, items: list[Any]) -> None:
        target = self.top()
        if type(target) is not list:
            self.unsafe("an item is appended to what is no list")
        target.extend(items)

    def build(self) -> None:
        """The state of an OrderedDict is what PyTorch notes about modules: their versions."""
        state = self.pop()
        if type(self.top()) is not dict or type(state) is not dict or set(state) - {"_metadata"}:
            self.unsafe("attributes are set")

    def persistent(self) -> None:
        parts = self.pop()
        if self.plain or type(parts) is not tuple or len(parts) not in (5, 6) or parts[0] != "storage":
            self.fail("a storage is not described as PyTorch does")
        _, kind, key, location, count, *view = parts
        if not isinstance(kind, Named) or (kind.name not in STORAGES and kind.name != UNTYPED):
            self.fail("a storage has no type")
        if type(key) is not str or type(location) is not str or type(count) is not int or count < 0:
            self.fail("a storage's name or size is none")
        there = view[0] if view else None
        if there is not None and not (type(there) is tuple and [type(part) for part in there] == [str, int, int]):
            self.fail("a storage's place in another is none")
        self.stack.append(Storage(key, STORAGES.get(kind.name), count, there))

    def call(self) -> None:
        arguments, function = self.pop(), self.pop()
        if not isinstance(function, Named) or type(arguments) is not tuple:
            self.unsafe("a call of what is no function")
        name = function.name
        if name == _DICT and not arguments:
            self.stack.append({})
        elif name == _PARAMETER and len(arguments) == 3 and isinstance(arguments[0], Strided) and arguments[2] == {}:
            self.stack.append(arguments[0])
        elif name in (_REBUILD_OLD, REBUILD, REBUILD_TYPED):
            self.stack.append(self.tensor(name, arguments))
        else:
            self.unsafe(f"a call of {name} as no checkpoint makes it")

    def tensor(self, name: str, arguments: tuple[Any, ...]) -> Strided:
        least, most = {_REBUILD_OLD: (4, 4), REBUILD: (6, 7), REBUILD_TYPED: (7, 8)}[name]
        if not least <= len(arguments) <= most:
            self.unsafe(f"a call of {name} as no checkpoint makes it")
        storage, offset, sizes, strides, *rest = arguments
        if (
            not isinstance(storage, Storage)
            or type(offset) is not int
            or type(sizes) is not tuple
            or type(strides) is not tuple
        ):
            self.unsafe(f"a call of {name} as no checkpoint makes it")
        if any(type(number) is not int for number in (*sizes, *strides)):
            self.fail("a tensor's sizes or strides are no integers")
        if rest and rest[1] != {}:
            self.unsafe("a tensor with hooks")
        dtype = storage.dtype
        if name == REBUILD_TYPED:
            named = rest[2]
            dtype = _TENSOR_DTYPES.get(named.name) if isinstance(named, Named) else None
        if dtype is None:
            self.fail("a tensor has no dtype")
        extra = rest[least - 4 :]
        if extra and extra[0]:  # lazily conjugated or negated
            raise UnsupportedDtype("a tensor that is more than an array of numbers", path=self.path, key=self.place())
        return Strided(storage, dtype, offset, sizes, strides)


def _push(value: Callable[[_Interpreter], Any]) -> Callable[[_Interpreter], None]:
    return lambda reader: reader.stack.append(value(reader))


_ACTIONS: dict[bytes, Callable[[_Interpreter], None]] = {
    b"c": _Interpreter.name,
    b"q": lambda reader: reader.put(reader.number(1)),
    b"r": lambda reader: reader.put(reader.number(4)),
    b"h": lambda reader: reader.get(reader.number(1)),
    b"j": lambda reader: reader.get(reader.number(4)),
    b"(": lambda reader: reader.marks.append(len(reader.stack)),
    b")": _push(lambda reader: ()),
    b"t": _push(lambda reader: tuple(reader.marked())),
    b"\x85": lambda reader: reader.tuple_of(1),
    b"\x86": lambda reader: reader.tuple_of(2),
    b"\x87": lambda reader: reader.tuple_of(3),
    b"}": _push(lambda reader: {}),
    b"]": _push(lambda reader: []),
    b"N": _push(lambda reader: None),
    b"\x88": _push(lambda reader: True),
    b"\x89": _push(lambda reader: False),
    b"J": _push(lambda reader: reader.signed(4)),
    b"K": _push(lambda reader: reader.number(1)),
    b"M": _push(lambda reader: reader.number(2)),
    b"\x8a": _push(_Interpreter.integer),
    b"G": _push(lambda reader: struct.unpack(">d", reader.take(8))[0]),
    b"X": _push(lambda reader: reader.string(reader.number(4), "utf-8")),
    b"U": _push(lambda reader: reader.string(reader.number(1), "latin-1")),  # Python 2's strings
    b"T": _push(lambda reader: reader.string(reader.number(4), "latin-1")),
    b"a": lambda reader: reader.append([reader.pop()]),
    b"e": lambda reader: reader.append(reader.marked()),
    b"s": lambda reader: reader.set_items([reader.pop(), reader.pop()][::-1]),
    b"u": lambda reader: reader.set_items(reader.marked()),
    b"b": _Interpreter.build,
    b"Q": _Interpreter.persistent,
    b"R": _Interpreter.call,
}
