"""Values, paths, differences, secrets: what holds for all of them."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pulumi_martech.engine.embedded import crypter as crypter_module
from pulumi_martech.engine.embedded.arguments import parse
from pulumi_martech.engine.embedded.crypter import Crypter
from pulumi_martech.engine.embedded.diffing import (
    compare,
    covers,
    parse_path,
    path_text,
    with_ignored,
)
from pulumi_martech.engine.embedded.errors import EngineError, UsageError
from pulumi_martech.engine.embedded.plan import Changes
from pulumi_martech.engine.embedded.values import (
    SECRET,
    SIGNATURE,
    UNKNOWN,
    Secret,
    equal,
    from_json,
    mark_secrets,
    plaintext,
    shown,
    to_json,
)
from pulumi_martech.engine.embedded.wire import from_handler, from_struct, to_handler, to_struct

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# Pulumi writes a backslash in a path as it is, and cannot read it again.
names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\\"), min_size=1, max_size=8
)
known_leaves = (
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
)
leaves = known_leaves | st.just(UNKNOWN)


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)


secrets = (leaves | containers(leaves)).map(Secret)
values = st.recursive(leaves | secrets, containers, max_leaves=10)
known = st.dictionaries(names, st.recursive(known_leaves, containers, max_leaves=6), max_size=4)
properties = st.dictionaries(names, values, max_size=4)


@quick
@given(properties)
def test_what_goes_over_the_wire_comes_back(given_: dict[str, Any]) -> None:
    assert equal(from_struct(to_struct(given_)), given_)


@quick
@given(properties)
def test_what_is_written_to_state_is_read_again(given_: dict[str, Any]) -> None:
    def sealed(secret: Secret) -> dict[str, str]:
        return {SIGNATURE: SECRET, "ciphertext": plaintext(secret.value)}

    written = json.loads(json.dumps(to_json(given_, sealed)))
    assert equal(from_json(written, lambda text: text), given_)


@quick
@given(properties, properties)
def test_there_is_a_difference_exactly_where_values_differ(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    changed, detailed = compare(old, new)
    assert bool(detailed) == (not equal(old, new))
    assert changed == sorted(
        name for name in old.keys() | new.keys() if not equal(old.get(name), new.get(name))
    )
    assert {parse_path(path)[0] for path in detailed} == set(changed)


@quick
@given(properties, properties)
def test_ignoring_everything_leaves_nothing_to_do(old: dict[str, Any], new: dict[str, Any]) -> None:
    paths = [path_text((name,)) for name in old.keys() | new.keys()]
    kept, failed = with_ignored(new, old, paths)
    assert not failed
    assert equal(kept, old)


@quick
@given(st.lists(names | st.integers(0, 99), min_size=1, max_size=4))
def test_a_path_is_read_as_it_was_written(parts: list[str | int]) -> None:
    path = (str(parts[0]), *parts[1:])
    assert parse_path(path_text(path)) == path


def test_paths_cover_what_lies_below_them() -> None:
    assert covers(parse_path("a.b"), parse_path("a.b[0].c"))
    assert covers(parse_path("a[*].b"), parse_path("a[3].b"))
    assert not covers(parse_path("a.b"), parse_path("a"))


@quick
@given(properties)
def test_a_handler_sees_neither_secrets_nor_nothing(given_: dict[str, Any]) -> None:
    seen = to_handler(given_, keep_unknowns=True)
    assert "Secret" not in repr(seen) and "[secret]" not in repr(seen)
    assert None not in seen.values()
    assert set(from_handler(seen)) == set(seen)


@quick
@given(properties)
def test_no_secret_is_shown_in_a_message(given_: dict[str, Any]) -> None:
    given_ = {**given_, "key": Secret("hunter2"), "deep": [{"x": Secret("hunter2")}]}
    assert "hunter2" not in shown(given_)


def test_values_are_shown_as_the_real_engine_shows_them() -> None:
    assert shown({"b": [1.0, "x"], "a": None}) == "{map[a:{<nil>} b:{[{1} {x}]}]}"
    assert shown(UNKNOWN) == "output<string>{}"
    assert shown(True) == "{true}"
    assert len(shown(["x" * 5000])) < 2100


@quick
@given(properties, properties)
def test_a_plan_allows_what_was_planned_and_its_repetition(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    planned = Changes.between(old, new)
    assert planned.violations(Changes.between(old, new), new) == []
    assert planned.violations(Changes.between(new, new), new) == []


@quick
@given(known, known, known)
def test_a_plan_refuses_other_inputs(
    old: dict[str, Any], new: dict[str, Any], other: dict[str, Any]
) -> None:
    if equal(new, other):
        return
    assert Changes.between(old, new).violations(Changes.between(old, other), other)


def test_marking_keeps_objects_open_and_closes_lists() -> None:
    outputs: dict[str, Any] = {"a": {"x": "1", "y": "2"}, "l": ["1", "2"], "p": "1", "q": "1"}
    mark_secrets(outputs, {"a": {"x": Secret("1")}, "l": [Secret("1"), "2"], "p": Secret("1")})
    assert isinstance(outputs["a"]["x"], Secret) and outputs["a"]["y"] == "2"
    assert isinstance(outputs["l"], Secret) and isinstance(outputs["p"], Secret)
    assert outputs["q"] == "1"


def test_what_is_encrypted_can_be_decrypted_with_the_passphrase_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(crypter_module, "DERIVED", {})
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "toy")
    crypter = Crypter(None)

    @given(text=st.text(max_size=50))
    def opened_again(text: str) -> None:
        sealed = crypter.encrypt(text)
        assert crypter.encrypt(text) != sealed
        assert Crypter(crypter.salt).decrypt(sealed) == text

    opened_again()
    crypter_module.DERIVED.clear()
    sealed = crypter.encrypt("hunter2")
    assert Crypter(crypter.salt).decrypt(sealed) == "hunter2"
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "other")
    with pytest.raises(EngineError, match="incorrect passphrase"):
        Crypter(crypter.salt).decrypt(sealed)


def test_options_may_stand_before_the_command_and_say_true_or_false() -> None:
    arguments = parse(["--non-interactive", "-C", "x", "up", "--refresh=false", "-y", "-f"])
    assert (arguments.cwd, arguments.refresh, arguments.yes) == ("x", False, True)
    assert parse(["up", "--refresh"]).refresh is True
    assert parse(["up"]).refresh is None
    assert parse(["import", "--file", "f", "--protect=false"]).protect is False
    assert parse(["config", "set", "k", "--", "-5"]).value == "-5"
    with pytest.raises(UsageError, match="`up --client` is not covered"):
        parse(["up", "--client=127.0.0.1:1"])
    with pytest.raises(UsageError, match="there is no `up --nonsense`"):
        parse(["up", "--nonsense"])


def test_numbers_that_json_cannot_say_are_kept_as_the_real_engine_keeps_them() -> None:
    signature = {"4dabf18193072939515e22adb298388d": "8ad145fe-0d11-4827-bfd7-1abcbf086f5c"}
    values = {"inf": float("inf"), "list": [float("-inf")]}
    written = to_json(values, lambda _: None)
    assert written == {
        "inf": {**signature, "value": "7ff0000000000000"},
        "list": [{**signature, "value": "fff0000000000000"}],
    }
    assert from_json(written, str) == values
