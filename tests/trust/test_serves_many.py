"""Many visitors at once: each is answered, with what is their own."""

import io
import json
from concurrent.futures import ThreadPoolExecutor

import skimage.data
from PIL import Image

from tests.trust.serving import Visitor, given

MANY = 20
HEIGHT = 120


def width_of(number):
    return 160 + 4 * number


def photo_of(number):
    """A photo of a width that no other visitor's has."""
    stream = io.BytesIO()
    image = Image.fromarray(skimage.data.coffee()).resize((width_of(number), HEIGHT))
    image.save(stream, "PNG")
    return stream.getvalue()


def open_page(server, number):
    """All that one page is told of its photo."""
    visitor = Visitor(server, f"one-of-many-{number}")
    try:
        file = server.send(f"photo-{number}.png", photo_of(number)).json()[0]
        return visitor.open(file)
    finally:
        visitor.leave()


def predict(server, number):
    """What one program gets: the facts, and the depth map's size."""
    file = server.send(f"photo-{number}.png", photo_of(number)).json()[0]
    depth, _, facts = server.call("predict", given(file), None)
    with Image.open(io.BytesIO(server.get(f"/gradio_api/file={depth['path']}").body)) as image:
        return facts, image.size


def at_once(server, ask):
    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(lambda number: ask(server, number), range(MANY)))


def test_each_of_many_pages_gets_its_own_photo(server):
    for number, messages in enumerate(at_once(server, open_page)):
        text = json.dumps(messages, ensure_ascii=False)
        assert any(told.get("success") for told in messages), text[:2000]
        found = {other for other in range(MANY) if f"{width_of(other)}×{HEIGHT}" in text}
        assert found == {number}


def test_each_of_many_programs_gets_its_own_maps(server):
    for number, (facts, size) in enumerate(at_once(server, predict)):
        assert (facts["width"], facts["height"]) == size == (width_of(number), HEIGHT)
