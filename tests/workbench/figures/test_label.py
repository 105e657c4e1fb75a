from __future__ import annotations

import pytest

from workbench.figures.label import label

ELSEWHERE = 'target="_blank" rel="noopener noreferrer nofollow"'


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("Tracking changed on **1 May**.", "<p>Tracking changed on <strong>1 May</strong>.</p>\n"),
        ("# Notes\n- a\n- ~~b~~", "<h1>Notes</h1>\n<ul>\n<li>a</li>\n<li><s>b</s></li>\n</ul>\n"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
        ("a <b onclick=x>b</b>", "<p>a &lt;b onclick=x&gt;b&lt;/b&gt;</p>\n"),
        (
            "[site](https://example.org/?a=1&b=2)",
            f'<p><a href="https://example.org/?a=1&amp;b=2" {ELSEWHERE}>site</a></p>\n',
        ),
        ("[here](/dashboard?id=dash_1)", '<p><a href="/dashboard?id=dash_1">here</a></p>\n'),
        ("[mail](mailto:a@example.org)", '<p><a href="mailto:a@example.org">mail</a></p>\n'),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"),
        ("[x](JaVaScRiPt:alert(1))", "<p>[x](JaVaScRiPt:alert(1))</p>\n"),
        ("[x](&#106;avascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"),
        ("[x](data:text/html,<b>)", "<p>[x](data:text/html,&lt;b&gt;)</p>\n"),
        ("[x](//evil.example)", "<p>[x](//evil.example)</p>\n"),
        ("<javascript:alert(1)>", "<p>&lt;javascript:alert(1)&gt;</p>\n"),
        (
            "![seen](https://evil.example/pixel.png)",
            f'<p>!<a href="https://evil.example/pixel.png" {ELSEWHERE}>seen</a></p>\n',
        ),
        ("a\x00b\x1b[31m", "<p>a\ufffdb\ufffd[31m</p>\n"),
        ("", ""),
    ],
)
def test_markdown_becomes_safe_html(markdown, html):
    assert label(markdown).html == html


def test_a_label_panel_shows_its_own_text(shown):
    assert shown("label", {}, {"text": "*hi*"}).html == "<p><em>hi</em></p>\n"
