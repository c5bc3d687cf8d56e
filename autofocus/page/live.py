"""What the live lens needs of a visitor's photo."""

from autofocus.page.session import Scene
from autofocus.render import Lens
from autofocus.viewer import ViewerData, viewer_data


def live_data(scene: Scene, lens: Lens) -> ViewerData:
    """The scene's previews as files in its folder, focused as the lens is."""
    return viewer_data(
        scene.photo,
        scene.depth,
        scene.saliency,
        scene.folder,
        lens,
        size=scene.size,
        reason=scene.focus.reason,
    )
