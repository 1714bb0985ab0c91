"""A phone with a bad network: drafts outlive closed tabs, send themselves once, and can be wiped."""

import io
import re
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, Route, expect
from sqlalchemy import select

from models.ticket import Ticket
from tests.browser.conftest import Site

#: A phone that keeps nothing, and one that is full by the time that the answer comes.
BLOCKED = """
    Object.defineProperty(window, "indexedDB", { value: { open: () => { throw new Error("blocked"); } } });
    Object.defineProperty(window, "localStorage", { get: () => { throw new DOMException("", "SecurityError"); } });
    if (self.LockManager) LockManager.prototype.request = () => Promise.reject(new DOMException("", "SecurityError"));
"""
FULL = """
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (draft, ...more) {
      if (draft.state === "sent") throw new DOMException("", "QuotaExceededError");
      return put.call(this, draft, ...more);
    };
"""
#: Dictation whose results a test says: `hear("…")` adds one.
DICTATION = """
    window.SpeechRecognition = class {
      start() {
        this.results = [];
        window.hear = (transcript) => {
          this.results.push([{ transcript }]);
          this.onresult?.({ results: this.results });
        };
      }
      stop() { setTimeout(() => this.onend(), 300); }
    };
"""
#: What may come over the wire at a first visit.
WEIGHT = 120_000


@pytest.fixture
def text() -> str:
    """Return a report that no other test files."""
    return f"Đèn đường trước nhà tôi tắt ba đêm nay, tối thui, trụ số {uuid4().hex[:12]}"


@pytest.fixture
def citizen(chromium: Browser, site: Site) -> Iterator[BrowserContext]:
    """Return a phone that may tell where it is; any error of a page's own script fails the test."""
    context = chromium.new_context(
        base_url=site.url,
        viewport={"width": 390, "height": 844},
        locale="vi-VN",
        geolocation={"latitude": 10.7769, "longitude": 106.7009},
        permissions=["geolocation"],
    )
    broken: list[str] = []
    context.on("weberror", lambda error: broken.append(str(error.error)))
    yield context
    context.close()
    assert not broken


def test_a_pothole_with_photo_and_position_takes_three_taps(citizen: BrowserContext, site: Site, text: str) -> None:
    page = opened(citizen)
    page.fill("#text", text)
    with page.expect_file_chooser() as chooser:
        page.click("label[for=photos]")  # 1
    chooser.value.set_files(photo())
    page.click("#position button")  # 2
    expect(page.locator("#latitude")).to_have_value("10.776900")
    page.click("button.main")  # 3
    page.wait_for_selector("#code")
    (ticket,) = filed(site, text)
    assert (ticket.lat, len(ticket.attachments)) == (10.7769, 1)


def test_a_big_photo_is_made_small_before_it_is_sent(citizen: BrowserContext, text: str) -> None:
    page = opened(citizen)
    page.fill("#text", text)
    page.set_input_files("#photos", photo(4000, 3000))
    expect(page.locator("#thumbs img")).to_have_count(1)
    size = page.evaluate(
        """async () => { const { photos: [one] } = await drafts.get("writing");
        const image = await createImageBitmap(new Blob([one.bytes])); return [image.width, one.type]; }"""
    )
    assert size == [2048, "image/jpeg"]


def test_a_draft_with_its_photo_survives_a_closed_tab_until_it_is_wiped(citizen: BrowserContext, text: str) -> None:
    page = opened(citizen)
    page.fill("#text", text)
    page.set_input_files("#photos", photo())
    expect(page.locator("#kept")).to_be_visible()
    expect(page.locator("#thumbs img")).to_have_count(1)
    page.wait_for_function("async () => Boolean(await drafts.get('writing'))")
    page.close()
    page = opened(citizen)
    assert page.input_value("#text") == text
    expect(page.locator("#thumbs img")).to_have_count(1)
    page.click("#kept button")
    assert page.input_value("#text") == ""
    page.close()
    page = opened(citizen)
    assert page.input_value("#text") == ""
    expect(page.locator("#thumbs img")).to_have_count(0)
    assert page.evaluate("localStorage.length") == 0


def test_that_it_is_a_denunciation_survives_a_reload_and_another_language(
    citizen: BrowserContext, site: Site, text: str
) -> None:
    page = opened(citizen)
    page.fill("#text", text)
    page.click("#kinds summary")
    page.check("#type-to-cao")
    page.click("a.lang")
    page.wait_for_selector("html[lang=en] form.enhanced")
    expect(page.locator("#type-to-cao")).to_be_visible()
    expect(page.locator("#type-to-cao")).to_be_checked()
    page.click("button.main")
    page.wait_for_selector("#code")
    assert not filed(site, text), "it is sealed"


def test_what_is_typed_or_wiped_while_one_dictates_stays_so(citizen: BrowserContext) -> None:
    citizen.add_init_script(DICTATION)
    page = opened(citizen)
    page.click("#dictation button")
    page.evaluate("hear('đèn đường')")
    page.evaluate("hear('tắt')")
    assert page.input_value("#text") == "đèn đường tắt"
    page.fill("#text", "đèn đường tắt, trụ số bốn")
    page.evaluate("hear('ba đêm')")
    assert page.input_value("#text") == "đèn đường tắt, trụ số bốn"
    expect(page.locator("#dictation button")).to_have_attribute("aria-pressed", "false")
    page.click("#dictation button")
    page.evaluate("hear('hai đêm')")
    assert page.input_value("#text") == "đèn đường tắt, trụ số bốn hai đêm"
    page.click("#kept button")
    page.evaluate("hear('một đêm')")
    assert page.input_value("#text") == ""


def test_nobody_writes_on_a_report_that_is_on_its_way(citizen: BrowserContext, site: Site, text: str) -> None:
    page = opened(citizen)
    page.click("text=Liên hệ, nếu muốn")
    page.fill("#text", text)
    sent: list[Route] = []

    def hold(route: Route) -> None:
        sent.append(route)

    page.route("**/gui", hold, times=1)
    with page.expect_request("**/gui"):
        page.click("button.main")
    for field in ("#text", "#place_text", "#contact_name"):
        assert not page.is_editable(field), field
    page.wait_for_timeout(100)
    sent[0].fulfill(status=503, json={})
    expect(page.locator("#drafts")).to_contain_text("Chưa gửi được")
    page.fill("#text", "Một chuyện khác hẳn")
    page.fill("#contact_name", "Bảy")


def test_what_is_written_without_a_network_sends_itself_once_when_it_is_back(
    citizen: BrowserContext, site: Site, text: str
) -> None:
    page = opened(citizen)
    page.evaluate("navigator.serviceWorker.ready")
    page.wait_for_function(
        "async () => (await caches.keys()).length > 0 && Boolean(navigator.serviceWorker.controller)"
    )
    citizen.set_offline(True)
    page.goto("/")
    page.fill("#text", text)
    page.set_input_files("#photos", photo())
    expect(page.locator("#thumbs img")).to_have_count(1)
    page.click("button.main")
    expect(page.locator("#drafts")).to_contain_text("Chưa gửi được, máy đang giữ giúp bạn")
    assert page.input_value("#text") == ""
    page.close()
    page = citizen.new_page()
    page.goto("/")
    expect(page.locator("#drafts")).to_contain_text(text[:60])
    assert not filed(site, text)

    citizen.set_offline(False)
    expect(page.locator("#drafts .code")).to_be_visible(timeout=20_000)
    code = page.inner_text("#drafts .code")
    (ticket,) = filed(site, text)
    assert len(ticket.attachments) == 1
    page.click("text=Xem và lưu mã")
    assert page.inner_text("#code") == code
    assert code not in page.url
    page.wait_for_function("async () => !(await drafts.all()).length")
    page = opened(citizen)
    expect(page.locator("#drafts")).to_be_hidden()
    assert len(filed(site, text)) == 1


@pytest.mark.parametrize("broken", [BLOCKED, FULL], ids=["blocked", "full"])
def test_who_files_gets_the_code_even_where_the_phone_can_keep_nothing(
    citizen: BrowserContext, site: Site, text: str, broken: str
) -> None:
    citizen.add_init_script(broken)
    page = citizen.new_page()
    page.goto("/")
    page.wait_for_selector("#position:not([hidden])")
    page.fill("#text", text)
    page.click("button.main")
    page.wait_for_selector("#code, #problems:not([hidden])")
    expect(page.locator("#code")).to_be_visible()
    assert len(filed(site, text)) == 1


def test_a_report_whose_answer_was_cut_is_one_ticket(citizen: BrowserContext, site: Site, text: str) -> None:
    page = opened(citizen)
    answers = []

    def cut(route: Route) -> None:
        answers.append(route.fetch().status)  # it arrives, and is filed
        route.abort("connectionreset")

    page.route("**/gui", cut, times=1)
    page.fill("#text", text)
    page.click("button.main")
    expect(page.locator("#drafts")).to_contain_text("Chưa gửi được")
    assert answers == [201]
    page.close()  # as somebody does who gives up
    page = opened(citizen)
    expect(page.locator("#drafts .code")).to_be_visible()
    assert len(filed(site, text)) == 1


def test_a_draft_that_is_refused_when_it_comes_is_back_for_its_writer(
    citizen: BrowserContext, site: Site, text: str
) -> None:
    page = opened(citizen)
    page.click("text=Liên hệ, nếu muốn")
    page.fill("#text", text)
    page.fill("#contact_phone", "12")
    page.route("**/gui", lambda route: route.abort(), times=1)
    page.click("button.main")
    expect(page.locator("#drafts")).to_contain_text("Chưa gửi được")
    page.click("text=Gửi lại ngay")
    expect(page.locator("#problems")).to_be_visible()
    assert page.input_value("#text") == text
    page.fill("#contact_phone", "0901234567")
    page.check("#consent")
    page.click("button.main")
    page.wait_for_selector("#code")
    assert len(filed(site, text)) == 1


def test_a_second_tab_sends_what_it_has_become_under_a_key_of_its_own(
    citizen: BrowserContext, site: Site, text: str
) -> None:
    """Both tabs hold one draft and its key; one is sent, the other is written on and sent after it, now or later."""
    first = opened(citizen)
    first.fill("#text", text)
    second, third = opened(citizen), opened(citizen)
    for other in (second, third):
        assert other.input_value("#text") == text
    send_through(first)
    second.fill("#text", f"{text} A")
    second.click("button.main")
    expect(second.locator("#problems")).to_contain_text("đã dùng cho một nội dung khác")
    send_through(second)
    third.fill("#text", f"{text} B")
    third.route("**/gui", lambda route: route.abort(), times=1)
    third.click("button.main")
    expect(third.locator("#drafts")).to_contain_text("Chưa gửi được")
    third.click("text=Gửi lại ngay")
    expect(third.locator("#problems")).to_contain_text("đã dùng cho một nội dung khác")
    send_through(third)
    assert [len(filed(site, said)) for said in (text, f"{text} A", f"{text} B")] == [1, 1, 1]


def test_a_refused_draft_says_why_beside_one_that_is_being_written_and_comes_back_when_asked(
    citizen: BrowserContext, text: str
) -> None:
    page = opened(citizen)
    page.route("**/gui", lambda route: route.abort(), times=1)
    page.fill("#text", text)
    page.click("button.main")
    expect(page.locator("#drafts")).to_contain_text("Chưa gửi được, máy đang giữ giúp bạn")
    page.fill("#text", "Một chuyện khác hẳn")
    page.route("**/gui", lambda route: route.fulfill(status=413, body="<h1>Too large</h1>"), times=1)
    page.click("text=Gửi lại ngay")
    expect(page.locator("#drafts li")).to_contain_text("bớt ảnh rồi gửi lại")
    expect(page.locator("#drafts")).not_to_contain_text("tự gửi")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.click("text=Sửa rồi gửi lại")
    assert page.input_value("#text") == "Một chuyện khác hẳn"
    page.once("dialog", lambda dialog: dialog.accept())
    page.click("text=Sửa rồi gửi lại")
    expect(page.locator("#problems")).to_contain_text("bớt ảnh rồi gửi lại")
    assert page.input_value("#text") == text
    expect(page.locator("#drafts")).to_be_hidden()


def test_the_topic_shown_is_confirmed_or_changed_and_travels_with_the_report(
    citizen: BrowserContext, site: Site, text: str
) -> None:
    page = opened(citizen)
    page.fill("#text", text)
    page.fill("#place_text", "đường Lê Lợi, phường Bến Thành")
    expect(page.locator("#guesses button").first).to_have_text("Chiếu sáng công cộng")
    expect(page.locator("#ward")).to_have_text("Chúng tôi hiểu là Phường Bến Thành.")
    page.click("text=Không phải, chọn lại")
    page.select_option("#topic-choice", "trees")
    expect(page.locator("#understood")).to_contain_text("Bạn chọn")
    send_through(page)
    (ticket,) = filed(site, text)
    assert ticket.events[0].data["topic"] == "trees"


def test_a_topic_that_was_pressed_is_taken_back_by_pressing_it_again_and_keeps_the_focus(
    citizen: BrowserContext, text: str
) -> None:
    page = opened(citizen)
    page.fill("#text", text)
    chip = page.locator("#guesses button").first
    for pressed, topic in (("true", "street-lighting"), ("false", "")):
        with page.expect_response("**/suggest"):
            chip.press("Enter")
        expect(chip).to_have_attribute("aria-pressed", pressed)
        assert page.input_value("[name=topic]") == topic
        page.wait_for_timeout(100)  # what it says of them is drawn
        expect(chip).to_be_focused()


def test_the_focus_stays_near_a_button_that_goes(citizen: BrowserContext, text: str) -> None:
    page = opened(citizen)
    page.click("#position button")
    page.press("#position [data-forget]", "Enter")
    expect(page.locator("#position button").first).to_be_focused()
    page.route("**/gui", lambda route: route.abort())
    page.fill("#text", text)
    page.click("button.main")
    page.locator("#drafts [data-retry]").evaluate("(button) => (button.dataset.old = true)")
    page.press("#drafts [data-retry]", "Enter")
    expect(page.locator("#drafts [data-old]")).to_have_count(0)
    expect(page.locator("#drafts [data-retry]")).to_be_focused()


def test_what_is_known_near_by_is_shown_while_one_writes_and_can_be_joined(
    citizen: BrowserContext, site: Site, text: str
) -> None:
    place = "đường Tô Hiến Thành, phường Hòa Hưng"
    known = httpx.post(f"{site.url}/api/v1/reports/nearby", json={"place_text": place}).json()["incidents"]
    assert known, "the demonstration has something open there"
    page = opened(citizen)
    page.fill("#text", text)
    page.fill("#place_text", place)
    page.wait_for_selector("#guesses button")
    page.click("text=Không phải, chọn lại")
    page.select_option("#topic-choice", known[0]["topic"]["id"])
    expect(page.locator("#known li").first).to_contain_text(f"{known[0]['reports']} người đã báo")
    page.wait_for_load_state("networkidle")  # a look that is still under way may draw the list anew
    page.click("text=Tôi cũng bị, báo cùng")
    expect(page.locator("#known")).to_contain_text("Bạn báo cùng")
    send_through(page)
    (ticket,) = filed(site, text)
    assert str(ticket.joins_id) in {one["incident"] for one in known}


def test_since_when_something_is_known_is_told_in_days_of_the_city(chromium: Browser, site: Site, text: str) -> None:
    context = chromium.new_context(base_url=site.url, timezone_id="America/New_York", service_workers="block")
    page = context.new_page()
    topics = [{"slug": "lighting", "vi": "Chiếu sáng", "en": "Lighting", "confidence": 1}]
    found = {"topics": topics, "sure": True, "wards": [{"name": "Hòa Hưng"}], "place_sure": True}
    known = {
        "incident": str(uuid4()), "reports": 2, "topic": {"id": "lighting", "vi": "Chiếu sáng", "en": "Lighting"},
        "street": "", "ward": "Hòa Hưng", "since": "2026-02-03T18:00:00Z",
    }  # fmt: skip
    page.route("**/suggest", lambda route: route.fulfill(json={**found, "guidance": "", "emergency_numbers": []}))
    page.route("**/nearby", lambda route: route.fulfill(json={"incidents": [known]}))
    page.goto("/ngon-ngu/en")
    page.goto("/")
    page.wait_for_selector("form.enhanced")
    page.fill("#text", text)
    expect(page.locator("#known li")).to_contain_text(re.compile("Wednesday,? 0?4/0?2"))
    context.close()


def test_a_phone_keeps_no_page_of_anybody(citizen: BrowserContext, text: str) -> None:
    page = opened(citizen)
    page.evaluate("navigator.serviceWorker.ready")
    page.wait_for_function("async () => Boolean(navigator.serviceWorker.controller)")
    page.fill("#text", text)
    send_through(page)
    page.click("text=Xem phản ánh này")
    page.wait_for_selector(".timeline")
    page.goto("/t")
    kept = page.evaluate(
        """async () => (await Promise.all((await caches.keys()).map(async (name) =>
        (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname)))).flat()"""
    )
    assert kept
    assert all(path.startswith(("/static/", "/vo/")) for path in kept), kept
    page.goto("/")
    assert page.evaluate("drafts.all()") == []
    assert page.evaluate("localStorage.length") == 0


def test_a_first_visit_weighs_little(chromium: Browser, site: Site) -> None:
    """All that comes over the wire, headers too, until the page rests; and what its worker fetches beside it."""
    context = chromium.new_context(base_url=site.url, viewport={"width": 390, "height": 844}, service_workers="block")
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    bytes_: list[float] = []
    wire.on("Network.loadingFinished", lambda event: bytes_.append(event["encodedDataLength"]))
    page.goto("/", wait_until="networkidle")
    page.wait_for_function("async () => (await document.fonts.ready).status === 'loaded'")
    context.close()
    worker = ["/sw.js", "/vo/vi", "/vo/vi/mat-mang"]
    with httpx.Client(base_url=site.url, headers={"Accept-Encoding": "br"}) as client:
        beside = 0
        for path in worker:
            with client.stream("GET", path) as answer:
                beside += sum(map(len, answer.iter_raw())) + 1000  # its headers
    print(f"first visit {sum(bytes_):.0f} bytes in {len(bytes_)} answers, worker {beside}")  # noqa: T201
    assert sum(bytes_) + beside < WEIGHT


def opened(context: BrowserContext) -> Page:
    """Return the form, as soon as its script has put back what was kept."""
    page = context.new_page()
    page.goto("/")
    page.wait_for_selector("form.enhanced")
    page.wait_for_function("async () => Boolean(await drafts.language())")
    return page


def send_through(page: Page) -> None:
    """Press send, once more where something known near by is shown first, until the code is there."""
    page.click("button.main")
    page.wait_for_selector("#code, #known button:focus")
    if page.locator("#known button:focus").count():
        page.click("button.main")
    page.wait_for_selector("#code")


def photo(width: int = 64, height: int = 64) -> FilePayload:
    out = io.BytesIO()
    Image.effect_noise((width, height), 60).convert("RGB").save(out, "JPEG", quality=90)
    return {"name": "ổ gà.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def filed(site: Site, text: str) -> list[Ticket]:
    with site.world.hotline.database.reading() as session:
        found = list(session.scalars(select(Ticket).where(Ticket.text == text)))
        for ticket in found:
            _ = (ticket.attachments, ticket.events)
        return found
