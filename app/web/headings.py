"""Every heading of a page is its own link: it has an address that can be sent."""

from __future__ import annotations

import re
from itertools import chain, count

# Each begins with a letter to look for: most of a page is no heading.
_HEADING = re.compile(
    r"<h(?P<level>[2-6])(?P<attributes>[^>]*)>(?P<said>.*?)</h(?P=level)>", re.DOTALL
)
# The element that a heading begins, if that has an id.
_OUTER = re.compile(r'<[^<>]*\sid="([^"]+)"[^<>]*>\s*')
_ID = re.compile(r'\sid="([^"]+)"')
_TAG = re.compile(r"<[^>]+>|&\w+;|&#\d+;")
_BEGIN, _END = "<main", "</main>"


def linked(html: str) -> str:
    """Return a page, or a part of one, whose headings, that of the page aside, lead to themselves.

    One that leads elsewhere already is followed by a link to itself, which styles give a mark.
    """
    begin, end = max(html.find(_BEGIN), 0), html.rfind(_END)
    end = end if end >= 0 else len(html)
    taken = set[str]()

    def link(found: re.Match[str]) -> str:
        level, attributes, said = found.groups()
        before = html.rfind("<", begin, begin + found.start())
        outer = _OUTER.fullmatch(html, max(before, begin), begin + found.start())
        own = _ID.search(attributes)
        name = own[1] if own else outer[1] if outer else _unused(said, html, taken)
        given = attributes if own or outer else f'{attributes} id="{name}"'
        if "<a " in said:
            mark = f'<a class="anchor" href="#{name}" aria-hidden="true" tabindex="-1"></a>'
            return f"<h{level}{given}>{said}{mark}</h{level}>"
        return f'<h{level}{given}><a class="anchor" href="#{name}">{said}</a></h{level}>'

    return f"{html[:begin]}{_HEADING.sub(link, html[begin:end])}{html[end:]}"


def _unused(said: str, html: str, taken: set[str]) -> str:
    """Return a name for a heading that no element of the page has."""
    words = re.findall(r"[a-z0-9]+", _TAG.sub(" ", said).lower())
    name = "-".join(words) or "part"
    names = chain([name], map(f"{name}-{{}}".format, count(2)))
    found = next(one for one in names if one not in taken and f' id="{one}"' not in html)
    taken.add(found)
    return found
