"""Make foreign text safe to show to a person, and safe to store."""

from __future__ import annotations

import re

_SURROGATES = "\ud800-\udfff"
#: C0 and C1 controls but tab and newline, which layouts need; marks that reorder what follows them; lone surrogates.
#: Source: Unicode Standard Annex 9 (bidirectional formatting characters), section 23.1 (control codes), 23.2 (layout controls).
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff" + _SURROGATES + "]"
)
_LONE_SURROGATE = re.compile(f"[{_SURROGATES}]")


def printable(value: object) -> str:
    r"""Return a value as text in which every character that could steer a terminal or a browser is written as an escape.

    >>> print(printable(chr(27) + "[31mred"))
    \x1b[31mred
    """
    return _UNSAFE.sub(_escape, str(value))


def printable_line(value: object) -> str:
    """Return :func:`printable` text on one line, for logs: a newline would let foreign text forge a log entry."""
    return printable(value).replace("\n", "\\n").replace("\t", "\\t")


def code_span(text: str) -> str:
    """Return text as a code span of Markdown on one line, in which nothing is markup, a link, a mention or HTML.

    The fence is longer than any run of backticks inside. Source: CommonMark 0.31, section 6.1.
    """
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text) or " "
    longest = max(map(len, re.findall("`+", line)), default=0)
    pad = " " if line[0] in "` " or line[-1] in "` " else ""
    return f"{'`' * (longest + 1)}{pad}{line}{pad}{'`' * (longest + 1)}"


def storable(text: str) -> str:
    """Return text that UTF-8 can encode: a lone surrogate, which JSON allows, is written as an escape."""
    return _LONE_SURROGATE.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
