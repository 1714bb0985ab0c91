"""A city's files as people edit them: refused line by line, or a city that works."""

import json
import re
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from classifier import corpus
from models.vocabulary import SubmissionType, Urgency, topics
from routing.city import PACKAGED, City, CityDataError, read_city, with_rules
from routing.departments import departments_page, read_departments
from routing.measure import ExamplesRefused, read_examples
from routing.pin import read_pin
from routing.place import resolve_place
from routing.rules import Facts, decide
from routing.source import Problems
from tests.fuzz.made_up import BRIEFLY, as_json, as_yaml, damaged, in_time, twisted
from tests.routing.conftest import SONG_XANH

_WORDS = "Đèn tắt ở phường Lá Me, quận Bờ Đông"
_DAY = date(2031, 6, 2)
_COMPLAINT = re.compile(r"[\w.-]+\.(?:yaml|json|geojson)(?::\d+)?: \S.*")
#: Files of the city of the tests, and of the city that comes with the program where that says more.
_PAGES = ("city.yaml", "calendar.yaml", "departments.yaml", "rules.yaml", "sla.yaml", "incidents.yaml", "wards.json")
_MORE = ("retention.yaml", "targets.yaml")
_SQUARE = [[0.0, 0.0], [0.05, 0.0], [0.05, 0.05], [0.0, 0.05], [0.0, 0.0]]


def _borders() -> dict[str, Any]:
    """Return borders of the wards of the tests' city."""
    features = []
    for number, code in enumerate(("1", "2", "3")):
        ring = [[100 + number / 10 + x, number / 10 + y] for x, y in _SQUARE]
        kind: tuple[str, Any] = ("MultiPolygon", [[ring]]) if number else ("Polygon", [ring])
        geometry = {"type": kind[0], "coordinates": kind[1]}
        features.append({"type": "Feature", "properties": {"code": code}, "geometry": geometry})
    return {"type": "FeatureCollection", "features": features}


@cache
def _whole() -> dict[str, bytes]:
    """Return every file of a small city, as it is on the disk."""
    files = {name: (SONG_XANH / name).read_bytes() for name in _PAGES}
    files["calendar.yaml"] += b"seed: VN\n"
    files |= {name: (PACKAGED / name).read_bytes() for name in _MORE}
    files["questions.yaml"] = (PACKAGED.parent / "questions.yaml").read_bytes()
    return files | {"wards.geojson": as_json(_borders())}


def _tree(name: str) -> Any:
    raw = _whole()[name]
    return yaml.safe_load(raw) if name.endswith(".yaml") else json.loads(raw)


def _changed(name: str) -> st.SearchStrategy[tuple[str, bytes]]:
    """Make up a file of that name."""
    write = as_yaml if name.endswith(".yaml") else as_json
    contents = st.one_of(twisted([_tree(name)]).map(write), damaged([_whole()[name]]), st.binary(max_size=60))
    return st.tuples(st.just(name), contents)


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="ln-fuzz-city-"))
    for name, content in _whole().items():
        (folder / name).write_bytes(content)
    return folder


def _read(name: str, content: bytes) -> City | None:
    """Return the small city with one file changed, None where it was refused as it should be."""
    file = _folder() / name
    file.write_bytes(content)
    try:
        with in_time():
            return read_city(_folder())
    except CityDataError as error:
        for line in str(error).split("\n"):
            assert _COMPLAINT.fullmatch(line), line
        return None
    finally:
        file.write_bytes(_whole()[name])


def _works(city: City) -> None:
    """Fail unless a city can be worked with."""
    now = datetime(2031, 6, 2, 3, tzinfo=UTC)
    place = resolve_place(city, _WORDS, None, None, _DAY)
    read_pin(city, 0.01, 100.01)
    for topic in (None, *topics()):
        ward = place.candidates[0] if place.candidates else None
        facts = Facts(topic, ward, SubmissionType.REPORT.value, Urgency.NORMAL.value, _WORDS, _DAY)
        assert decide(city, facts).lead in city.departments
    city.calendar.special_days(2031)
    city.calendar.local_day(now)
    json.dumps([[w.code, w.name, w.lat, w.lon] for w in city.wards.values()], allow_nan=False).encode()


#: What once broke a promise: file, what stands in it, and by what that was replaced.
_BROKE: Final = (
    # PyYAML itself lets these through as they fail, with another exception each
    ("calendar.yaml", "2030-05-06", "2026-02-30"),
    ("departments.yaml", "2031-01-01", "2031-13-01"),
    ("sla.yaml", "10,", "!!int ''"),
    ("incidents.yaml", "48", "9" * 5000),
    ("targets.yaml", "95", "!!timestamp x"),
    ("rules.yaml", "[hẻm]", "!!bool x"),
    # its complaint about a character has two lines
    ("rules.yaml", "cues:", "\0cues:"),
    # read, and then too large for a span of time, or for a date
    ("sla.yaml", "10,", "1" + "0" * 30),
    ("incidents.yaml", "48", "1" + "0" * 30),
    ("retention.yaml", "months: ", "months: 99999"),
    # times of day that cannot be compared, folders of zones, countries without holidays
    ("calendar.yaml", "08:00", "08:00+07:00"),
    ("calendar.yaml", "UTC", "Asia"),
    ("calendar.yaml", "seed: VN", "seed: XX"),
    # what cannot be filled in
    ("departments.yaml", "{type} {short}", "{0} {short.__class__}"),
    ("departments.yaml", "{type} {short}", "{"),
    # of another type than the text or number that is needed, or of more digits than Python reads
    ("wards.json", '"code": "1"', '"code": []'),
    ("wards.json", '"name": "Phường Lá Me"', '"name": "Phường \\ud800"'),
    ("wards.json", '"district": "Quận Bờ Đông"', '"district": ["Quận"]'),
    ("wards.json", '"ward": "Phường 1"', '"ward": []'),
    ("wards.json", '[["1", true]]', "[[{}, true]]"),
    ("wards.json", '"lat": 0.0', '"lat": NaN'),
    ("wards.json", '"lat": 0.0', f'"lat": {"9" * 5000}'),
    ("wards.json", "[", "[" * 100_000),
    ("wards.geojson", "0.05", "9" * 5000),
)


def _promise(name: str) -> Callable[[], None]:
    """Return the test of one file."""

    @BRIEFLY
    @given(_changed(name))
    def promise(changed: tuple[str, bytes]) -> None:
        city = _read(*changed)
        if city is not None:
            with in_time():
                _works(city)

    for file, there, instead in _BROKE:
        if file == name:
            whole = _whole()[name].decode()
            assert there in whole, there
            promise = example((name, whole.replace(there, instead, 1).encode())).via("fuzzing")(promise)
    return promise


test_a_page_of_a_city_is_refused_or_works = _promise("city.yaml")
test_a_calendar_is_refused_or_works = _promise("calendar.yaml")
test_a_page_of_units_is_refused_or_works = _promise("departments.yaml")
test_rules_are_refused_or_work = _promise("rules.yaml")
test_time_limits_are_refused_or_work = _promise("sla.yaml")
test_what_makes_incidents_is_refused_or_works = _promise("incidents.yaml")
test_wards_are_refused_or_work = _promise("wards.json")
test_borders_are_refused_or_work = _promise("wards.geojson")
test_questions_are_refused_or_work = _promise("questions.yaml")
test_how_long_things_are_kept_is_refused_or_works = _promise("retention.yaml")
test_targets_are_refused_or_work = _promise("targets.yaml")


@BRIEFLY
@given(_changed("departments.yaml"))
def test_units_that_are_taken_in_are_written_out_the_same(changed: tuple[str, bytes]) -> None:
    name, content = changed
    wards = read_city(_folder()).wards
    with tempfile.TemporaryDirectory() as folder:
        problems = Problems()
        (Path(folder) / name).write_bytes(content)
        units = read_departments(Path(folder), wards, problems)
        if problems.found:
            return
        (Path(folder) / name).write_text(departments_page(units, wards), "utf-8")
        assert read_departments(Path(folder), wards, problems) == units
        assert not problems.found


@BRIEFLY
@given(_changed("rules.yaml"))
def test_rules_on_trial_are_refused_or_work(changed: tuple[str, bytes]) -> None:
    city = read_city(_folder())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / changed[0]
        file.write_bytes(changed[1])
        try:
            tried = with_rules(city, file)
        except CityDataError:
            return
        _works(tried)


_EXAMPLE = {"text": "ở phường Lá Me", "wards": ["Phường Lá Me"], "sure": True}
_ROW = {
    "id": "r1", "text": "đèn tắt", "topic": "street-lighting", "type": "phan-anh", "urgency": "normal", "voice": "dân",
    "region": "nam",
}  # fmt: skip


@BRIEFLY
@given(st.one_of(twisted([_EXAMPLE]).map(as_json), damaged([as_json(_EXAMPLE) + b"\n" + as_json(_EXAMPLE)])))
def test_examples_of_places_are_read_or_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "examples.jsonl"
        file.write_bytes(content)
        with suppress(ExamplesRefused):
            read_examples(read_city(_folder()), file)


@BRIEFLY
@example(b"\x80").via("fuzzing: no line of a file that is not UTF-8 was named")
@given(st.one_of(twisted([_ROW]).map(as_json), damaged([as_json(_ROW) + b"\n" + as_json(_ROW)])))
def test_a_corpus_is_read_or_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "rows.jsonl").write_bytes(content)
        with suppress(corpus.BadCorpus):
            corpus.load(Path(folder))
        corpus.problems(Path(folder))
