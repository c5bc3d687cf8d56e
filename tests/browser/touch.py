"""Fingers on the screen, as the browser gets them from its own touch device."""


class Fingers:
    """One or two fingers on an element; places are shares of its width and height."""

    def __init__(self, page, selector):
        self.page, self.element = page, page.locator(selector)
        self.device = page.context.new_cdp_session(page)

    def drag(self, *ways, steps=8):
        """Fingers that move at once, each from its first place to its second."""
        self.element.scroll_into_view_if_needed()
        box = self.element.bounding_box()
        for step in range(steps + 1):
            places = [
                tuple(a + (b - a) * step / steps for a, b in zip(start, end, strict=True))
                for start, end in ways
            ]
            self.send("touchMove" if step else "touchStart", box, places)
        self.send("touchEnd", box, [])

    def send(self, kind, box, places):
        """One event of the touch device."""
        points = [
            {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"], "id": number}
            for number, (x, y) in enumerate(places)
        ]
        self.device.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
