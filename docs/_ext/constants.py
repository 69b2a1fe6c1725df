"""Units, marks and sources of an arm's constants, read from the comments beside them in armfa/plant/presets.py."""

import ast
import inspect
import io
import tokenize
from typing import Any

from armfa.plant import presets


def call_name(call: ast.Call) -> str:
    """The last word of what is called."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


class Sources:
    """The comments of presets.py by the path of the constant, such as "skeleton.mass"."""

    def __init__(self) -> None:
        text = inspect.getsource(presets)
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        self.comments = {t.start[0]: t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}
        body = ast.parse(text).body
        self.values = {node.targets[0].id: node for node in body if isinstance(node, ast.Assign)}
        self.values |= {node.target.id: node for node in body if isinstance(node, ast.AnnAssign)}
        self.builders = {node.name: node for node in body if isinstance(node, ast.FunctionDef)}

    def of(self, name: str) -> dict[str, str]:
        """Of one preset."""
        return {path: text for path, text in self._built(name).items() if text and text != "fmt: skip"}

    def _built(self, name: str) -> dict[str, str]:
        builder = self.builders[name]
        own = {node.targets[0].id: node for node in builder.body if isinstance(node, ast.Assign)}
        call = next(node.value for node in builder.body if isinstance(node, ast.Return))
        return self._call(call, "", self.values | own)

    def _call(self, call: Any, path: str, known: dict[str, Any]) -> dict[str, str]:
        """Of the arguments of a constructor, or of `dataclasses.replace` over what it replaces."""
        found: dict[str, str] = {}
        for base in call.args:
            if isinstance(base, ast.Call) and getattr(base.func, "id", "") in self.builders:
                found |= self._built(base.func.id)
            elif isinstance(base, ast.Name) and base.id in known:
                found |= self._value(known[base.id].value, path.rstrip("."), known)
        for argument in call.keywords:
            place = f"{path}{argument.arg}"
            if not (isinstance(argument.value, ast.Call) and call_name(argument.value) == "replace"):
                found = {key: text for key, text in found.items() if not key.startswith(f"{place}.")}
            found |= self._value(argument.value, place, known)
        return found

    def _value(self, value: Any, path: str, known: dict[str, Any]) -> dict[str, str]:
        about = self._beside(value)
        if isinstance(value, ast.Name) and value.id in known:
            return {path: about} | self._named(known[value.id], path, known, about)
        if isinstance(value, ast.Call) and value.keywords:
            first = self.comments.get(value.lineno, "")
            parts = self._call(value, f"{path}." if path else "", known)
            return {path: first} | {name: text for name, text in parts.items() if text}
        return {path: about}

    def _named(self, node: Any, path: str, known: dict[str, Any], about: str) -> dict[str, str]:
        found = self._value(node.value, path, known)
        return {name: text or about for name, text in found.items()}

    def _beside(self, value: Any) -> str:
        """The comments on the lines of a value."""
        return "; ".join(self.comments[i] for i in range(value.lineno, value.end_lineno + 1) if i in self.comments)
