"""A photo's facts as cameras and photo programs write them, public and private ones."""

import struct

from PIL import Image

from tests.files.pictures import XMP_CLOSING, XMP_OPENING, segment

RIGHTS, ARTIST = "© Jörg Müller", "Jörg Müller"
PRIVATE = ("SECRET-SERIAL", "SECRET-OWNER", "SECRET-COMMENT", "SECRET-NOTE", "SECRET-ID")
PLACE = "SECRET-CITY"
LATITUDE = (48.0, 12.0, 30.0)


def exif(orientation=1, thumbnail=b"SECRET-THUMBNAIL"):
    found = Image.Exif()
    found[0x010F], found[0x0110] = "Maker", "Model"
    found[0x0112] = orientation
    found[0x8298], found[0x013B] = RIGHTS.encode(), ARTIST.encode()
    found[0x4746] = 4
    found[0x9C9E] = "küche;hund".encode("utf-16-le") + b"\0\0"
    found[0x013C] = "SECRET-OWNER's phone"
    found[0x8769] = {
        0x829A: 0.01,
        0x829D: 2.8,
        0x9003: "2024:05:01 10:00:00",
        0x927C: b"SECRET-NOTE" * 20,
        0x9286: b"ASCII\0\0\0SECRET-COMMENT",
        0xA001: 65535,
        0xA002: 6000,
        0xA003: 4000,
        0xA420: "SECRET-ID",
        0xA430: "SECRET-OWNER",
        0xA431: "SECRET-SERIAL",
        0xA434: "Lens 35 mm",
        0xA435: "SECRET-SERIAL",
    }
    found[0x8825] = {1: "N", 2: LATITUDE, 3: "E", 4: (11.0, 30.0, 0.0)}
    return found.tobytes()


XMP = f"""{XMP_OPENING}<rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:aux="http://ns.adobe.com/exif/1.0/aux/"
 xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"
 xmp:Rating="5" photoshop:City="{PLACE}" aux:SerialNumber="SECRET-SERIAL" tiff:Orientation="6"
 exif:ColorSpace="65535" exif:GPSLatitude="48,12.5N" xmpMM:DocumentID="SECRET-ID">
<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">{RIGHTS}</rdf:li></rdf:Alt></dc:rights>
<dc:subject><rdf:Bag><rdf:li>küche</rdf:li><rdf:li>hund</rdf:li></rdf:Bag></dc:subject>
<exif:UserComment>SECRET-COMMENT</exif:UserComment>
</rdf:Description>{XMP_CLOSING}"""


def iptc_set(number, text, record=2):
    return struct.pack(">BBBH", 0x1C, record, number, len(text)) + text


IPTC = (
    iptc_set(90, b"\x1b%G", 1)
    + iptc_set(25, "küche".encode())
    + iptc_set(25, b"hund")
    + iptc_set(116, RIGHTS.encode())
    + iptc_set(90, PLACE.encode())
    + iptc_set(187, b"SECRET-ID")
)


def photoshop_segment(iptc=IPTC):
    body = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc
    body += b"\0" * (len(iptc) % 2)
    body += b"8BIM\x04\x0c\0\0" + struct.pack(">I", 16) + b"SECRET-THUMBNAIL"
    return segment(0xED, body)
