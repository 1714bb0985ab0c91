"""Requests to every address of the application, by everybody: never an error of ours, whatever is asked or sent."""

import json
import re
from typing import Any
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from app.api.openapi import OPERATIONS
from tests.bad_input.conftest import JSON, fresh_key
from tests.fuzz.made_up import BRIEFLY, in_time, texts, values
from tests.fuzz.office import field_names, filled_in, office, people, typed

_SECONDS = 10.0


def _rules(method: str) -> list[str]:
    """Return every address that takes a method, with the kinds of its parts still in it."""
    return sorted(
        {
            rule.rule
            for rule in office().app.url_map.iter_rules()
            if method in (rule.methods or ()) and rule.endpoint != "static"
        }
    )


_PART = re.compile(r"<(?:(\w+):)?(\w+)>")


def _addresses(method: str) -> st.SearchStrategy[str]:
    def fill(rule: str) -> st.SearchStrategy[str]:
        kinds = [kind for kind, _ in _PART.findall(rule)]
        parts = st.tuples(*(_parts(kind) for kind in kinds))
        return parts.map(lambda chosen: _put(rule, chosen))

    return st.deferred(lambda: st.sampled_from(_rules(method)).flatmap(fill))


def _parts(kind: str) -> st.SearchStrategy[str]:
    likely = {"uuid": [f"id{n}" for n in range(9)], "int": ["0", "1", "99999999999999999999"]}
    return st.sampled_from(likely[kind]) if kind in likely else st.one_of(typed, texts)


def _put(rule: str, parts: tuple[str, ...]) -> str:
    left = iter(parts)
    return _PART.sub(lambda _: quote(filled_in(next(left)), safe="", errors="surrogatepass"), rule)


def _names() -> st.SearchStrategy[str]:
    return st.deferred(lambda: st.sampled_from(field_names()))


_FIELDS = st.dictionaries(_names(), st.one_of(typed, st.lists(typed, max_size=3)), max_size=7)


def _sent(fields: dict[str, Any]) -> str:
    """Return fields as they stand in an address or a body."""
    pairs = [(name, one) for name, value in fields.items() for one in (value if isinstance(value, list) else [value])]
    return "&".join(f"{name}={quote(filled_in(one), errors='surrogatepass')}" for name, one in pairs)


def _kept(answer: TestResponse) -> None:
    """Fail where a request was answered with an error of ours; that Redis is away may be said."""
    status = answer.status_code
    away = status == 503 and ("Retry-After" in answer.headers or answer.request.path == "/readyz")
    assert status < 500 or away, (status, answer.request.path)
    answer.get_data()
    answer.close()


@BRIEFLY
@given(people, _addresses("GET"), _FIELDS)
def test_no_address_and_no_query_is_an_error_of_ours(who: str, address: str, fields: dict[str, Any]) -> None:
    browser = office().browser(who)
    with in_time(_SECONDS):
        _kept(browser.get(f"{address}?{_sent(fields)}"))


@BRIEFLY
@given(people, _addresses("POST"), _FIELDS)
def test_no_form_is_an_error_of_ours(who: str, address: str, fields: dict[str, Any]) -> None:
    office().anew()
    browser = office().browser(who)
    with in_time(_SECONDS):
        _kept(browser.post(address, data=_sent(fields).encode(), content_type="application/x-www-form-urlencoded"))


_OPERATIONS = [operation for operation in OPERATIONS if operation.body is not None]
_BODY_NAMES = sorted({name for operation in _OPERATIONS for name in operation.body.model_fields})  # type: ignore[union-attr]


@BRIEFLY
@given(
    people,
    st.sampled_from([(operation.method, operation.path) for operation in _OPERATIONS]),
    st.dictionaries(st.sampled_from(_BODY_NAMES), st.one_of(typed, values), max_size=7),
    st.integers(0, 8),
)
def test_no_body_is_an_error_of_ours(who: str, asked: tuple[str, str], fields: dict[str, Any], ticket: int) -> None:
    office().anew()
    method, path = asked
    known = {name: filled_in(value) if isinstance(value, str) else value for name, value in fields.items()}
    body = json.dumps(known, default=str).encode()
    headers = fresh_key() | office().bearer(who)
    path = path.replace("{ticket_id}", office().ids[ticket])
    with in_time(_SECONDS):
        _kept(
            office().app.test_client().open(path, method=method.upper(), data=body, content_type=JSON, headers=headers)
        )
