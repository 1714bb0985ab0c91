"""Answers with photos, and the second person who reads them first."""

import io
import re
from collections.abc import Callable, Sequence
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from app.accounts import service as accounts
from app.accounts.service import NewAccount
from app.admin.service import disable_account
from app.consistency import reconcile, violations
from app.coordination import service as coordination
from app.hotline import Hotline
from app.intake.photos import read_photos
from app.knowledge import service as knowledge
from app.photostore import path_of
from app.problems import Conflict, NotFound, Refused
from app.replies import service as replies
from app.review import service as review
from app.work import approval, notes
from app.work import service as work
from app.work.answering import Shown
from app.work.service import Step
from models.account import Account
from models.ticket import Ticket
from models.vocabulary import DeadlineKind, PhotoOf, Role, Status, SubmissionType
from tests.app.conftest import LIGHTS, Filed, Road, Staff, picture, step
from tests.pages import hidden, words

Log = Callable[[Account], FlaskClient]
WORDS = "Đã thay bóng ở trụ số bốn."


@pytest.fixture
def carol(hotline: Hotline) -> Account:
    """Return a second handler of alice's unit."""
    with hotline.database.transaction() as session:
        return accounts.create(session, hotline.now(), NewAccount("carol", "Carol", Role.HANDLER, LIGHTS))


@pytest.fixture
def second(hotline: Hotline, staff: Staff) -> None:
    """Let alice's unit want a second person."""
    replies.ask_for_second(hotline, staff.supervisor, wanted=True)


def test_photos_of_an_answer_are_pixels_alone_and_are_seen_by_its_citizen(
    client: FlaskClient, hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.accepted()
    alice, page = log_in(staff.alice), f"/work/{filed.ticket().id}"
    sent = post_answer(alice, page, before=[telling_picture()], after=[picture(), picture()])
    assert sent.status_code == 303
    photos = filed.ticket().attachments
    assert [photo.shows for photo in photos] == [PhotoOf.BEFORE, PhotoOf.AFTER, PhotoOf.AFTER]
    assert {photo.event_id for photo in photos} == {filed.ticket().events[-1].id}
    kept = path_of(hotline.settings.attachments, photos[0].id).read_bytes()
    assert b"GPS" not in kept
    with Image.open(io.BytesIO(kept)) as image:
        assert not image.getexif()
    tracked = client.post("/t", data={"code": filed.code}).get_data(as_text=True)
    addresses = re.findall(r'<img src="(/t/anh/[^"]+)"', tracked)
    assert len(addresses) == 3
    assert "Trước khi làm" in tracked
    assert filed.code.replace("-", "") not in "".join(addresses)
    with client.get(addresses[0]) as shown:
        assert (shown.status_code, shown.mimetype, shown.data) == (200, "image/jpeg", kept)
    assert client.get(f"{addresses[0]}x").status_code == 404
    tracking = client.post("/api/v1/track", json={"code": filed.code}).get_json()
    assert [photo["shows"] for photo in tracking["timeline"][-1]["photos"]] == ["before", "after", "after"]
    assert tracking["photos"] == 0, "the citizen's own are counted, not the unit's"
    assert sound(hotline)


def test_a_file_that_is_no_photo_is_refused_beside_its_field_and_the_words_stay(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.accepted()
    page = f"/work/{filed.ticket().id}"
    for photos, field in ({"after": [b"GIF89a"]}, "after"), ({"before": [picture()] * 6}, "before"):
        refused = post_answer(log_in(staff.alice), page, (), **photos)
        shown = refused.get_data(as_text=True)
        assert refused.status_code == 422
        assert f'href="#{field}"' in shown
        assert shown.count(WORDS) == 1
    assert filed.status() is Status.IN_PROGRESS
    assert filed.ticket().attachments == []
    assert not list(hotline.settings.attachments.glob("*/*.jpg"))


def test_a_step_that_is_refused_leaves_no_photo_behind(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed = road.routed()
    with pytest.raises(Conflict):
        work.answer(hotline, staff.alice, step(filed, WORDS), work_photos())
    assert not list(hotline.settings.attachments.glob("*/*.jpg"))


def test_what_a_unit_showed_goes_into_the_vault_and_no_address_of_it_works_any_more(
    client: FlaskClient, hotline: Hotline, road: Road, staff: Staff
) -> None:
    """Reopened, given back, told to be a denunciation: nothing of the answer is left outside, and it comes back."""
    filed = answered_with_photo(hotline, road, staff)
    photo = filed.ticket().attachments[0]
    tracked = client.post("/t", data={"code": filed.code}).get_data(as_text=True)
    (address,) = re.findall(r'<img src="(/t/anh/[^"]+)"', tracked)
    client.post("/t/mo-lai", data={"code": filed.code, "message": "Cán bộ đòi tiền tôi."})
    notes.write(hotline, staff.alice, step(filed, "Ghi lại cho đồng nghiệp."))
    work.accept(hotline, staff.alice, step(filed))
    work.send_back(hotline, staff.alice, step(filed, "Không phải của chúng tôi."))
    review.seal(hotline, staff.coordinator, step(filed, "Tố cáo cán bộ."))
    assert client.get(address).status_code == 404
    assert not path_of(hotline.settings.attachments, photo.id).exists()
    assert "/t/anh/" not in client.post("/t", data={"code": filed.code}).get_data(as_text=True)
    ticket = filed.ticket()
    assert ticket.attachments == []
    assert not [event for event in ticket.events if event.internal_text or event.public_text]
    assert sound(hotline)
    road.release(filed)
    assert [(one.id, one.shows, one.event_id) for one in filed.ticket().attachments] == [
        (photo.id, PhotoOf.AFTER, photo.event_id)
    ]
    assert "Ghi lại cho đồng nghiệp." in [event.internal_text for event in filed.ticket().events]
    with client.get(address) as again:
        assert again.status_code == 200
    assert sound(hotline)


@pytest.mark.usefixtures("second")
def test_the_citizen_sees_nothing_until_a_second_person_has_approved(
    client: FlaskClient, hotline: Hotline, road: Road, staff: Staff, carol: Account
) -> None:
    filed = road.accepted()
    work.answer(hotline, staff.alice, step(filed, WORDS), work_photos())
    ticket = filed.ticket()
    assert (ticket.status, ticket.answered_at) == (Status.IN_PROGRESS, None)
    assert owed(filed), "the clock runs on"
    tracked = client.post("/t", data={"code": filed.code}).get_data(as_text=True)
    assert WORDS not in tracked
    assert "/t/anh/" not in tracked
    assert offered(hotline, staff.alice, filed) == {"take-back"}
    assert offered(hotline, carol, filed) == offered(hotline, staff.supervisor, filed) != set()
    with pytest.raises(NotFound):
        approval.approve(hotline, staff.alice, step(filed))
    approval.approve(hotline, carol, step(filed))
    event = filed.ticket().events[-1]
    assert (event.kind, event.actor_id, event.public_text) == ("answered", carol.id, WORDS)
    assert event.data == {"written_by": staff.alice.id.hex}
    assert not owed(filed)
    assert [photo.event_id for photo in filed.ticket().attachments] == [event.id]
    assert "/t/anh/" in client.post("/t", data={"code": filed.code}).get_data(as_text=True)
    assert sound(hotline)


@pytest.mark.usefixtures("second")
def test_an_answer_is_given_back_with_a_note_mended_and_approved(
    hotline: Hotline, road: Road, staff: Staff, carol: Account, log_in: Log
) -> None:
    filed = road.accepted()
    page = f"/work/{filed.ticket().id}"
    work.answer(hotline, staff.alice, step(filed, WORDS))
    approval.give_back(hotline, carol, step(filed, "Bạn ghi rõ ngày nào."))
    shown = log_in(staff.alice).get(page).get_data(as_text=True)
    assert "Bạn ghi rõ ngày nào." in shown
    assert f">{WORDS}</textarea>" in shown, "what was written is there to be mended"
    work.answer(hotline, staff.alice, step(filed, f"{WORDS} Ngày 3/3."))
    with pytest.raises(Conflict):
        approval.give_back(hotline, carol, step_of_old_version(filed))
    approval.approve(hotline, carol, step(filed))
    assert filed.ticket().events[-1].public_text == f"{WORDS} Ngày 3/3."
    assert filed.kinds()[-4:] == ["answer_written", "answer_given_back", "answer_written", "answered"]
    assert sound(hotline)


@pytest.mark.usefixtures("second")
def test_photos_of_an_answer_given_back_go_out_only_if_chosen_again(
    client: FlaskClient, hotline: Hotline, road: Road, staff: Staff, carol: Account, log_in: Log
) -> None:
    filed = road.accepted()
    page = f"/work/{filed.ticket().id}"
    work.answer(hotline, staff.alice, step(filed, WORDS), [*work_photos(), *work_photos()])
    chosen, left = (photo.id for photo in filed.ticket().attachments)
    approval.give_back(hotline, carol, step(filed, "Ảnh thứ hai thấy rõ mặt người."))
    alice = log_in(staff.alice)
    shown = alice.get(page).get_data(as_text=True)
    boxes = re.compile(r'name="keep" value="([^"]+)"([^>]*)>')
    assert boxes.findall(shown) == [(str(chosen), ""), (str(left), "")]
    refused = post_answer(alice, page, [chosen, left], after=[picture()] * 4)
    assert refused.status_code == 422
    assert [how for _, how in boxes.findall(refused.get_data(as_text=True))] == [" checked"] * 2
    assert len(filed.ticket().attachments) == 2
    assert post_answer(alice, page, [chosen, uuid4()]).status_code == 303
    assert [photo.id for photo in filed.ticket().attachments] == [chosen]
    approval.approve(hotline, carol, step(filed))
    assert client.post("/t", data={"code": filed.code}).get_data(as_text=True).count("/t/anh/") == 2  # link and picture
    assert sound(hotline)


@pytest.mark.usefixtures("second")
def test_photos_of_an_answer_taken_back_do_not_go_out_with_the_next(
    client: FlaskClient, hotline: Hotline, road: Road, staff: Staff, carol: Account
) -> None:
    filed = road.accepted()
    work.answer(hotline, staff.alice, step(filed, WORDS), work_photos())
    approval.take_back(hotline, staff.alice, step(filed))
    replies.ask_for_second(hotline, staff.supervisor, wanted=False)
    work.answer(hotline, carol, step(filed, "Đã thay cả trụ."))
    assert filed.ticket().attachments == []
    assert "/t/anh/" not in client.post("/t", data={"code": filed.code}).get_data(as_text=True)
    assert sound(hotline)


@pytest.mark.usefixtures("second")
def test_a_program_says_which_photos_of_an_answer_given_back_it_keeps(
    client: FlaskClient, hotline: Hotline, road: Road, staff: Staff, bearer: Callable[[Account], dict[str, str]]
) -> None:
    filed = road.accepted()
    answer, token = f"/api/v1/tickets/{filed.ticket().id}/answer", bearer(staff.alice)
    work.answer(hotline, staff.alice, step(filed, WORDS), [*work_photos(), *work_photos()])
    one, other = (photo.id for photo in filed.ticket().attachments)

    def said(keep: list[UUID], **more: object) -> dict[str, object]:
        approval.take_back(hotline, staff.alice, step(filed))
        return {"version": filed.ticket().version, "public_text": WORDS, "keep": [str(i) for i in keep], **more}

    sent = client.post(answer, headers=token, json=said([one, other]))
    assert sent.get_json()["waiting_answer"]["photos"] == [str(one), str(other)]
    as_form = said([other], after=[(io.BytesIO(picture()), "a.jpg")])
    sent = client.post(answer, headers=token, data=as_form, content_type="multipart/form-data")
    photos = sent.get_json()["waiting_answer"]["photos"]
    assert (len(photos), photos[0]) == (2, str(other))
    sent = client.post(answer, headers=token, json=said([]))
    assert sent.get_json()["waiting_answer"]["photos"] == []


@pytest.mark.usefixtures("second")
def test_while_an_answer_waits_nothing_else_is_said_to_the_citizen(
    hotline: Hotline, road: Road, staff: Staff, carol: Account, log_in: Log
) -> None:
    filed = road.accepted()
    work.answer(hotline, staff.alice, step(filed, WORDS))
    for act in (work.answer, work.ask, work.send_back):
        with pytest.raises(Conflict):
            act(hotline, carol, step(filed, "Lời khác."))
    with hotline.database.transaction() as session:
        session.get_one(Ticket, filed.ticket().id).submission_type = SubmissionType.QUESTION
    assert "Trả lời bằng bài có sẵn" not in log_in(carol).get(f"/work/{filed.ticket().id}").get_data(as_text=True)
    with pytest.raises(Refused, match="answer_waits"):
        knowledge.answer_with(hotline, carol, step(filed), uuid4())
    shown = words(log_in(carol).get(f"/work/{filed.ticket().id}").get_data(as_text=True))
    assert "Câu trả lời chờ người thứ hai duyệt" in shown
    assert "Gửi trả lời" not in shown
    approval.take_back(hotline, staff.alice, step(filed))
    work.ask(hotline, staff.alice, step(filed, "Trụ số mấy vậy bạn?"))
    assert filed.status() is Status.INFO_REQUESTED
    assert sound(hotline)


@pytest.mark.usefixtures("second")
def test_where_the_unit_has_nobody_else_a_coordinator_is_the_second_person(
    hotline: Hotline, road: Road, staff: Staff
) -> None:
    filed = road.accepted()
    work.answer(hotline, staff.alice, step(filed, WORDS))
    with pytest.raises(NotFound):
        approval.approve(hotline, staff.coordinator, step(filed))
    disable_account(hotline, staff.supervisor.id)
    approval.approve(hotline, staff.coordinator, step(filed))
    assert filed.status() is Status.ANSWERED


@pytest.mark.usefixtures("second")
def test_an_answer_that_waits_goes_with_the_unit_and_takes_its_photos_along(
    hotline: Hotline, road: Road, staff: Staff, carol: Account
) -> None:
    filed, other = road.accepted(), road.routed()
    work.answer(hotline, staff.alice, step(filed, WORDS), work_photos())
    photo = filed.ticket().attachments[0].id
    review.link(hotline, staff.coordinator, step(filed, str(other.ticket().id)))
    assert filed.status() is Status.MERGED
    assert filed.ticket().attachments == []
    assert offered(hotline, carol, filed) == set()
    assert sound(hotline)
    file = path_of(hotline.settings.attachments, photo)
    assert file.exists(), "until `langnghe reconcile` an hour later"
    assert reconcile(hotline) == (0, 0)


@pytest.mark.usefixtures("second")
def test_who_helps_reads_no_answer_that_was_not_sent(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log, bearer: Callable[[Account], dict[str, str]]
) -> None:
    filed = helped(hotline, road, staff)
    work.answer(hotline, staff.alice, step(filed, WORDS), work_photos())
    ticket = filed.ticket()
    page = f"/work/{ticket.id}"
    bob = log_in(staff.bob)
    assert "Câu trả lời chờ" not in bob.get(page).get_data(as_text=True)
    assert bob.get(f"{page}/photos/{ticket.attachments[0].id}").status_code == 404
    with log_in(staff.supervisor).get(f"{page}/photos/{ticket.attachments[0].id}") as seen:
        assert seen.status_code == 200
    shape = bob.application.test_client().get(f"/api/v1/tickets/{ticket.id}", headers=bearer(staff.bob)).get_json()
    assert shape["waiting_answer"] is None
    approval.give_back(hotline, staff.supervisor, step(filed, "Bạn ghi rõ ngày nào."))
    for account, reads in ((staff.bob, False), (staff.alice, True), (staff.coordinator, True), (staff.auditor, False)):
        history = log_in(account).get(page).get_data(as_text=True).partition("Lịch sử")[2]
        found = bob.application.test_client().get(f"/api/v1/tickets/{ticket.id}", headers=bearer(account)).get_json()
        told = [event["internal_text"] for event in found["history"][-2:]]
        assert told == ([WORDS, "Bạn ghi rõ ngày nào."] if reads else [None, None]), account.username
        assert (WORDS in history, "Bạn ghi rõ ngày nào." in history) == (reads, reads), account.username


def test_a_unit_of_one_cannot_want_a_second_person(hotline: Hotline, staff: Staff) -> None:
    disable_account(hotline, staff.alice.id)
    with pytest.raises(Refused) as caught:
        replies.ask_for_second(hotline, staff.supervisor, wanted=True)
    assert caught.value.problems[0].code == "nobody_second"
    with pytest.raises(NotFound):
        replies.ask_for_second(hotline, staff.coordinator, wanted=True)


def answered_with_photo(hotline: Hotline, road: Road, staff: Staff) -> Filed:
    filed = road.accepted()
    work.answer(hotline, staff.alice, step(filed, WORDS), work_photos())
    return filed


def helped(hotline: Hotline, road: Road, staff: Staff) -> Filed:
    filed = road.accepted()
    coordination.ask_unit(hotline, staff.alice, step(filed, "Trụ đèn ở trạm xe buýt."), staff.bob.department_id or "")
    return filed


def work_photos() -> Shown:
    return [(PhotoOf.AFTER, photo) for photo in read_photos([picture()])]


def telling_picture() -> bytes:
    """A photo that says where and by what it was taken."""
    out = io.BytesIO()
    image = Image.new("RGB", (8, 8), "teal")
    exif = image.getexif()
    exif[0x010F] = "GPS maker"
    image.save(out, "JPEG", exif=exif)
    assert b"GPS maker" in out.getvalue()
    return out.getvalue()


def post_answer(browser: FlaskClient, page: str, keep: Sequence[UUID] = (), **photos: list[bytes]) -> TestResponse:
    shown = browser.get(page).get_data(as_text=True)
    data: dict[str, object] = {name: hidden(shown, name) for name in ("csrf_token", "version")}
    data |= {"public_text": WORDS, "keep": [str(one) for one in keep]}
    for field, files in photos.items():
        data[field] = [(io.BytesIO(file), f"{field}-{n}.jpg") for n, file in enumerate(files)]
    return browser.post(f"{page}/answer", data=data, content_type="multipart/form-data")


def step_of_old_version(filed: Filed) -> Step:
    now = step(filed, "Muộn rồi.")
    return Step(now.ticket_id, now.version - 1, now.text)


def offered(hotline: Hotline, account: Account, filed: Filed) -> set[str]:
    with hotline.database.reading() as session:
        return approval.offers(session, account, filed.ticket())


def owed(filed: Filed) -> bool:
    return any(d.kind is DeadlineKind.RESOLVE and d.met_at is None for d in filed.ticket().deadlines)


def sound(hotline: Hotline) -> bool:
    with hotline.database.reading() as session:
        assert violations(session) == []
    return True
