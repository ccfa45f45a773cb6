"""Scripts that teach a shell the commands: bash, zsh (through its bash emulation) and fish.

tyro's own scripts are of one command each and know nothing of a table of commands, so these are
made of the same functions that :mod:`sonoloop.cli.main` gives to tyro.
"""

import inspect
import shlex
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, Final, Literal, NamedTuple, get_args, get_origin

from sonoloop import __version__
from sonoloop.cli.commands import COMMANDS
from sonoloop.cli.option_help import option_texts, readable

Shell = Literal["bash", "zsh", "fish"]


class Option(NamedTuple):
    """What a shell has to know of an option.

    Args:
        name: With its hyphens.
        text: First sentence of its help.
        is_flag: Whether no value follows.
        choices: Values it takes; none where any will do.
    """

    name: str
    text: str
    is_flag: bool = False
    choices: tuple[str, ...] = ()


class DescribedCommand(NamedTuple):
    """A command with its options.

    Args:
        summary: One line.
        options: In the order of its help.
        choices: Values of its first argument; none where any will do.
    """

    summary: str
    options: tuple[Option, ...]
    choices: tuple[str, ...] = ()


Commands = Mapping[str, DescribedCommand]
"""Words after ``sonoloop``, joined by a space -> command."""

HELP: Final = Option("--help", "show the options", is_flag=True)


def described_commands() -> dict[str, DescribedCommand]:
    """Import every command and read its options."""
    described = {}
    for key, command in COMMANDS.items():
        function: Callable[..., object] = getattr(import_module(command.module), command.function)
        texts = option_texts(function)
        parameters = inspect.signature(readable(function)).parameters.values()
        named = [each for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY]
        first = [each for each in parameters if each.kind is inspect.Parameter.POSITIONAL_ONLY][:1]
        described[" ".join(key)] = DescribedCommand(
            command.summary,
            (*(_option(each, texts.get(each.name, "")) for each in named), HELP),
            _choices(first[0].annotation) if first else (),
        )
    return described


def _option(parameter: inspect.Parameter, text: str) -> Option:
    hint, *marks = get_args(parameter.annotation)
    name = next(filter(None, (getattr(mark, "name", None) for mark in marks)), parameter.name)
    text = next(filter(None, (getattr(mark, "help", None) for mark in marks)), text)
    is_flag = hint is bool
    is_on = is_flag and parameter.default is True
    flag = f"--{'no-' if is_on else ''}{name.replace('_', '-')}"
    return Option(
        flag, " ".join(text.split()).split(". ")[0].removesuffix("."), is_flag, _choices(hint)
    )


def _choices(hint: Any) -> tuple[str, ...]:  # noqa: ANN401 - an annotation of any kind
    """List the values of a Literal, alone or inside a union or a list."""
    if get_origin(hint) is Literal:
        return tuple(map(str, get_args(hint)))
    return tuple(choice for part in get_args(hint) for choice in _choices(part))


def script(shell: Shell, commands: Commands) -> str:
    """Compose the script of a shell.

    Args:
        shell: Whose.
        commands: What there is.

    Returns:
        Lines to be read by the shell when it starts.
    """
    head = f"# Completion of sonoloop {__version__}; made by: sonoloop completion {shell}\n"
    if shell == "fish":
        return head + "\n".join(_fish_lines(commands)) + "\n"
    if shell == "zsh":
        head += "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n"
    cases = "\n".join(
        f"    {pattern}) words={_quoted(words)} ;;" for pattern, words in _cases(commands)
    )
    return head + _BASH.format(cases=cases)


_BASH: Final = """\
_sonoloop() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" words=""
  local line="${{COMP_WORDS[*]:1:$((COMP_CWORD - 1))}} "
  [[ "$current" == -* ]] && line="$line-"
  case "$line" in
{cases}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o bashdefault -o default -F _sonoloop sonoloop
"""
"""Where no word fits, the shell's own completion takes over, which knows the files."""


def _cases(commands: Commands) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield patterns of what stands before the cursor, and the words that may follow."""
    for name, command in commands.items():
        for option in command.options:
            if option.choices:
                yield f'"{name} "*"{option.name} "', option.choices
        yield f'"{name} "*-', tuple(option.name for option in command.options)
        if command.choices:
            yield f'"{name} "', command.choices
    for group, members in _groups(commands).items():
        yield f'"{group} "', members
    yield '" "', tuple(dict.fromkeys(name.split()[0] for name in commands))


def _groups(commands: Commands) -> dict[str, tuple[str, ...]]:
    """Map the first word of commands of two words to the second words."""
    groups: dict[str, tuple[str, ...]] = {}
    for name in commands:
        first, _, second = name.partition(" ")
        if second:
            groups[first] = (*groups.get(first, ()), second)
    return groups


_FISH_FUNCTIONS: Final = """\
function __sonoloop_words
    string join -- ' ' (commandline -opc)[2..] ''
end
function __sonoloop_in
    string match -q -- "$argv *" (__sonoloop_words)
end
function __sonoloop_after
    test "$argv " = (__sonoloop_words)""
end"""


def _fish_lines(commands: Commands) -> Iterator[str]:
    """Yield functions and one line for each word that may follow."""
    yield _FISH_FUNCTIONS
    groups = _groups(commands)
    start = "complete -c sonoloop -n"
    first_word = "'test (count (commandline -opc)) -eq 1'"
    for group, members in groups.items():
        yield f"{start} {first_word} -f -a {group} -d {shlex.quote(', '.join(members))}"
    for name, command in commands.items():
        first, _, second = name.partition(" ")
        place = f"'__sonoloop_after {first}'" if second else first_word
        yield f"{start} {place} -f -a {second or first} -d {_fish_quoted(command.summary)}"
        if command.choices:
            yield f"{start} '__sonoloop_after {name}' -f -a {_quoted(command.choices)}"
        for option in command.options:
            values = f"-x -a {_quoted(option.choices)}" if option.choices else "-r"
            described = f"-l {option.name[2:]} {'' if option.is_flag else values}".rstrip()
            yield f"{start} '__sonoloop_in {name}' {described} -d {_fish_quoted(option.text)}"


def _quoted(words: tuple[str, ...]) -> str:
    return shlex.quote(" ".join(words))


def _fish_quoted(text: str) -> str:
    """Quote for fish, where a backslash keeps its meaning between single quotes."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
