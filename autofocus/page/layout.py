"""What is on the page, and where; nothing happens here."""

import html
from pathlib import Path

import gradio as gr

from autofocus.page.compare_tab import Comparing
from autofocus.page.examples import thumbnails
from autofocus.page.how import how_it_works
from autofocus.page.models import version_choices
from autofocus.page.review_tab import Reviewing
from autofocus.page.session import FORMATS, discard, histogram_svg
from autofocus.page.text import note, why
from autofocus.page.visit import Visit
from autofocus.render import Lens
from autofocus.versions import hub
from autofocus.view import PALETTE_NAMES
from autofocus.viewer import Viewer

STATIC = Path(__file__).parent / "static"
F_STOPS = (16, 14, 13, 11, 10, 9, 8, 7.1, 6.3, 5.6, 5, 4.5, 4, 3.5, 3.2, 2.8, 2.5, 2.2, 2, 1.8)
F_STOPS += (1.6, 1.4)  # in third stops, as lenses are engraved
DEFAULT_F_STOP = 2
STOPS = ",".join(map(str, F_STOPS))
F_NUMBER = f"""<div class="label"><span>Aperture</span>
<output id="f-number" data-stops="{STOPS}">f/{DEFAULT_F_STOP}</output></div>"""
SHAPES = [("Round", 0), *((f"{number} blades", number) for number in range(5, 10))]
VIEWS = ["Refocused", "Photo", "Depth", "Subject"]  # `page.css` shows the one that is chosen
KEYS = """<p class="hint">Wheel: zoom · drag: move · double click: fit · arrow keys: focus ·
1-4: views · c: compare · a: auto · p: pull focus</p>"""
KEPT = 3600  # seconds that a visitor's photo is kept
HEADER = """<header><h1>Auto Focus</h1>
<p>Change what your photo is focused on, after it was taken.</p></header>"""
FORMATS_READ = """<p class="hint">JPEG, PNG, WebP, AVIF, HEIC, TIFF or GIF, up to 64 megapixels.</p>
<p class="hint">Or try one of these:</p>"""
FRAME = "".join((STATIC / name).read_text(encoding="utf-8") for name in ("bridge.js", "point.js"))


class Layout:
    """All components; each visitor's own things are in the two states."""

    def __init__(self) -> None:
        with gr.Blocks(
            title="Auto Focus",
            analytics_enabled=False,
            delete_cache=(600, 2 * KEPT),
            fill_width=True,
        ) as self.demo:
            self.scene = gr.State(time_to_live=KEPT, delete_callback=discard)
            self.visit = gr.State(Visit())
            gr.HTML(HEADER, elem_id="top", padding=False)
            with gr.Tabs(elem_id="tabs", overflow_behavior="wrap"):
                with gr.Tab("Refocus", id="refocus"):
                    self.lay_out_refocus()
                with gr.Tab("Compare versions", id="compare"):
                    self.comparing = Comparing()
                with gr.Tab("Review", id="review") as self.review_tab:
                    self.reviewing = Reviewing(self.review_tab)

    def lay_out_refocus(self) -> None:
        """The first tab."""
        self.status = gr.HTML(note(""), elem_id="status", padding=False)
        self.lay_out_start()
        with gr.Row(visible=False, elem_id="stage") as self.stage:
            with gr.Column(scale=7, elem_id="pictures"):
                self.lay_out_pictures()
            with gr.Column(scale=3, min_width=300, elem_id="controls"):
                self.lay_out_controls()
        with gr.Accordion("How it works", open=False, elem_id="how"):
            gr.HTML(how_it_works(), padding=False)

    def lay_out_start(self) -> None:
        """What there is before a photo."""
        with gr.Column(elem_id="start"):  # hidden by `page.css` while a photo is open
            self.upload = gr.File(
                label="Drop a photo, paste it, or choose one", elem_id="upload", height=230
            )
            gr.Button("Take a photo with the camera", size="sm", elem_id="camera")
            gr.HTML(FORMATS_READ, elem_id="hints", padding=False)
            self.examples = gr.Gallery(
                thumbnails(),
                label="Examples",
                columns=6,
                rows=1,
                allow_preview=False,
                interactive=False,
                elem_id="examples",
                object_fit="cover",
                buttons=[],
            )

    def lay_out_pictures(self) -> None:
        """The live lens; where a browser cannot draw it, pictures that the server makes."""
        self.frame = gr.HTML(elem_id="frame", padding=False, js_on_load=FRAME)
        self.viewer = Viewer(name="main", elem_id="viewer", padding=False)
        with gr.Column(elem_id="served"):
            self.lay_out_served()
        gr.HTML(KEYS, elem_id="keys", padding=False)
        self.facts = gr.HTML(elem_id="facts", padding=False)

    def lay_out_served(self) -> None:
        """Four views of the photo, in the same place."""
        gr.Radio(
            VIEWS,
            value=VIEWS[0],
            label="View",
            elem_id="views",
            container=False,
            interactive=True,
        )
        self.refocused = picture("Refocused photo", "refocused")
        self.photo = picture("Photo", "photo")
        self.depth = picture("Depth map: nearer is brighter", "depth")
        self.subject = picture("Depth map with the subject in red", "subject")

    def lay_out_controls(self) -> None:
        """The lens, downloads, and what is rarely needed."""
        with gr.Column(elem_id="focus-group"):
            with gr.Row(elem_id="focus-head"):
                gr.HTML("<h2>Focus</h2>", padding=False)
                self.auto = gr.Button("Auto", size="sm", elem_id="auto", min_width=72, scale=0)
            self.histogram = gr.HTML(histogram_svg(None, 0.5), padding=False)
            self.focus = gr.Slider(
                0, 1, 0.5, step=0.001, label="Focus", elem_id="focus", buttons=[], container=False
            )
            gr.HTML('<div class="ends"><span>far</span><span>near</span></div>', padding=False)
            self.reason = gr.HTML(why(""), elem_id="reason", padding=False)
            with gr.Row(elem_id="focus-more"):
                self.pull = gr.Button("Pull focus ▶", size="sm", elem_id="pull", min_width=110)
                self.peaking = gr.Checkbox(
                    label="Mark what is sharp", elem_id="peaking", container=False, min_width=110
                )
        with gr.Column(elem_id="lens"):
            gr.HTML(F_NUMBER, padding=False)
            self.stop = gr.Slider(
                0,
                len(F_STOPS) - 1,
                F_STOPS.index(DEFAULT_F_STOP),
                step=1,
                label="Aperture",
                elem_id="aperture",
                buttons=[],
                container=False,
            )
            with gr.Row():
                self.blades = gr.Dropdown(
                    SHAPES, value=0, label="Bokeh", elem_id="blades", min_width=110
                )
                self.highlights = gr.Slider(
                    0,
                    1,
                    1,
                    step=0.05,
                    label="Highlights",
                    elem_id="highlights",
                    buttons=[],
                    min_width=130,
                )
        with gr.Row(elem_id="actions"):
            self.save = gr.Button("Download", variant="primary", elem_id="save", min_width=120)
            self.new = gr.Button("New photo", elem_id="new", min_width=120)
        self.start = gr.Number(0, visible=False)  # of the focus pull; `live.js` fills it in
        self.file = gr.DownloadButton(visible="hidden")  # what `save.js` hands over
        with gr.Accordion("More", open=False, elem_id="more"):
            self.lay_out_more()

    def lay_out_more(self) -> None:
        """Maps, versions, colours, settings."""
        usable, unusable = version_choices()
        self.version = gr.Dropdown(
            usable,
            value=usable[0][1] if usable else None,
            label="Model version",
            elem_id="version",
        )
        self.unusable = gr.HTML(listed(unusable), elem_id="unusable", padding=False)
        self.refresh = gr.Button(
            "Ask the Hub for versions", size="sm", elem_id="refresh", visible=bool(hub.repos())
        )
        self.palette = gr.Dropdown(
            [(name.capitalize(), name) for name in PALETTE_NAMES],
            value=PALETTE_NAMES[0],
            label="Depth colours",
            elem_id="palette",
        )
        self.format = gr.Dropdown(
            list(FORMATS), value="JPEG", label="Download as", elem_id="format"
        )
        self.own_depth = gr.UploadButton("Use my own depth map", size="sm", elem_id="own-depth")
        with gr.Row():
            self.save_depth = gr.Button(
                "Depth, 16-bit", size="sm", min_width=80, elem_id="get-depth"
            )
            self.save_subject = gr.Button("Subject", size="sm", min_width=80, elem_id="get-subject")
            self.save_film = gr.Button("Focus pull", size="sm", min_width=80, elem_id="get-film")
            self.save_settings = gr.Button(
                "Settings", size="sm", min_width=80, elem_id="get-settings"
            )

    @property
    def settings(self) -> list[gr.components.Component]:
        """The components that set the lens, in the order that `lens_of` takes."""
        return [self.focus, self.stop, self.blades, self.highlights]


def lens_of(focus: float, stop: int, blades: int, highlights: float) -> Lens:
    """What `Layout.settings` say; `stop` counts the aperture's third stops from f/16 on."""
    return Lens(focus, f_stop=F_STOPS[int(stop)], blades=blades, highlights=highlights)


def listed(reasons: list[str]) -> str:
    """One line for each reason."""
    return "<br>".join(html.escape(reason) for reason in reasons)


def picture(label: str, name: str) -> gr.Image:
    """A view, sent without loss."""
    return gr.Image(
        label=label,
        show_label=False,
        elem_id=name,
        format="png",
        interactive=False,
        buttons=["fullscreen"],
        container=False,
    )
