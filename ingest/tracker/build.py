"""`make tracker`: makes `tracker.min.js` of `tracker.js`. It needs the development tools; nothing else imports it."""

from __future__ import annotations

from pathlib import Path

import minify

SOURCE = Path(__file__).with_name("tracker.js")
MINIFIED = SOURCE.with_name("tracker.min.js")
# Syntax that the minifier may use. By default it takes the newest, which browsers of 2019 cannot read.
EDITION = 2019


def minified(source: str) -> str:
    """The script without comments, blanks and long names of its own; the same bytes each time."""
    minify.config({"js-version": EDITION})
    script: str = minify.string("text/javascript", source)
    return script


if __name__ == "__main__":
    MINIFIED.write_text(minified(SOURCE.read_text(encoding="utf-8")), encoding="utf-8")
