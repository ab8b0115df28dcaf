"""Chat templates: conversations as text, by the Jinja template that comes with a checkpoint and is not to be trusted.

Jinja's sandbox keeps a template from Python's insides, but neither from endless loops nor from texts of gigabytes; both are
limited here: in time by a trace of the thread's lines, in memory by looking at whatever may make a text longer.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

import jinja2
import jinja2.compiler
import jinja2.ext
import jinja2.sandbox

from trivium.core.errors import TemplateError

SOURCE_LIMIT = 64 * 2**10  # characters
OUTPUT_LIMIT = 4 * 2**20  # characters, of the result and of any text on the way
SECONDS = 2.0

_TEXT_METHODS = frozenset({
    "capitalize", "casefold", "count", "endswith", "find", "index", "isalnum", "isalpha", "isdigit", "islower", "isnumeric",
    "isspace", "istitle", "isupper", "join", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "replace", "rfind",
    "rindex", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "swapcase", "title", "upper",
})  # fmt: skip
"""The methods of texts that do not make them longer, or whose length can be told beforehand."""


class _Generator(jinja2.compiler.CodeGenerator):
    """Has `a ~ b` go through the environment, which looks at the length."""

    def visit_Concat(self, node: Any, frame: Any) -> None:  # noqa: N802  (Jinja's name)
        self.write("environment.joined((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class _Environment(jinja2.sandbox.ImmutableSandboxedEnvironment):
    """Jinja's sandbox, with limits."""

    code_generator_class = _Generator
    intercepted_binops = frozenset({"*", "**", "+", "%"})

    def joined(self, parts: Sequence[Any]) -> str:
        return _checked("".join(map(str, parts)))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" and (abs(right) > 64 or abs(left) > 2**31):
            raise TemplateError("a power that is too large")
        for one, other in ((left, right), (right, left)):
            if operator == "*" and hasattr(one, "__len__") and isinstance(other, int) and len(one) * other > OUTPUT_LIMIT:
                _too_long()
        if operator == "%" and isinstance(left, str):
            raise TemplateError("% formats no text in a chat template")
        return _checked(super().call_binop(context, operator, left, right))

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str) and attr not in _TEXT_METHODS:
            return False
        return super().is_safe_attribute(obj, attr, value)

    def call(self, context: Any, obj: Any, *arguments: Any, **options: Any) -> Any:  # type: ignore[override]
        text: Any = getattr(obj, "__self__", None)
        if isinstance(text, str) and obj.__name__ == "replace" and len(arguments) >= 2:
            _check_replacing(text, *map(str, arguments[:2]))
        joins = isinstance(text, str) and obj.__name__ == "join" and bool(arguments) and hasattr(arguments[0], "__len__")
        if joins and len(text) * len(arguments[0]) > OUTPUT_LIMIT:
            _too_long()
        return _checked(super().call(context, obj, *arguments, **options))


def _too_long() -> NoReturn:
    raise TemplateError(f"the chat template makes a text of more than {OUTPUT_LIMIT:,} characters")


def _checked(value: Any) -> Any:
    if isinstance(value, (str, list, tuple)) and len(value) > OUTPUT_LIMIT:
        _too_long()
    if isinstance(value, int) and value.bit_length() > 4096:
        raise TemplateError("the chat template makes a number that is too large")
    return value


def _check_replacing(text: str, old: str, new: str) -> None:
    if len(text) + (len(text) // max(1, len(old)) + 1) * len(new) > OUTPUT_LIMIT:
        _too_long()


def _replace(text: Any, old: str, new: str, count: int | None = None) -> str:
    _check_replacing(str(text), old, new)
    return str(text).replace(old, new, -1 if count is None else count)


def _tojson(value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: bool = False) -> str:
    """As Transformers': characters stay as they are, and nothing is escaped for HTML."""
    if isinstance(indent, int) and indent > 64:
        raise TemplateError("tojson indents by no more than 64")
    return _checked(json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys))


def _refuse(message: str) -> NoReturn:
    raise TemplateError(str(message)[:1000])


@functools.cache
def _environment() -> _Environment:
    found = _Environment(trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols])
    for name in ("center", "format", "indent", "wordwrap", "xmlattr", "urlize", "random", "pprint", "filesizeformat"):
        del found.filters[name]
    found.filters |= {"tojson": _tojson, "replace": _replace, "indent": _indent}
    found.globals = {
        "raise_exception": _refuse,
        "strftime_now": lambda form: datetime.datetime.now().strftime(str(form)[:100]),
        "range": jinja2.sandbox.safe_range, "dict": dict, "namespace": jinja2.utils.Namespace,
    }  # fmt: skip
    return found


def _indent(text: str, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    size = width if isinstance(width, int) else len(width)
    if size > 64 or len(text) + size * text.count("\n") > OUTPUT_LIMIT:
        _too_long()
    return jinja2.filters.do_indent(text, width, first, blank)


@functools.lru_cache(maxsize=32)
def _compiled(source: str) -> jinja2.Template:
    if len(source) > SOURCE_LIMIT:
        raise TemplateError(f"a chat template of {len(source):,} characters; the limit is {SOURCE_LIMIT:,}")
    try:
        return _environment().from_string(source)
    except (jinja2.TemplateError, RecursionError, MemoryError) as error:
        raise TemplateError(f"the chat template is not valid: {error}") from None


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Ends what runs in this thread after some seconds, at its next line of Python."""
    end, before = time.monotonic() + seconds, sys.gettrace()

    def trace(frame: Any, event: str, argument: Any) -> Any:
        if time.monotonic() > end:
            raise TemplateError(f"the chat template ran for more than {seconds:g} s")
        return trace

    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


def render(
    source: str,
    messages: Sequence[Mapping[str, Any]],
    *,
    tools: Sequence[Any] | None = None,
    documents: Sequence[Mapping[str, str]] | None = None,
    add_generation_prompt: bool = False,
    continue_final_message: bool = False,
    **variables: Any,
) -> str:
    """A conversation as text.

    Args:
        source: The template.
        messages: {"role", "content"} each.
        tools: JSON schemas of functions that the model may call.
        documents: {"title", "text"} each, for models that were trained with such.
        add_generation_prompt: Whether the text ends with the beginning of the model's answer.
        continue_final_message: Whether it ends within the last message, for the model to go on with.
        **variables: What else the template may use, such as the special tokens.

    Raises:
        TemplateError: The template is not valid, refuses the conversation, or goes beyond its limits.
    """
    if add_generation_prompt and continue_final_message:
        raise TemplateError("add_generation_prompt and continue_final_message exclude each other")
    template = _compiled(source)
    given = {"messages": messages, "tools": tools, "documents": documents, "add_generation_prompt": add_generation_prompt}
    parts, size = [], 0
    try:
        with _limited(SECONDS):
            for part in template.generate(**{**variables, **given}):
                size += len(part)
                if size > OUTPUT_LIMIT:
                    _too_long()
                parts.append(part)
    except TemplateError:
        raise
    except (jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise TemplateError(f"the chat template failed: {type(error).__name__}: {str(error)[:300]}") from None
    except MemoryError:
        raise TemplateError("the chat template needs too much memory") from None
    text = "".join(parts)
    return _cut(text, messages) if continue_final_message else text


def _cut(text: str, messages: Sequence[Mapping[str, Any]]) -> str:
    """The text up to the end of the last message's content."""
    content = messages[-1]["content"]
    if not isinstance(content, str):
        content = content[-1]["text"]
    words = content.strip()
    place = text.rfind(words)
    if place < 0:
        raise TemplateError("the chat template changes the last message, which so cannot be gone on with")
    end = place + len(words)
    return (
        text[: end + len(content) - len(content.rstrip())]
        if text[end:].startswith(content[len(content.rstrip()) :])
        else text[:end]
    )
