"""The table of commands."""

from importlib import import_module

import pytest

from sonoloop.cli.commands import COMMANDS


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_is_there_and_introduced(words: tuple[str, ...]) -> None:
    """Its function exists and has a docstring; summary and examples are one line each."""
    command = COMMANDS[words]
    assert getattr(import_module(command.module), command.function).__doc__
    assert command.examples
    assert all("\n" not in line for line in (command.summary, *command.examples))
