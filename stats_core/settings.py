"""Settings: environment variables `WORKBENCH_*` over `workbench.toml` over defaults."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import tomllib
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from stats_core.errors import ConfigurationError, InvalidOptionsError, Problem, nearest

_STRICT = ConfigDict(frozen=True, extra="forbid")
SECRET_BYTES = 32
CONFIG_VARIABLE = "WORKBENCH_CONFIG"
DEFAULT_CONFIG = "workbench.toml"


class FormulaSettings(BaseModel):
    """A computed field or a measure; a plain string in the file is its expression."""

    model_config = _STRICT

    expression: str = Field(
        description="Field names, numbers, + - * / and brackets; in measures also aggregate functions."
    )
    unit: str | None = Field(None, description="What the number counts: USD, seconds, percent.")
    definition: str | None = Field(None, description="What the figure means, in a sentence.")
    label: str = Field("", description="How screens call it.")


class RelationSettings(BaseModel):
    """A way to another entity of the same source, where the database declares no foreign key."""

    model_config = _STRICT

    entity: str = Field(description="The entity that is pointed at.")
    field: str = Field(description="The column here that points.")
    references: str = Field("id", description="The column there that is pointed at; it tells its rows apart.")


class EntitySettings(BaseModel):
    """What the workbench should know of a user's table beyond its columns."""

    model_config = _STRICT

    table: str | None = Field(
        None, description="The table's name in the database, `schema.table` too; default: the entity's name."
    )
    label: str = Field("", description="How screens call it.")
    description: str = Field("", description="What a row is.")
    date_field: str | None = Field(None, description="The date or time that ranges mean by default.")
    primary_key: tuple[str, ...] = Field(
        (), description="Columns that tell rows apart, where the database declares none."
    )
    hidden: tuple[str, ...] = Field((), description="Columns that nobody may read.")
    types: dict[str, Literal["text", "integer", "number", "boolean", "date", "datetime"]] = Field(
        default_factory=dict, description="What a column holds where its type does not say: dates kept as text."
    )
    units: dict[str, str] = Field(default_factory=dict, description="Unit by column.")
    fields: dict[str, FormulaSettings] = Field(default_factory=dict, description="Computed fields.")
    measures: dict[str, FormulaSettings] = Field(default_factory=dict, description="Named aggregates.")
    relations: dict[str, RelationSettings] = Field(default_factory=dict, description="Relations beyond foreign keys.")
    scope: dict[Literal["merchant", "store"], str] = Field(
        default_factory=dict, description="Dotted path to the owner's id by scope level."
    )
    shared: bool = Field(False, description="Readable under every scope.")

    @field_validator("fields", "measures", mode="before")
    @classmethod
    def _plain_expressions(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: {"expression": item} if isinstance(item, str) else item for name, item in value.items()}


class SourceSettings(BaseModel):
    """A user's database: its address and the tables that may be read."""

    model_config = _STRICT

    url: str = Field(repr=False, description="SQLAlchemy URL; ${NAME} is replaced by the environment variable NAME.")
    tables: tuple[str, ...] = Field(description="The allow-list: nothing else of this database can be read.")
    entities: dict[str, EntitySettings] = Field(default_factory=dict, description="By entity name: more about a table.")
    times: Literal["utc", "local"] = Field(
        "utc", description="What times without a zone mean: UTC, or the shop's wall clock, which is never shifted."
    )
    deadline_s: float | None = Field(None, gt=0, description="Seconds a query may take; default: the workbench's.")
    pool_size: int = Field(32, ge=1, description="Connections held at most.")


class AnalyticsSettings(BaseModel):
    """Where server-side events go: `[analytics]`. In keys, ${NAME} is replaced by the environment variable NAME."""

    model_config = _STRICT

    providers: tuple[str, ...] = Field(
        ("database",), description="Each of them gets every event: database, log, posthog, segment."
    )
    website_id: str | None = Field(None, description="The website that events belong to where they name none.")
    posthog_key: str | None = Field(None, repr=False, description="Project key of PostHog, phc_….")
    posthog_host: str | None = Field(None, description="PostHog's address; default: its cloud in the US.")
    segment_write_key: str | None = Field(None, repr=False, description="Write key of a Segment source.")
    segment_host: str | None = Field(None, description="Segment's address; default: its own in the US.")


class PersonSettings(BaseModel):
    """What somebody may do who signs in by the organisation's login."""

    model_config = _STRICT

    permissions: tuple[str, ...] = Field(("admin.access",), description="What it opens.")
    merchant_id: int | None = Field(None, description="Whose data they see; default: the whole platform's.")


class LoginSettings(BaseModel):
    """The organisation's login (OpenID Connect): `[login]`. In keys, ${NAME} is the environment variable NAME."""

    model_config = _STRICT

    name: str = Field("your organisation", description="Stands on the button: Sign in with ….")
    client_id: str | None = Field(None, description="Of this workbench at the provider; without one there is no login.")
    client_secret: str | None = Field(None, repr=False, description="Of this workbench at the provider.")
    server_metadata_url: str = Field("", description="https://…/.well-known/openid-configuration of the provider.")
    unverified_emails: bool = Field(
        False, description="Believe e-mail addresses that the provider does not call verified."
    )
    people: dict[str, PersonSettings] = Field(
        default_factory=dict, description="By e-mail address, or by @domain for all addresses of a domain."
    )


class Settings(BaseSettings):
    """Everything the operator can set. Paths are relative to the working directory."""

    model_config = SettingsConfigDict(env_prefix="WORKBENCH_", env_ignore_empty=True, extra="forbid", frozen=True)

    database_url: str = Field(
        "sqlite:///./.workbench/workbench.db", repr=False, description="Where the workbench keeps its own tables."
    )
    home: Path = Field(Path(".workbench"), description="Folder of the secret and of spool files.")
    timezone: str = Field("UTC", description="IANA zone of days where neither panel, dashboard nor website says.")
    secret_key: str | None = Field(
        None, repr=False, description="Key of visitor hashes and signed links; default: made at first start."
    )
    cache_url: str | None = Field(
        None, repr=False, description="redis://… or valkey://… to share results between processes."
    )
    cache_entries: int = Field(2048, ge=1, description="Results the memory cache holds at most.")
    cache_megabytes: int = Field(256, ge=1, description="Size of the results the memory cache holds at most.")
    deadline_s: float = Field(30.0, gt=0, description="Seconds a query may take.")
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        (), description="Addresses or networks whose forwarded headers are believed: 10.0.0.0/8, 127.0.0.1."
    )
    country_header: str = Field("cf-ipcountry", description="Header in which a trusted proxy names the country.")
    geoip_database: Path | None = Field(None, description="MaxMind DB file (.mmdb) that knows addresses' countries.")
    rate_limit_client: int = Field(120, ge=1, description="Events a minute that one client may send.")
    rate_limit_website: int = Field(6000, ge=1, description="Events a minute that one website may get.")
    analytics_retention_days: int | None = Field(
        None,
        ge=0,
        le=36_500,
        description="Days that events and sessions are kept where a website does not say; 0: for ever.",
    )
    analytics: AnalyticsSettings = Field(
        default_factory=AnalyticsSettings, description="Providers of server-side events."
    )
    login: LoginSettings = Field(default_factory=LoginSettings, description="The organisation's login.")
    public_url: str = Field("http://127.0.0.1:8501", description="Address that printed links start with.")
    sources: dict[str, SourceSettings] = Field(default_factory=dict, description="Users' databases by name.")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: "Europe" is a folder of zones
            msg = f"{value!r} is no IANA time zone; names look like Europe/Berlin"
            raise ValueError(msg) from error
        return value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _listed_networks(cls, value: Any) -> Any:
        return [part for part in re.split(r"[,\s]+", value) if part] if isinstance(value, str) else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, which wins over the file named by WORKBENCH_CONFIG."""
        del dotenv_settings, file_secret_settings
        file = TomlConfigSettingsSource(settings_cls, os.environ.get(CONFIG_VARIABLE, DEFAULT_CONFIG))
        return init_settings, env_settings, file

    @classmethod
    def load(cls, **given: Any) -> Settings:
        """Settings from arguments, environment and file.

        Raises:
            ConfigurationError: The file named by WORKBENCH_CONFIG is missing, or the file or a variable cannot be read.
            InvalidOptionsError: A key is unknown or a value does not validate; the path is the key in the file.
        """
        named = os.environ.get(CONFIG_VARIABLE)
        if named and not Path(named).is_file():
            msg = f"{CONFIG_VARIABLE} names {named}, which is no file."
            raise ConfigurationError(msg, hint="Correct the path or unset the variable.")
        try:
            return cls(**given)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            msg = f"{named or DEFAULT_CONFIG} is no valid TOML: {error}."
            raise ConfigurationError(msg, hint="Text stands in quotes; tables start with [name].") from error
        except SettingsError as error:  # the variable's value may hold a password: it is not quoted
            raise ConfigurationError(f"{error}.", hint="Tables in environment variables are JSON.") from None
        except ValidationError as error:
            raise InvalidOptionsError(
                _problem(cls, fault["loc"], fault["type"], fault["msg"]) for fault in error.errors()
            ) from error

    def secret(self) -> bytes:
        """The key of visitor hashes and links: `secret_key`, else that in `home/secret`, made at first use (mode 0600).

        Raises:
            ConfigurationError: The file is there and empty, or it can be neither read nor made.
        """
        if self.secret_key:
            return self.secret_key.encode()
        path = self.home / "secret"
        try:
            if not path.exists():
                _make_secret(path)
            stored = path.read_bytes().strip()
        except OSError as error:
            msg = f"The secret in {path} can be neither read nor made: {error.strerror}."
            hint = "Let WORKBENCH_HOME name a folder that you may write, or set WORKBENCH_SECRET_KEY."
            raise ConfigurationError(msg, path="home", hint=hint) from error
        if not stored:
            msg = f"The secret in {path} is empty."
            raise ConfigurationError(msg, hint="Delete the file to have a new one made.")
        return stored


def _make_secret(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"secret.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_hex(SECRET_BYTES))
    try:
        with contextlib.suppress(FileExistsError):  # another process was first: its secret is the one
            path.hardlink_to(draft)  # whole or not at all: nobody reads half a secret
    finally:
        draft.unlink()


def _problem(model: type[BaseModel], place: Sequence[int | str], kind: str, message: str) -> Problem:
    path = ".".join(map(str, place))
    if kind == "extra_forbidden":
        return Problem(path, "There is no such setting.", nearest(str(place[-1]), _keys(model, place[:-1])))
    return Problem(path, f"{message.removeprefix('Value error, ')}.", "Set it in workbench.toml or the environment.")


def _keys(model: type[BaseModel], place: Sequence[int | str]) -> Sequence[str]:
    """The keys that may stand at `place`."""
    kind: Any = model
    for part in place:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = kind.model_fields[str(part)].annotation
        elif issubclass(get_origin(kind) or kind, Mapping):  # tables by name
            kind = get_args(kind)[1]
    return tuple(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else ()
