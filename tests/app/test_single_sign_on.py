"""Coming in by an OpenID provider, a real one in a process of its own."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.accounts.groups import read_posts
from app.accounts.provider import Provider, ProviderAway, ProviderRefused
from app.admin.service import disable_account
from app.bench.world import free_port
from app.hotline import Hotline
from app.settings import OidcSettings
from app.web import create_app
from app.work import person
from models.account import Account, FederatedIdentity
from models.audit import AuditEvent
from models.vocabulary import AuditKind, LoginMethod, Role
from routing.city import CityDataError
from tests.app.conftest import BUSES, LIGHTS, Road, Staff, step
from tests.app.test_login import enter
from tests.app.test_second_factor import set_up
from tests.pages import post_form, words

pytestmark = pytest.mark.usefixtures("redis")
MODULES = Path(__file__).parents[2] / "app/assets/node_modules"
SECRET = "a secret of the tests, 32 letters"
PUBLIC = "http://127.0.0.1:8022"
GROUPS = f"""\
groups:
  - {{group: quan-tri, role: admin}}
  - {{group: den-duong, role: handler, department: {LIGHTS}}}
  - {{group: xe-buyt, role: supervisor, department: {BUSES}}}
  - {{group: niem-phong, role: coordinator, cleared: true}}
"""
PEOPLE = {
    "sub-lan": {"name": "Chị Lan", "preferred_username": "lan", "groups": ["nhan-vien", "den-duong"]},
    "sub-alice": {"name": "Alice Khác", "preferred_username": "alice", "groups": ["den-duong"]},
    "sub-son": {"name": "Anh Sơn", "preferred_username": "son@vidu.vn", "groups": ["quan-tri"]},
    "sub-khach": {"name": "Khách", "preferred_username": "khach", "groups": ["nhan-vien"]},
}


@dataclass
class Issuer:
    """The provider's process, and whom it knows."""

    url: str
    people: Path
    process: "subprocess.Popen[bytes]"

    def groups(self, subject: str, *groups: str) -> None:
        """Put somebody into these groups and no others."""
        known = json.loads(self.people.read_text("utf-8"))
        known[subject]["groups"] = list(groups)
        self.people.write_text(json.dumps(known), "utf-8")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    """Return the provider, started once a module."""
    node = shutil.which("node") or shutil.which("node", path=str(Path(sys.executable).parent))
    assert node, "node is needed, as scripts/setup.sh fetches it"
    assert (MODULES / "oidc-provider").is_dir(), "run `npm ci` in app/assets"
    folder = tmp_path_factory.mktemp("provider")
    port, people = free_port(), folder / "people.json"
    people.write_text(json.dumps(PEOPLE), "utf-8")
    script = Path(__file__).with_name("oidc_provider.mjs")
    callback, left = f"{PUBLIC}/accounts/sso/back", f"{PUBLIC}/accounts/login"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [node, str(script), str(MODULES), str(port), str(people), callback, left], stdout=log, stderr=log
        )
    issuer = Issuer(f"http://127.0.0.1:{port}", people, process)
    until = time.monotonic() + 30
    while not _answers(issuer):
        assert process.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < until
        time.sleep(0.05)
    yield issuer
    process.kill()
    process.wait()


def _answers(issuer: Issuer) -> bool:
    try:
        return httpx.get(f"{issuer.url}/.well-known/openid-configuration", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture
def issuer(running: Issuer) -> Issuer:
    """Return the provider with everybody in their own groups again."""
    running.people.write_text(json.dumps(PEOPLE), "utf-8")
    return running


@pytest.fixture
def joined(hotline: Hotline, issuer: Issuer, tmp_path: Path) -> Hotline:
    """Return an installation that takes this provider's word."""
    groups = tmp_path / "groups.yaml"
    groups.write_text(GROUPS, "utf-8")
    oidc = OidcSettings(issuer.url, "langnghe", SECRET, "SSO thành phố", "openid profile", "groups", groups)
    return replace(hotline, settings=replace(hotline.settings, oidc=oidc, public_url=PUBLIC))


@pytest.fixture
def site(joined: Hotline) -> Flask:
    """Return the web application of it."""
    return create_app(joined)


def test_somebody_whom_the_provider_vouches_for_is_in_with_the_role_of_their_group(
    joined: Hotline, site: Flask, issuer: Issuer
) -> None:
    browser = site.test_client()
    assert "Đăng nhập qua SSO thành phố" in words(browser.get("/accounts/login").get_data(as_text=True))
    answer = come_in(browser, issuer, "sub-lan", next_="/work?after=1")
    assert (answer.status_code, answer.location) == (303, "/work?after=1")
    assert "Chị Lan" in words(browser.get("/work").get_data(as_text=True))
    account = find(joined, "sub-lan")
    assert (account.username, account.role, account.department_id) == ("lan", Role.HANDLER, LIGHTS)
    assert account.password_hash is None
    assert "qua đăng nhập chung" in words(browser.get("/accounts/me").get_data(as_text=True))
    with joined.database.reading() as session:
        login = session.scalars(select(AuditEvent).where(AuditEvent.kind == AuditKind.LOGIN)).one()
    assert (login.account_id, login.detail) == (account.id, LoginMethod.OIDC)


def test_a_name_that_somebody_has_here_opens_nothing_of_theirs(
    joined: Hotline, site: Flask, staff: Staff, issuer: Issuer
) -> None:
    """Injected: a stranger whom the provider calls "alice". Expected: an account of their own."""
    come_in(site.test_client(), issuer, "sub-alice")
    account = find(joined, "sub-alice")
    assert account.id != staff.alice.id
    assert account.username == "alice-2"
    again = site.test_client()
    come_in(again, issuer, "sub-alice")
    assert find(joined, "sub-alice").id == account.id


def test_roles_are_read_anew_at_each_login_and_a_change_is_on_record(
    joined: Hotline, site: Flask, issuer: Issuer
) -> None:
    come_in(site.test_client(), issuer, "sub-lan")
    issuer.groups("sub-lan", "xe-buyt")
    come_in(site.test_client(), issuer, "sub-lan")
    account = find(joined, "sub-lan")
    assert (account.role, account.department_id, account.cleared) == (Role.SUPERVISOR, BUSES, False)
    issuer.groups("sub-lan", "niem-phong")
    come_in(site.test_client(), issuer, "sub-lan")
    account = find(joined, "sub-lan")
    assert (account.role, account.department_id, account.cleared) == (Role.COORDINATOR, None, True)
    with joined.database.reading() as session:
        changes = select(AuditEvent.detail).where(AuditEvent.kind == AuditKind.ACCOUNT_CHANGED).order_by(AuditEvent.id)
        assert session.scalars(changes).all() == ["supervisor", "coordinator"]


def test_who_moves_to_another_unit_lets_go_of_the_tickets_of_the_old_one(
    joined: Hotline, site: Flask, issuer: Issuer, road: Road
) -> None:
    come_in(site.test_client(), issuer, "sub-lan")
    account, filed = find(joined, "sub-lan"), road.routed()
    person.assign(joined, account, step(filed), account.id)
    assert filed.ticket().assignee_id == account.id
    issuer.groups("sub-lan", "xe-buyt")
    come_in(site.test_client(), issuer, "sub-lan")
    assert filed.ticket().assignee_id is None
    assert filed.kinds()[-1] == "assigned"


def test_who_is_in_no_group_with_a_role_stays_out_and_who_lost_theirs_is_out_everywhere(
    joined: Hotline, site: Flask, issuer: Issuer
) -> None:
    stranger = come_in(site.test_client(), issuer, "sub-khach")
    assert stranger.status_code == 403
    assert "chưa được giao vai trò" in words(stranger.get_data(as_text=True))
    inside = site.test_client()
    come_in(inside, issuer, "sub-lan")
    assert inside.get("/work").status_code == 200
    issuer.groups("sub-lan")
    assert come_in(site.test_client(), issuer, "sub-lan").status_code == 403
    assert inside.get("/work").status_code == 303


def test_who_lost_their_role_is_left_no_key_and_each_is_on_record(
    joined: Hotline, site: Flask, issuer: Issuer, bearer: Callable[[Account], dict[str, str]]
) -> None:
    come_in(site.test_client(), issuer, "sub-lan")
    account = find(joined, "sub-lan")
    keys = [bearer(account) for _ in range(2)]
    issuer.groups("sub-lan")
    assert site.test_client().get("/api/v1/tickets", headers=keys[0]).status_code == 200
    assert come_in(site.test_client(), issuer, "sub-lan").status_code == 403
    for key in keys:
        assert site.test_client().get("/api/v1/tickets", headers=key).status_code == 401
    assert revoked(joined) == [account.id, account.id]


def test_who_gets_another_post_makes_their_keys_anew(
    joined: Hotline, site: Flask, issuer: Issuer, bearer: Callable[[Account], dict[str, str]]
) -> None:
    come_in(site.test_client(), issuer, "sub-lan")
    account = find(joined, "sub-lan")
    key = bearer(account)
    come_in(site.test_client(), issuer, "sub-lan")
    assert site.test_client().get("/api/v1/tickets", headers=key).status_code == 200
    issuer.groups("sub-lan", "niem-phong")
    come_in(site.test_client(), issuer, "sub-lan")
    assert site.test_client().get("/api/v1/tickets", headers=key).status_code == 401
    assert revoked(joined) == [account.id]


def test_who_is_shut_out_here_stays_out_whatever_the_provider_says(
    joined: Hotline, site: Flask, issuer: Issuer
) -> None:
    come_in(site.test_client(), issuer, "sub-lan")
    disable_account(joined, find(joined, "sub-lan").id)
    browser = site.test_client()
    refused = come_in(browser, issuer, "sub-lan")
    assert refused.status_code == 403
    assert "đã bị khóa" in words(refused.get_data(as_text=True))
    assert browser.get("/work").status_code == 303
    assert find(joined, "sub-lan").disabled


def test_an_administrator_of_the_provider_needs_a_second_factor_that_it_saw_or_ours(
    site: Flask, issuer: Issuer
) -> None:
    weak, strong = site.test_client(), site.test_client()
    assert come_in(weak, issuer, "sub-son").location == "/accounts/me/second-factor"
    assert weak.get("/admin/accounts").location == "/accounts/me/second-factor"
    assert come_in(strong, issuer, "sub-son", amr="mfa").status_code == 303
    assert strong.get("/admin/accounts").status_code == 200


@pytest.mark.parametrize("change", ["state", "code", "iss"])
def test_a_way_back_that_does_not_fit_is_refused_and_used_up(site: Flask, issuer: Issuer, change: str) -> None:
    browser = site.test_client()
    back = way_back(browser, issuer, "sub-lan")
    forged = back | {change: "https://evil.example" if change == "iss" else "x" * 43}
    assert browser.get("/accounts/sso/back", query_string=forged).status_code == 403
    assert browser.get("/accounts/sso/back", query_string=back).status_code == 403
    assert browser.get("/work").status_code == 303


def test_a_way_back_is_its_own_browsers_alone(site: Flask, issuer: Issuer) -> None:
    """Injected: an attacker's way back, sent as a link. Expected: the victim is not in as the attacker."""
    back = way_back(site.test_client(), issuer, "sub-lan")
    victim = site.test_client()
    assert victim.get("/accounts/sso/back", query_string=back).status_code == 403
    victim.get("/accounts/sso")
    assert victim.get("/accounts/sso/back", query_string=back).status_code == 403
    assert victim.get("/work").status_code == 303


def test_a_code_is_worth_nothing_without_the_verifier_and_an_id_token_nothing_with_another_nonce(
    joined: Hotline, site: Flask, issuer: Issuer
) -> None:
    """PKCE and nonce, against the real provider: each is left out or exchanged, and the login is refused."""
    assert joined.settings.oidc is not None
    for changed in ("verifier", "nonce"):
        provider = Provider(joined.settings.oidc, f"{PUBLIC}/accounts/sso/back", ())
        begun = provider.begin()
        asked = parse_qs(urlsplit(begun.url).query)
        assert asked["code_challenge_method"] == ["S256"]
        assert asked["nonce"] == [begun.nonce]
        assert begun.verifier not in begun.url
        back = at_the_provider(begun.url, "sub-lan")
        with pytest.raises(ProviderRefused):
            provider.finish(replace(begun, **{changed: "y" * 64}), back)
    provider = Provider(joined.settings.oidc, f"{PUBLIC}/accounts/sso/back", ())
    begun = provider.begin()
    assert provider.finish(begun, at_the_provider(begun.url, "sub-lan")).subject == "sub-lan"


def test_a_token_for_another_program_is_refused(joined: Hotline, issuer: Issuer) -> None:
    assert joined.settings.oidc is not None
    provider = Provider(joined.settings.oidc, f"{PUBLIC}/accounts/sso/back", ())
    begun = provider.begin()
    back = at_the_provider(begun.url, "sub-lan")
    other = Provider(replace(joined.settings.oidc, issuer=issuer.url.replace("127.0.0.1", "localhost")), PUBLIC, ())
    with pytest.raises(ProviderAway):  # it calls itself otherwise than we were told
        other.begin()
    with pytest.raises(ProviderRefused):
        replace_client(provider, "another").finish(begun, back)


def test_with_the_provider_down_local_accounts_come_in_as_ever(joined: Hotline, staff: Staff, issuer: Issuer) -> None:
    """Injected: nobody listens there; then it takes calls and never answers. Expected: said within seconds, and a
    local account is in by its password all the while.
    """
    assert joined.settings.oidc is not None
    gone = replace(joined.settings.oidc, issuer=f"http://127.0.0.1:{free_port()}")
    for oidc in (gone, joined.settings.oidc):
        if oidc is not gone:
            issuer.process.send_signal(signal.SIGSTOP)
        try:
            site = create_app(replace(joined, settings=replace(joined.settings, oidc=oidc)))
            began = time.monotonic()
            away = site.test_client().get("/accounts/sso")
            assert away.status_code == 503
            assert "không trả lời" in words(away.get_data(as_text=True))
            assert time.monotonic() - began < 8
            assert enter(site.test_client(), "alice").status_code == 303
        finally:
            issuer.process.send_signal(signal.SIGCONT)


def test_leaving_here_offers_to_leave_there_too(site: Flask, issuer: Issuer) -> None:
    browser = site.test_client()
    come_in(browser, issuer, "sub-lan")
    left = post_form(browser, "/work", "/accounts/logout")
    assert left.location == "/accounts/login?left=1"
    page = browser.get(left.location).get_data(as_text=True)
    (link,) = [part.split('"')[0] for part in page.split('href="')[1:] if "/session/end" in part.split('"')[0]]
    answer = httpx.get(link.replace("&amp;", "&"))
    assert answer.status_code == 200, answer.text


def test_a_local_second_factor_is_asked_for_after_the_provider_too(site: Flask, issuer: Issuer) -> None:
    browser = site.test_client()
    come_in(browser, issuer, "sub-lan")
    assert set_up(browser).status_code == 201
    assert come_in(site.test_client(), issuer, "sub-lan").location == "/accounts/second-step"


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("- {group: a, role: king}", "there is no role 'king'"),
        ("- {group: a, role: handler}", "needs a department"),
        ("- {group: a, role: handler, department: nowhere}", "needs a department"),
        ("- {group: a, role: admin, cleared: true}", "only a coordinator can be cleared"),
        ("- {group: a, role: admin, deparment: x}", "unknown key 'deparment'"),
        ("- {role: admin}", "'group' must be a text"),
    ],
)
def test_a_file_of_groups_that_cannot_be_meant_is_refused_at_start_with_its_line(
    joined: Hotline, line: str, wrong: str
) -> None:
    assert joined.settings.oidc is not None
    joined.settings.oidc.groups.write_text(f"groups:\n  - {{group: ok, role: admin}}\n  {line}\n", "utf-8")
    with pytest.raises(CityDataError) as refused:
        create_app(joined)
    assert "groups.yaml:3: " in str(refused.value)
    assert wrong in str(refused.value)


def test_a_file_without_groups_is_refused(tmp_path: Path) -> None:
    (tmp_path / "groups.yaml").write_text("groups: []\n", "utf-8")
    with pytest.raises(CityDataError):
        read_posts(tmp_path / "groups.yaml", ())


def come_in(browser: FlaskClient, issuer: Issuer, subject: str, *, amr: str = "", next_: str = "") -> TestResponse:
    """Go the whole way: to the provider, be that person there, and come back."""
    back = way_back(browser, issuer, subject, amr=amr, next_=next_)
    return browser.get("/accounts/sso/back", query_string=back)


def way_back(browser: FlaskClient, issuer: Issuer, subject: str, *, amr: str = "", next_: str = "") -> dict[str, str]:
    """Return the query with which the provider sends somebody back."""
    sent = browser.get("/accounts/sso", query_string={"next": next_})
    assert sent.status_code == 303
    assert sent.location.startswith(f"{issuer.url}/auth?")
    return at_the_provider(sent.location, subject, amr)


def at_the_provider(url: str, subject: str, amr: str = "") -> dict[str, str]:
    """Follow the provider's redirects as that person, until it sends us back."""
    with httpx.Client(follow_redirects=False) as person:
        while not url.startswith(f"{PUBLIC}/"):
            if "/interaction/" in url:
                url = f"{url}?as={subject}" + (f"&amr={amr}" if amr else "")
            answer = person.get(url)
            assert answer.is_redirect, answer.text
            url = str(httpx.URL(url).join(answer.headers["Location"]))
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def replace_client(provider: Provider, client_id: str) -> Provider:
    return Provider(replace(provider.settings, client_id=client_id), f"{PUBLIC}/accounts/sso/back", ())


def revoked(hotline: Hotline) -> list[UUID | None]:
    """Whose keys were taken back, by the record; by nobody's hand."""
    with hotline.database.reading() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.kind == AuditKind.TOKEN_REVOKED)).all()
    assert {event.actor_id for event in events} <= {None}
    return [event.account_id for event in events]


def find(hotline: Hotline, subject: str) -> Account:
    with hotline.database.reading() as session:
        query = select(Account).join(FederatedIdentity, FederatedIdentity.account_id == Account.id)
        return session.scalars(query.where(FederatedIdentity.subject == subject)).one()
