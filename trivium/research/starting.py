"""Starting an architecture: the nearest one under a new name, to be made another."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from trivium.core.errors import InputError, WriteError
from trivium.models import catalogue

from . import contract
from .style import formatted


def new(name: str, like: str, directory: str | Path = ".") -> list[Path]:
    """Writes a folder with config.py and network.py, and outputs.py where there is one: another architecture's, renamed.

    In a checkout of Trivium they go to `trivium/models`, with a row for the tests beside them; anywhere else to `directory`,
    where `trivium.register` takes them from.

    Args:
        name: The model_type of the new architecture: "my_arch". Its classes are MyArchConfig, MyArchModel, ...
        like: The model_type of the one to begin with.
        directory: The checkout, or where the folder is to be made.

    Returns:
        The files that were written.

    Raises:
        InputError: The name is no name, or is taken.
        ConfigError: There is no architecture `like`.
        WriteError: The folder is there already.
    """
    folder = name.replace("-", "_")
    if not (folder.isidentifier() and folder == folder.lower()) or folder in catalogue.architectures():
        why = "is taken" if folder in catalogue.architectures() else "is no name for an architecture"
        raise InputError(f"{name!r} {why}", key=name, hint="choose another, of small letters, digits and underscores")
    other = catalogue.folder_of_type(like)
    source, root = catalogue.FOLDER / other, Path(directory)
    in_checkout = (root / "trivium" / "models" / "catalogue.py").exists()
    target = (root / "trivium" / "models" if in_checkout else root) / folder
    if target.exists():
        raise WriteError("is there already", path=target, hint="choose another name, or remove it")

    prefix = catalogue.architectures()[other][0].removesuffix("Config")
    renamed = _Renamed(other, prefix, folder, "".join(part.capitalize() for part in folder.split("_")))
    files = {
        target / "__init__.py": "",
        target / "config.py": renamed.text(source / "config.py", f'"""{renamed.prefix}\'s config."""'),
        target / "network.py": renamed.text(source / "network.py", renamed.head(source / "network.py")),
    }
    outputs = source / "outputs.py"
    if outputs.exists():
        files[target / "outputs.py"] = renamed.text(outputs, f'"""What {renamed.prefix} returns."""')
    row = root / "tests" / "rows" / f"{other}.py"
    if in_checkout and row.exists():
        about = f'"""{renamed.prefix}: its tiny configs, and the calls of its classes."""'
        files[row.with_name(f"{folder}.py")] = renamed.text(row, about)
    target.mkdir(parents=True)
    for path, text in files.items():
        path.write_text(formatted(text))
    contract.check(target / "network.py")
    return list(files)


class _Renamed:
    """The texts of one architecture under the name of another."""

    def __init__(self, old_folder: str, old_prefix: str, folder: str, prefix: str) -> None:
        self.folder, self.prefix = folder, prefix
        dashed = old_folder.replace("_", "-")
        files = [path for path in (catalogue.FOLDER / old_folder).glob("*.py") if path.stem in ("config", "network", "outputs")]
        own = [name for path in files for name in re.findall(rf"^class {old_prefix}(\w+)", path.read_text(), re.MULTILINE)]
        self.rules = (
            (re.compile(rf"\b{old_prefix}(?=(?:{'|'.join(own)})\b)"), prefix),
            (re.compile(rf"\b{old_folder}(?=\b|_)"), folder),
            (re.compile(rf"(?<=\"){dashed}(?=[\"-])"), folder),
        )

    def text(self, path: Path, head: str) -> str:
        """A file's text, with another docstring."""
        text = path.read_text()
        first = ast.parse(text).body[0]
        rest = "\n" + "".join(text.splitlines(keepends=True)[first.end_lineno :])
        rest = re.sub(r", with the values of [^.]* as defaults\.", ".", rest)  # which the new one will not have
        for pattern, new_name in self.rules:
            rest = pattern.sub(new_name, rest)
        display = re.match(r"[\w.\- ]*\w", ast.get_docstring(ast.parse(text)) or "")
        shown = (display[0] if display else "").removesuffix("'s config").removesuffix("s config")
        return head + (re.sub(rf"(?<![\w.]){re.escape(shown)}(?![\w.])", self.prefix, rest) if shown else rest)

    def head(self, path: Path) -> str:
        """The docstring of a network: its letters stay."""
        old = ast.get_docstring(ast.parse(path.read_text())) or ""
        letters = re.search(r"^Letters: .*|(?<=\. )Letters: .*", old, re.MULTILINE | re.DOTALL)
        kept = f"\n\n{letters[0]}\n" if letters else "\n"
        about = f"{self.prefix}: say here what it is, the paper, and a checkpoint."
        return f'"""{about}{kept}"""'
