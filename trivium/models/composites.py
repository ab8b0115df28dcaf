"""What networks that are made of other networks have in common: the parts are of any architecture, as their configs say."""

import importlib

from trivium.core import auto
from trivium.core.errors import ConfigError
from trivium.models import catalogue


def network(config, suffix="Model"):
    """The class of a config's architecture with a name such as LlamaModel, bound to the framework that this file is bound to.

    Raises:
        ConfigError: The architecture has no such class.
    """
    name = type(config).__name__.removesuffix("Config") + suffix
    if name not in catalogue.architectures()[catalogue.folder_of_type(config.model_type)]:
        raise ConfigError(f"{config.model_type!r} has no {name}", key="model_type", hint="use an architecture that has one")
    return _bound(name)


def for_task(config, task):
    """The class that an auto class such as AutoModelForCausalLM finds for a config, bound as `network` has it.

    Raises:
        ConfigError: The architecture has none for the task.
    """
    return _bound(auto.class_name(config, task))


def _bound(name):
    return getattr(importlib.import_module(f"{__package__}.{catalogue.folder_of_class(name)}.network"), name)
