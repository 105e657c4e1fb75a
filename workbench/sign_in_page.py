"""The page that asks for a token: plain HTML that loads nothing, and a little script for links with a token."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, Template

from workbench.figures.theme import DARK, FONT, LIGHT, Theme
from workbench.gate import hash_source

# A link `/sign-in#token=…` fills the form. What stands behind `#` never leaves the browser; it is taken out of the
# address and the history before anything else. Who is signed in already is asked, so that no link changes who they are.
SCRIPT = """
const take = () => {
  const found = /^#token=([\\w-]+)$/.exec(location.hash);
  if (!found) return;
  history.replaceState(null, "", location.pathname + location.search);
  const form = document.forms[0];
  form.elements.token.value = found[1];
  if (form.dataset.known === undefined) form.submit();
};
addEventListener("hashchange", take);
take();
"""


def sign_in_page(*, next_page: str, problem: str = "", known: str | None = None, login: str | None = None) -> str:
    """The page.

    Args:
        next_page: Where to go afterwards.
        problem: What was wrong with the last attempt.
        known: Who is signed in already.
        login: Name of the organisation's login, where there is one.
    """
    return _template().render(
        next_page=next_page, problem=problem, known=known, login=login, script=SCRIPT, style=_STYLE
    )


@cache
def _template() -> Template:
    return Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True).get_template("sign_in.html")


def _variables(theme: Theme) -> str:
    named = {"page": theme.page, "card": theme.card, "text": theme.text, "muted": theme.muted}
    named |= {"line": theme.hairline, "accent": theme.accent, "red": theme.status["red"]}
    return "".join(f"--{name}:{value};" for name, value in named.items())


_STYLE = f"""
:root {{ color-scheme: light dark; {_variables(LIGHT)} }}
@media (prefers-color-scheme: dark) {{ :root {{ {_variables(DARK)} }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 24px; background: var(--page);
  color: var(--text); font: 15px/1.5 {FONT}; }}
main {{ width: 100%; max-width: 400px; padding: 28px 28px 24px; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; }}
h1 {{ margin: 0 0 4px; font-size: 20px; font-weight: 600; }}
p {{ margin: 0 0 16px; color: var(--muted); }}
label {{ display: block; margin-bottom: 6px; font-weight: 600; font-size: 14px; }}
input {{ width: 100%; height: 40px; padding: 0 12px; font: inherit; color: inherit; background: var(--page);
  border: 1px solid var(--line); border-radius: 6px; }}
button, a.button {{ display: block; width: 100%; height: 40px; margin-top: 16px; border: 1px solid transparent;
  border-radius: 6px; font: inherit; font-weight: 600; line-height: 38px; text-align: center; text-decoration: none;
  cursor: pointer; background: var(--accent); color: var(--card); }}
a.button {{ background: none; border-color: var(--line); color: var(--text); }}
input:focus-visible, button:focus-visible, a:focus-visible {{ outline: 2px solid var(--accent); outline-offset: 1px; }}
a {{ color: var(--accent); }}
.problem {{ color: var(--red); margin: 10px 0 0; }}
.help {{ margin: 20px 0 0; padding-top: 16px; border-top: 1px solid var(--line); font-size: 13px; }}
code {{ display: block; margin-top: 6px; padding: 8px 10px; background: var(--page); border-radius: 6px;
  font-size: 12px; overflow-wrap: anywhere; color: var(--text); }}
"""


POLICY = (
    f"default-src 'none'; script-src {hash_source(SCRIPT)}; style-src {hash_source(_STYLE)}; img-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
