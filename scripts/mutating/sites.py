"""Find what can be changed in a module, one thing at a time, and compile the module so changed.

The changes are those that a person makes by mistake (DeMillo et al. 1978, "Hints on test data
selection", https://doi.org/10.1109/C-M.1978.218136): a comparison that takes in its bound or turns
round, another operator, a constant next to the right one, a condition negated, a statement or a
result left out, a status or key misspelt. What says something to people or to type checkers only
(docstrings, messages of errors and logs, f-strings, annotations, decorators) stays as it is; so
does what states what our own code guarantees (`assert`, zip's `strict`).
"""

import ast
import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType

_SWAPS: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.LShift: (ast.RShift,),
    ast.RShift: (ast.LShift,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.BitXor: (ast.BitAnd,),
}
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "argmin": "argmax"}
_NAMES |= {"argmax": "argmin", "floor": "ceil", "ceil": "floor", "startswith": "endswith"}
_WORD = re.compile(r"[\w./-]+")  # keys, statuses and names of files; text for people has blanks
_FOR_CHECKERS = {"annotation", "returns", "decorator_list"}  # fields of nodes
_DECLARED = {"__slots__", "__all__"}
_TYPES = {"Literal", "NDArray", "Callable", "TypeVar", "cast"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_LOGS = {"logger", "_logger", "warnings"}


@dataclass(frozen=True, slots=True)
class Site:
    """One change: a node of the tree and what takes its place."""

    parent: ast.AST
    field: str
    index: int | None  # in the field's list; null where it is a single node
    new: ast.AST
    line: int
    is_inside: bool  # within a function's body: importing the module does not run it


def find_sites(tree: ast.Module, functions: frozenset[str] = frozenset()) -> list[Site]:
    """Return all changes, in the order of the source.

    Args:
        tree: a module.
        functions: names of the module's functions and classes to look at; empty for all it holds.
    """
    spans = [
        range(each.lineno, (each.end_lineno or each.lineno) + 1)
        for each in tree.body
        if getattr(each, "name", "") in functions
    ]
    sites = _walk(tree, line=0, is_inside=False)
    return [site for site in sites if not functions or any(site.line in span for span in spans)]


def describe(site: Site) -> tuple[str, str]:
    """Return the source of the smallest expression or statement, as it is and as changed."""
    shown = site.parent if isinstance(site.new, ast.operator | ast.cmpop | ast.boolop) else None
    old = _node_at(site)
    before = ast.unparse(shown or old)
    with _changed(site):
        after = ast.unparse(shown or site.new)
    return _short(before), _short(after)


def compile_changed(tree: ast.Module, site: Site, file: str) -> CodeType:
    """Return the code of the module with one change; the tree stays as it was."""
    with _changed(site):
        return compile(tree, file, "exec", dont_inherit=True)


def _walk(node: ast.AST, line: int, is_inside: bool) -> Iterator[Site]:
    for field, value in ast.iter_fields(node):
        if field in _FOR_CHECKERS:
            continue
        inside = is_inside or (field == "body" and isinstance(node, _FUNCTIONS))
        children = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for index, child in children:
            if not isinstance(child, ast.AST) or _is_left_alone(child):
                continue
            here = getattr(child, "lineno", line)
            for new in _replacements(node, field, child):
                if not hasattr(new, "lineno"):
                    ast.fix_missing_locations(ast.copy_location(new, child))
                yield Site(node, field, index, new, here, inside)
            if not isinstance(child, ast.Raise):  # it may go, but what it says is for people
                yield from _walk(child, here, inside)


def _replacements(parent: ast.AST, field: str, child: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in a node's place."""
    is_joined = isinstance(parent, ast.BinOp) and (_is_text(parent.left) or _is_text(parent.right))
    if not is_joined:  # texts can only be joined
        yield from (swap() for swap in _SWAPS.get(type(child), ()))
    if field == "test" or (field == "ifs" and isinstance(parent, ast.comprehension)):
        yield from _negated(child)
    if field == "func":
        yield from _renamed(child)
    yield from _other_values(child) if isinstance(child, ast.expr) else _left_out(child)


def _other_values(child: ast.expr) -> Iterator[ast.expr]:
    if isinstance(child, ast.Constant):
        yield from (ast.Constant(value) for value in _neighbours(child.value))
    if isinstance(child, ast.UnaryOp):
        yield child.operand


def _left_out(child: ast.AST) -> Iterator[ast.stmt]:
    """Yield what remains of a statement that was left out."""
    match child:
        case ast.Return(value=ast.expr() as value) if not _is_none(value):
            yield ast.Return(ast.Constant(None))
        case ast.Break():
            yield ast.Continue()
        case ast.Continue():
            yield ast.Break()
        case ast.Raise() | ast.AugAssign() | ast.Delete() | ast.Expr():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript(), *_]):
            yield ast.Pass()


def _renamed(function: ast.AST) -> Iterator[ast.expr]:
    match function:
        case ast.Name(id=name) if name in _NAMES:
            yield ast.Name(_NAMES[name], ast.Load())
        case ast.Attribute(value=value, attr=name) if name in _NAMES:
            yield ast.Attribute(value, _NAMES[name], ast.Load())


def _negated(child: ast.AST) -> Iterator[ast.expr]:
    """Yield the opposite of a condition; of comparisons, swapping their operator gives it."""
    if isinstance(child, ast.expr) and not isinstance(child, ast.Compare | ast.UnaryOp):
        yield ast.UnaryOp(ast.Not(), child)


def _neighbours(value: object) -> Iterator[bool | int | float | str | bytes]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1)
    elif isinstance(value, float):
        yield from (value + 1, value / 2) if value else (1.0,)
    elif isinstance(value, bytes):
        yield b"XX" + value
    elif isinstance(value, str) and _WORD.fullmatch(value):
        yield "XX" + value


def _is_left_alone(node: ast.AST) -> bool:
    match node:
        case ast.JoinedStr() | ast.Assert() | ast.Import() | ast.ImportFrom():
            return True
        case ast.Expr(value=ast.Constant()):  # a docstring, or the dots of an empty body
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))):
            return name in _LOGS
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Assign(targets=[ast.Name(id=name)]) if name in _DECLARED:
            return True
        case ast.Subscript(value=ast.Name(id=name)) | ast.Call(func=ast.Name(id=name)):
            return name in _TYPES
        case ast.keyword(arg="strict"):
            return True
    return False


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


@contextlib.contextmanager
def _changed(site: Site) -> Iterator[None]:
    old = _node_at(site)
    _put(site, site.new)
    try:
        yield
    finally:
        _put(site, old)


def _node_at(site: Site) -> ast.AST:
    value = getattr(site.parent, site.field)
    found: ast.AST = value if site.index is None else value[site.index]
    return found


def _put(site: Site, node: ast.AST) -> None:
    if site.index is None:
        setattr(site.parent, site.field, node)
    else:
        getattr(site.parent, site.field)[site.index] = node


def _short(source: str) -> str:
    line = " ".join(source.split())
    return line if len(line) <= 80 else f"{line[:77]}..."
