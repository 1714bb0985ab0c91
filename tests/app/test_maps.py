"""The public map: its outline, and figures that anybody may read and nobody may be found in."""

import csv
import gzip
import io
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select

from app.api.schema import MapFigure
from app.hotline import Hotline
from app.maps import counting
from app.review import service as review
from app.web import create_app
from app.work import service as work
from models.account import Account
from models.figure import DailyCount
from models.ticket import Deadline, Happening, Ticket
from models.vocabulary import Channel, DeadlineKind, Outcome, Status, SubmissionType
from models.vocabulary import Clock as Clock_
from tests.app.conftest import Clock, Road, step
from tests.pages import words

OUTLINE = "/ban-do/ranh-gioi.geojson"
BEN_THANH, HOA_HUNG, TAN_DINH = "26743", "27163", "26737"


@dataclass
class Filler:
    """Writes tickets as they would be after a life that need not be lived here, each with an event."""

    hotline: Hotline

    def add(
        self, n: int, topic: str, ward: str | None, status: Status, *, took: timedelta | None = None,
        due: timedelta | None = None, paused: bool = False, kind: SubmissionType = SubmissionType.REPORT,
    ) -> None:  # fmt: skip
        """Write so many, received now; `took` until the answer, `due` until when it was promised."""
        now = self.hotline.now()
        answered_at = now + took if took else None
        with self.hotline.database.transaction() as session:
            for _ in range(n):
                ticket = Ticket(
                    id=uuid4(), code_hash=uuid4().hex, _status=status, version=1, channel=Channel.WEB, text="x" * 20,
                    search_text="x", received_at=now, submission_type=kind, topic_slug=topic, ward_code=ward,
                    answered_at=answered_at,
                )  # fmt: skip
                ticket.happened(Happening("routed", now))
                session.add(ticket)
                if due:
                    ticket.deadlines.append(
                        Deadline(
                            kind=DeadlineKind.RESOLVE, due_at=now + due, calendar_version="1", clock=Clock_.ALWAYS,
                            met_at=answered_at, paused_at=now if paused else None,
                        )
                    )  # fmt: skip


@pytest.fixture
def filler(hotline: Hotline) -> Filler:
    """Return what writes tickets."""
    return Filler(hotline)


def test_the_outline_is_fetched_once_and_then_only_asked_after(client: FlaskClient, hotline: Hotline) -> None:
    first = client.get(OUTLINE)
    assert first.mimetype == "application/geo+json"
    codes = [feature["properties"]["code"] for feature in json.loads(first.data)["features"]]
    assert codes == list(hotline.files.wards)
    small = client.get(OUTLINE, headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(small.data) == first.data
    assert len(small.data) < 20_000
    assert small.headers["ETag"] != first.headers["ETag"]
    again = client.get(OUTLINE, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert "max-age=86400" in first.headers["Cache-Control"]


def test_pages_may_show_images_of_the_tiles_host_and_of_no_other(hotline: Hotline, client: FlaskClient) -> None:
    assert images_allowed(client) == "img-src 'self' data: blob:"
    settings = replace(hotline.settings, map_tiles="https://tiles.example.vn/{z}/{x}/{y}.png")
    tiled = create_app(replace(hotline, settings=settings)).test_client()
    assert images_allowed(tiled) == "img-src 'self' data: blob: https://tiles.example.vn"


def images_allowed(browser: FlaskClient) -> str:
    policy = browser.get("/rieng-tu").headers["Content-Security-Policy"]
    return next(part for part in policy.split("; ") if part.startswith("img-src"))


def test_nothing_has_been_reported_yet_and_the_page_says_so(client: FlaskClient, hotline: Hotline) -> None:
    counting.keep(hotline)
    shown = client.get("/ban-do")
    assert shown.status_code == 200
    assert "Dưới 3 phản ánh như vậy" in shown.get_data(as_text=True)
    assert client.get("/api/v1/map").json["total"] is None  # type: ignore[index]


def test_every_figure_is_what_counting_the_reports_by_hand_gives(
    hotline: Hotline, clock: Clock, filler: Filler, client: FlaskClient
) -> None:
    """Twelve reports of a made-up week, each with what became of it; the figures are added up here by hand."""
    lights, holes = "street-lighting", "road-surface-damage"
    filler.add(4, lights, BEN_THANH, Status.ANSWERED, took=timedelta(hours=5), due=timedelta(days=3))  # 1 day, in time
    filler.add(1, lights, BEN_THANH, Status.CLOSED, took=timedelta(hours=30), due=timedelta(days=1))  # 2 days, late
    filler.add(1, lights, BEN_THANH, Status.IN_PROGRESS, due=timedelta(days=1))  # open, overdue
    filler.add(1, lights, BEN_THANH, Status.ROUTED, due=timedelta(days=30))  # open, not due
    filler.add(1, lights, BEN_THANH, Status.INFO_REQUESTED, due=timedelta(days=1), paused=True)  # open, clock stands
    filler.add(1, holes, BEN_THANH, Status.REFERRED)
    filler.add(3, holes, HOA_HUNG, Status.ANSWERED, took=timedelta(days=6), due=timedelta(days=5))  # 6 days, late
    filler.add(1, holes, TAN_DINH, Status.ANSWERED, took=timedelta(days=1), due=timedelta(days=5))  # 1 day, alone there
    filler.add(1, holes, None, Status.REOPENED, took=timedelta(days=1), due=timedelta(days=5))  # answered once, open
    clock.forward(days=7)
    counting.keep(hotline)
    found = client.get("/api/v1/map").json
    assert found is not None
    assert numbers(found["total"]) == {
        "received": 14, "answered": 9, "open": 4, "late": 1, "elsewhere": 1,
        "in_time": 5, "with_deadline": 9, "on_time": 5 / 10, "median_days": 1,
    }  # fmt: skip
    assert [(ward["ward"], numbers(ward)) for ward in found["wards"]] == [
        (BEN_THANH, {
            "received": 9, "answered": 5, "open": 3, "late": 1, "elsewhere": 1,
            "in_time": 4, "with_deadline": 5, "on_time": 4 / 6, "median_days": 1,
        }),
        (HOA_HUNG, {
            "received": 3, "answered": 3, "open": 0, "late": 0, "elsewhere": 0,
            "in_time": 0, "with_deadline": 3, "on_time": 0, "median_days": 6,
        }),
    ]  # fmt: skip
    assert [(topic["topic"]["id"], topic["received"]) for topic in found["topics"]] == [(lights, 8), (holes, 6)]
    page = words(client.get("/ban-do").get_data(as_text=True))
    assert "14" in page
    assert "Phường Bến Thành" in page
    assert "50 %" in page


def test_filters_narrow_the_figures_down(hotline: Hotline, clock: Clock, filler: Filler, client: FlaskClient) -> None:
    filler.add(3, "street-lighting", BEN_THANH, Status.ROUTED)
    filler.add(4, "noise", BEN_THANH, Status.ANSWERED, took=timedelta(days=2))
    filler.add(5, "noise", HOA_HUNG, Status.ROUTED)
    clock.forward(days=10)
    filler.add(3, "noise", BEN_THANH, Status.ROUTED)
    clock.forward(minutes=2)
    counting.keep(hotline)

    def received(query: str) -> int | None:
        total = client.get(f"/api/v1/map?{query}").json["total"]  # type: ignore[index]
        return None if total is None else total["received"]

    assert received("") == 15
    assert received("days=7") == 3
    assert received("group=environment-sanitation") == 12
    assert received(f"ward={BEN_THANH}") == 10
    assert received("status=answered") == 4
    assert received(f"status=open&ward={BEN_THANH}&group=environment-sanitation") == 3
    assert received(f"ward={TAN_DINH}") is None
    page = client.get(f"/ban-do?ward={BEN_THANH}&days=7").get_data(as_text=True)
    assert f'<option value="{BEN_THANH}" selected>' in page


def test_few_reports_are_no_figure_anywhere(
    hotline: Hotline, clock: Clock, filler: Filler, client: FlaskClient
) -> None:
    filler.add(2, "noise", BEN_THANH, Status.ROUTED)
    filler.add(3, "noise", HOA_HUNG, Status.ROUTED)
    filler.add(2, "trees", HOA_HUNG, Status.ROUTED)
    clock.forward(minutes=2)
    counting.keep(hotline)
    found = client.get("/api/v1/map").json
    assert found is not None
    assert [(ward["ward"], ward["received"]) for ward in found["wards"]] == [(HOA_HUNG, 5)]
    assert [(topic["topic"]["id"], topic["received"]) for topic in found["topics"]] == [("noise", 5)]
    assert client.get(f"/api/v1/map?ward={BEN_THANH}").json["total"] is None  # type: ignore[index]
    assert [(line["topic"], line["ward"], line["received"]) for line in open_data(client)] == [("noise", HOA_HUNG, "3")]
    page = words(client.get("/ban-do").get_data(as_text=True))
    assert "Nơi khác hoặc chưa rõ phường, xã dưới 3" in page


def test_a_denunciation_counts_nowhere_and_leaves_the_figures_when_a_report_turns_out_to_be_one(
    hotline: Hotline, clock: Clock, road: Road, client: FlaskClient
) -> None:
    for _ in range(3):
        road.routed()
    road.sealed()
    turns_out = road.returned()
    clock.forward(minutes=2)
    counting.keep(hotline)
    assert client.get("/api/v1/map").json["total"]["received"] == 4  # type: ignore[index]
    review.seal(hotline, road.staff.cleared, step(turns_out, "Đây là tố cáo."))
    clock.forward(minutes=2)
    counting.keep(hotline)
    assert client.get("/api/v1/map").json["total"]["received"] == 3  # type: ignore[index]


@pytest.mark.parametrize("topic", ["official-conduct", "social-protection", "public-order-crime", "other-unclear"])
def test_topics_about_people_are_not_on_the_map(
    hotline: Hotline, clock: Clock, filler: Filler, client: FlaskClient, topic: str
) -> None:
    filler.add(5, topic, BEN_THANH, Status.ROUTED)
    clock.forward(minutes=2)
    assert counting.keep(hotline) == 1
    assert client.get("/api/v1/map").json["total"] is None  # type: ignore[index]
    assert open_data(client) == []


@pytest.mark.parametrize("kind", [SubmissionType.COMPLAINT, SubmissionType.QUESTION, SubmissionType.PRAISE])
def test_what_is_its_writers_own_matter_is_not_on_the_map(
    hotline: Hotline, clock: Clock, filler: Filler, client: FlaskClient, kind: SubmissionType
) -> None:
    filler.add(5, "noise", BEN_THANH, Status.ANSWERED, kind=kind)
    clock.forward(minutes=2)
    counting.keep(hotline)
    assert client.get("/api/v1/map").json["total"] is None  # type: ignore[index]


def test_what_a_person_still_has_to_read_is_not_on_the_map(hotline: Hotline, clock: Clock, filler: Filler) -> None:
    filler.add(5, "noise", BEN_THANH, Status.NEEDS_REVIEW)
    clock.forward(minutes=2)
    counting.keep(hotline)
    assert rows(hotline) == []


def test_a_merged_report_counts_and_stands_as_its_lead_does(hotline: Hotline, clock: Clock, road: Road) -> None:
    merged = road.merged()
    clock.forward(days=1)
    counting.keep(hotline)
    assert [(row.outcome, row.reports) for row in rows(hotline)] == [(Outcome.OPEN, 2)]
    with hotline.database.reading() as session:
        query = select(Ticket).where(Ticket.incident_id == merged.ticket().incident_id, Ticket.status != Status.MERGED)
        lead = session.scalars(query).one()
    work.accept(hotline, road.staff.alice, work.Step(lead.id, lead.version))
    work.answer(hotline, road.staff.alice, work.Step(lead.id, lead.version + 1, "Đã thay bóng."))
    clock.forward(minutes=2)
    assert counting.keep(hotline) == 1  # the lead's event touches the day of those who follow it
    assert [(row.outcome, row.reports) for row in rows(hotline)] == [(Outcome.ANSWERED, 2)]


def test_a_day_is_counted_again_when_a_report_of_it_moves_and_else_not(
    hotline: Hotline, clock: Clock, road: Road
) -> None:
    filed = road.routed()
    clock.forward(days=2)
    assert counting.keep(hotline) == 3  # the first time every day since the first report
    assert counting.keep(hotline) == 0
    work.accept(hotline, road.staff.alice, step(filed))
    assert counting.keep(hotline) == 0  # what has just been written may not all be there yet
    clock.forward(seconds=61)
    assert counting.keep(hotline) == 1
    assert [(row.outcome, row.reports) for row in rows(hotline)] == [(Outcome.OPEN, 1)]


def test_two_relays_come_to_the_numbers_of_one(hotline: Hotline, clock: Clock, filler: Filler) -> None:
    for _ in range(6):
        filler.add(5, "noise", BEN_THANH, Status.ROUTED)
        clock.forward(days=1)
    with ThreadPoolExecutor(2) as pool:
        done = [relay.result() for relay in [pool.submit(counting.keep, hotline) for _ in range(2)]]
    assert sum(done) == 7
    assert [row.reports for row in rows(hotline)] == [5] * 6


def test_a_day_is_the_citys_and_not_greenwichs(hotline: Hotline, clock: Clock, filler: Filler) -> None:
    clock.at = datetime(2026, 3, 3, 16, 59, tzinfo=UTC)  # 23:59 in Vietnam
    filler.add(1, "noise", BEN_THANH, Status.ROUTED)
    clock.at = datetime(2026, 3, 3, 17, 0, tzinfo=UTC)
    filler.add(1, "noise", BEN_THANH, Status.ROUTED)
    clock.forward(minutes=2)
    counting.keep(hotline)
    assert [row.day for row in rows(hotline)] == [date(2026, 3, 3), date(2026, 3, 4)]


def test_figures_are_read_at_most_once_a_minute_whatever_is_asked(
    hotline: Hotline, clock: Clock, filler: Filler, client: FlaskClient
) -> None:
    filler.add(5, "noise", BEN_THANH, Status.ROUTED)
    clock.forward(minutes=2)
    counting.keep(hotline)
    asked: list[str] = []
    event.listen(
        hotline.database.engine, "before_cursor_execute", lambda _c, _cur, statement, *_: asked.append(statement)
    )
    for query in ("", f"ward={BEN_THANH}", "group=environment-sanitation", "status=open"):
        assert client.get(f"/api/v1/map?{query}").status_code == 200
    assert len([statement for statement in asked if "daily_count" in statement]) == 1
    assert not [statement for statement in asked if "FROM ticket" in statement]
    filler.add(2, "noise", BEN_THANH, Status.ROUTED)
    clock.forward(seconds=61)
    counting.keep(hotline)
    assert client.get("/api/v1/map").json["total"]["received"] == 7  # type: ignore[index]


def test_what_is_not_there_to_be_asked_for_is_named(client: FlaskClient) -> None:
    refused = client.get("/api/v1/map?days=8&group=other&ward=1&status=sealed&q=x")
    assert refused.status_code == 422
    assert refused.json is not None
    assert sorted(error["field"] for error in refused.json["errors"]) == ["days", "group", "q", "status", "ward"]
    page = client.get("/ban-do?days=8&ward=26743")
    assert page.status_code == 422
    assert "Chỉ nhận một trong: 7, 30, 90, 365" in page.get_data(as_text=True)
    assert client.get("/ban-do.csv?ward=x").status_code == 422


def test_figures_hold_no_word_no_place_and_no_number_of_a_ticket(
    hotline: Hotline, clock: Clock, road: Road, client: FlaskClient
) -> None:
    secret = "Đèn đường tắt cả tuần nay, trụ đèn nghiêng, tối thui, gần nhà bà Sáu Mắm"
    filed = [
        road.routed(secret, latitude=10.771234, longitude=106.698765, place_text="12/7 hẻm Kín, phường Bến Thành")
        for _ in range(3)
    ]
    clock.forward(minutes=2)
    counting.keep(hotline)
    for address in ("/ban-do", "/ban-do.csv", "/api/v1/map"):
        said = client.get(address).get_data(as_text=True)
        assert "Bến Thành" in said
        for private in ("Sáu Mắm", "hẻm Kín", "10.77123", "106.698", *(str(one.ticket().id) for one in filed)):
            assert private not in said, (address, private)


def test_the_table_is_open_data_in_a_form_that_spreadsheets_read(
    hotline: Hotline, clock: Clock, filler: Filler, client: FlaskClient
) -> None:
    filler.add(3, "noise", BEN_THANH, Status.ANSWERED, took=timedelta(days=2), due=timedelta(days=3))
    clock.forward(days=3)
    counting.keep(hotline)
    answer = client.get("/ban-do.csv")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert 'rel="license"' in answer.headers["Link"]
    assert "max-age=60" in answer.headers["Cache-Control"]
    (line,) = open_data(client)
    assert (line["topic"], line["ward"], line["ward_name"]) == ("noise", BEN_THANH, "Phường Bến Thành")
    assert (line["received"], line["answered"], line["in_time"], line["median_days"]) == ("3", "3", "3", "2")


def rows(hotline: Hotline) -> list[DailyCount]:
    with hotline.database.reading() as session:
        return list(session.scalars(select(DailyCount).order_by(DailyCount.day, DailyCount.id)))


def open_data(client: FlaskClient) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.get("/ban-do.csv").data.decode("utf-8-sig"))))


def numbers(figure: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in figure.items() if name in MapFigure.model_fields}


PIN: dict[str, Any] = {"latitude": 10.7712, "longitude": 106.6981}
BESIDE: dict[str, Any] = {"latitude": 10.7725, "longitude": 106.6990}
FAR: dict[str, Any] = {"latitude": 10.80, "longitude": 106.74}


def test_a_tickets_page_shows_its_pin_and_what_is_open_near_by_of_its_topic(
    road: Road, log_in: Callable[[Account], FlaskClient]
) -> None:
    here, beside, far = (road.routed(**place) for place in (PIN, BESIDE, FAR))
    answered = road.routed(**BESIDE)
    work.accept(road.hotline, road.staff.alice, step(answered))
    work.answer(road.hotline, road.staff.alice, step(answered, "Xong."))
    page = log_in(road.staff.alice).get(f"/work/{here.ticket().id}").get_data(as_text=True)
    own, *others = pins_of(page)
    assert (own["lat"], own["lon"], own["here"]) == (10.7712, 106.6981, True)
    assert [pin["url"] for pin in others] == [f"/work/{beside.ticket().id}"]
    assert others[0]["kind"] == "ok"
    listed = page.partition("Gần đó, cùng chủ đề, chưa xong")[2].partition("</ul>")[0]  # for those who see no map
    assert re.findall(r'href="([^"]+)"', listed) == [f"/work/{beside.ticket().id}"]
    assert str(far.ticket().id) not in listed


def test_no_pin_leads_to_a_ticket_that_one_may_not_see(
    hotline: Hotline, road: Road, log_in: Callable[[Account], FlaskClient]
) -> None:
    here = road.routed(**PIN)
    sealed, theirs = road.sealed(**BESIDE), road.routed(**BESIDE)
    choice = review.Choice("street-lighting", "tt_ql_gtcc", BEN_THANH, "Của đơn vị khác.")
    given = road.returned()  # brings the coordinator's road along
    assert given.status() is Status.RETURNED
    work.send_back(hotline, road.staff.alice, step(theirs, "Không phải của chúng tôi."))
    review.route(hotline, road.staff.coordinator, step(theirs), choice)
    page = log_in(road.staff.alice).get(f"/work/{here.ticket().id}").get_data(as_text=True)
    assert len(pins_of(page)) == 1
    for other in (sealed, theirs):
        assert str(other.ticket().id) not in page


def test_a_ticket_without_a_pin_has_no_map(road: Road, log_in: Callable[[Account], FlaskClient]) -> None:
    page = log_in(road.staff.alice).get(f"/work/{road.routed().ticket().id}").get_data(as_text=True)
    assert "data-map" not in page


def test_a_coordinator_chooses_a_ward_from_the_map(road: Road, log_in: Callable[[Account], FlaskClient]) -> None:
    filed = road.routed(
        "Rác dồn đống trước hẻm, hôi thối mấy ngày nay chưa ai lấy", place_text="phường 12", submission_type="khieu-nai"
    )
    page = log_in(road.staff.coordinator).get(f"/review/{filed.ticket().id}").get_data(as_text=True)
    pins = pins_of(page)
    assert len(pins) > 1
    assert 'data-chooses="ward_code"' in page
    for pin in pins:
        assert re.search(rf'<option value="{pin["choose"]}"( selected)?>{pin["label"]}<', page)


def pins_of(page: str) -> list[dict[str, Any]]:
    found = re.search(r'data-pins="([^"]*)"', page)
    assert found
    pins: list[dict[str, Any]] = json.loads(unescape(found[1]))
    return pins
