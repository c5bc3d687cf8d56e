"""What the page says."""

import html

HINT = "Click to focus there, or drag the slider."
READING = "Reading the photo …"
FINDING = "Finding depth and subject …"
TAKING = "Taking the photo again …"
MAKING = "Making the file at full size …"
GONE = "This photo was kept for an hour and is gone now. Open it again."
NO_VERSION = "No model version is installed here, so photos cannot be analysed."


def note(text: str, kind: str = "plain") -> str:
    """A line of status for the page; errors are announced to screen readers at once."""
    role = "alert" if kind == "error" else "status"
    return f'<p class="note {kind}" role="{role}">{html.escape(text)}</p>'


def why(text: str) -> str:
    """Where the reason for the focus is said, on the server's side and in `live.js`."""
    return f'<p id="why" role="status">{html.escape(text)}</p>'


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."
