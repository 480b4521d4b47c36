"""Settings: one frozen class, read from the environment, built by whoever starts something."""

from __future__ import annotations

import re
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from limits import parse_many
from pydantic import AliasChoices, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# A public address, and the name of a host or an address of the network: what a link can hold.
ADDRESS = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(/[\w.~/-]*)?", re.ASCII | re.IGNORECASE)
HOST = re.compile(r"[a-z0-9_.:\[\]-]+")
ROOT = Path(__file__).resolve().parent.parent


def host_name(text: str) -> str:
    """Return the name of a host as it is compared, without a port; empty where it is none."""
    name = text.strip().rstrip(".").lower()
    bare = f"[{name}]" if name.count(":") > 1 and not name.startswith("[") else name
    try:
        parts = urlsplit(f"//{bare}" if HOST.fullmatch(bare) else "")
        return (parts.hostname or "").rstrip(".") if parts.port != 0 else ""
    except ValueError:
        return ""


class Uploads(StrEnum):
    """Who may send measurements."""

    OPEN = "open"
    TOKEN = "token"  # noqa: S105 - a word of the setting, not a secret
    CLOSED = "closed"


class Log(StrEnum):
    """How the server tells of requests."""

    JSON = "json"
    TEXT = "text"
    OFF = "off"


class Settings(BaseSettings):
    """What can be set; each field is documented in ``/docs/settings``, and a test compares."""

    model_config = SettingsConfigDict(env_prefix="VAPIC_", frozen=True, extra="ignore")

    database_url: str = Field(
        f"sqlite:///{ROOT / 'var' / 'vapic.db'}",
        validation_alias=AliasChoices("DATABASE_URL", "database_url"),
        description="SQLAlchemy URL of the database.",
    )
    host: str = Field(
        "127.0.0.1",
        validation_alias=AliasChoices("HOST", "host"),
        description="Address that `vapic serve` listens on.",
    )
    port: int = Field(
        8000,
        ge=1,
        le=65535,
        validation_alias=AliasChoices("PORT", "port"),
        description="Port that `vapic serve` listens on.",
    )
    base_url: str = Field(
        "",
        description="Public address that pages print in links, without a slash at the end; "
        "by default http://HOST:PORT. It is needed where HOST is more than this machine.",
    )
    allowed_hosts: str = Field(
        "",
        description="Further names, separated by commas, by which requests may call this site "
        "beside those of VAPIC_BASE_URL, HOST and this machine; any other is a 421.",
    )
    export_file: Path | None = Field(
        None,
        description="Serve and read this export (SQLite), read-only, instead of the "
        "database; `--from` sets it.",
    )
    probe_file: Path = Field(
        ROOT / "var" / "vapic-probe.pyz",
        description="The packed probe that /vapic-probe.pyz gives to whoever wants to measure; "
        "`vapic serve --prepare` makes it where gcc is, `vapic probe pack` anywhere.",
    )
    seed: Path = Field(ROOT / "seed", description="Folder of the curated knowledge.")
    uploads: Uploads = Field(
        Uploads.OPEN,
        description="Who may send measurements: open (anybody, to be reviewed), token, or closed.",
    )
    page_cache_bytes: int = Field(
        16 * 1024 * 1024, ge=0, description="Memory for rendered pages, in bytes."
    )
    max_body_bytes: int = Field(
        1024 * 1024,
        ge=1,
        description="Largest body of a request, in bytes; a form may take 64 KiB more.",
    )
    pending_bytes: int = Field(
        64 * 1024 * 1024,
        ge=0,
        description="How many bytes of documents may wait for a decision, in all; no more is taken "
        "until some are decided, but from trusted tokens.",
    )
    sender_pending_documents: int = Field(
        100,
        ge=1,
        description="How many documents of one sender may wait for a decision. A sender is a "
        "token, a signing key that the seed names, or else an address (of IPv6 a /64).",
    )
    sender_pending_bytes: int = Field(
        8 * 1024 * 1024, ge=1, description="How many bytes those documents may have together."
    )
    body_seconds: float = Field(
        15, gt=0, description="Seconds in which a request's whole body must arrive."
    )
    head_seconds: float = Field(
        10, gt=0, description="Seconds in which the head of a request must arrive."
    )
    read_seconds: float = Field(
        10,
        gt=0,
        description="Seconds after which a client that reads nothing of its answer is cut off.",
    )
    idle_seconds: int = Field(
        15, gt=0, description="Seconds that a connection stays open between two requests."
    )
    connections: int = Field(
        1000,
        ge=1,
        description="Connections that are open at a time; beyond it those go that wait for "
        "nothing, the longest first, and where all are being served a new one gets a 503.",
    )
    rate_uploads: str = Field(
        "30/minute",
        description="Requests that one address may send to change something, dry runs included; "
        "several limits are separated by `;`, and an empty value is none.",
    )
    rate_token: str = Field(
        "300/minute",
        description="The same per token. Both hold: a token does not lift the limit of its "
        "address.",
    )
    trusted_proxy: bool = Field(
        default=False,
        description="Set it to 1 when every request comes through one proxy of yours, which adds "
        "the client's address at the end of X-Forwarded-For; otherwise clients could invent it.",
    )
    log: Log = Field(
        Log.OFF,
        description="What `vapic serve` writes to standard error about each request: json (one "
        "object a line), text (one line of words) or off (only what goes wrong, in words).",
    )
    log_addresses: bool = Field(
        default=False,
        description="Set it to 1 to have each of those lines name the sender's address (of IPv6 "
        "its /64).",
    )
    metrics_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Port on 127.0.0.1 where Prometheus finds /metrics; 0 is none.",
    )
    writers_waiting: int = Field(
        64, ge=0, description="Requests that may wait while another one writes."
    )
    writer_seconds: float = Field(
        20, gt=0, description="Seconds that a request waits for its turn to write."
    )

    @property
    def site(self) -> str:
        """The address that pages print, without a slash at the end."""
        return self.base_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach what listens on ``host``."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def hosts(self) -> frozenset[str]:
        """The names of this site, without a port, as a request may use them."""
        named = (*self.allowed_hosts.split(","), urlsplit(self.site).netloc, self.host)
        return frozenset(filter(None, map(host_name, named))) | LOOPBACK

    @field_validator("base_url")
    @classmethod
    def _must_be_address(cls, text: str) -> str:
        address = text.rstrip("/")
        if text and not (ADDRESS.fullmatch(address) and host_name(urlsplit(address).netloc)):
            raise ValueError("an address begins with https:// or http://, and is nothing but that")
        return text

    @field_validator("allowed_hosts")
    @classmethod
    def _must_be_hosts(cls, text: str) -> str:
        for name in text.split(","):
            if name.strip() and not host_name(name):
                raise ValueError(f"{name.strip()} is no name of a host")
        return text

    @field_validator("rate_uploads", "rate_token")
    @classmethod
    def _must_be_rates(cls, text: str) -> str:
        if text.strip():
            parse_many(text)
        return text
