"""Signing in on a server: by a provider of identities, by a certificate that a proxy passes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, RSAKey

from faisceau.errors import UsageError
from faisceau.web.oidc import checked
from faisceau.web.settings import Certificates, Provider, configured

from .conftest import Running, Start


@pytest.fixture
def issuer() -> Iterator[str]:
    """A real OpenID Connect provider on loopback."""
    mock = pytest.importorskip("oidc_provider_mock")
    with mock.run_server_in_thread(require_nonce=True) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def served(issuer: str, case: Path, start: Start) -> Running:
    return start(case, provider=Provider(issuer, "faisceau", "secret"))


def sent(running: Running) -> tuple[httpx.Client, str]:
    """A browser that begins to sign in, and where the provider is asked."""
    browser = running.raw(None)
    first = browser.get("/sign-in")
    assert first.headers["location"] == "/sign-in/oidc"
    answer = browser.get("/sign-in/oidc")
    assert answer.status_code == 303
    return browser, answer.headers["location"]


def allowed(where: str, sub: str) -> str:
    """The provider is told who one is; where it sends back."""
    answer = httpx.post(where, data={"sub": sub}, trust_env=False)
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


def test_an_agent_signs_in_by_the_provider(served: Running) -> None:
    browser, where = sent(served)
    asked = parse_qs(urlsplit(where).query)
    assert asked["code_challenge_method"] == ["S256"]
    answer = browser.get(allowed(where, "A1"))
    assert answer.status_code == 200, answer.text
    assert 'content="0;url=/"' in answer.text
    assert browser.get("/api/v1/session").json()["agent"] == "A1"


def test_a_person_whom_no_mandate_designates_is_not_let_in(served: Running) -> None:
    browser, where = sent(served)
    answer = browser.get(allowed(where, "nobody"))
    assert answer.status_code == 404
    assert browser.get("/api/v1/session").status_code == 401


def test_who_comes_back_is_who_went_and_once(served: Running) -> None:
    browser, where = sent(served)
    back = allowed(where, "A1")
    assert served.raw(None).get(back).status_code == 401  # another browser
    assert browser.get(back).status_code == 200
    assert browser.get(back).status_code == 401


def test_an_answer_to_another_sign_in_is_refused(served: Running) -> None:
    _, theirs = sent(served)
    browser, _ = sent(served)
    answer = browser.get(allowed(theirs, "A1"))
    assert answer.status_code == 401


def test_a_token_is_for_us_from_the_provider_now_and_for_this_sign_in() -> None:
    key = RSAKey.generate_key(2048)
    keys: Any = {"keys": [key.as_dict(private=False)]}
    provider = Provider("https://id.example", "faisceau", "secret")
    good = {
        "iss": provider.issuer,
        "aud": "faisceau",
        "nonce": "n",
        "sub": "A1",
        "iat": 1_000_000,
        "exp": 1_000_300,
    }

    def said(alg: str = "RS256", by: Any = key, **changes: Any) -> Any:
        token = jwt.encode({"alg": alg}, {**good, **changes}, by, algorithms=[alg])
        return checked(token, keys, "n", provider, now=1_000_010)

    assert said()["sub"] == "A1"
    wrong: list[dict[str, Any]] = [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"nonce": "m"},
        {"exp": 999_900},
        {"by": RSAKey.generate_key(2048)},
        {"alg": "HS256", "by": OctKey.generate_key(256)},
        {"alg": "none"},
    ]
    for change in wrong:
        with pytest.raises((JoseError, ValueError)):
            said(**change)


def test_a_provider_that_does_not_answer_is_told(case: Path, start: Start) -> None:
    gone = Provider("http://127.0.0.1:1", "faisceau", "secret")
    answer = start(case, provider=gone).raw(None).get("/sign-in/oidc")
    assert answer.status_code == 401
    assert "does not answer" in answer.text


SUBJECT = "CN=A2,O=Minist\\C3\\A8re,C=FR"


def test_a_certificate_that_the_proxy_passes_signs_in(case: Path, start: Start) -> None:
    running = start(case, certificates=Certificates("x-subject"))
    http = running.raw(None)
    assert http.get("/sign-in").status_code == 401
    assert http.get("/sign-in", headers={"x-subject": "not a name"}).status_code == 401
    assert http.get("/sign-in", headers={"x-subject": SUBJECT}).status_code == 303
    assert http.get("/api/v1/session").json()["agent"] == "A2"


def test_from_elsewhere_than_the_proxy_the_header_means_nothing(case: Path, start: Start) -> None:
    running = start(case, certificates=Certificates("x-subject", proxies=("10.0.0.1",)))
    answer = running.raw(None).get("/sign-in", headers={"x-subject": SUBJECT})
    assert answer.status_code == 401


CONFIG = """\
public = "https://faisceau.example"
idle = 10
[provider]
issuer = "https://id.example"
client_id = "faisceau"
client_secret_file = "secret"
claim = "rio"
"""


def test_a_server_is_set_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    path = tmp_path / "serve.toml"
    path.write_text(CONFIG)
    found = configured(path)
    assert found["provider"].client_secret == "s3cret"
    assert found["idle"].total_seconds() == 600
    assert "s3cret" not in repr(found["provider"])
    path.write_text(CONFIG + "clam = 'x'\n")
    with pytest.raises(UsageError, match="clam"):
        configured(path)
