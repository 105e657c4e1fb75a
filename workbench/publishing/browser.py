"""Charts drawn by a Chromium on this machine, which stays open from the first figure to the last.

    with Browser() as browser:
        svg_text(sheet, browser.draw)

Nothing is fetched from anywhere: Plotly.js comes from the plotly package, letters from `typeface.py`.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Coroutine
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from stats_core.errors import ConfigurationError
from workbench.publishing.typeface import FACE, FAMILY

if TYPE_CHECKING:
    from kaleido import Kaleido  # type: ignore[import-untyped]

PATH_VARIABLE: Final = "BROWSER_PATH"
SCALE: Final = 2  # pixels of a PNG per px
TIMEOUT_S: Final = 60
_INSTALL = 'Install the extra: pip install "stats-workbench[figures]". HTML needs neither.'
_GET_BROWSER = (
    "Install Chromium or Chrome (Debian: apt install chromium; anywhere: kaleido_get_chrome), "
    f"or name it in {PATH_VARIABLE}. HTML needs none: give a file that ends in .html."
)

# Letters are there before anything is measured, and an SVG of ours becomes a picture with the letters it brings.
_SCRIPT = """<script>
const draw = kaleido_scopes.plotly;
kaleido_scopes.plotly = async (spec, ...more) => {
  if (spec.data.svg === undefined) {
    await Promise.all(["12px", "600 12px"].map((size) => document.fonts.load(`${size} "FAMILY"`)));
    return draw(spec, ...more);
  }
  const picture = new Image();
  picture.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(spec.data.svg);
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = spec.width * spec.scale;
  canvas.height = spec.height * spec.scale;
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return { code: 0, format: "png", result: canvas.toDataURL("image/png").split(",")[1] };
};
</script></head>""".replace("FAMILY", FAMILY)


def find_browser() -> str | None:
    """Where a Chromium, Chrome or Edge is; None where there is none.

    Raises:
        ConfigurationError: The extra `figures` is not installed, or BROWSER_PATH names no file.
    """
    try:
        from choreographer.browsers.chromium import Chromium
    except ImportError as error:
        message = "Pictures are drawn by kaleido, which is not installed."
        raise ConfigurationError(message, hint=_INSTALL) from error
    if named := os.environ.get(PATH_VARIABLE):
        if not Path(named).is_file():
            raise ConfigurationError(f"{PATH_VARIABLE} names {named}, which is no file.", hint=_GET_BROWSER)
        return named
    return Chromium.find_browser(skip_local=False)


def can_draw() -> bool:
    """Whether pictures can be drawn here."""
    try:
        return find_browser() is not None
    except ConfigurationError:
        return False


class Browser:
    """A Chromium that is started with the first figure; a context manager that ends it."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._kaleido: Kaleido | None = None

    def draw(self, figure: dict[str, object], width_px: int, height_px: int) -> str:
        """A Plotly figure as SVG.

        Raises:
            ConfigurationError: There is no kaleido or no browser, or it does not start.
        """
        return self._calculate(figure, {"format": "svg", "width": width_px, "height": height_px}).decode()

    def rasterise(self, svg: str, *, scale: float = SCALE) -> bytes:
        """An SVG as PNG, with `scale` pixels per px of its own size.

        Raises:
            ConfigurationError: There is no kaleido or no browser, or it does not start.
        """
        width, height = (int(side) for side in re.findall(r' (?:width|height)="(\d+)"', svg[:400])[:2])
        options = {"format": "png", "width": width, "height": height, "scale": scale}
        return self._calculate({"data": [], "layout": {}, "svg": _with_letters(svg)}, options)

    def close(self) -> None:
        """End the browser; a second time does nothing."""
        loop, kaleido = self._loop, self._kaleido
        self._loop = self._kaleido = None
        if loop is None:
            return
        if kaleido is not None:
            asyncio.run_coroutine_threadsafe(kaleido.close(), loop).result(TIMEOUT_S)
        loop.call_soon_threadsafe(loop.stop)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _calculate(self, figure: dict[str, object], options: dict[str, Any]) -> bytes:
        kaleido = self._kaleido or self._open()
        drawn: bytes = self._wait(kaleido.calc_fig(figure, opts=options))
        return drawn

    def _open(self) -> Kaleido:
        path = find_browser()
        if path is None:
            raise ConfigurationError("SVG and PNG need a browser, and there is none here.", hint=_GET_BROWSER)
        loop = asyncio.new_event_loop()
        Thread(target=_run, args=(loop,), daemon=True, name="figures").start()
        self._loop = loop
        try:
            self._kaleido = self._wait(_opened(path))
        except (OSError, RuntimeError, TimeoutError) as error:
            self.close()
            raise ConfigurationError(f"The browser {path} does not start: {error}.", hint=_GET_BROWSER) from error
        return self._kaleido

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        assert self._loop is not None, "_open comes first"
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(TIMEOUT_S)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()
    loop.close()


async def _opened(path: str) -> Kaleido:
    from kaleido import Kaleido

    kaleido = Kaleido(page_generator=_Page(), path=path, timeout=TIMEOUT_S)
    await kaleido.open()
    return kaleido


class _Page:
    """The page that figures are drawn in."""

    def generate_index(self) -> str:
        """Its HTML."""
        from kaleido import PageGenerator

        page: str = PageGenerator(mathjax=False).generate_index()
        return page.replace("</head>", f"<style>{FACE.css()}</style>{_SCRIPT}", 1)


def _with_letters(svg: str) -> str:
    """Letters come along, since a picture cannot reach those of the page around it."""
    return svg if "@font-face" in svg else svg.replace("</desc>", f"</desc><style>{FACE.css()}</style>", 1)
