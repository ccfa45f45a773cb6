"""Option help that reads well: whole sentences, no types of Python, no defaults that say nothing.

tyro takes option texts from docstrings and keeps their line breaks, shows ``{None}|INT`` for an
option that may be left out, and sets the options of a settings class apart under a title of their
own. :func:`readable` gives it a function of the same options that says the same in plain words.
"""

import dataclasses
import functools
import inspect
import re
import shutil
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Final, TypeVar, get_args, get_origin, get_type_hints

import tyro
from pydantic import BaseModel

Result = TypeVar("Result")

METAVARS: Final[dict[object, str]] = {Path: "PATH", str: "TEXT", int: "INT", float: "NUMBER"}
"""What stands for a value, by its type."""


def readable(function: Callable[..., Result]) -> Callable[..., Result]:
    """Flatten the settings class of a command and describe every option in plain words.

    Args:
        function: A command: annotated parameters, one of which may be a pydantic model or a
            dataclass, and a docstring in Google style.

    Returns:
        A function of the same options for :func:`tyro.cli`, which calls the command.
    """
    hints = get_type_hints(function, include_extras=True)
    texts = option_texts(function)
    parameters: list[inspect.Parameter] = []
    settings: dict[str, tuple[type, list[str]]] = {}
    for parameter in inspect.signature(function).parameters.values():
        hint = hints[parameter.name]
        if _is_settings(hint):
            fields = list(_settings_parameters(hint))
            settings[parameter.name] = (hint, [field.name for field in fields])
            parameters += fields
        else:
            described = _described(hint, parameter, texts.get(parameter.name, ""))
            parameters.append(parameter.replace(annotation=described))

    @functools.wraps(function)
    def command(*positional: object, **options: object) -> Result:
        for name, (kind, fields) in settings.items():
            options[name] = kind(**{field: options.pop(field) for field in fields})
        return function(*positional, **options)

    command.__dict__["__signature__"] = inspect.Signature(parameters)
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    del command.__dict__["__wrapped__"]  # tyro would read the annotations of what is inside
    return command


def introduction(function: Callable[..., object]) -> str:
    """Return a docstring up to its first section, wrapped to the terminal."""
    paragraphs = (inspect.getdoc(function) or "").split("\n\n")
    sections = ("Args:", "Returns:", "Raises:", "Example")
    kept = [paragraph for paragraph in paragraphs if not paragraph.startswith(sections)]
    width = shutil.get_terminal_size().columns
    return "\n\n".join(textwrap.fill(" ".join(text.split()), width) for text in kept)


def _is_settings(hint: object) -> bool:
    return isinstance(hint, type) and (
        issubclass(hint, BaseModel) or dataclasses.is_dataclass(hint)
    )


def option_texts(documented: object) -> dict[str, str]:
    """Return the text of every parameter under ``Args:`` of a docstring."""
    _, _, section = (inspect.getdoc(documented) or "").partition("\nArgs:\n")
    section = section.partition("\n\n")[0]
    entries = re.split(r"^    (\w+): ", section, flags=re.MULTILINE)[1:]
    return dict(zip(entries[::2], entries[1::2], strict=True))


def _settings_parameters(kind: type) -> Iterator[inspect.Parameter]:
    """Turn the fields of a settings class into parameters."""
    texts = option_texts(kind)
    hints = get_type_hints(kind, include_extras=True)
    for parameter in inspect.signature(kind).parameters.values():
        text = texts.get(parameter.name, "")
        if issubclass(kind, BaseModel):
            text = kind.model_fields[parameter.name].description or ""
        described = _described(hints[parameter.name], parameter, text)
        yield parameter.replace(annotation=described, kind=inspect.Parameter.KEYWORD_ONLY)


def _described(hint: object, parameter: inspect.Parameter, text: str) -> object:
    """Give an annotation its text, the sign for its value and what it is by default."""
    if get_origin(hint) is Annotated:
        return hint  # has all it needs
    is_required = parameter.default is inspect.Parameter.empty

    def default_hint(default: str) -> str:
        if is_required:
            return "(required)"
        says_nothing = parameter.default is None or default in {"", "True", "False"}
        return "" if says_nothing else f"(default: {default})"

    marks: list[Any] = [tyro.conf.FlagCreatePairsOff]
    if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
        marks.append(tyro.conf.Positional)
    metavar = _metavar(hint, is_required=is_required)
    described = tyro.conf.arg(
        help=" ".join(text.split()), metavar=metavar, help_behavior_hint=default_hint
    )
    return Annotated[hint, described, *marks]


def _metavar(hint: object, *, is_required: bool) -> str | None:
    """Return the sign for a value of this type; None where tyro's own is right."""
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    if get_origin(hint) is tuple:
        return f"{METAVARS[kinds[0]]} ..." if is_required else f"[{METAVARS[kinds[0]]} ...]"
    return METAVARS.get(kinds[0] if kinds else hint)
