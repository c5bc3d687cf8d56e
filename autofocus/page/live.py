"""What the live lens needs of a visitor's photo."""

from dataclasses import asdict

from autofocus.page.session import Lens, Scene
from autofocus.render import aperture_of
from autofocus.viewer import ViewerData, viewer_data


def live_data(scene: Scene, lens: Lens) -> ViewerData:
    """The scene's previews as files in its folder, focused as the lens is."""
    chosen = asdict(lens)
    return viewer_data(
        scene.photo,
        scene.depth,
        scene.saliency,
        scene.folder,
        chosen.pop("focus"),
        aperture_of(chosen.pop("f_stop")),
        size=scene.size,
        reason=scene.focus.reason,
        **chosen,
    )
