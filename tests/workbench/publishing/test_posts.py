"""Posts as files: tags in Markdown and HTML, filled again and again, and checked against what stands in them."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from stats_core.errors import ConfigurationError, InvalidOptionsError
from workbench.publishing.browser import Browser
from workbench.publishing.embed import Embed, read_tag
from workbench.publishing.post import How, read_post
from workbench.publishing.tags import filled

HTML_FIGURES = How(format="html")


@pytest.fixture
def publish(sqlite_desk):
    """Publishes a file as it is, and gives the post."""

    def run(file, how=HTML_FIGURES, *, write=True):
        post = read_post(file, sqlite_desk.workbench, Browser(), how)
        if write:
            post.write()
        return post

    return run


def test_a_number_stands_in_its_line_and_the_line_is_markdown_still(sqlite_desk, publish):
    file = sqlite_desk.file("post.md", f"{{{{ panel {sqlite_desk.count} }}}} partners are **ours**.\n")
    publish(file)
    text = file.read_text()
    assert re.sub(r'title="[^"]*"', "", text) == (
        f'<data data-panel="{sqlite_desk.count}" value="3" >3</data> partners are **ours**.\n'
    )
    assert "<strong>ours</strong>" in MarkdownIt().render(text)


def test_a_table_alone_on_its_line_becomes_a_table_of_markdown(sqlite_desk, publish):
    file = sqlite_desk.file("post.md", f"Before\n\n{{{{ panel {sqlite_desk.by_status} table }}}}\n\nAfter\n")
    publish(file)
    text = file.read_text()
    assert "| Status | Value |\n| --- | ---: |\n| active | 2 |\n| pending | 1 |\n" in text
    assert "<td>active</td>" in MarkdownIt().enable("table").render(text)
    assert (text[:8], text[-6:]) == ("Before\n\n", "After\n")


POST = """---
title: "{{{{ panel {count} }}}}"
---
We have {{{{ panel {count} }}}}, `{{{{ panel {count} }}}}` and {{{{ panel panel_no }}}};
{{{{ other }}}} {{{{panel_x}}}}.

{{{{ panel {by_status} figure title="By -- status" }}}}

```panel
{{"operation_type": "aggregate_data", "operation_options": {{"entity": "partner"}}, "mode": "value"}}
```

```text
{{{{ panel {count} }}}}
```
<!-- {{{{ panel {count} }}}} -->
{{{{ panel {{"panel_id": "{count}", "mode": "value"}} }}}} {{{{ panel unclosed
"""


@pytest.mark.parametrize("name", ["post.md", "post.html"])
def test_publishing_twice_gives_the_same_files(sqlite_desk, publish, name):
    text = POST.format(count=sqlite_desk.count, by_status=sqlite_desk.by_status)
    file = sqlite_desk.file(name, text)
    first = publish(file)
    once = {path: path.read_bytes() for path in first.files}
    assert once[file] != text.encode()
    second = publish(file)
    assert {path: path.read_bytes() for path in second.files} == once
    assert second.changed() == []
    assert [len(post.found) for post in (first, second)] == [len(first.found)] * 2


def test_code_comments_front_matter_and_other_braces_are_left_alone(sqlite_desk, publish):
    text = POST.format(count=sqlite_desk.count, by_status=sqlite_desk.by_status)
    file = sqlite_desk.file("post.md", text)
    post = publish(file)
    tag = f"{{{{ panel {sqlite_desk.count} }}}}"
    fenced = f"```text\n{tag}\n```\n<!-- {tag} -->\n"
    for kept in (f'title: "{tag}"\n', f"`{tag}`", fenced, "{{ other }} {{panel_x}}."):
        assert kept in post.text
    assert post.text.endswith("{{ panel unclosed\n")
    assert [note.text for note in post.notes] == [
        "There is no panel 'panel_no'.",
        "aggregate: The option 'aggregate' is missing. Add it.",
    ]


def test_a_post_can_go_elsewhere_and_its_source_keeps_its_tags(sqlite_desk, publish, tmp_path):
    text = f"{{{{ panel {sqlite_desk.count} }}}}\n"
    file = sqlite_desk.file("post.md", text)
    how = How(folder=tmp_path / "public", format="html")
    publish(file, how)
    assert file.read_text() == text
    assert ">3</data>" in (tmp_path / "public" / "post.md").read_text()
    assert publish(file, how).changed() == []


def test_numbers_that_moved_further_than_allowed_fail_a_check(sqlite_desk, publish):
    file = sqlite_desk.file(
        "post.md", f"{{{{ panel {sqlite_desk.count} }}}}\n\n{{{{ panel {sqlite_desk.by_status} table }}}}\n"
    )
    assert [fault.message for fault in publish(file, write=False).faults(0)] == [
        "Partners is not published yet.",
        "By status is not published yet.",
    ]
    publish(file)
    assert publish(file, write=False).faults(0) == []
    sqlite_desk.add("pending")
    now = publish(file, write=False)
    assert [fault.message for fault in now.faults(0)] == [
        "Partners: 3 → 4 (33.3 %).",
        "By status, pending: 1 → 2 (100 %).",
    ]
    assert [fault.message for fault in now.faults(50)] == ["By status, pending: 1 → 2 (100 %)."]
    assert now.faults(100) == []
    sqlite_desk.add("inactive")
    assert "By status, inactive: nothing → 1." in [fault.message for fault in publish(file, write=False).faults(1e9)]


def test_a_tiptap_file_is_checked_by_what_stands_in_it(sqlite_desk, publish):
    node = f'{{"type": "statsPanel", "attrs": {{"panelId": "{sqlite_desk.count}"}}}}'
    file = sqlite_desk.file("post.json", f'{{\n    "type": "doc",\n    "content": [{node}]\n}}\n')
    publish(file)
    assert file.read_text().startswith('{\n    "type": "doc"')
    assert publish(file, write=False).faults(0) == []
    sqlite_desk.add("pending")
    assert [fault.message for fault in publish(file, write=False).faults(10)] == ["Partners: 3 → 4 (33.3 %)."]


@pytest.mark.parametrize("syntax", ["md", "html"])
def test_hostile_names_become_text(sqlite_desk, publish, hostile, syntax):
    sqlite_desk.add("active", name=hostile)
    sqlite_desk.workbench.dashboards.update_panel(sqlite_desk.count, name=hostile, display={"suffix": hostile})
    options = '{"entity": "partner", "fields": ["name"]}'
    call = f'{{"operation_type": "read_data", "operation_options": {options}, "title": "<!-- /panel -->"}}'
    words = (f"{sqlite_desk.count} }}}} b\n", f"{call} }}}}\n", "<script>--> figure }}\n\nend\n")
    tags = "a " + "\n".join(f"{{{{ panel {word}" for word in words)
    file = sqlite_desk.file(f"post.{syntax}", tags)
    post = publish(file)
    rendered = MarkdownIt().enable("table").render(post.text) if syntax == "md" else post.text
    assert "<script" not in rendered
    assert "{{" not in post.text
    assert publish(file).changed() == []
    assert post.text.endswith("end\n")
    if syntax == "md":
        assert "&lt;script&gt;alert(1)&lt;/script&gt; | {{ panel x }}" in rendered


ADDRESS = 'https://example.com/a|b?x=1&y="(2)"#{{%20'


def rows_of_names(desk, name):
    """A tag for a table of partners who are all called like that."""
    desk.add("inactive", "inactive", name=name)
    options = {"entity": "partner", "fields": ["name"], "filters": {"status": "inactive"}}
    call = {"operation_type": "read_data", "operation_options": options}
    return f"{{{{ panel {json.dumps(call)} }}}}\n"


def test_addresses_of_pages_are_links_in_html(sqlite_desk, publish):
    file = sqlite_desk.file("post.html", rows_of_names(sqlite_desk, ADDRESS))
    publish(file)
    link = (
        '<a href="https://example.com/a%7Cb?x=1&amp;y=%22%282%29%22#%7B%7B%20" target="_blank" rel="noopener">'
        "example.com/a|b?x=1&amp;y=&quot;(2)&quot;#&#123;&#123;%20</a>"
    )
    assert file.read_text().count(f"<td>{link}</td>") == 2
    assert publish(file).changed() == []


def test_addresses_of_pages_are_links_in_markdown(sqlite_desk, publish):
    file = sqlite_desk.file("post.md", rows_of_names(sqlite_desk, ADDRESS))
    publish(file)
    shown = MarkdownIt().enable("table").render(file.read_text())
    assert shown.count('<td><a href="https://example.com/a%7Cb?x=1&amp;y=%22%282%29%22#%7B%7B%20">') == 2
    assert "example.com/a|b?x=1&amp;y=&quot;(2)&quot;#{{%20</a></td>" in shown
    assert publish(file).changed() == []


@pytest.mark.parametrize("name", ["javascript:alert(1)", "https://a b", "ftp://example.com", "x https://example.com"])
@pytest.mark.parametrize("syntax", ["md", "html"])
def test_nothing_else_is_a_link(sqlite_desk, publish, name, syntax):
    file = sqlite_desk.file(f"post.{syntax}", rows_of_names(sqlite_desk, name))
    publish(file)
    text = file.read_text()
    assert "<a " not in text
    assert "](" not in text


def test_lengths_stand_beside_numbers_in_html(sqlite_desk, publish):
    file = sqlite_desk.file("post.html", f"{{{{ panel {sqlite_desk.by_status} table }}}}\n")
    publish(file)
    text = file.read_text()
    assert '<th>Status</th><th class="wb-right">Value</th><td></td>' in text
    assert '<td class="wb-right">2</td><td class="wb-lengths"><span style="width:100.0%"></span></td>' in text
    assert '<td class="wb-right">1</td><td class="wb-lengths"><span style="width:50.0%"></span></td>' in text


def test_a_figure_where_no_browser_is_becomes_a_page(sqlite_desk, publish, monkeypatch):
    monkeypatch.setattr("workbench.publishing.post.can_draw", lambda: False)
    file = sqlite_desk.file("post.html", f"{{{{ panel {sqlite_desk.by_status} }}}}\n")
    post = publish(file, How())
    names = sorted(path.name for path in post.files)
    assert names[0].startswith("by-status-")
    assert names[1:] == ["plotly.min.js", "post.html", "post.html.panels.json"]
    assert f'<iframe class="wb-frame" src="figures/{names[0]}"' in post.text


def test_pictures_are_light_and_dark(sqlite_desk, browser):
    file = sqlite_desk.file("post.md", f"{{{{ panel {sqlite_desk.by_status} size=400x300 }}}}\n")
    posts = [
        read_post(file, sqlite_desk.workbench, browser, How(themes=themes)) for themes in ("both", "light", "dark")
    ]
    assert [sorted(path.suffix for path in post.files) for post in posts] == [
        [".json", ".md", ".svg", ".svg"],
        [".json", ".md", ".svg"],
        [".json", ".md", ".svg"],
    ]
    assert 'media="(prefers-color-scheme: dark)"' in posts[0].text
    assert "![Bar chart: By status. active 2, pending 1.](figures/by-status-" in posts[1].text
    assert "-dark.svg)" in posts[2].text
    assert 'width="400" height="300"' in posts[0].text


def test_a_tag_says_what_a_person_would_type():
    assert read_tag('panel_1 figure size=wide range=2026-05-01..2026-05-31 variables.website=w title="A b"') == Embed(
        panel_id="panel_1",
        mode="figure",
        size="wide",
        title="A b",
        variables={"range": {"from": "2026-05-01", "to": "2026-05-31"}, "website": "w"},
    )
    assert read_tag("panel_1 range=last_3_days").variables == {"range": {"last_days": 3}}


@pytest.mark.parametrize("words", ["panel_1 song", "panel_1 colour=red", "", "{", '{"panel_id": 1}', "value"])
def test_a_tag_that_says_something_else_is_refused(words):
    with pytest.raises(InvalidOptionsError):
        read_tag(words)


def test_a_size_nobody_knows_becomes_a_note(sqlite_desk, publish):
    file = sqlite_desk.file("post.md", f"{{{{ panel {sqlite_desk.by_status} size=huge }}}}\n")
    (note,) = publish(file).notes
    assert (
        note.text == "size: 'huge' is no size. Take post, wide, square, social, or 800x450; sides are 200 to 4000 px."
    )


def test_texts_without_tags_stay_as_they_are():
    strange = "".join(map(chr, range(1, 300))) + "\r\n<!-- panel a -->\n<pre>{{ panel x }}</pre> {{panelx}} <data>"
    for syntax, text in (("html", strange), ("markdown", f"{strange}\n```\n{{{{ panel x }}}}\n~~~\n")):
        assert filled(text.replace("`", "", 1), syntax, lambda tag: pytest.fail(tag.words)) == text.replace("`", "", 1)


@pytest.mark.parametrize(("name", "text"), [("post.txt", ""), ("post.json", "{"), ("post.json", "[]")])
def test_what_is_no_post_is_refused(sqlite_desk, publish, name, text):
    with pytest.raises(InvalidOptionsError):
        publish(sqlite_desk.file(name, text))


def test_a_post_that_cannot_be_read_is_an_expected_error(publish, tmp_path):
    with pytest.raises(ConfigurationError, match="No such file"):
        publish(tmp_path / "missing.md")
    (tmp_path / "latin.md").write_bytes(b"\xff")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        publish(tmp_path / "latin.md")


def test_a_record_that_somebody_broke_says_what_to_do(sqlite_desk, publish):
    file = sqlite_desk.file("post.md", "x\n")
    sqlite_desk.file("post.md.panels.json", "{")
    with pytest.raises(ConfigurationError, match="Delete it"):
        publish(file)


def test_a_beginning_without_its_end_does_not_take_what_follows(sqlite_desk, publish):
    text = f"<!-- panel panel_lost -->\nMy words.\n\n{{{{ panel {sqlite_desk.by_status} table }}}}\n"
    file = sqlite_desk.file("post.md", text)
    publish(file)
    once = file.read_text()
    assert once.startswith("<!-- panel panel_lost -->\nMy words.\n\n<!-- panel panel_")
    assert publish(file).changed() == []
    assert file.read_text() == once


@pytest.mark.parametrize("name", ["post.md", "post.html"])
def test_a_comment_that_never_ends_hides_the_tags_in_it(sqlite_desk, publish, name):
    text = f"{{{{ panel {sqlite_desk.count} }}}}\n<!-- not yet\n\n{{{{ panel {sqlite_desk.count} table }}}}\n"
    file = sqlite_desk.file(name, text)
    assert len(publish(file).found) == 1
    assert file.read_text().endswith(text.partition("\n")[2])


FRAGMENTS = (
    *(
        "{{ panel a }}",
        '{{ panel {"a": "}}"} }}',
        "{{ panel",
        "}}",
        "```",
        "```panel",
        "~~~",
        "`",
        "\n",
        "\n\n",
        "\r\n",
    ),
    *("<!-- panel a -->", "<!-- /panel -->", "<!--", "-->", "<data data-panel='a'>", "</data>", "<pre>", "</pre>"),
    *("---\n", "a", " ", "é", "&lt;", "--"),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join), st.sampled_from(["markdown", "html"]))
def test_whatever_a_text_is_a_second_filling_changes_nothing(text, syntax):
    words = []

    def write(tag):
        words.append(tag.words)
        return "\n| 1 |\n" if tag.alone else "<data>1</data>"

    once = filled(text, syntax, write)
    first, words[:] = list(words), []
    assert filled(once, syntax, write) == once
    assert words == first
    if not first:
        assert once == text
