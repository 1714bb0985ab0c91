"""Bodies and fields of requests: refused with a reason that has words, or read into a form that is read again alike."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from app.api.openapi import OPERATIONS
from app.api.schema import ProgressRequest
from app.api.strictjson import parse_object
from app.api.views import api
from app.board.schema import parse as parse_board
from app.desk import readout
from app.desk.schema import draft_fields, e164, number_of, shown_number, time_to_call, version_of
from app.intake.schema import TEXT_MAX, TEXT_MIN, parse_report, problem_of
from app.intake.service import check_key
from app.knowledge.schema import parse_draft
from app.knowledge.service import rendered
from app.maps.schema import parse_asked
from app.persons.mask import HIDDEN, masked_email, masked_name, masked_number
from app.problems import Refused
from app.returns.schema import parse_period
from app.work.bulk import parse_chosen
from models.code import ALPHABET, LENGTH, code_hash, grouped, normalised
from models.vocabulary import SubmissionType
from routing.city import load_city
from tests.fuzz.made_up import BRIEFLY, damaged, in_time, long_texts, texts, twisted, values
from tests.pages import words

assert api.name  # its import records the operations
_REPORT = {
    "text": "Đèn đường tắt cả tuần nay", "place_text": "12 Lê Lợi", "latitude": 10.77, "longitude": 106.7,
    "contact_name": "Lê Văn Me", "contact_phone": "0901 234 567", "contact_email": "me@example.vn", "consent": True,
    "submission_type": "phan-anh", "topic": "street-lighting", "incident": None,
}  # fmt: skip
_TYPED = {name: str(value) for name, value in _REPORT.items() if value is not None}
_NOW = datetime(2026, 3, 3, 2, tzinfo=UTC)


def _has_words(refused: Refused) -> None:
    """Fail unless each problem can be told to a person and to a program."""
    assert refused.problems
    for problem in refused.problems:
        told = problem.as_json()
        assert told["vi"].strip()
        assert told["en"].strip()
        json.dumps(told)


@BRIEFLY
@given(
    st.one_of(
        damaged([json.dumps(_REPORT).encode()]), twisted([_REPORT]).map(lambda t: json.dumps(t, default=str).encode())
    )
)
def test_a_body_is_an_object_of_strict_json_or_refused(raw: bytes) -> None:
    try:
        with in_time():
            found = parse_object(raw)
    except Refused as refused:
        _has_words(refused)
        return
    except RequestEntityTooLarge:
        return
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@BRIEFLY
@given(st.one_of(twisted([_REPORT, _TYPED]), st.dictionaries(texts, values)))
def test_a_report_is_whole_or_refused_field_by_field(fields: Any) -> None:
    if not isinstance(fields, dict):
        return
    try:
        with in_time():
            report = parse_report(fields)
    except Refused as refused:
        _has_words(refused)
        return
    assert TEXT_MIN <= len(report.text) <= TEXT_MAX
    report.text.encode()
    assert (report.latitude is None) == (report.longitude is None)
    assert report.consent or not report.has_contact
    assert report.incident is None or report.submission_type is not SubmissionType.DENUNCIATION
    again = report.model_dump(mode="json", exclude_none=True)
    assert parse_report(again) == report
    for masked, value in (
        (masked_name, report.contact_name),
        (masked_number, report.contact_phone),
        (masked_email, report.contact_email),
    ):
        if value:
            assert HIDDEN in masked(value)
            assert value not in masked(value)


_SHAPES = sorted({o.body for o in OPERATIONS if o.body is not None}, key=lambda shape: shape.__name__)


def _fields(shape: type[BaseModel]) -> st.SearchStrategy[tuple[type[BaseModel], dict[str, Any]]]:
    """Make up a body of that shape."""
    names = st.sampled_from(sorted(shape.model_fields)) | texts
    likely = values | st.sampled_from(list(_TYPED.values()))
    return st.tuples(st.just(shape), st.dictionaries(names, likely, max_size=6))


@BRIEFLY
@example((ProgressRequest, {"committed_on": "0901 234 567"})).via("fuzzing: no words for a day that is none, so a 500")
@given(st.sampled_from(_SHAPES).flatmap(_fields))
def test_every_body_of_the_api_is_read_or_refused_in_words(body: tuple[type[BaseModel], dict[str, Any]]) -> None:
    shape, fields = body
    try:
        with in_time():
            shape.model_validate(fields)
    except ValidationError as error:
        for detail in error.errors(include_input=False, include_url=False):
            _has_words(Refused([problem_of(dict(detail))]))


@BRIEFLY
@given(st.one_of(texts, st.text(ALPHABET + "OILoil-– \u00a0u", max_size=24)))
def test_a_code_is_sixteen_characters_or_none(typed: str) -> None:
    with in_time():
        code = normalised(typed)
    if code is None:
        return
    assert len(code) == LENGTH
    assert set(code) <= set(ALPHABET)
    assert normalised(grouped(code)) == normalised(grouped(code).lower()) == code
    assert len(code_hash(b"key", code)) == 64
    for language in ("vi", "en"):
        assert sum(len(group) for group in readout.groups(grouped(code), language)) == LENGTH
        assert readout.spoken(grouped(code), language)
        assert readout.spelled(grouped(code), language)


_NUMBERS = st.lists(
    st.sampled_from((*"0123456789+-() .;", "ext", "84", "x", "tel:", "\u0660", "\uff10", "phone-context=")), max_size=24
)


@BRIEFLY
@given(
    st.one_of(
        texts,
        _NUMBERS.map("".join),
        st.just("+8490123456").flatmap(lambda n: st.integers(0, 9999).map(lambda i: f"{n}{i}")),
    )
)
def test_a_telephone_number_has_one_form_or_is_none(typed: str) -> None:
    with in_time():
        number = e164(typed)
        number_of(typed)
    shown_number(typed)
    if number is None:
        return
    assert number.startswith("+")
    assert number[1:].isdigit()
    assert e164(number) == number
    assert e164(shown_number(number)) == number
    hidden = masked_number(number)
    assert HIDDEN in hidden
    assert sum(char.isdigit() for char in hidden) <= 4


@BRIEFLY
@given(texts, st.timedeltas(timedelta(0), timedelta(days=4000)))
def test_a_time_to_call_back_lies_ahead_or_is_refused(typed: str, later: timedelta) -> None:
    now = _NOW + later
    try:
        with in_time():
            at = time_to_call(typed, now, load_city().calendar.zone)
    except Refused as refused:
        _has_words(refused)
        return
    assert timedelta(0) <= at - now <= timedelta(days=31)


_TIMES = (
    "15",
    "99999999999",
    "phút",
    "tiếng",
    "giờ",
    "sau ",
    "h",
    ":",
    "30",
    "/",
    "2",
    "29/2",
    "31/12",
    "24",
    "9h",
    " ",
    "00",
    "0",
)


@BRIEFLY
@given(st.lists(st.sampled_from(_TIMES), max_size=6).map("".join), st.timedeltas(timedelta(0), timedelta(days=4000)))
def test_a_time_of_likely_parts_lies_ahead_too(typed: str, later: timedelta) -> None:
    now = _NOW + later
    with suppress(Refused):
        assert timedelta(0) <= time_to_call(typed, now, load_city().calendar.zone) - now <= timedelta(days=31)


@BRIEFLY
@given(texts | st.none())
def test_a_key_of_a_request_is_printable_or_refused(key: str | None) -> None:
    try:
        assert check_key(key) == key
    except Refused as refused:
        _has_words(refused)


_DAYS = st.sampled_from(
    ("", "0001-01-01", "0001-01-05", "9999-12-31", "2026-02-30", "2026-W01-1", "20260101", "2026-03-03")
)
_ASKED = st.dictionaries(
    st.sampled_from(("from", "to", "by", "unit", "ward", "topic", "group", "channel", "days", "status")),
    st.one_of(_DAYS, texts, st.dates().map(str), st.sampled_from(("week", "unit", "none", "30", "26734", "lighting"))),
)


@BRIEFLY
@given(_ASKED)
def test_what_is_asked_of_board_map_and_returns_is_read_or_refused(asked: dict[str, str]) -> None:
    city, today = load_city(), _NOW.date()
    for read in (
        lambda: parse_board(asked, city, today),
        lambda: parse_asked(asked, city),
        lambda: parse_period(asked, today),
    ):
        try:
            with in_time():
                read()
        except Refused as refused:
            _has_words(refused)


@BRIEFLY
@given(
    st.dictionaries(
        st.sampled_from(("text", "place_text", "contact_name", "topic", "csrf_token", "version")) | texts, texts
    )
)
def test_a_draft_keeps_what_was_typed_or_is_refused(form: dict[str, str]) -> None:
    try:
        kept = draft_fields(form)
    except Refused as refused:
        _has_words(refused)
        return
    assert kept.items() <= form.items()
    assert version_of(form.get("version", "")) >= 0


@BRIEFLY
@given(
    st.lists(
        st.one_of(texts, st.uuids().map(lambda u: f"{u}:1"), st.uuids().map(lambda u: f"{u.hex}:-0_1")), max_size=4
    )
)
def test_tickets_that_were_ticked_are_read_or_refused(typed: list[str]) -> None:
    try:
        chosen = parse_chosen(typed)
    except Refused as refused:
        _has_words(refused)
        return
    assert 0 < len(chosen) <= len(typed)
    assert all(-(2**31) < one.version < 2**31 for one in chosen)


@BRIEFLY
@given(long_texts)
def test_an_article_brings_no_element_of_its_writers_own(body: str) -> None:
    with in_time():
        page = rendered(body)
    for harmful in ("<script", "<img", "<iframe", "javascript:", "onerror="):
        assert f'="{harmful}' not in page.lower()
        assert harmful not in page.lower() or harmful[0] != "<"
    words(page)


_ARTICLE = {
    "title": "Đổ rác lúc nào?", "body": "Rác được lấy vào buổi tối.", "topic_slug": "waste", "source": "phường",
    "source_url": "https://example.vn", "valid_from": "2026-01-01", "valid_to": "2026-12-31",
}  # fmt: skip


@BRIEFLY
@example(_ARTICLE | {"valid_from": []}).via("fuzzing: no words for what is no text where a day is needed")
@given(st.one_of(twisted([_ARTICLE]), st.dictionaries(texts, texts)))
def test_an_article_is_whole_or_refused(fields: Any) -> None:
    if not isinstance(fields, dict):
        return
    try:
        parse_draft(fields)
    except Refused as refused:
        _has_words(refused)
