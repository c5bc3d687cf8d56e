"""How it works, in three images."""

import base64

from autofocus.page.text import STATIC, fill

STEPS = {
    "photo": "Any photo, from any camera.",
    "depth": "A neural network estimates how near every pixel is (nearer is brighter) and what the "
    "subject is. The focus starts at the middle depth of the subject.",
    "refocused": "A lens is simulated: light from every point spreads over a disc that grows with "
    "its distance from the focus, and near things cover what is behind them.",
}


def how_it_works() -> str:
    """The three steps with their images, as HTML that needs no other file."""
    return fill("how.html", steps=[(image_of(name), words) for name, words in STEPS.items()])


def image_of(name: str) -> str:
    """An image of a step, as an address."""
    data = base64.b64encode((STATIC / "how" / f"{name}.webp").read_bytes()).decode()
    return f"data:image/webp;base64,{data}"
