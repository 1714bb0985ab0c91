"""Maps in a real browser: our own outline, tiles that come or do not, and a pin by finger, mouse and keys."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from app.bench.world import World
from app.maps import counting
from models.vocabulary import Status
from tests.app.test_maps import Filler
from tests.browser.axe import unfold, violations
from tests.installation import Clock

WARDS = 168
#: A host that nobody is reached at, and one whose tiles the test itself hands out.
TILES = "https://tiles.example.vn/{z}/{x}/{y}.png"
CREDIT = "© Thành phố <b>& mọi người</b>"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

Open = Callable[..., Page]


def test_a_map_costs_nothing_until_it_is_opened(plain: Open) -> None:
    page = plain()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    page.goto("/", wait_until="networkidle")
    assert not [path for path in asked if "leaflet" in path or "ranh-gioi" in path or "map-drawing" in path]
    open_picker(page)
    assert any(path.endswith("leaflet.js") for path in asked)


def test_without_tiles_the_outline_of_the_wards_is_drawn_and_named(plain: Open) -> None:
    page = plain(reduced_motion="reduce")
    page.goto("/")
    open_picker(page)
    expect(page.locator(".map-ward")).to_have_count(WARDS)
    expect(page.locator("img.leaflet-tile")).to_have_count(0)
    expect(page.locator(".leaflet-control-attribution")).to_contain_text("Sơ đồ")
    for _ in range(4):
        page.keyboard.press("+")
    expect(page.locator(".map-name").first).to_contain_text("Phường")


@pytest.mark.parametrize("lost", ["**/ranh-gioi*", "**/leaflet.css*"])
def test_a_map_that_failed_is_tried_again_when_it_is_opened_again(plain: Open, lost: str) -> None:
    page = plain()
    page.goto("/")
    page.route(lost, refuse, times=1)
    page.click("[data-map-open]")
    expect(page.locator(".picker [role=status]")).to_contain_text("Không mở được bản đồ lúc này")
    page.click("[data-map-open]")
    open_picker(page)
    expect(page.locator(".map-ward")).to_have_count(WARDS)
    expect(page.locator(".picker [role=status]")).to_have_text("")


def test_a_pin_is_set_by_keys_alone(plain: Open) -> None:
    page = plain(reduced_motion="reduce")
    page.goto("/")
    page.locator("[data-map-open]").focus()
    page.keyboard.press("Enter")
    canvas = page.locator(".map-canvas")
    expect(canvas).to_be_focused()
    expect(canvas).to_have_attribute("aria-label", "Bản đồ để đặt ghim")
    page.keyboard.press("Enter")
    first = pin(page)
    expect(page.locator(".picker [role=status]")).to_contain_text("Đã đặt ghim ở khoảng Phường")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    second = pin(page)
    assert second[1] > first[1]
    assert second[0] == pytest.approx(first[0], abs=5e-4)
    page.locator("[data-map-clear]").press("Enter")
    assert page.input_value("#latitude") == page.input_value("#longitude") == ""
    expect(page.locator(".map-pin")).to_have_count(0)


def test_a_pin_is_set_by_a_touch_moved_by_dragging_and_filed(plain: Open) -> None:
    page = plain()
    page.goto("/")
    page.fill("#text", "Đèn đường tắt cả tuần nay, trụ đèn nghiêng, chỗ này tối thui")
    open_picker(page)
    box = page.locator(".map-canvas").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 200, box["y"] + 200)
    before = pin(page)
    page.mouse.move(box["x"] + 200, box["y"] + 180)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 120, steps=8)
    page.mouse.up()
    after = pin(page)
    assert after[0] > before[0]
    assert after[1] == pytest.approx(before[1], abs=1e-3)
    page.click("#report button.main")
    page.wait_for_selector("#code")


def test_my_position_sets_the_pin(plain: Open) -> None:
    page = plain(geolocation={"latitude": 10.7769, "longitude": 106.7009}, permissions=["geolocation"])
    page.goto("/")
    open_picker(page)
    page.click("[data-map-locate]")
    expect(page.locator(".picker [role=status]")).to_contain_text("Đã đặt ghim")
    assert pin(page) == (10.7769, 106.7009)


def test_map_and_form_tell_of_one_position(plain: Open) -> None:
    page = plain(geolocation={"latitude": 10.7769, "longitude": 106.7009}, permissions=["geolocation"])
    page.goto("/")
    open_picker(page)
    pins, forget = page.locator(".map-pin.own"), page.locator("#position [data-forget]")
    page.click("#position button")
    expect(pins).to_have_count(1)
    forget.click()
    expect(pins).to_have_count(0)
    assert page.input_value("#latitude") == page.input_value("#longitude") == ""
    page.click("[data-map-locate]")
    expect(pins).to_have_count(1)
    expect(forget).to_be_visible()
    page.click("[data-map-clear]")
    expect(forget).to_be_hidden()


def test_tiles_that_come_are_shown_with_whose_they_are(tiled: Open) -> None:
    page = tiled()
    page.route("https://tiles.example.vn/**", lambda route: route.fulfill(body=PIXEL, content_type="image/png"))
    page.goto("/")
    open_picker(page)
    expect(page.locator("img.leaflet-tile-loaded").first).to_be_attached()
    expect(page.locator(".leaflet-control-attribution")).to_have_text(CREDIT)


def test_where_tiles_are_refused_the_outline_is_there(tiled: Open) -> None:
    page = tiled()
    page.route("https://tiles.example.vn/**", refuse)
    page.goto("/")
    open_picker(page)
    expect(page.locator(".picker [role=status]")).to_contain_text("sơ đồ")
    expect(page.locator("img.leaflet-tile")).to_have_count(0)
    expect(page.locator(".map-ward")).to_have_count(WARDS)


def test_no_other_host_is_asked_for_anything(plain: Open, tiled: Open) -> None:
    assert hosts_asked(plain()) == {"127.0.0.1"}
    assert hosts_asked(tiled()) == {"127.0.0.1", "tiles.example.vn"}


def test_axe_finds_nothing_on_an_open_map(plain: Open) -> None:
    page = plain(bypass_csp=True)
    page.goto("/")
    open_picker(page)
    page.keyboard.press("Enter")
    assert violations(page) == []


def test_without_javascript_there_is_no_map_and_no_button_for_one(plain: Open) -> None:
    page = plain(java_script_enabled=False)
    page.goto("/")
    expect(page.locator("[data-map-open]")).to_be_hidden()
    expect(page.locator("#place_text")).to_be_visible()


def test_the_public_map_shows_each_ward_and_its_table_says_the_same(figures: Open) -> None:
    page = figures(viewport={"width": 1280, "height": 900})
    page.goto("/ban-do")
    page.wait_for_selector("[data-map=wards][data-drawn]")
    circles = page.locator(".map-count a")
    expect(circles).to_have_count(2)
    table = page.locator("table.figures").first
    for ward, n in (("Phường Bến Thành", 9), ("Phường Hòa Hưng", 4)):
        expect(table.locator("tr", has_text=ward).locator("b")).to_have_text(str(n))
        expect(page.locator(f'.map-count a[title="{ward}: {n} phản ánh"]')).to_have_count(1)
    page.click('.map-count a[title^="Phường Hòa Hưng"]')
    expect(page.locator("#ward")).to_have_value("27163")
    expect(page.locator(".totals dd").first).to_have_text("4")


def test_the_public_map_is_read_and_filtered_without_javascript(figures: Open) -> None:
    page = figures(java_script_enabled=False)
    page.goto("/ban-do")
    expect(page.locator(".map")).to_be_hidden()
    page.select_option("#ward", "26743")
    page.click("form.mapfilters button")
    expect(page.locator(".totals dd").first).to_have_text("9")
    assert "ward=26743" in page.url


def test_axe_finds_nothing_on_the_public_map(figures: Open) -> None:
    page = figures(bypass_csp=True)
    for address in ("/ban-do", "/ban-do?ward=26734&days=7", "/ban-do?days=8"):
        page.goto(address)
        if page.locator("[data-map=wards]").count():
            page.locator("[data-map=wards]").scroll_into_view_if_needed()
            page.wait_for_selector("[data-map=wards][data-drawn]")
        unfold(page)
        assert violations(page) == [], address


@pytest.fixture(scope="module")
def figures_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a served installation with some figures."""
    folder = tmp_path_factory.mktemp("figures")
    world = World(folder, f"sqlite:///{folder / 'langnghe.db'}")
    world.prepare()
    clock = Clock(datetime.now(UTC))
    hotline = replace(world.hotline, now=clock)
    filler = Filler(hotline)
    clock.forward(minutes=-10)
    filler.add(9, "noise", "26743", Status.ROUTED, due=timedelta(days=3))
    filler.add(4, "trees", "27163", Status.ANSWERED, took=timedelta(minutes=1), due=timedelta(days=3))
    clock.forward(minutes=10)
    counting.keep(hotline)
    world.serve()
    yield world
    world.close()


@pytest.fixture
def figures(chromium: Browser, figures_site: World) -> Iterator[Open]:
    """Return a function that opens a page of the installation with figures."""
    yield from _pages(chromium, figures_site)


@pytest.fixture(scope="module")
def plain_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a served installation without tiles."""
    yield from _served(tmp_path_factory.mktemp("plain"), {})


@pytest.fixture(scope="module")
def tiled_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a served installation with tiles."""
    tiles = {"LANGNGHE_MAP_TILES": TILES, "LANGNGHE_MAP_ATTRIBUTION": CREDIT}
    yield from _served(tmp_path_factory.mktemp("tiled"), tiles)


def _served(folder: Path, extra: dict[str, str]) -> Iterator[World]:
    world = World(folder, f"sqlite:///{folder / 'langnghe.db'}", extra)
    world.prepare()
    world.serve()
    yield world
    world.close()


@pytest.fixture
def plain(chromium: Browser, plain_site: World) -> Iterator[Open]:
    """Return a function that opens a page of the installation without tiles."""
    yield from _pages(chromium, plain_site)


@pytest.fixture
def tiled(chromium: Browser, tiled_site: World) -> Iterator[Open]:
    """Return a function that opens a page of the installation with tiles."""
    yield from _pages(chromium, tiled_site)


def _pages(chromium: Browser, world: World) -> Iterator[Open]:
    contexts = []
    broken: list[str] = []

    def open_page(**more: Any) -> Page:
        context = chromium.new_context(base_url=world.url, **{"viewport": {"width": 390, "height": 844}, **more})
        context.on("weberror", lambda error: broken.append(str(error.error)))
        context.on(
            "console", lambda message: broken.append(message.text) if "Content Security" in message.text else None
        )
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    assert not broken


def open_picker(page: Page) -> None:
    page.click("[data-map-open]")
    page.wait_for_selector('[data-map="picker"][data-drawn]')


def pin(page: Page) -> tuple[float, float]:
    return float(page.input_value("#latitude")), float(page.input_value("#longitude"))


def hosts_asked(page: Page) -> set[str | None]:
    page.route("https://tiles.example.vn/**", refuse)
    hosts: set[str | None] = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    page.goto("/")
    open_picker(page)
    page.wait_for_load_state("networkidle")
    return hosts


def refuse(route: Route) -> None:
    route.abort("connectionrefused")
