"""Finding tickets by words: accents do not matter, characters mean nothing, and nobody is found by a number."""

import unicodedata
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select

from app import migration, search
from app.consistency import violations
from app.hotline import Hotline
from app.review import service as review
from app.search import words_of
from app.triage import outbox
from app.work import queue
from app.work.filters import Filter
from models.account import Account
from models.outbox import OutboxEntry
from models.ticket import Ticket
from models.vocabulary import Status
from models.worklist import TicketSearch
from tests.app.conftest import LIGHTS_OUT, Clock, Filed, Road, Staff, step
from tests.pages import words

Log = Callable[[Account], FlaskClient]


@pytest.mark.parametrize(
    "asked",
    [
        "đèn đường tắt",
        "den duong tat",
        "DEN DUONG",
        "tắt đèn",
        unicodedata.normalize("NFD", "đèn đường tắt"),
        "đen đuông",
        "ｄｅｎ",
        "cách mạng tháng tám 285",
        "  đèn,\ttrụ!  ",
    ],
)
def test_a_ticket_is_found_however_its_words_are_typed(road: Road, staff: Staff, asked: str) -> None:
    """Check 18. Search composed, decomposed, without accents, in capitals, full width, in another order.

    Expect the ticket found each time, also by where it is. Leaving `fold` out of `words_of` makes it fail.
    """
    filed = road.routed(LIGHTS_OUT, place_text="hẻm 285 Cách Mạng Tháng Tám, phường Hòa Hưng")
    assert found(road.hotline, staff.coordinator, asked) == {filed.ticket().id}


@pytest.mark.parametrize(
    "asked",
    ["đèn bão", "den duongx", "den OR rac", "den -tat", "NOT rac", "zzz", "d", "duon", "285"],
)
def test_every_word_must_be_there_and_whole(road: Road, staff: Staff, asked: str) -> None:
    """The words `OR`, `NOT` and what follows a minus are words as any other; the one that is there is `tat`."""
    filed = road.routed(LIGHTS_OUT)
    expected = {filed.ticket().id} if asked == "den -tat" else set()
    assert found(road.hotline, staff.alice, asked) == expected


@pytest.mark.parametrize("asked", ["%", "_", "*", "den*", "d_n", "den%", "'", "den' | 'x", '"den', "den:*", "(", "\\"])
def test_no_character_that_is_asked_for_means_anything(road: Road, staff: Staff, log_in: Log, asked: str) -> None:
    """Check 20. Search by wildcards, quotes and operators of either database.

    Expect each taken as what stands between words, or as no word at all: 200, and nothing found that has not the words.
    Putting what is asked for into the statement as it is makes it fail.
    """
    filed = road.routed(LIGHTS_OUT)
    expected = {filed.ticket().id} if words_of(asked) == ["den"] else set()
    assert found(road.hotline, staff.alice, asked) == expected
    assert log_in(staff.alice).get("/work", query_string={"q": asked}).status_code == 200


def test_nobody_is_found_by_a_number_an_address_or_a_plate(road: Road, staff: Staff, log_in: Log) -> None:
    """A search of reports is no search of persons, though their numbers stand in what they wrote."""
    said = f"{LIGHTS_OUT}. Gọi tôi 0901 234 567, thư lan.nguyen@vidu.vn, xe 59X1-234.56, căn cước 079123456789"
    road.routed(said)
    for asked in ("0901 234 567", "0901234567", "lan.nguyen@vidu.vn", "59X1-234.56", "079123456789"):
        assert found(road.hotline, staff.alice, asked) == set(), asked
        page = words(log_in(staff.alice).get("/work", query_string={"q": asked}).get_data(as_text=True))
        assert "Ở đây tìm việc, không tìm người" in page
    with road.hotline.database.reading() as session:
        kept = str(session.scalar(select(TicketSearch.words)))
    for secret in ("0901", "234", "567", "lan", "nguyen", "vidu", "59x1", "079123456789"):
        assert secret not in kept.replace("'", " ").split(), secret
    assert found(road.hotline, staff.alice, "căn cước") != set()


def test_a_ticket_is_found_from_when_staff_see_it_until_it_is_sealed(hotline: Hotline, road: Road) -> None:
    waiting = road.file()
    assert kept(hotline) == set()
    road.triage()
    assert kept(hotline) == {waiting.ticket().id}
    sealed = road.sealed()
    assert sealed.ticket().id not in kept(hotline)
    late = road.in_review()
    assert late.ticket().id in kept(hotline)
    review.seal(hotline, road.staff.coordinator, step(late, "Tố cáo."))
    assert late.status() is Status.SEALED
    assert late.ticket().id not in kept(hotline)
    road.release(late)
    assert late.ticket().id in kept(hotline)
    with hotline.database.reading() as session:
        assert violations(session) == []


def test_a_ticket_that_no_machine_could_read_is_found_too(
    hotline: Hotline, file: Callable[..., Filed], clock: Clock
) -> None:
    filed = file()
    with hotline.database.transaction() as session:
        session.scalars(select(OutboxEntry)).one().attempts = 99
    clock.forward(days=1)
    with hotline.database.transaction() as session:
        outbox.give_up(session, hotline.now(), lease=30, max_attempts=5)
    assert kept(hotline) == {filed.ticket().id}


def test_what_search_lacks_is_named_and_filled(hotline: Hotline, road: Road) -> None:
    routed, _sealed, _waiting = road.routed(), road.sealed(), road.file()
    with hotline.database.transaction() as session:
        session.execute(delete(TicketSearch))
    with hotline.database.reading() as session:
        (broken,) = violations(session)
    assert broken.startswith("what staff may see can be found, and nothing else: 1 tickets")
    assert search.fill(hotline) == 1
    assert search.fill(hotline) == 0
    assert kept(hotline) == {routed.ticket().id}


def test_tickets_from_before_there_was_a_search_are_found_after_the_migration(hotline: Hotline, road: Road) -> None:
    """The migration cuts words as the program does; a denunciation gets none."""
    said = f"{LIGHTS_OUT}, gọi 0901234567, {'x' * 3000}"
    routed = road.routed(said)
    road.sealed()
    before = words_kept(hotline)
    migration.downgrade(hotline.database, "0006")
    migration.upgrade(hotline.database)
    assert words_kept(hotline) == before
    assert set(before) == {routed.ticket().id}


def found(hotline: Hotline, account: Account, asked: str) -> set[object]:
    """Return the ids of what somebody's search shows."""
    with hotline.database.reading() as session:
        page = queue.page(session, account, hotline.now(), None, Filter(q=asked))
        return {ticket.id for ticket in page.tickets}


def kept(hotline: Hotline) -> set[object]:
    with hotline.database.reading() as session:
        return set(session.scalars(select(TicketSearch.ticket_id)))


def words_kept(hotline: Hotline) -> dict[object, str]:
    with hotline.database.reading() as session:
        assert session.scalar(select(func.count(Ticket.id)))
        return {row.ticket_id: row.words for row in session.scalars(select(TicketSearch))}
