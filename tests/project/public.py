"""Which modules are public, what they publish, and how it is written in docs/reference.md."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, ForwardRef

import rangeserve

PACKAGE = Path(rangeserve.__file__).parent

# In the order of the page: a name that is in several is described where it comes first.
MODULES = (
    "rangeserve",
    "rangeserve.core",
    "rangeserve.sources",
    "rangeserve.wsgi",
    "rangeserve.apps",
    "rangeserve.directory",
    "rangeserve.objectstore",
    "rangeserve.upstream",
    "rangeserve.accel",
    "rangeserve.check",
    "rangeserve.errors",
    "rangeserve.events",
    "rangeserve.types",
    "rangeserve.integrations.quart",
    "rangeserve.integrations.starlette",
    "rangeserve.integrations.django",
    "rangeserve.integrations.litestar",
    "rangeserve.integrations.falcon",
    "rangeserve.integrations.blacksheep",
    "rangeserve.integrations.hypercorn",
)

# What has to be installed for a module, where that is an extra.
EXTRAS = {
    "rangeserve.objectstore": "obstore",
    "rangeserve.upstream": "httpx",
    "rangeserve.integrations.quart": "quart",
    "rangeserve.integrations.starlette": "starlette",
    "rangeserve.integrations.django": "django",
    "rangeserve.integrations.litestar": "litestar",
    "rangeserve.integrations.falcon": "falcon",
    "rangeserve.integrations.blacksheep": "blacksheep",
    "rangeserve.integrations.hypercorn": "hypercorn",
}

# Classes whose objects users are given and do not make.
GIVEN = {"FileSource", "ObjectSource", "PathSource", "UpstreamSource"}

# What only the package's own modules use of a class that is public.
OUR_OWN = {
    "BytesSource": {"read_at_once"},
    "CallableSource": {"needs_loop"},
    "FileSource": {
        "adopt",
        "in_thread_for",
        "is_local",
        "open",
        "read_at_once",
        "sendable_path",
    },
    "Handover": {"has_range", "withdraw"},
}


def names_in(module: str) -> list[str]:
    """The `__all__` of a module, read and not imported: its framework may be missing."""
    path = PACKAGE.joinpath(*module.split(".")[1:])
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names: list[str] = ast.literal_eval(node.value)
            return names
    raise AssertionError(f"{module} has no __all__")


def homes() -> dict[str, str]:
    """For each public name `module.name`, the module whose section describes it."""
    found: dict[str, str] = {}
    described: dict[str, str] = {}
    for module in MODULES:
        is_twin = ".integrations." in module or module == "rangeserve.wsgi"
        for name in names_in(module):
            # Each of these has objects of its own, although two may share a name.
            home = module if is_twin else described.setdefault(name, module)
            found[f"{module}.{name}"] = home
    return found


def is_installed(module: str) -> bool:
    extra = EXTRAS.get(module)
    return extra is None or find_spec(extra) is not None


def load(module: str) -> ModuleType:
    return import_module(module)


def described_as(name: str, value: Any) -> list[str]:
    """The lines that stand for a public name on the page."""
    if not str(getattr(value, "__module__", "")).startswith("rangeserve"):
        return [alias(name)]
    if not isinstance(value, type):
        return [signature_of(name, value)]
    if issubclass(value, Enum):
        return [
            f"class {name}(Enum)",
            *(f"{name}.{member.name} = {member.value!r}" for member in value),
        ]
    if issubclass(value, BaseException):
        lines = [f"class {name}({value.__bases__[0].__name__})"]
        if "__init__" in vars(value):
            lines.append(signature_of(name, value))
    elif is_protocol(value):
        lines = [f"class {name}(Protocol)"]
    elif name in GIVEN:
        base = value.__bases__[0]
        lines = [f"class {name}" if base is object else f"class {name}({base.__name__})"]
    else:
        lines = [signature_of(name, value)]
    return lines + list(members_of(name, value))


def members_of(name: str, value: type) -> Iterator[str]:
    """A line for each method and property, in the order in which they are written."""
    computed = (
        {each.name: annotation(each.type) for each in fields(value) if not each.init}
        if is_dataclass(value)
        else {}
    )
    for member, attribute in vars(value).items():
        if member.startswith("_") or member in OUR_OWN.get(name, ()):
            continue
        if member in computed:
            yield f"{name}.{member}: {computed[member]}"
        elif isinstance(attribute, property):
            returned = inspect.signature(attribute.fget or members_of).return_annotation
            yield f"{name}.{member}: {annotation(returned)}"
        elif isinstance(attribute, FunctionType):
            yield signature_of(f"{name}.{member}", attribute)


def signature_of(name: str, value: Any) -> str:
    """`name(parameters) -> result`, as it is written in Python."""
    is_class = isinstance(value, type)
    if is_class and any(map(is_protocol, value.__mro__)) and "__init__" not in vars(value):
        return f"{name}()"  # of a framework's protocol
    signature = inspect.signature(value)
    parameters = [
        each.replace(annotation=_Verbatim(annotation(each.annotation)))
        if each.annotation is not each.empty
        else each
        for each in signature.parameters.values()
        if each.name != "self"
    ]
    parameters = [
        each.replace(default=_Verbatim(default(each.default)))
        if each.default is not each.empty
        else each
        for each in parameters
    ]
    text = name + str(inspect.Signature(parameters))
    if not is_class:
        text += f" -> {annotation(signature.return_annotation)}"
    return f"await {text}" if inspect.iscoroutinefunction(value) else text


def alias(name: str) -> str:
    """A type or a constant, as the package defines it; `Union` is written as `|`."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
                return f"{name} = {ast.unparse(_Bars().visit(node.value))}"
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name:
                return f"{name}: {type(ast.literal_eval(node.value or node.target)).__name__}"
    raise AssertionError(f"nobody defines {name}")


class _Bars(ast.NodeTransformer):
    """Writes `Union[a, "b"]` as `a | b`."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        node = ast.Subscript(node.value, self.visit(node.slice), node.ctx)
        if ast.unparse(node.value) != "Union":
            return node
        assert isinstance(node.slice, ast.Tuple)
        first, *others = node.slice.elts
        for each in others:
            first = ast.BinOp(first, ast.BitOr(), each)
        return first

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        is_forward = isinstance(node.value, str)
        return ast.parse(node.value, mode="eval").body if is_forward else node


class _Verbatim:
    """Has itself printed as it is, without quotes."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def annotation(value: Any) -> str:
    if isinstance(value, ForwardRef):
        return value.__forward_arg__
    if isinstance(value, type):
        return value.__name__
    return str(value)


def default(value: Any) -> str:
    if isinstance(value, FunctionType):
        return value.__name__
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if is_dataclass(value) and value == type(value)():
        return f"{type(value).__name__}()"
    return repr(value)


def is_protocol(value: Callable[..., Any]) -> bool:
    return bool(vars(value).get("_is_protocol", False))
