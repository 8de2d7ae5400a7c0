"""The keys of a ledger: public ones inside the case, private ones in the user's own folder.

Each case has two signing keys, Ed25519 (RFC 8032) and ML-DSA-65 (FIPS 204): who breaks one
family, by a quantum computer or by a fault of the younger scheme, still faces the other. Beside
them lie the secret of the case, which never leaves the machine, and the last checkpoint that was
signed here, by which a ledger set back or signed anew is noticed.
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from platformdirs import user_data_dir

from faisceau.disk import sync, write_durably
from faisceau.errors import CaseError, Damaged, UsageError
from faisceau.ledger import canonical
from faisceau.words import N_

ED25519 = "ed25519"
ML_DSA_65 = "ml-dsa-65"
ALGORITHMS = (ED25519, ML_DSA_65)

_Public = Ed25519PublicKey | MLDSA65PublicKey
_Private = Ed25519PrivateKey | MLDSA65PrivateKey
_PUBLIC: dict[str, type[_Public]] = {ED25519: Ed25519PublicKey, ML_DSA_65: MLDSA65PublicKey}
_PRIVATE: dict[str, type[_Private]] = {
    ED25519: Ed25519PrivateKey,
    ML_DSA_65: MLDSA65PrivateKey,
}
_CASE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def home() -> Path:
    """Where Faisceau keeps keys: ``$FAISCEAU_HOME``, else the user's data folder."""
    return Path(os.environ.get("FAISCEAU_HOME") or user_data_dir("faisceau")).expanduser()


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """The two public keys of a case, as they stand in ``ledger/keys/`` (PEM)."""

    pems: Mapping[str, str]
    _keys: Mapping[str, _Public]

    @classmethod
    def of(cls, pems: Mapping[str, str]) -> "PublicKeys":
        """From PEM texts by algorithm; Damaged when one is not such a key, to the byte."""
        keys: dict[str, _Public] = {}
        for name in ALGORITHMS:
            try:
                key = load_pem_public_key(pems[name].encode("ascii"))
            except (KeyError, ValueError, TypeError, UnsupportedAlgorithm) as error:
                raise Damaged(N_("the {key} public key cannot be read"), key=name) from error
            # A PEM reader passes over much (other line ends, text around): only one form stands.
            if not isinstance(key, _PUBLIC[name]) or _public_pem(key) != pems[name]:
                raise Damaged(N_("the {key} public key is not as it was written"), key=name)
            keys[name] = key
        return cls({name: pems[name] for name in ALGORITHMS}, keys)

    @classmethod
    def read(cls, folder: Path) -> "PublicKeys":
        """From the folder ``ledger/keys``; Damaged when a key is absent or altered."""
        pems = {}
        for name in ALGORITHMS:
            try:
                pems[name] = (folder / f"{name}.pem").read_bytes().decode("ascii")
            except (OSError, UnicodeDecodeError) as error:
                raise Damaged(N_("the {key} public key cannot be read"), key=name) from error
        return cls.of(pems)

    def write(self, folder: Path) -> None:
        """Write both keys, durably, into ``folder``."""
        folder.mkdir(parents=True)
        for name, pem in self.pems.items():
            write_durably(folder / f"{name}.pem", pem.encode("ascii"))

    @property
    def fingerprint(self) -> str:
        """SHA-256 over both keys, in hexadecimal: what two persons compare by voice."""
        return sha256("".join(self.pems[name] for name in ALGORITHMS).encode("ascii")).hexdigest()

    def signed(self, name: str, signature: str, message: bytes) -> bool:
        """True when ``signature`` (base64) is one of ``message`` by the key ``name``."""
        try:
            self._keys[name].verify(canonical.from_base64(signature), message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Seen:
    """The last checkpoint signed on this machine: how many entries, under which root (hex)."""

    size: int
    root: str


@dataclass(frozen=True, slots=True, repr=False)
class KeyRing:
    """What this machine alone holds of a case: private keys, secret, last checkpoint."""

    case_id: str
    folder: Path
    public: PublicKeys
    secret: bytes
    """32 random bytes that never leave the machine; finding ids are keyed with them."""
    _signers: Mapping[str, _Private]

    @classmethod
    def create(cls, case_id: str) -> "KeyRing":
        """Make the keys of a new case, readable by their owner alone; whole or not at all."""
        folder = ring_folder(case_id)
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.exists():
            raise CaseError(
                N_("This machine already holds keys for the case {case} ({folder})"),
                case=case_id,
                folder=str(folder),
            )
        made = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))  # mode 0700
        try:
            for name, kind in _PRIVATE.items():
                pem = kind.generate().private_bytes(
                    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
                )
                write_durably(made / f"{name}.pem", pem, mode=0o600)
            write_durably(made / "secret", os.urandom(32), mode=0o600)
            made.rename(folder)
            sync(folder.parent)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
        return cls.open(case_id)

    @classmethod
    def open(cls, case_id: str) -> "KeyRing":
        """The keys of a case; CaseError when this machine does not hold them whole."""
        folder = ring_folder(case_id)
        signers: dict[str, _Private] = {}
        pems = {}
        try:
            secret = (folder / "secret").read_bytes()
            for name, kind in _PRIVATE.items():
                key = load_pem_private_key((folder / f"{name}.pem").read_bytes(), None)
                if not isinstance(key, kind):
                    raise ValueError(name)
                signers[name] = key
                pems[name] = _public_pem(key.public_key())
            if len(secret) != 32:
                raise ValueError("secret")
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise CaseError(
                N_("The keys of the case {case} are not on this machine, or not whole ({folder})"),
                hint=N_(
                    "Restore the folder {folder} from a backup, or point FAISCEAU_HOME at the one "
                    "that holds it. Without it the ledger can be verified, not continued."
                ),
                case=case_id,
                folder=str(folder),
            ) from error
        return cls(case_id, folder, PublicKeys.of(pems), secret, signers)

    def sign(self, message: bytes) -> dict[str, str]:
        """``message`` signed by both keys: base64 by algorithm."""
        return {name: canonical.to_base64(key.sign(message)) for name, key in self._signers.items()}

    def seal(self, message: bytes) -> str:
        """``message`` signed by the Ed25519 key alone, base64."""
        return canonical.to_base64(self._signers[ED25519].sign(message))

    def seen(self) -> Seen | None:
        """The last checkpoint signed here."""
        return last_seen(self.folder)

    def see(self, seen: Seen) -> None:
        """Remember the last checkpoint signed here, durably."""
        text = json.dumps({"size": seen.size, "root": seen.root}).encode("ascii")
        fresh = self.folder / ".last-seen.new"
        write_durably(fresh, text, mode=0o600)
        fresh.replace(self.folder / "last-seen.json")


def ring_folder(case_id: str) -> Path:
    """Where this machine keeps the keys of a case; UsageError for an id unfit as a name."""
    if not _CASE_ID.fullmatch(case_id):
        raise UsageError(
            N_("{case} cannot be a case's identifier: letters, digits, points and dashes only"),
            case=case_id,
        )
    return home() / "keys" / case_id


def last_seen(folder: Path) -> Seen | None:
    """What a key folder remembers of its ledger; None when it has signed nothing yet."""
    path = folder / "last-seen.json"
    try:
        value = json.loads(path.read_bytes())
        return Seen(int(value["size"]), str(value["root"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CaseError(
            N_("The last checkpoint seen on this machine cannot be read ({path})"),
            hint=N_("Restore this file from a backup."),
            path=str(path),
        ) from error


def _public_pem(key: _Public) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
