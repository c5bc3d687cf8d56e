"""What one visitor asked for last."""

from dataclasses import dataclass

from autofocus.render import Lens


@dataclass
class Visit:
    """What a visitor asked for last; whatever still works on something earlier is dropped."""

    sources: tuple[str, ...] = ()  # files, the first of which that can be read is the photo
    photos: int = 0  # asked for so far
    renderings: int = 0  # of the present photo, asked for so far
    live: bool = True  # the visitor's browser draws the lens itself
    rested: Lens | None = None  # what the last image at full detail was taken with

    def ask(self, *sources: str) -> None:
        """Ask for another photo, or for none."""
        self.sources, self.photos = sources, self.photos + 1
        self.take(None)

    def take(self, rested: Lens | None) -> int:
        """Ask for another rendering, at full detail or (None) not → its number."""
        self.renderings, self.rested = self.renderings + 1, rested
        return self.renderings
