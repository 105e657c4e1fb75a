"""Why a line of a log became no event: left out on purpose, or refused because it could not be read."""

from __future__ import annotations

from enum import StrEnum


class LeftOut(StrEnum):
    """A line that was read well and is no page that a person saw. Of several reasons the first in this order counts."""

    BROKEN_REQUEST = "broken_request"
    BOT = "bot"
    METHOD = "method"
    STATUS = "status"
    ASSET = "asset"
    FOREIGN_HOST = "foreign_host"

    @property
    def description(self) -> str:
        """The reason in words."""
        return _LEFT_OUT[self]


class Refused(StrEnum):
    """A line that could not be read."""

    EMPTY = "empty"
    BINARY = "binary"
    TOO_LONG = "too_long"
    FRAGMENT = "fragment"
    BROKEN_LINE = "broken_line"
    DATE = "date"
    TRUNCATED = "truncated"

    @property
    def description(self) -> str:
        """The reason in words."""
        return _REFUSED[self]


_LEFT_OUT = {
    LeftOut.BROKEN_REQUEST: "no HTTP request was made, or it was not one for a path",
    LeftOut.BOT: "a bot, or a client that is no browser",
    LeftOut.METHOD: "the method is not one that shows a page",
    LeftOut.STATUS: "the server did not answer with a page",
    LeftOut.ASSET: "a file that pages load: style, script, image, font, feed",
    LeftOut.FOREIGN_HOST: "another host's line in a log that several share",
}
_REFUSED = {
    Refused.EMPTY: "the line is empty",
    Refused.BINARY: "the line holds NUL bytes, as a crash leaves them",
    Refused.TOO_LONG: "the line is longer than any server writes",
    Refused.FRAGMENT: "the line does not begin as a line of the common or combined format does",
    Refused.BROKEN_LINE: "the line begins well, but does not end so",
    Refused.DATE: "the date cannot be read",
    Refused.TRUNCATED: "the file ends within the line",
}
