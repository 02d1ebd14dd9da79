"""The API reference: common/web/openapi.yaml as Markdown. English in both languages, as the document is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import yaml

from common.lab.places import ROOT
from common.site.blocks import table
from common.site.words import Lang, word

FILE = ROOT / "common" / "web" / "openapi.yaml"
METHODS = ("get", "post", "put", "patch", "delete")
Node = dict[str, Any]


def shown(lang: Lang) -> str:
    """What the document says of the whole, then every operation under its tag."""
    parts = [_document()["info"]["description"]]
    for tag in _document()["tags"]:
        name = tag["name"]
        parts.append(f"## {name.capitalize()} {{#{name.replace(' ', '-')}}}\n\n{tag['description']}.\n")
        parts += [_operation(*each, lang) for each in operations() if name in each[2]["tags"]]
    return "\n".join(parts)


def operations() -> Iterator[tuple[str, str, Node]]:
    """Every operation with its path and its method, in the order of the document."""
    for path, item in _document()["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method.upper(), item[method]


def _operation(path: str, method: str, operation: Node, lang: Lang) -> str:
    lines = [f"### `{method} {path}` {{#{operation['operationId']}}}", f"{operation['summary']}."]
    lines += [operation.get("description", "")]
    lines += [_fields(schema, lang) for schema in _bodies(operation)]
    answers = [
        (f"`{status}`", _resolved(answer)["description"].replace("\n", " "))
        for status, answer in sorted(operation["responses"].items())
    ]
    lines.append(table([word(key, lang) for key in ("answer", "meaning")], answers))
    return "\n\n".join(filter(None, lines)) + "\n"


def _bodies(operation: Node) -> Iterator[Node]:
    for content in _resolved(operation.get("requestBody", {})).get("content", {}).values():
        yield _resolved(content["schema"])


def _fields(schema: Node, lang: Lang) -> str:
    """The fields of a request's body."""
    required = set(schema.get("required", ()))
    rows = [
        (f"`{name}`" + (" *" if name in required else ""), _kind(_resolved(field)))
        for name, field in schema.get("properties", {}).items()
    ]
    star = word("in_brackets", lang, f"* = {word('required', lang)}")
    return table([f"{word('field', lang)}{star}", word("kind", lang)], rows)


def _kind(field: Node) -> str:
    """The type of a field with its bounds, in a few words."""
    if "oneOf" in field:
        return " or ".join(_kind(_resolved(each)) for each in reversed(field["oneOf"]))
    bounds = {"minimum": "≥", "maximum": "≤", "minLength": "length ≥", "maxLength": "length ≤", "format": ""}
    one_of = "one of " + ", ".join(f"`{each}`" for each in field.get("enum", ()))
    said = [_type(field["type"]) if "type" in field else one_of]
    said += [f"{sign} {_bound(field[key])}".strip() for key, sign in bounds.items() if key in field]
    said += [f"`{name}`: {_kind(_resolved(each))}" for name, each in field.get("properties", {}).items()]
    return ", ".join(said) + (f". {field['description']}" if "description" in field else "")


def _type(named: str | list[str]) -> str:
    return named if isinstance(named, str) else " or ".join(reversed(named))


def _bound(value: int | str) -> str:
    return f"{value:,}" if isinstance(value, int) else value


def _resolved(node: Node) -> Node:
    """The node itself, or what it refers to."""
    while "$ref" in node:
        found: Any = _document()
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


@cache
def _document() -> Node:
    read: Node = yaml.safe_load(FILE.read_text())
    return read
