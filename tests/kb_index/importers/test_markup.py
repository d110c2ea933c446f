"""What becomes of other people's markup."""

import pytest

from bot.text.markdown import plain
from kb_index.importers.markup import MAX_TAGS, from_html, from_markdown
from kb_index.importers.records import MarkupError


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<h2>Le <b>VPN</b></h2><p>Ouvrez\nla page.</p>", "**Le VPN**\n\nOuvrez la page."),
        ("<ol><li>Un<ul><li>a</ul><li><p>Deux</p><p>Trois</p></ol>", "1. Un\n   - a\n2. Deux\n\n   Trois"),
        ('<ol start="4"><li>Quatre</ol>', "4. Quatre"),
        ("<p>Un<br>deux<hr><blockquote>trois</blockquote>", "Un\ndeux\n\ntrois"),
        ("<p>a<script>alert(1)</script><style>b</style><iframe src=x>c</iframe></p>", "a"),
        ('<p onclick="x()">Voyez <img src="x.png" alt="le schéma" onerror="x()"></p>', "Voyez le schéma"),
        ('<a href="https://a.example/x (1)">ici</a>', "[ici](https://a.example/x%20%281%29)"),
        ('<a href="javascript:alert(1)">ici</a> <a href=" JAVASCRIPT:x">là</a>', "ici là"),
        ('<a href="javascript://a.example/%0aalert(1)">ici</a> <a href="ftp://a.example/b">là</a>', "ici là"),
        ('<a href="/page">ici</a> <a href="#ancre">là</a>', "ici là"),
        ('<a href="mailto:a@b.example">Écrire</a>', "Écrire (a@b.example)"),
        ("<p><strong>Note :</strong>texte", "**Note :** texte"),
        ("<b><strong>deux fois</strong></b>", "**deux fois**"),
        ("<p>2 * 3, _x_, a_b, `c`, &amp;eacute;", r"2 \* 3, \_x\_, a_b, \`c\`, \&eacute;"),
        (r"<p>\\serveur\partage\_x", r"\\\serveur\partage\\\_x"),
        ("<pre>un\n  deux ``` trois</pre>", "````\nun\n  deux ``` trois\n````"),
        ("<p>a <code>b*c</code></p>", "a `b*c`"),
        ("<details><summary>Voir</summary>caché</details>", "**Voir**\n\ncaché"),
        ("<dl><dt>Mot<dd>Sens</dl>", "**Mot**\n\nSens"),
        (
            "<table><tr><th>Modèle<th>Prix<tr><td>CX-1<td><p>12 €</p><tr><td><td>3 €</table>",
            "- **Modèle** CX-1 · **Prix** 12 €\n- **Prix** 3 €",
        ),
        ("<table><tr><th>Mail<td>a<tr><th>Tél.<td>b</table>", "- **Mail** · a\n- **Tél.** · b"),
        ("<table><tr><td><p>Un</p><p>Deux</p></table>", "Un\n\nDeux"),
        ("a\x00b\u200bc\x1b[0m", "abc[0m"),
    ],
)
def test_html_becomes_what_a_chat_shows(html: str, markdown: str) -> None:
    assert from_html(html) == markdown


@pytest.mark.parametrize("text", [r"\\serveur\partage", "2 * 3 * 4", "_x_ et __y__", "&eacute;", "`a`"])
def test_what_a_page_said_is_what_the_chat_says(text: str) -> None:
    shown = plain(from_html(f"<p>{text.replace('&', '&amp;')}</p>"))
    assert shown == text


def test_relative_links_lead_where_the_page_was() -> None:
    link = '<a href="../b">b</a>'
    assert from_html(link, base_url="https://a.example/c/d") == "[b](https://a.example/b)"
    assert from_html(link, base_url="file:///etc/") == "b"


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("## Titre {#ancre}\n\nun\ndeux", "**Titre**\n\nun deux"),
        ("Set-Group <Group Name> -Owner <Nom>", "Set-Group <Group Name> -Owner <Nom>"),
        ("un <b>mot</b><script>x</script>\n\n<div>deux</div>", "un **mot**\n\ndeux"),
        ("![le schéma](x.png) [ici](javascript:x)", "le schéma [ici](javascript:x)"),
        ("    indenté n'est pas du code", "indenté n'est pas du code"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "- **a** 1 · **b** 2"),
        (":::tip Attention\n\nchaud\n\n:::", "**Attention**\n\nchaud"),
        ("```\n<script>\n```", "```\n<script>\n```"),
        ("- a\n  - b\n\n1. c", "- a\n  - b\n\n1. c"),
    ],
)
def test_markdown_keeps_what_it_says(text: str, markdown: str) -> None:
    assert from_markdown(text) == markdown


@pytest.mark.parametrize(
    "html", ["<div>" * 5000, "<p>" * (MAX_TAGS + 1), "<ul><li>" * 1000, "<b>" * 5000 + "x"]
)
def test_what_nobody_writes_is_refused(html: str) -> None:
    with pytest.raises(MarkupError):
        from_html(html)


@pytest.mark.parametrize(
    "text", [">" * 20_000, "[" * 20_000, "- " * 5000 + "x", "*a " * 20_000, "`a" * 20_000, "[a](b" * 10_000]
)
def test_markdown_made_to_hang_does_not(text: str) -> None:
    from_markdown(text)
