"""Source that is read, changed as a syntax tree, and written again, with its comments and blank lines where they were."""

from __future__ import annotations

import ast
import copy
import io
import re
import tokenize
from typing import Any

_BLOCKS = ("body", "orelse", "finalbody")


def parsed(text: str) -> ast.Module:
    """The tree of a module, whose statements know their comments: `before` them, `trailing` on their line, a `gap` above."""
    tree = ast.parse(text)
    lines = text.splitlines()
    alone, trailing = _comments(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
            node.spelled = ast.get_source_segment(text, node)  # type: ignore[attr-defined]
    for statement in _statements(tree):
        first = min([statement.lineno, *(node.lineno for node in getattr(statement, "decorator_list", ()))])
        before: list[str] = []
        while first - 1 in alone:
            first -= 1
            before.insert(0, alone.pop(first))
        statement.before = before  # type: ignore[attr-defined]
        statement.gap = first > 1 and not lines[first - 2].strip()  # type: ignore[attr-defined]
        body = getattr(statement, "body", None)
        last = body[0].lineno - 1 if body else statement.end_lineno or statement.lineno
        found = [trailing.pop(line) for line in range(statement.lineno, last + 1) if line in trailing]
        statement.trailing = "; ".join(comment for comment in found if not _is_pragma(comment))  # type: ignore[attr-defined]
    return tree


def _is_pragma(comment: str) -> bool:
    return comment.startswith(("noqa", "type:", "fmt:"))


def _comments(text: str) -> tuple[dict[int, str], dict[int, str]]:
    """The comments that have a line of their own, and the others, by line; without their signs."""
    alone: dict[int, str] = {}
    trailing: dict[int, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            found = alone if not token.line[: token.start[1]].strip() else trailing
            found[token.start[0]] = token.string.lstrip("# ")
    return alone, trailing


def _statements(tree: ast.AST) -> list[Any]:
    """All statements below a node, in the order of the text."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset))


def written(statements: list[ast.stmt], indent: str = "") -> str:
    """The source of statements."""
    lines: list[str] = []
    for index, statement in enumerate(statements):
        if getattr(statement, "gap", False) and index:
            lines.append("")
        lines += [f"{indent}# {comment}" for comment in getattr(statement, "before", ())]
        lines.append(_one(statement, indent))
    return "\n".join(lines)


def _one(statement: ast.stmt, indent: str) -> str:
    trailing = getattr(statement, "trailing", "")
    mark = f"  # {trailing}" if trailing else ""
    if (text := docstring_of(statement)) is not None:
        return _docstring(text, indent)
    if not any(getattr(statement, block, None) for block in _BLOCKS):
        return indent + expression(statement).replace("\n", f"\n{indent}") + mark
    shell = copy.copy(statement)
    shell.body = [ast.Pass()]  # type: ignore[attr-defined]
    for block in _BLOCKS[1:]:
        if hasattr(shell, block):
            setattr(shell, block, [])
    header = expression(shell).rsplit("\n", 1)[0].replace("\n", f"\n{indent}")
    found = f"{indent}{header}{mark}\n{written(statement.body, indent + '    ')}"  # type: ignore[attr-defined]
    otherwise = getattr(statement, "orelse", [])
    if otherwise:
        if isinstance(statement, ast.If) and len(otherwise) == 1 and isinstance(otherwise[0], ast.If):
            found += f"\n{indent}el{_one(otherwise[0], indent).lstrip()}"
        else:
            found += f"\n{indent}else:\n{written(otherwise, indent + '    ')}"
    return found


def docstring_of(statement: ast.stmt) -> str | None:
    """The text of a statement that is nothing but a string."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str):
        return statement.value.value
    return None


def _docstring(text: str, indent: str) -> str:
    first, *rest = text.strip().expandtabs().splitlines() or [""]
    margin = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
    lines = [first, *(f"{indent}{line[margin:]}".rstrip() for line in rest), *([indent] if rest else [])]
    return f'{indent}{"r" if chr(92) in text else ""}"""{chr(10).join(lines)}"""'


def expression(node: ast.AST) -> str:
    """The source of a node, numbers as they were spelled, tuples without needless parentheses."""
    node = _Spelled().visit(copy.deepcopy(node))
    value = getattr(node, "value", None)
    if isinstance(node, ast.Return | ast.Assign) and isinstance(value, ast.Tuple) and len(value.elts) > 1:
        node.value = ast.Name(", ".join(map(ast.unparse, value.elts)), ast.Load())
    text = ast.unparse(node)
    text = re.sub(r"\b(and|or) \((not [\w.]+)\)", r"\1 \2", text)
    return re.sub(r"\*\* \((-[\w.]+)\)", r"** \1", text)


class _Spelled(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        spelled = getattr(node, "spelled", None)
        return ast.copy_location(ast.Name(spelled, ast.Load()), node) if spelled else node
