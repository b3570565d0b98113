"""Texts that try to leave their place in a comment."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

MARKER = "<!-- deploy-service:preview stack=dev run=9 head=0123456789ab state=applied -->"
FRAGMENTS = (
    "\n", "\r\n", "\u2028", "`", "``", "```", "````\n", "\n```\n@octocat\n", "</pre>", "</details>", "<details>",
    "<summary>x</summary>", "<br>", MARKER, "<!--", "-->", "@octocat", "@org/team", "#1", "GH-1",
    "https://evil.example", "www.evil.example", "a@evil.example",
    "[x](https://evil.example)", "![x](https://evil.example/p.png)", "<img src=https://evil.example>", "<script>", "&lt;",
    "| a |", "\n\n# forged\n", "\n- forged", "**forged**", "_forged_", "~~~", "\\", "\x1b[31m", "\u202e", "\x00", "  ", "é",
    "❌", "'", '"', "{{7*7}}", "${{ secrets.X }}",
)  # fmt: skip
#: Own HTML of a comment. Everything else would be forged.
OWN_HTML = ("<details>", "</details>", "<summary>", "</summary>", "<br>")


def texts() -> st.SearchStrategy[str]:
    """Fragments in any order, with any other text between them."""
    return st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=12)), max_size=8).map("".join)


def tokens(markdown: str) -> list[Token]:
    """All tokens of a comment, as GitHub's parser reads it: CommonMark with tables and strikethrough."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    found: list[Token] = []
    for token in parser.parse(markdown):
        found += [token, *(token.children or [])]
    return found


def forged(markdown: str) -> list[Any]:
    """What in a comment is no word of ours: links, images, foreign HTML, and what GitHub would link or notify."""
    wrong: list[Any] = []
    for token in tokens(markdown):
        if token.type in ("link_open", "image"):
            wrong.append((token.type, token.attrs))
        elif token.type in ("html_inline", "html_block"):
            rest = token.content
            for own in OWN_HTML:
                rest = rest.replace(own, "")
            wrong += [rest] if "<" in rest else []
        elif token.type == "text" and any(
            sign in token.content for sign in ("@", "#", "://", "www.", "evil", "forged", "<!--")
        ):
            wrong.append(token.content)
        elif token.type == "heading_open" and token.tag not in ("h3", "h4"):
            wrong.append(token.tag)
    return wrong
