"""To whom a coordinator may write or pass on: only units that there are today."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.hotline import Hotline
from app.letters import service as letters
from app.praise import service as praise
from app.problems import Refused
from app.units import book
from app.units import service as units
from app.units.schema import Closing
from models.account import Account
from models.vocabulary import Status
from tests.app.conftest import BUSES, LIGHTS, LIGHTS_OUT, Road, Staff, step
from tests.conftest import database_url
from tests.pages import post_form

__all__ = ["database_url"]  # a unit is closed here, so these databases are used once
OFFERED = f'<option value="{BUSES}"'


def test_letters_thanks_and_referrals_go_to_no_unit_that_is_closed(
    hotline: Hotline, road: Road, staff: Staff, log_in: Callable[[Account], FlaskClient]
) -> None:
    complaint, hidden = road.in_review(), road.sealed()
    thanks = road.routed(LIGHTS_OUT, submission_type="khen-ngoi")
    cleared = log_in(staff.cleared)
    letter, secret = f"/letters/{complaint.ticket().id}", f"/sealed/{hidden.ticket().id}"

    def offered() -> list[bool]:
        opened = post_form(cleared, secret, f"{secret}/open", reason="Xem nơi xác minh").get_data(as_text=True)
        return [OFFERED in page for page in (cleared.get(letter).get_data(as_text=True), opened)]

    assert offered() == [True, True]
    with hotline.database.reading() as session:
        seen = book.written_since(session, BUSES)
    today = hotline.city.calendar.local_day(hotline.now())
    units.close_unit(hotline, staff.admin, BUSES, seen, Closing(today, LIGHTS, "QĐ 12/2026"))
    assert offered() == [False, False]
    for act in (
        lambda: letters.send(hotline, staff.coordinator, step(complaint, "Bạn nộp đơn ở đó."), BUSES),
        lambda: praise.forward(hotline, staff.coordinator, step(thanks), BUSES),
        lambda: road.refer_sealed(hidden, "Đèn tắt.", BUSES),
    ):
        with pytest.raises(Refused, match="unknown_department"):
            act()
    stands = [filed.status() for filed in (complaint, thanks, hidden)]
    assert stands == [Status.NEEDS_REVIEW, Status.NEEDS_REVIEW, Status.SEALED]
