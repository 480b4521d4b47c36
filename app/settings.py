"""Settings: one frozen class, read from the environment, built by whoever starts something."""

from __future__ import annotations

from pathlib import Path

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


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
        "by default http://HOST:PORT.",
    )
    seed: Path = Field(ROOT / "seed", description="Folder of the curated knowledge.")
    page_cache_bytes: int = Field(
        64 * 1024 * 1024, ge=0, description="Memory for rendered pages, in bytes."
    )

    @property
    def site(self) -> str:
        """The address that pages print, without a slash at the end."""
        return self.base_url.rstrip("/") or f"http://{self.host}:{self.port}"
