"""Signing in by an OpenID Connect provider: authorization code with PKCE.

Specification: OpenID Connect Core 1.0 (ID token validation, 3.1.3.7), RFC 7636 (PKCE), RFC 9207.

1. What the provider says of itself, and its keys, are fetched when somebody signs in.
2. State, nonce and the PKCE verifier stay here, under a cookie that lives ten minutes: who comes
   back is who went, once.
3. The ID token is checked: signature, issuer, audience, nonce, times. One claim of it is the
   agent's id, whom a mandate must designate.
"""

import secrets
from dataclasses import dataclass
from time import monotonic
from typing import Any

import httpx
from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
from authlib.integrations.httpx_client import AsyncOAuth2Client  # type: ignore[import-untyped]
from fastapi import APIRouter, Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.responses import RedirectResponse, Response

from faisceau.errors import FaisceauError
from faisceau.web.guard import plain_page
from faisceau.web.problems import NotSignedIn
from faisceau.web.session import House, in_thread
from faisceau.web.settings import Provider
from faisceau.web.signin import address, told, with_cookie
from faisceau.words import N_, language, say

COOKIE = "faisceau-sign-in"
LIFE_S = 600
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
"""Signatures by a key that only the provider has; never ``none``, never a shared secret."""
CLOCKS_S = 60
"""By how much the clocks of provider and server may differ."""


@dataclass(frozen=True, slots=True)
class _Gone:
    """Somebody who was sent to the provider."""

    state: str
    nonce: str
    verifier: str
    until: float


def routes(house: House, provider: Provider) -> APIRouter:
    """``/sign-in/oidc`` sends to the provider, ``/sign-in/oidc/back`` takes who comes back."""
    router = APIRouter(include_in_schema=False)
    gone: dict[str, _Gone] = {}
    settings = house.settings
    back = f"{settings.public or settings.url}/sign-in/oidc/back"

    def client(**more: Any) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            provider.client_id,
            provider.client_secret,
            scope=provider.scope,
            redirect_uri=back,
            code_challenge_method="S256",
            timeout=20,
            **more,
        )

    @router.get("/sign-in/oidc")
    async def go(request: Request) -> Response:
        try:
            house.attempt(address(request))
            about = await _about(provider)
        except FaisceauError as error:
            return told(error)
        for old in [key for key, one in gone.items() if one.until < monotonic()]:
            del gone[old]
        key, nonce, verifier = (secrets.token_urlsafe(48) for _ in range(3))
        async with client() as oauth:
            where, state = oauth.create_authorization_url(
                about["authorization_endpoint"], nonce=nonce, code_verifier=verifier
            )
        gone[key] = _Gone(state, nonce, verifier, monotonic() + LIFE_S)
        response = RedirectResponse(where, 303)
        # Lax: the provider, another site, sends back here.
        response.set_cookie(
            COOKIE,
            key,
            LIFE_S,
            path="/sign-in",
            httponly=True,
            samesite="lax",
            secure=settings.secure,
        )
        return response

    @router.get("/sign-in/oidc/back")
    async def come_back(request: Request) -> Response:
        try:
            house.attempt(address(request))
            one = gone.pop(request.cookies.get(COOKIE, ""), None)
            if one is None or one.until < monotonic():
                raise NotSignedIn(
                    N_("This is not the end of a sign-in that began here"), hint=_AGAIN
                )
            if request.query_params.get("iss", provider.issuer) != provider.issuer:
                raise NotSignedIn(N_("Another provider answered"), hint=_AGAIN)
            about = await _about(provider)
            async with client(state=one.state) as oauth:
                token = await oauth.fetch_token(
                    about["token_endpoint"],
                    authorization_response=str(request.url),
                    code_verifier=one.verifier,
                )
            keys = await _fetched(about["jwks_uri"])
            claims = checked(str(token.get("id_token", "")), keys, one.nonce, provider)
            agent = str(claims.get(provider.claim, ""))
            await in_thread(house.check, agent)
        except FaisceauError as error:
            return told(error)
        except (AuthlibBaseError, httpx.HTTPError, JoseError, ValueError, KeyError) as error:
            return told(
                NotSignedIn(
                    N_("The provider did not say who you are: {why}"),
                    hint=_AGAIN,
                    why=type(error).__name__,
                )
            )
        cookie, _ = house.begin(agent, language())
        # A page, not a redirect: the session's cookie goes with what our own site asks for alone.
        page = plain_page(say(N_("You are signed in as {agent}"), agent=agent), onward="/")
        response = with_cookie(house, Response(page, media_type="text/html"), cookie)
        response.delete_cookie(COOKIE, path="/sign-in")
        return response

    return router


_AGAIN = N_("Begin again at /sign-in")


async def _about(provider: Provider) -> dict[str, Any]:
    """What the provider says of itself (OpenID Connect Discovery 1.0). ``NotSignedIn``."""
    try:
        about = await _fetched(f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
    except (httpx.HTTPError, ValueError) as error:
        raise NotSignedIn(
            N_("The provider of identities does not answer: {why}"), why=type(error).__name__
        ) from error
    if about.get("issuer") != provider.issuer:
        raise NotSignedIn(N_("The provider of identities is not the one that was set"))
    return about


def checked(
    token: str, keys: dict[str, Any], nonce: str, provider: Provider, now: float | None = None
) -> dict[str, Any]:
    """What an ID token says, once it is checked. Raises ``JoseError``, ``ValueError``.

    ``keys``: the provider's (a JSON Web Key Set); ``now``: seconds since 1970, by default the
    machine's clock.
    """
    known = KeySet.import_key_set(keys)  # type: ignore[arg-type]
    claims = jwt.decode(token, known, algorithms=ALGORITHMS).claims
    jwt.JWTClaimsRegistry(
        now=None if now is None else int(now),
        leeway=CLOCKS_S,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": provider.client_id},
        nonce={"essential": True, "value": nonce},
        exp={"essential": True},
        iat={"essential": True},
    ).validate(claims)
    return claims


async def _fetched(url: str) -> dict[str, Any]:
    async with httpx.AsyncClient(timeout=20) as http:
        answer = (await http.get(url)).raise_for_status()
        return dict(answer.json())
