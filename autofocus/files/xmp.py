"""XMP: the properties that a new file may repeat."""

import copy
from xml.etree import ElementTree

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
META = "adobe:ns:meta/"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
SPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "cc": "http://creativecommons.org/ns#",
    "MicrosoftPhoto": "http://ns.microsoft.com/photo/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
}
KEPT = (
    "dc:title", "dc:description", "dc:creator", "dc:rights", "dc:subject",
    "xmp:Rating", "xmp:Label", "xmp:CreateDate",
    "xmpRights:Marked", "xmpRights:Owner", "xmpRights:UsageTerms", "xmpRights:WebStatement",
    "photoshop:Headline", "photoshop:Credit", "photoshop:Source", "photoshop:AuthorsPosition",
    "photoshop:CaptionWriter", "photoshop:Instructions", "photoshop:DateCreated",
    "Iptc4xmpCore:CreatorContactInfo", "Iptc4xmpCore:AltTextAccessibility",
    "Iptc4xmpExt:DigitalSourceType", "plus:Licensor", "plus:CopyrightOwner",
    "lr:hierarchicalSubject", "cc:license", "cc:attributionName", "cc:attributionURL",
    "MicrosoftPhoto:Rating", "MicrosoftPhoto:LastKeywordXMP",
)  # fmt: skip
PLACES = (
    "photoshop:City", "photoshop:State", "photoshop:Country", "Iptc4xmpCore:Location",
    "Iptc4xmpCore:CountryCode", "Iptc4xmpExt:LocationCreated", "Iptc4xmpExt:LocationShown",
    "exif:GPSLatitude", "exif:GPSLongitude", "exif:GPSAltitude", "exif:GPSAltitudeRef",
    "exif:GPSTimeStamp", "exif:GPSImgDirection", "exif:GPSImgDirectionRef", "exif:GPSVersionID",
    "exif:GPSMapDatum",
)  # fmt: skip
LISTS = {"dc:creator": "Seq", "dc:subject": "Bag"}
TRANSLATED = ("dc:title", "dc:description", "dc:rights")
LONGEST = 65_000  # bytes; a JPEG's segment holds 65,502
OPENING = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
CLOSING = '<?xpacket end="w"?>'

for _prefix, _space in (*SPACES.items(), ("rdf", RDF), ("x", META)):
    ElementTree.register_namespace(_prefix, _space)


def full(name: str) -> str:
    """dc:title → {http://…}title."""
    prefix, local = name.split(":")
    return f"{{{SPACES[prefix]}}}{local}"


def parse(data: bytes | None) -> list[ElementTree.Element]:
    """The descriptions in a packet; none if it is missing, damaged or has a document type."""
    # Document types can define entities that grow without bound; XMP has none.
    if not data or b"<!DOCTYPE" in data or b"<!ENTITY" in data or b"\0" in data.rstrip(b"\0"):
        return []
    try:
        root = ElementTree.fromstring(data.strip(b"\0 \r\n\t"))  # noqa: S314 - see above
    except (ElementTree.ParseError, ValueError, LookupError):
        return []
    blocks = [root] if root.tag == f"{{{RDF}}}RDF" else root.iter(f"{{{RDF}}}RDF")
    return [child for block in blocks for child in block if child.tag == f"{{{RDF}}}Description"]


def properties(data: bytes | None) -> dict[str, ElementTree.Element | str]:
    """Every property of the packet by its full name: an element, or an attribute's text."""
    values: dict[str, ElementTree.Element | str] = {}
    for description in parse(data):
        values |= dict(description.attrib)
        values |= {child.tag: child for child in description}
    return values


def keep(data: bytes | None, texts: dict[str, str], *, keep_location: bool) -> bytes | None:
    """A packet of the properties that may be repeated, and of texts for those that are missing."""
    known = properties(data)
    description = ElementTree.Element(f"{{{RDF}}}Description", {f"{{{RDF}}}about": ""})
    for name in (*KEPT, *(PLACES if keep_location else ())):
        value = known.get(full(name))
        if isinstance(value, ElementTree.Element):
            description.append(copy.deepcopy(value))
        elif value is not None:
            description.set(full(name), value)
        elif name in texts:
            description.append(text_element(name, texts[name]))
    return packet(description)


def text_element(name: str, text: str) -> ElementTree.Element:
    """A property that holds a text, or one text a line, in the form that its name asks for."""
    element = ElementTree.Element(full(name))
    kind = "Alt" if name in TRANSLATED else LISTS.get(name)
    if kind is None:
        element.text = clean(text)
        return element
    outer = ElementTree.SubElement(element, f"{{{RDF}}}{kind}")
    for line in [text] if kind == "Alt" else text.split("\n"):
        item = ElementTree.SubElement(outer, f"{{{RDF}}}li")
        item.text = clean(line)
        if kind == "Alt":
            item.set(LANGUAGE, "x-default")
    return element


def clean(text: str) -> str:
    """The text without what XML cannot hold."""
    return "".join(letter for letter in text if letter >= " " or letter in "\t\n\r")


def packet(description: ElementTree.Element) -> bytes | None:
    """A whole packet; None if it says nothing or is too long."""
    if len(description) == 0 and len(description.attrib) == 1:
        return None
    root = ElementTree.Element(f"{{{META}}}xmpmeta")
    ElementTree.SubElement(root, f"{{{RDF}}}RDF").append(description)
    body = ElementTree.tostring(root, encoding="unicode")
    data = (OPENING + body + CLOSING).encode("utf-8", "replace")
    return data if len(data) <= LONGEST else None
