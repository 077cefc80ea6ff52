"""Flags as the real command line takes them: anywhere, `--flag=value`, `-jsdev`, the last one wins.

Python's parser wants what belongs together in one place; here the words are put in that order.
"""

import argparse
import os
from collections.abc import Mapping
from typing import Any

from .errors import UsageError

TRUE = {"1", "t", "T", "TRUE", "true", "True"}
FALSE = {"0", "f", "F", "FALSE", "false", "False"}
_VALUE = "\0"  # begins what stands for a word that looks like a flag and is none

Options = Mapping[str, argparse.Action]

# What a flag is made with that is on, off, or neither: `--refresh`, `--refresh=false`.
SWITCH: dict[str, Any] = {"nargs": "?", "const": True, "type": TRUE.__contains__}


def truthy(variable: str) -> bool:
    """Return whether a variable of the environment switches something on."""
    return os.environ.get(variable, "").lower() in ("1", "true")


def ordered(
    words: list[str], parser: argparse.ArgumentParser, shared: argparse.ArgumentParser
) -> tuple[list[str], list[str]]:
    """Return the words as commands, flags and values in that order, each flag in one word.

    Args:
        words: the command line.
        parser: has the commands.
        shared: has the flags that may come before a command.

    Returns:
        The words, and the values that `restored` puts in the place of what stands for them.

    Raises:
        UsageError: a flag lacks its value, or has one that it does not take.
    """
    commands: list[str] = []
    rest = list(words)
    options: Options = shared._option_string_actions
    while names := commands_of(parser):
        at = _first_value(rest, options)
        if at is None:
            if "--" in rest[:-1]:
                raise UsageError(f"`{rest[-1]}` is no command, as it comes behind `--`")
            break
        commands.append(rest.pop(at))
        if commands[-1] not in names:
            break
        parser = names[commands[-1]]
        options = parser._option_string_actions
    flags, values = _Parted(options).part(rest)
    held: list[str] = []
    for number, value in enumerate(values):
        if value.startswith("-"):
            values[number] = f"{_VALUE}{len(held)}"
            held.append(value)
    return [*commands, *flags, *values], held


def restored(value: Any, held: list[str]) -> Any:
    """Return what was read with the values in it that look like flags."""
    if isinstance(value, list):
        return [restored(item, held) for item in value]
    looks = isinstance(value, str) and value.startswith(_VALUE)
    return held[int(value[1:])] if looks else value


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the commands below a command, by all of their names."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _first_value(words: list[str], options: Options) -> int | None:
    """Return where the first word is that is neither a flag nor its value."""
    skipped = False
    for at, word in enumerate(words):
        if skipped:
            skipped = False
        elif word == "--":
            return None
        elif word.startswith("-") and word != "-":
            known = options.get(word)
            short = word.startswith("--") or len(word) == 2
            skipped = short and "=" not in word and (known is None or _takes_value(known))
        else:
            return at
    return None


def _takes_value(action: argparse.Action) -> bool:
    return action.nargs not in (0, "?")


class _Parted:
    """Parts words into flags and values."""

    def __init__(self, options: Options):
        self._options = options
        self._flags: list[str] = []

    def part(self, words: list[str]) -> tuple[list[str], list[str]]:
        """Return flags, each with its value in one word, and values."""
        values: list[str] = []
        rest = list(words)
        while rest:
            word = rest.pop(0)
            if word == "--":
                return self._flags, [*values, *rest]
            if word.startswith("--"):
                self._long(word, rest)
            elif word.startswith("-") and word != "-":
                self._shorts(word, rest)
            else:
                values.append(word)
        return self._flags, values

    def _long(self, word: str, rest: list[str]) -> None:
        name, separator, value = word.partition("=")
        action = self._options.get(name)
        if action is None:  # refused by name
            self._flags.append(word)
        elif not _takes_value(action):
            self._switch(name, action, value if separator else "true", name)
        else:
            self._flags.append(f"{name}={value if separator else _next(rest, name)}")

    def _shorts(self, word: str, rest: list[str]) -> None:
        letters = word[1:]
        while letters:
            name, letters = f"-{letters[0]}", letters[1:]
            action = self._options.get(name)
            if action is None:
                self._flags.append(name)
                return
            long = next((o for o in action.option_strings if o.startswith("--")), name)
            given = letters.startswith("=") and len(letters) > 1
            if not _takes_value(action):
                self._switch(long, action, letters[1:] if given else "true", name)
                letters = "" if given else letters
                continue
            value = letters[1:] if given else letters or _next(rest, f"{name[1:]!r} in -{word[1:]}")
            if long == name:  # there is no long one
                self._flags += [name, value]
            else:
                self._flags.append(f"{long}={value}")
            return

    def _switch(self, name: str, action: argparse.Action, value: str, said: str) -> None:
        if value not in TRUE | FALSE:
            raise UsageError(
                f'invalid argument "{value}" for "{said}" flag: '
                f'strconv.ParseBool: parsing "{value}": invalid syntax'
            )
        if action.nargs == "?":
            self._flags.append(f"{name}={str(value in TRUE).lower()}")
        elif value in TRUE:
            self._flags.append(name)
        else:  # it may have been given before
            self._flags = [flag for flag in self._flags if flag != name]


def _next(rest: list[str], name: str) -> str:
    if not rest:
        raise UsageError(f"flag needs an argument: {name}")
    return rest.pop(0)
