"""What the live lens needs of a visitor's photo."""

from autofocus.page.session import Scene
from autofocus.render import Lens
from autofocus.viewer import ViewerData, flat_data, with_layers


def live_data(scene: Scene, lens: Lens) -> ViewerData:
    """The scene's previews as files in its folder, focused as the lens is."""
    return complete_live(scene, begin_live(scene, lens))


def begin_live(scene: Scene, lens: Lens) -> ViewerData:
    """The same without layers: what can be shown at once."""
    previews = scene.photo, scene.depth, scene.saliency
    return flat_data(*previews, scene.folder, lens, size=scene.size, reason=scene.focus.reason)


def complete_live(scene: Scene, data: ViewerData) -> ViewerData:
    """What was shown at once, with layers."""
    return with_layers(data, scene.photo, scene.depth, scene.saliency, scene.folder)
