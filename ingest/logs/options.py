"""What of a log counts as traffic."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field, field_validator

_STATUS = re.compile(r"[1-5](?:\d\d|xx)|\*")


class ImportOptions(BaseModel):
    """What of a log counts as traffic."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    methods: frozenset[str] = Field(frozenset({"GET"}), description="HTTP methods that count; `*` for all.")
    statuses: frozenset[str] = Field(
        frozenset({"2xx"}), description="Status codes that count: `200`, `2xx`, `304`; `*` for all."
    )
    keep_bots: bool = Field(False, description="Count bots and clients that are no browsers too.")
    keep_assets: bool = Field(False, description="Count styles, scripts, images, fonts and feeds too.")

    @field_validator("methods")
    @classmethod
    def _capital(cls, values: frozenset[str]) -> frozenset[str]:
        return frozenset(value.strip().upper() for value in values)

    @field_validator("statuses")
    @classmethod
    def _known_statuses(cls, values: frozenset[str]) -> frozenset[str]:
        cleaned = frozenset(value.strip().lower() for value in values)
        if wrong := sorted(value for value in cleaned if not _STATUS.fullmatch(value)):
            raise ValueError(f"{wrong[0]!r} is no status code; codes look like 200, 2xx, 304 or *")
        return cleaned

    def counts_method(self, method: str) -> bool:
        """Whether requests of this method count."""
        return method in self.methods or "*" in self.methods

    def counts_status(self, status: str) -> bool:
        """Whether answers with this code count."""
        return status in self.statuses or f"{status[:1]}xx" in self.statuses or "*" in self.statuses
