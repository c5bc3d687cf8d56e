"""What the live lens needs of a visitor's photo."""

from autofocus.page.session import Scene
from autofocus.render import Lens
from autofocus.viewer import ViewerData, viewer_data, with_layers


def live_data(scene: Scene, lens: Lens, *, layered: bool = True) -> ViewerData:
    """The scene's previews as files in its folder, focused as the lens is.

    Without layers they can be shown at once; `add_layers` follows.
    """
    return viewer_data(
        scene.photo,
        scene.depth,
        scene.saliency,
        scene.folder,
        lens,
        size=scene.size,
        reason=scene.focus.reason,
        layered=layered,
    )


def add_layers(scene: Scene, data: ViewerData) -> ViewerData:
    """What was shown at once, with layers."""
    return with_layers(data, scene.photo, scene.depth, scene.saliency, scene.folder)
