"""Label panels: Markdown as safe HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from workbench.figures.text import showable
from workbench.figures.views import LabelView

_SAFE_LINK = re.compile(r"(https?://|mailto:|/(?!/)|#)", re.IGNORECASE)


def label(text: str) -> LabelView:
    """The Markdown of a label panel.

    Raw HTML is shown as text. Pictures become links: one from elsewhere would tell its server who reads the dashboard.
    Links go to http, https, mail addresses and this site; any other stays text.
    """
    return LabelView(html=_markdown().render(showable(text)))


def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")
    parser.validateLink = lambda url: bool(_SAFE_LINK.match(url))  # type: ignore[method-assign]
    parser.add_render_rule("link_open", _link_open)
    return parser


def _link_open(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    token = tokens[index]
    if str(token.attrGet("href")).startswith("http"):
        token.attrSet("target", "_blank")
        token.attrSet("rel", "noopener noreferrer nofollow")
    return renderer.renderToken(tokens, index, options, env)
