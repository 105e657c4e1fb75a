"""Lists in parts: `limit` and `offset` in, `{items, total, limit, offset}` out."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

LIMIT, MOST = 50, 500
MOST_OFFSET = 2**63 - 1  # what databases count with


class PageQuery(BaseModel):
    """Which part of a list is wanted. An unknown parameter is refused: a misspelt filter would show everything."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: int = Field(LIMIT, ge=1, le=MOST, description="How many, at most.")
    offset: int = Field(0, ge=0, le=MOST_OFFSET, description="How many to leave out before.")
