#!/usr/bin/env python3
"""Take the pictures of docs/images: a demonstration is filled, served and worked on as people would, in Chromium.

Run it after `scripts/test` has set everything up, as `.venv/bin/python scripts/screenshots.py`. LANGNGHE_CHROMIUM names
the browser, as for the tests; the model in service under `var/` (LANGNGHE_DATA) is the one that is shown at work.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from app import demo
from app.bench.world import World, world

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
PHONE, DESK = (390, 844), (1280, 800)
#: Colours of a picture: enough for a page, and a quarter of the bytes.
COLOURS = 128
LIGHTS = "Đèn đường trước hẻm 285 tắt cả tuần nay, tối qua có người chạy xe té. Nhờ coi giùm."
WHERE = "hẻm 285 Cách Mạng Tháng Tám, phường Hòa Hưng"
CALL = "Người dân báo: đèn đường trước hẻm tắt cả tuần nay, tối thui, sáng nay trụ đèn nghiêng hẳn ra đường."


def main() -> None:
    """Take them all."""
    with world() as made, sync_playwright() as playwright:
        people = _demonstration(made)
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("LANGNGHE_CHROMIUM") or None, args=["--no-sandbox", "--disable-gpu"]
        )
        with _page(browser, made, PHONE) as page:
            _citizen(page)
        for name, person, address in (
            ("queue", "handler", "/work"),
            ("board", "auditor", "/board"),
            ("map", None, "/ban-do"),
        ):
            with _page(browser, made, DESK) as page:
                _visit(page, people, person, address)
                _keep(page, name)
        with _page(browser, made, DESK) as page:
            _visit(page, people, "handler", "/work")
            page.locator("td.words a").first.click()
            page.wait_for_selector(".report")
            _keep(page, "ticket")
        with _page(browser, made, DESK) as page:
            _visit(page, people, "coordinator", "/review")
            page.locator("td.words a").first.click()
            page.wait_for_selector(".report")
            _keep(page, "review")
        with _page(browser, made, DESK) as page:
            _call(page, people)
        browser.close()


def _demonstration(made: World) -> dict[str, str]:
    """Fill and serve it; return the passwords of its people."""
    made.prepare(Path(os.environ.get("LANGNGHE_DATA") or ROOT / "var") / "models")
    people = demo.passwords(demo.fill(made.hotline))
    made.redis.start()
    made.serve()
    made.spawn("worker")
    made.spawn("relay")
    return people


@contextmanager
def _page(browser: Browser, made: World, size: tuple[int, int]) -> Iterator[Page]:
    context = browser.new_context(
        base_url=made.url, viewport={"width": size[0], "height": size[1]}, locale="vi-VN",
        timezone_id="Asia/Ho_Chi_Minh", color_scheme="light",
    )  # fmt: skip
    yield context.new_page()
    context.close()


def _visit(page: Page, people: dict[str, str], person: str | None, address: str) -> None:
    if person is not None:
        page.goto("/accounts/login")
        page.fill("#username", person)
        page.fill("#password", people[person])
        page.click("button.main")
        page.wait_for_url(lambda url: "/accounts/login" not in url)
    page.goto(address, wait_until="networkidle")


def _citizen(page: Page) -> None:
    """File a report and follow it until somebody has it."""
    page.goto("/")
    page.fill("#text", LIGHTS)
    page.fill("#place_text", WHERE)
    page.wait_for_selector("#guesses button")
    page.wait_for_load_state("networkidle")
    _keep(page, "report")
    page.click("#report button.main")
    page.wait_for_selector("#code")
    code = page.locator("#code").inner_text()
    for _ in range(60):
        page.goto("/t")
        page.fill("#code", code)
        page.click("main form button.main")
        page.wait_for_selector(".timeline")
        if page.locator(".timeline li").count() > 1:
            break
        page.wait_for_timeout(1000)
    _keep(page, "tracking")


def _call(page: Page, people: dict[str, str]) -> None:
    """Take a call as far as just before it is filed."""
    _visit(page, people, "call-taker", "/desk?new=1")
    page.fill("#contact_phone", "0901 234 567")
    page.fill("#place_text", WHERE)
    page.fill("#text", CALL)
    page.wait_for_selector("#topic-1")
    page.wait_for_selector("#caller li")
    page.wait_for_load_state("networkidle")
    _keep(page, "desk")


def _keep(page: Page, name: str) -> None:
    """Keep what the window shows, in few colours."""
    page.evaluate("scrollTo(0, 0)")
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path)
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    main()
