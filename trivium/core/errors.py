"""Every error that Trivium raises on purpose: what went wrong, where, and what to do next."""

from __future__ import annotations


class TriviumError(Exception):
    """The base of all of them.

    Args:
        message: What went wrong, in one sentence.
        path: The file or directory concerned.
        key: The tensor, config field or byte offset concerned.
        hint: What to do next.
    """

    exit_code = 1  # of the command line (docs/design.md, "Errors")

    def __init__(self, message: str, *, path: object = None, key: object = None, hint: str | None = None):
        self.message, self.path, self.key, self.hint = message, path, key, hint
        where = f"{path}: " if path is not None else ""
        super().__init__(f"{where}{message}" + (f"\n  hint: {hint}" if hint else ""))

    def as_dict(self) -> dict[str, str | None]:
        """The error as the command line's `--json` prints it."""
        return {
            "type": type(self).__name__,
            "message": self.message,
            "path": None if self.path is None else str(self.path),
            "key": None if self.key is None else str(self.key),
            "hint": self.hint,
        }


class CheckpointError(TriviumError):
    """A checkpoint cannot be read, or does not fit the model."""


class NotFound(CheckpointError, FileNotFoundError):
    """A file, directory or Hub repository that is not there."""


class UnknownFormat(CheckpointError):
    """A file in no format that Trivium reads."""

    exit_code = 3


class Corrupt(CheckpointError):
    """A file that breaks the rules of its own format."""

    exit_code = 3


class Unsafe(CheckpointError):
    """A file that asks for something that no checkpoint needs: code, or a path outside its folder."""

    exit_code = 3


class LimitExceeded(CheckpointError):
    """A file that claims to be larger than any honest one."""

    exit_code = 3


class UnsupportedDtype(CheckpointError):
    """A tensor in a number format that the target cannot hold."""


class KeyMismatch(CheckpointError):
    """Tensors are missing from a checkpoint, or it holds some that the model does not have."""


class ShapeMismatch(CheckpointError):
    """A tensor's shape is not its weight's."""


class Collision(CheckpointError):
    """Two tensors claim one weight, and disagree."""


class WriteError(TriviumError, OSError):
    """Nothing was written; what was there before is unharmed."""


class DiskFull(WriteError):
    """There is too little room, on the disk or in the quota."""


class ReadOnly(WriteError):
    """The place may not be written to."""


class Busy(WriteError):
    """Another program is at work at the same place."""


class Mismatch(CheckpointError):
    """What was written is not what was read; it has been removed."""

    exit_code = 4


class ConfigError(TriviumError, ValueError):
    """A config that is not valid, or asks for what Trivium does not do."""


class InputError(TriviumError, ValueError):
    """Inputs of a model that do not fit it or each other."""


class ProcessorError(TriviumError, ValueError):
    """An image, a recording or a processor's setting that is not valid, or asks for what Trivium does not do."""


class TokenizerError(TriviumError, ValueError):
    """A tokenizer's file that is damaged or hostile, or texts that it cannot take."""


class TemplateError(TokenizerError):
    """A chat template that is not valid, refuses a conversation, or goes beyond its limits."""


class HubError(TriviumError):
    """The Hub said no, or could not be reached."""


class Offline(HubError):
    """The Hub is not to be asked, and the files are not in the cache."""


class BackendMissing(TriviumError, ImportError):  # type: ignore[misc]  # ImportError's path is the module's
    """A framework that is not installed, or cannot be used in this process."""


class Unbound(TriviumError):
    """A layer or op of the contract was called without a backend."""


class ContractError(TriviumError):
    """A network file that asks for what the contract does not have, or that not every framework can run."""
