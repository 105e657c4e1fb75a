"""The letters of printed figures: Source Sans (SIL Open Font License 1.1), which comes with Streamlit."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Final

FAMILY: Final = "Source Sans"


@dataclass(frozen=True)
class Typeface:
    """A variable font as a file of a package.

    Attributes:
        package: Whose folder holds it; it is not imported.
        pattern: Where in there: the name has a hash in it.
    """

    package: str
    pattern: str

    def css(self) -> str:
        """An `@font-face` with the letters in it; empty where the file is not there."""
        if (file := self.file) is None:
            return ""
        letters = base64.b64encode(file.read_bytes()).decode()
        return f'@font-face{{font-family:"{FAMILY}";font-weight:200 900;src:url(data:font/woff2;base64,{letters})}}'

    @cached_property
    def file(self) -> Path | None:
        """The file; None where the package or the file is not there."""
        spec = find_spec(self.package)
        folders = map(Path, spec.submodule_search_locations or () if spec else ())
        return next((file for folder in folders for file in sorted(folder.glob(self.pattern))), None)


FACE: Final = Typeface("streamlit", "static/static/media/SourceSansVF-Upright.*.woff2")
