"""The tab where a photo is refocused: what is on it, and where."""

import gradio as gr

from autofocus.page.controls import DEFAULT, LensControls
from autofocus.page.depth_maps import NETWORK, SOURCES
from autofocus.page.downloads import Downloads
from autofocus.page.examples import examples
from autofocus.page.first_screen import first_example, poster
from autofocus.page.focusing import Focusing
from autofocus.page.histogram import histogram
from autofocus.page.how import how_it_works
from autofocus.page.limits import limits
from autofocus.page.loading import Loading
from autofocus.page.models import version_choices
from autofocus.page.opening import Opening
from autofocus.page.photo_strip import photo_strip
from autofocus.page.reason import reason
from autofocus.page.session import FORMATS, discard
from autofocus.page.text import TRY, fill, note, text
from autofocus.page.visit import Visit
from autofocus.versions import hub
from autofocus.view import PALETTE_NAMES
from autofocus.viewer import Viewer

VIEWS = ["Refocused", "Photo", "Depth", "Subject"]  # `page.css` shows the one that is chosen
KEYS = """<p class="hint">Wheel: zoom · drag: move · double-click: fit · arrow keys: focus ·
1–4: views · c: compare · a: auto · p: pull focus</p>"""
FORMATS_READ = "JPEG, PNG, WebP, AVIF, HEIC, TIFF or GIF"
MEGAPIXELS = 64
ENDS = '<div class="ends"><span>far</span><span>near</span></div>'


class RefocusTab:
    """`lay_out` makes the components, `wire` makes them work.

    Each visitor's own things are in the states.
    """

    def lay_out(self) -> None:
        """Everything, from top to bottom."""
        self.scene = gr.State(time_to_live=limits().kept, delete_callback=discard)
        self.visit = gr.State(Visit())
        self.live = gr.State()  # what the viewer was given last
        self.photos = gr.State([])  # files dropped together
        self.custom_map = gr.State()  # the file of the visitor's custom depth map
        self.correction = gr.State()  # what is painted on it, as PNG
        self.lens = LensControls()
        self.lay_out_start()
        with gr.Row(visible=False, elem_id="stage") as self.stage:
            with gr.Column(scale=7, elem_id="images"):
                self.lay_out_views()
            with gr.Column(scale=3, min_width=300, elem_id="controls"):
                self.lay_out_controls()
        with gr.Accordion("How it works", open=False, elem_id="how"):
            gr.HTML(how_it_works(), padding=False)

    def lay_out_start(self) -> None:
        """What there is before a photo: one line, an example that is open, and more of them."""
        self.upload = gr.File(label="Photos", elem_id="upload", file_count="multiple")
        line = fill("drop_line.html", formats=FORMATS_READ, megapixels=MEGAPIXELS)
        gr.HTML(line, elem_id="open", padding=False)  # `page.css` hides it while a photo is open
        self.status = gr.HTML(note(TRY), elem_id="status", padding=False)
        with gr.Column(elem_id="start"):  # and this
            gr.HTML(fill("poster.html", poster=poster()), elem_classes="frame", padding=False)
            self.first = Viewer(first_example(), name="first", elem_id="first", padding=False)
            self.examples = gr.HTML(
                examples(), js_on_load=text("examples.js"), elem_id="more-examples", padding=False
            )

    def lay_out_views(self) -> None:
        """The live lens; where a browser cannot draw it, images that the server makes."""
        script = text("bridge.js") + text("point.js")
        self.frame = gr.HTML(elem_id="frame", padding=False, js_on_load=script)
        self.viewer = Viewer(name="main", elem_id="viewer", padding=False)
        with gr.Column(elem_id="served"):
            self.lay_out_served()
        with gr.Column(visible=False, elem_id="others") as self.others:
            self.strip = photo_strip([], "photo-strip")
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
        self.refocused = image("Refocused photo", "refocused")
        self.photo = image("Photo", "photo")
        self.depth = image("Depth map: nearer is brighter", "depth")
        self.subject = image("Depth map with the subject in red", "subject")

    def lay_out_controls(self) -> None:
        """The lens, downloads, and what is rarely needed."""
        with gr.Column(elem_id="focus-group"):
            with gr.Row(elem_id="focus-head"):
                gr.HTML("<h2>Focus</h2>", padding=False)
                self.auto = gr.Button("Auto", size="sm", elem_id="auto", min_width=72, scale=0)
            self.histogram = gr.HTML(histogram(), elem_id="histogram", padding=False)
            self.lens.lay_out("focus")
            gr.HTML(ENDS, padding=False)
            self.reason = gr.HTML(reason(), elem_id="reason", padding=False)
            with gr.Row(elem_id="focus-more"):
                self.pull = gr.Button("Pull focus ▶", size="sm", elem_id="pull", min_width=90)
                self.brush = gr.Button("Brush", size="sm", elem_id="brush", min_width=70)
                self.peaking = gr.Checkbox(
                    label="Focus peaking", elem_id="peaking", container=False, min_width=110
                )
        with gr.Column(elem_id="lens"):
            gr.HTML(fill("aperture.html", f_stop=f"{DEFAULT.f_stop:g}"), padding=False)
            self.lens.lay_out("lens")
            with gr.Row():
                self.lens.lay_out("bokeh")
        with gr.Row(elem_id="actions"):
            self.save = gr.Button("Download", variant="primary", elem_id="save", min_width=120)
            self.new = gr.Button("New photo", elem_id="new", min_width=120)
        with gr.Accordion("More", open=False, elem_id="more"):
            self.lens.lay_out("more")
            self.lay_out_depth()
            self.lay_out_model()
            self.lay_out_files()

    def lay_out_depth(self) -> None:
        """Where the depth comes from."""
        with gr.Column(elem_id="depth-choice"):
            self.depth_source = gr.Radio(
                [(SOURCES[NETWORK], NETWORK)],
                value=NETWORK,
                label="Depth from",
                visible=False,
                elem_id="depth-source",
                interactive=True,
            )
            self.invert = gr.Checkbox(
                label="Invert: dark is near", elem_id="invert", container=False, visible=False
            )
            self.depth_note = gr.HTML(elem_id="depth-note", padding=False)
            self.custom_depth = gr.UploadButton(
                "Use a custom depth map", size="sm", elem_id="custom-depth"
            )

    def lay_out_model(self) -> None:
        """Versions, and colours of their depth."""
        usable, unusable = version_choices()
        self.version = gr.Dropdown(
            usable,
            value=usable[0][1] if usable else None,
            label="Model version",
            elem_id="version",
        )
        self.unusable = gr.HTML(
            fill("lines.html", lines=unusable), elem_id="unusable", padding=False
        )
        self.refresh = gr.Button(
            "Check the Hub", size="sm", elem_id="refresh", visible=bool(hub.repos())
        )
        self.palette = gr.Dropdown(
            [(name.capitalize(), name) for name in PALETTE_NAMES],
            value=PALETTE_NAMES[0],
            label="Depth colours",
            elem_id="palette",
        )
        self.subject_on = gr.Dropdown(
            [("Depth", "depth"), ("Photo", "photo")],
            value="depth",
            label="Show the subject over",
            elem_id="subject-on",
        )

    def lay_out_files(self) -> None:
        """What else can be downloaded."""
        self.format = gr.Dropdown(
            list(FORMATS), value=next(iter(FORMATS)), label="Download as", elem_id="format"
        )
        with gr.Row(elem_id="files"):
            self.save_depth = small_button("Depth, 16-bit", "get-depth")
            self.save_subject = small_button("Subject", "get-subject")
            self.save_video = small_button("Focus pull", "get-video")
            self.save_settings = small_button("Settings", "get-settings")
        self.load_settings = gr.UploadButton(
            "Load settings", size="sm", elem_id="load-settings", file_count="multiple"
        )

    def wire(self) -> None:
        """The lens, the ways to open a photo, the downloads."""
        focusing = Focusing(self)
        opening = Opening(self, focusing)
        for part in (focusing, opening, Downloads(self), Loading(self, opening)):
            part.wire()


def image(label: str, name: str) -> gr.Image:
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


def small_button(label: str, name: str) -> gr.Button:
    """One of several in a row."""
    return gr.Button(label, size="sm", min_width=80, elem_id=name)
