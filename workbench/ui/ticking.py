"""Ages that go on while nothing else happens: "just now" must not stand there for an hour."""

from __future__ import annotations

import streamlit as st

# The element's age when it came is in `data-age`; what has passed since then is measured in the browser, so that the
# clocks of two machines need not agree.
_SCRIPT = """
const seen = new WeakMap();
const text = (s) => s < 5 ? "just now" : s < 60 ? `${Math.floor(s)} s ago` : s < 3600 ? `${Math.floor(s / 60)} min ago`
  : s < 86400 ? `${Math.floor(s / 3600)} h ago` : `${Math.floor(s / 86400)} d ago`;
function tick() {
  for (const age of document.querySelectorAll(".wb-age[data-age]")) {
    if (!seen.has(age)) seen.set(age, performance.now());
    const passed = Number(age.dataset.age) + (performance.now() - seen.get(age)) / 1000;
    const words = (age.dataset.cached && passed >= 5 ? "cached " : "") + text(passed);
    if (age.textContent !== words) age.textContent = words;
  }
}
export default function () {
  const timer = setInterval(tick, 1000);
  return () => clearInterval(timer);
}
"""


def ticking_ages() -> None:
    """Put it on a page once, below what has ages."""
    with st.container(key="ticking"):
        st.components.v2.component("workbench_ages", js=_SCRIPT)(key="ages")
