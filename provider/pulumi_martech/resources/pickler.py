"""Keeps the SDK's pickler as it is at the start."""

import pickle

_PICKLER = (pickle._Pickler._batch_setitems, pickle._Pickler.save_dict)  # type: ignore[attr-defined]
"""The SDK wraps these on every resource and never puts them back: near resource 970 that would end
in a RecursionError, so they are restored before each registration (docs/architecture.md)."""


def restore_pickler() -> None:
    """Undo what earlier registrations did to the pickler."""
    pickle._Pickler._batch_setitems, pickle._Pickler.save_dict = _PICKLER  # type: ignore[attr-defined]
