"""The OpenID provider: code flow with PKCE, state and nonce (OpenID Connect Core 1.0), by Authlib."""

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, cast
from urllib.parse import urlencode

import httpx
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from flask import current_app
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from app.accounts.groups import Post, read_posts
from app.hotline import Hotline
from app.settings import OidcSettings

PROVIDER: Final = "langnghe-provider"
#: Seconds for each question to the provider; a person waits meanwhile.
PATIENCE: Final = 5.0
#: Seconds what it says of itself is believed, and by which its clock may differ from ours.
METADATA_LIFE: Final = 3600.0
LEEWAY: Final = 60
#: Only signatures that need its private key: one by the shared secret could be made by whoever reads our settings.
ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA", "RS384", "RS512", "ES384", "ES512", "PS384", "PS512")
#: How it tells that it saw more than a password (RFC 8176).
STRONG: Final = frozenset({"mfa", "otp", "hwk", "swk", "fpt", "face", "sc"})


class ProviderAway(Exception):
    """Raised when the provider does not answer, or says nothing that can be understood."""


class ProviderRefused(Exception):
    """Raised when what came back does not prove who somebody is."""


@dataclass(frozen=True)
class Begun:
    """A login on its way: where the person goes, and what must fit when they come back."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Claims:
    """What the provider says of who came in. `strong`: it saw more than a password."""

    issuer: str
    subject: str
    username: str
    display_name: str
    groups: frozenset[str]
    strong: bool


class Provider:
    """One provider, as one process knows it."""

    def __init__(self, settings: OidcSettings, callback: str, posts: tuple[Post, ...]) -> None:
        """Ask nothing yet: a provider that is down must not keep us from starting."""
        self.settings = settings
        self.posts = posts
        self._callback = callback
        self._lock = threading.Lock()
        self._known: tuple[float, dict[str, Any]] | None = None

    def begin(self) -> Begun:
        """Return where to send a person; raise `ProviderAway`."""
        nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        endpoint = self._metadata()["authorization_endpoint"]
        with self._client() as client:
            url, state = client.create_authorization_url(endpoint, nonce=nonce, code_verifier=verifier)
        return Begun(url, state, nonce, verifier)

    def finish(self, begun: Begun, came: Mapping[str, str]) -> Claims:
        """Return who came back with these query words; raise `ProviderRefused` or `ProviderAway`."""
        if not came.get("code") or not secrets.compare_digest(came.get("state", "").encode(), begun.state.encode()):
            raise ProviderRefused("state")
        if "iss" in came and came["iss"] != self.settings.issuer:  # RFC 9207
            raise ProviderRefused("iss")
        metadata = self._metadata()
        try:
            with self._client() as client:
                token = client.fetch_token(metadata["token_endpoint"], code=came["code"], code_verifier=begun.verifier)
                claims = self._checked(token, begun.nonce)
                more = self._userinfo(client, metadata)
        except httpx.HTTPError as error:
            raise ProviderAway(type(error).__name__) from error
        except (OAuthError, JoseError, ValueError, KeyError) as error:
            raise ProviderRefused(type(error).__name__) from error
        if more and more.get("sub") != claims["sub"]:
            raise ProviderRefused("userinfo is of somebody else")
        return self._said({**more, **claims})

    def logout_url(self, back: str) -> str | None:
        """Return where a person ends their session at the provider too, or None if it has no such place or is away."""
        try:
            endpoint = self._metadata().get("end_session_endpoint")
        except ProviderAway:
            return None
        query = urlencode({"client_id": self.settings.client_id, "post_logout_redirect_uri": back})
        return f"{endpoint}?{query}" if endpoint else None

    def _client(self) -> OAuth2Client:
        return OAuth2Client(
            self.settings.client_id,
            self.settings.secret,
            scope=self.settings.scopes,
            redirect_uri=self._callback,
            code_challenge_method="S256",
            timeout=PATIENCE,
            follow_redirects=False,
        )

    def _metadata(self) -> dict[str, Any]:
        with self._lock:
            if self._known is not None and time.monotonic() - self._known[0] < METADATA_LIFE:
                return self._known[1]
        found = self._ask(f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration")
        needed = {"authorization_endpoint", "token_endpoint", "jwks_uri"}
        if found.get("issuer") != self.settings.issuer or not needed <= found.keys():
            raise ProviderAway("its configuration is of another issuer, or lacks an endpoint")
        with self._lock:
            self._known = (time.monotonic(), found)
        return found

    def _ask(self, url: str) -> dict[str, Any]:
        try:
            answer = httpx.get(url, timeout=PATIENCE)
            answer.raise_for_status()
            return cast(dict[str, Any], answer.json())
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderAway(type(error).__name__) from error

    def _checked(self, token: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        """Return the claims of an ID token whose signature, issuer, audience, times and nonce are right."""
        try:
            decoded = jwt.decode(token["id_token"], self._keys, algorithms=list(ALGORITHMS))
        except InvalidKeyIdError:  # it has changed its keys since
            self.__dict__.pop("_keys", None)
            decoded = jwt.decode(token["id_token"], self._keys, algorithms=list(ALGORITHMS))
        settings = self.settings
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            {
                "iss": {"essential": True, "value": settings.issuer},
                "aud": {"essential": True, "value": settings.client_id},
                "sub": {"essential": True},
                "nonce": {"essential": True, "value": nonce},
            },
            {"nonce": nonce, "client_id": settings.client_id, "access_token": token.get("access_token")},
        )
        claims.validate(leeway=LEEWAY)
        return dict(claims)

    @cached_property
    def _keys(self) -> KeySet:
        return KeySet.import_key_set(cast(Any, self._ask(self._metadata()["jwks_uri"])))

    def _userinfo(self, client: OAuth2Client, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Return what it tells beside the ID token: many providers tell groups only there."""
        endpoint = metadata.get("userinfo_endpoint")
        if not endpoint:
            return {}
        answer = client.get(endpoint)
        answer.raise_for_status()
        found = answer.json()
        return found if isinstance(found, dict) else {}

    def _said(self, claims: Mapping[str, Any]) -> Claims:
        groups = claims.get(self.settings.group_claim) or ()
        methods = claims.get("amr") or ()
        subject = str(claims["sub"])
        username = str(claims.get("preferred_username") or "")
        return Claims(
            issuer=self.settings.issuer,
            subject=subject,
            username=username,
            display_name=str(claims.get("name") or username or subject),
            groups=frozenset(map(str, groups if isinstance(groups, list | tuple) else [groups])),
            strong=isinstance(methods, list) and not STRONG.isdisjoint(map(str, methods)),
        )


def provider_of(hotline: Hotline) -> Provider | None:
    """Return the provider of an installation, if it has one; `CityDataError` names what is wrong with its groups."""
    settings = hotline.settings.oidc
    if settings is None:
        return None
    callback = f"{hotline.settings.public_url}/accounts/sso/back"
    return Provider(settings, callback, read_posts(settings.groups, hotline.files.departments))


def provider() -> Provider | None:
    """Return the provider of the installation that the current request is for."""
    return cast("Provider | None", current_app.extensions[PROVIDER])
