"""Every heading of a page is its own link: it has an address that can be sent."""

from __future__ import annotations

import re
from collections.abc import Iterable

# A heading, with the id of the element that it begins, if that has one.
_HEADING = re.compile(
    r'(?P<before>\sid="(?P<outer>[^"]+)"[^<>]*>\s*)?'
    r"<h(?P<level>[2-6])(?P<attributes>[^>]*)>(?P<said>.*?)</h(?P=level)>",
    re.DOTALL,
)
_ID = re.compile(r'\sid="([^"]+)"')
_TAG = re.compile(r"<[^>]+>|&\w+;|&#\d+;")
_BEGIN, _END = "<main", "</main>"


def linked(html: str) -> str:
    """Return a page whose headings, that of the page itself aside, lead to themselves.

    One that leads elsewhere already is followed by a link to itself, which styles give a mark.
    """
    begin, end = html.find(_BEGIN), html.rfind(_END)
    if begin < 0:
        return html
    taken = set(_ID.findall(html))

    def link(found: re.Match[str]) -> str:
        before, outer, level, attributes, said = found.groups(default="")
        own = _ID.search(attributes)
        name = own[1] if own else outer or _unused(said, taken)
        given = attributes if own or outer else f'{attributes} id="{name}"'
        if "<a " in said:
            mark = f'<a class="anchor" href="#{name}" aria-hidden="true" tabindex="-1"></a>'
            return f"{before}<h{level}{given}>{said}{mark}</h{level}>"
        return f'{before}<h{level}{given}><a class="anchor" href="#{name}">{said}</a></h{level}>'

    return f"{html[:begin]}{_HEADING.sub(link, html[begin:end])}{html[end:]}"


def _unused(said: str, taken: set[str]) -> str:
    """Return a name for a heading that no element of the page has."""
    words = re.findall(r"[a-z0-9]+", _TAG.sub(" ", said).lower())
    name = "-".join(words) or "part"
    names: Iterable[str] = (name, *(f"{name}-{number}" for number in range(2, 1000)))
    found = next(one for one in names if one not in taken)
    taken.add(found)
    return found
