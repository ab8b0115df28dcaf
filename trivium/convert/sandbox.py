"""A child process with limits of memory and time, for a library that is not to be trusted with files of unknown origin.

The child runs `answer(request)` of one module of this package for each request, and sees none of the parent's environment.
What it says is checked by the parent like any other input. Requests are lines of JSON; an answer is the length of a JSON text
in eight bytes, the text, and for `bytes` in it as many bytes more.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from trivium.core import errors
from trivium.core.errors import BackendMissing, CheckpointError, Corrupt, LimitExceeded, TriviumError

ANSWER_LIMIT = 512 * 2**20  # bytes of JSON: a million tensors with the longest names that are usual
_KEPT = ("SYSTEMROOT", "PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "HDF5_USE_FILE_LOCKING")
_FIXED = {"HDF5_PLUGIN_PRELOAD": "::", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # "::": load no plug-in
_TRUST = "if you know where the file comes from, trust=True (--trust) reads it in this process, without limits"
_START = "import sys, json; sys.path[:0] = json.loads(sys.argv[1]); from trivium.convert.sandbox import serve; serve()"


class Child:
    """A child process, started at once; it ends when it is closed, or nobody holds it any more.

    Args:
        module: Of this package, which has `answer`.
        packages: That the module needs, apart from NumPy.
        path: The file that it works on, for messages.
        memory: Bytes of address space.
        seconds: Of processor time, in all.
    """

    def __init__(self, module: str, packages: tuple[str, ...], path: Path, memory: int, seconds: int) -> None:
        self.path, self.expired = path, False
        places = [_home(package) for package in ("trivium", "numpy", "ml_dtypes", *packages)]
        arguments = [json.dumps(sorted(set(places))), module, str(memory), str(seconds)]
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | _FIXED
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _START, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, close_fds=True,
        )  # fmt: skip
        self.close = weakref.finalize(self, _end, self.process)

    def ask(self, request: dict[str, Any], seconds: float, size: int = 0) -> dict[str, Any]:
        """The child's answer to a request; bytes that go with it, `size` in number, are under "bytes", as an array.

        Raises:
            TriviumError: As the module raised it.
            LimitExceeded: The child needed more time or memory than it may have.
            Corrupt: It crashed.
        """
        assert self.process.stdin is not None
        with self._watched(seconds):
            try:
                self.process.stdin.write(json.dumps(request).encode() + b"\n")
                self.process.stdin.flush()
                length = int.from_bytes(self._take(8), "little")
                if length > ANSWER_LIMIT:
                    raise LimitExceeded(f"a list of contents of {length:,} bytes", path=self.path)
                answer = json.loads(self._take(length).tobytes())
                if answer.get("bytes", size) != size:
                    raise Corrupt("another number of values than it says", path=self.path)
                if "bytes" in answer:
                    answer["bytes"] = self._take(size)
            except (BrokenPipeError, EOFError):
                raise self._death() from None
            except (ValueError, AttributeError, RecursionError) as error:
                raise Corrupt(f"the process that reads it gave no sound answer: {error}", path=self.path) from None
        if "error" in answer:
            kind, message, key, hint = answer["error"]
            known = getattr(errors, kind, None)
            if not isinstance(known, type) or not issubclass(known, CheckpointError):
                known = CheckpointError
            raise known(message, path=self.path, key=key, hint=hint)
        return answer

    @contextlib.contextmanager
    def _watched(self, seconds: float) -> Iterator[None]:
        def expire() -> None:
            self.expired = True
            self.process.kill()

        timer = threading.Timer(seconds, expire)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _take(self, size: int) -> np.ndarray:
        buffer, at = np.empty(size, np.uint8), 0
        while at < size:
            count = self.process.stdout.readinto(buffer.data[at:])  # type: ignore[union-attr]
            if not count:
                raise EOFError
            at += count
        return buffer

    def _death(self) -> TriviumError:
        code = self.process.wait()
        if self.expired or -code in _signals("SIGXCPU", "SIGKILL"):
            return LimitExceeded("reading it takes longer than any honest file", path=self.path, hint=_TRUST)
        return Corrupt(f"the library that reads it crashed (status {code})", path=self.path, hint="download it again")


def _signals(*names: str) -> set[int]:
    import signal

    return {getattr(signal, name) for name in names if hasattr(signal, name)}


def _home(package: str) -> str:
    """The directory that a package is imported from; it is not imported."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise BackendMissing(f"{package} is not installed", key=package, hint=f"pip install {package}")
    return str(Path(found.origin).parent.parent)


def _end(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    process.kill()
    process.wait()


# What follows runs in the child.


def serve() -> None:
    """Answers requests until there are no more."""
    _, _, module, memory, seconds = sys.argv
    _limit(int(memory), int(seconds))
    answer = importlib.import_module(f"trivium.convert.{module}").answer
    for line in sys.stdin.buffer:
        payload = None
        try:
            found = answer(json.loads(line))
            if "bytes" in found:
                payload, found = found["bytes"], {**found, "bytes": len(found["bytes"])}
        except TriviumError as error:
            found = {"error": [type(error).__name__, error.message, error.key, error.hint]}
        except MemoryError:
            found = {"error": ["LimitExceeded", "it takes more memory than any honest file", None, _TRUST]}
        _send(sys.stdout.buffer, json.dumps(found).encode(), payload)


def _send(stream: BinaryIO, text: bytes, payload: memoryview | None) -> None:
    stream.write(len(text).to_bytes(8, "little") + text)
    if payload is not None:
        stream.write(payload)
    stream.flush()


def _limit(memory: int, seconds: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; the parent's clock remains
        return
    limits = {"RLIMIT_AS": memory, "RLIMIT_CPU": seconds, "RLIMIT_FSIZE": 0, "RLIMIT_CORE": 0}
    for name, limit in limits.items():
        number = getattr(resource, name)
        _, hard = resource.getrlimit(number)
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS refuses RLIMIT_AS
            resource.setrlimit(number, (limit, limit))
