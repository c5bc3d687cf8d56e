"""A settings file loaded again: the lens, its focus, and what was painted."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from autofocus.batch.refocusing import PHONE, Refocusing, lens_for
from autofocus.batch.settings import read_settings
from autofocus.errors import SettingsError
from autofocus.focus import AS_GIVEN, AUTO, Focus, resolve_focus
from autofocus.page import depth_maps
from autofocus.page.controls import nearest_lens
from autofocus.page.correction import correction_for, encode_correction
from autofocus.page.depth_maps import CUSTOM, NETWORK
from autofocus.page.live import live_data
from autofocus.page.opening import Opening
from autofocus.page.reason import reason
from autofocus.page.session import Scene
from autofocus.page.text import RENDERING, note
from autofocus.page.visit import Visit
from autofocus.render import Lens
from autofocus.viewer import ViewerData, with_correction

if TYPE_CHECKING:
    from autofocus.page.refocus_tab import RefocusTab

LARGEST = 10**6  # bytes of a settings file
ONE_FILE = "Choose one settings file (JSON), together with the PNG of its correction if it has one."
NO_PNG = "These settings come with a painted correction. Choose its PNG together with them."
NO_DEPTH = "These settings use the depth in the photo’s own file, and this photo has none."
LOADED = "as in the settings"  # why the focus is where it is
DONE = "The settings are loaded."
TOLERANCE = 5e-4  # of a value that the page rounds


class Loading:
    """Makes the same image again from the files that the page has handed out."""

    def __init__(self, page: "RefocusTab", opening: Opening) -> None:
        self.page, self.opening = page, opening

    def wire(self) -> None:
        """Files are read when they have been chosen."""
        page = self.page
        page.lens.on(
            page.load_settings.upload,
            self.load,
            [page.visit, page.scene, page.live, page.version, page.load_settings],
            [*self.opening.shown_parts(), page.load_settings],
        )

    def load(
        self,
        visit: Visit,
        scene: Scene | None,
        live: ViewerData | None,
        version: str | None,
        files: list[str] | None,
        _lens: Lens,
    ) -> Iterator[dict]:
        """Take the photo that is open as the settings say."""
        yield {self.page.load_settings: None}  # free for the next
        if scene is None:
            yield self.opening.focusing.say_gone()
            return
        asked = read_chosen([Path(file) for file in files or []])
        used = with_depth_of(scene, asked.depth)
        focus = focus_of(used, asked)
        wanted = lens_for(focus, asked.lens)
        correction = correction_for(used, asked.correction) if asked.correction else None
        lens, says = nearest_lens(wanted), remarks(wanted, asked, version)
        live = live if used is scene else None
        yield from self.show(visit, used, live, lens, focus, correction, says)

    def show(
        self,
        visit: Visit,
        scene: Scene,
        live: ViewerData | None,
        lens: Lens,
        focus: Focus,
        correction: np.ndarray | None,
        says: str,
    ) -> Iterator[dict]:
        """The photo with this lens and this correction; `live`: the same photo's present data."""
        painted = None if correction is None else encode_correction(correction)
        changes = {
            self.page.scene: scene,
            self.page.correction: painted,
            self.page.reason: reason(focus, scene.focus),
            **self.page.lens.show(lens),
            **self.opening.describe_depth(scene),
        }
        if visit.live:
            whole = live if live and live.front else live_data(scene, lens)
            data = with_correction(whole, correction, scene.folder, lens)
            yield changes | self.opening.give_viewer(data) | {self.page.status: note(says)}
            return
        yield changes | {self.page.status: note(RENDERING)}
        for change in self.opening.focusing.rest(visit, scene, painted, lens):
            yield change | {self.page.status: note(says)}


def read_chosen(files: list[Path]) -> Refocusing:
    """What the chosen files ask for; the only PNG is the correction, whatever it is called now.

    Raises:
        SettingsError: there is not one settings file, it cannot be used, or its PNG is missing.

    """
    settings = [file for file in files if file.suffix.lower() == ".json"]
    if len(settings) != 1 or settings[0].stat().st_size > LARGEST:
        raise SettingsError(ONE_FILE)
    try:
        asked = read_settings(settings[0])
    except SettingsError as error:
        raise SettingsError(str(error).replace(str(settings[0]), settings[0].name)) from error
    if asked.correction is None:
        return asked
    images = [file for file in files if file.suffix.lower() == ".png"]
    if len(images) != 1:
        raise SettingsError(NO_PNG)
    return replace(asked, correction=images[0])


def with_depth_of(scene: Scene, depth: Path | None) -> Scene:
    """The scene by the depth that is asked for; a custom map is kept, as no file holds it."""
    if depth == PHONE:
        source = depth_maps.PHONE
    else:
        source = CUSTOM if scene.depth_source == CUSTOM else NETWORK
    if source == scene.depth_source:
        return scene
    if all(name != source for _, name in depth_maps.choices(scene)):
        raise SettingsError(NO_DEPTH)
    return depth_maps.use_depth(scene, source)


def focus_of(scene: Scene, asked: Refocusing) -> Focus:
    """The focus that is asked for; a depth is said to come from the settings."""
    wanted = AUTO if asked.focus is None else asked.focus
    focus = resolve_focus(wanted, scene.full_depth(), scene.full_saliency())
    return replace(focus, reason=LOADED) if focus.reason == AS_GIVEN else focus


def remarks(wanted: Lens, asked: Refocusing, version: str | None) -> str:
    """That the settings are loaded, and where the image may differ from the one they were of."""
    taken = asdict(nearest_lens(wanted))
    changed = [
        name for name, value in asdict(wanted).items() if abs(taken[name] - value) > TOLERANCE
    ]
    says = [DONE]
    if changed:
        names = ", ".join(name.replace("_", " ") for name in changed)
        says.append(f"Only as near as this page gets: {names}.")
    if asked.version not in (None, version):
        says.append(f"They were made with the model version {asked.version[:60]}.")
    return " ".join(says)
