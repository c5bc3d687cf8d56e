"""How it works, in three pictures."""

import base64
from pathlib import Path

FOLDER = Path(__file__).parent / "static" / "how"
STEPS = {
    "photo": "Any photo, from any camera.",
    "depth": "A neural network estimates how near every pixel is (nearer is brighter) and what the "
    "subject is. The focus starts at the middle depth of the subject.",
    "refocused": "A lens is computed: light from every point spreads over a disc that grows with "
    "its distance from the focus, and what is nearer covers what is farther.",
}
ENOUGH = """<p>The picture is drawn in your browser, so moving the focus sends nothing anywhere. The
photo is kept for an hour at most. More in the project's docs: architecture, lens, viewer and
training.</p>"""


def how_it_works() -> str:
    """The three steps with their pictures, as HTML that needs no other file."""
    return f'<div id="steps">{"".join(map(figure, STEPS))}</div>{ENOUGH}'


def figure(name: str) -> str:
    """One step; its picture is decoration beside the words."""
    data = base64.b64encode((FOLDER / f"{name}.webp").read_bytes()).decode()
    picture = f'<img src="data:image/webp;base64,{data}" alt="" width="320" height="213">'
    return f"<figure>{picture}<figcaption>{STEPS[name]}</figcaption></figure>"
