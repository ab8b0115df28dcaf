"""What processors of images and of recordings share: settings as attributes, and their files."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from trivium.core import hub

from . import settings

_KIND = ("image_processor_type", "feature_extractor_type", "_processor_class", "processor_class")


class Preprocessor:
    """Settings with Transformers' names, each an attribute; what a file has besides is kept, and written again.

    Args:
        **values: Settings; those left out have the kind's defaults. Older spellings are understood.

    Raises:
        ProcessorError: A setting has a value that is not valid.
    """

    part: ClassVar[str]
    """What files of Transformers 5 call it: "image_processor" or "feature_extractor"."""
    defaults: ClassVar[Mapping[str, Any]]
    """Setting -> its value where a file has none."""
    old: ClassVar[Mapping[str, str]] = {}
    """What older files call a setting -> its name."""
    beside: ClassVar[tuple[str, ...]] = ()
    """Names in older files that are no settings of their own, but say something of others."""

    def __init__(self, **values: Any):
        self.processor_class: str | None = values.get("processor_class")
        values = {self.old.get(name, name): value for name, value in values.items() if name not in _KIND}
        own = {name: value for name, value in values.items() if name in self.defaults or name in self.beside}
        self.more = {name: value for name, value in values.items() if name not in own}
        self.settings = self._checked({**copy.deepcopy(dict(self.defaults)), **self._read(own)})

    def _read(self, values: dict[str, Any]) -> dict[str, Any]:
        """Settings of a file or a call, in today's spelling; null means the default."""
        return {name: value for name, value in values.items() if value is not None}

    def _checked(self, values: dict[str, Any]) -> dict[str, Any]:
        """All settings, if they are valid."""
        raise NotImplementedError

    def __getattr__(self, name: str) -> Any:
        for values in (self.__dict__.get("settings", {}), self.__dict__.get("more", {})):
            if name in values:
                return values[name]
        raise AttributeError(f"{type(self).__name__} has no {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.__dict__.get("settings", {}):
            self.settings = self._checked({**self.settings, **(self._read({name: value}) or {name: self.defaults[name]})})
        else:
            super().__setattr__(name, value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.settings.items())})"

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], **overrides: Any) -> Self:
        """A processor of the settings in a file, with `overrides` for some."""
        return cls(**{**values, **overrides})

    @classmethod
    def from_pretrained(cls, source: str | Path, **options: Any) -> Self:
        """The processor of a checkpoint.

        Args:
            source: A directory or a Hub id, of which only the processor's files are fetched.
            **options: Those of the Hub (revision, token, ...), and settings to override.

        Raises:
            NotFound: There is no such checkpoint, or it has no processor.
            ProcessorError: Its settings are not valid.
        """
        folder = settings.find(source, **{name: options.pop(name) for name in hub.OPTIONS if name in options})
        values, path = settings.read(folder, cls.part)
        with settings.naming(path):
            return cls.from_dict(values, **options)

    def to_dict(self) -> dict[str, Any]:
        """The settings as files of Transformers have them."""
        found = copy.deepcopy({**self.more, **self.settings, f"{self.part}_type": type(self).__name__})
        return found | ({"processor_class": self.processor_class} if self.processor_class else {})

    def save_pretrained(self, directory: str | Path) -> None:
        """Writes preprocessor_config.json into `directory`, which is made if need be."""
        settings.write(directory, settings.PREPROCESSOR, self.to_dict())
