"""What is changed inside Gradio, all in one place; `tests/trust` notices when it does not fit.

`start` has what must hold before Gradio is imported.

- It fetches no address that a visitor names, and looks none up.
- What it writes for a visitor lies in the folder of that visit, and an upload has a folder of its
  own, also when somebody else uploads the same photo.
- A session keeps no copy of the whole page's settings (half a megabyte each): they are for links
  to a state of the page, which are off.
- It keeps no statistics of its use.
"""

import os
import secrets
import shutil
import sys
from pathlib import Path
from typing import Any

import gradio as gr
import safehttpx
from gradio import blocks, processing_utils, route_utils, routes, state_holder, utils
from gradio_client import utils as client_utils

from autofocus.page import visits
from autofocus.page.limits import HOUR

NO_ADDRESS = "Addresses are not fetched here. Upload the photo itself."
FETCHERS = (
    (processing_utils, "async_ssrf_protected_get"),
    (processing_utils, "async_ssrf_protected_download"),
    (processing_utils, "ssrf_protected_download"),
    (processing_utils, "save_url_to_cache"),
    (processing_utils, "unsafe_download"),
    (route_utils, "secure_url_stream_response"),
    (routes, "secure_url_stream_response"),
    (safehttpx, "get"),
    (safehttpx, "async_validate_url"),
)


def change_gradio(root: Path) -> None:
    """Change what the module's text says; `root`: the server's folder."""
    os.environ["GRADIO_TEMP_DIR"] = str(root)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    for module, name in FETCHERS:
        getattr(module, name)  # AttributeError here: look for what this Gradio fetches with
        setattr(module, name, refuse_address)
    keep_files_together(root)
    keep_sessions_small()


def refuse_address(*_: Any, **__: Any) -> None:
    """In place of everything that fetches."""
    raise gr.Error(NO_ADDRESS, print_exception=False)


def keep_files_together(root: Path) -> None:
    """Have Gradio write into the folder of the visit that is served."""
    page = str(root / visits.PAGE)

    def cache(_: Any) -> str:
        return str(visits.folder() or page)

    # A component sets it when it is made; it is the visit's that counts.
    blocks.Block.GRADIO_CACHE = property(cache, lambda _, __: None)
    blocks.Block.move_resource_to_block_cache = place
    blocks.Block.async_move_resource_to_block_cache = place_async
    route_utils.GradioUploadFile = Upload
    for name in ("gradio.routes", "gradio.route_utils", "gradio.mcp"):
        if name in sys.modules:
            sys.modules[name].DEFAULT_TEMP_DIR = str(root / visits.TEMPORARY)


def place(block: blocks.Block, source: str | Path | None) -> str | None:
    """Where a file lies inside the folder of the visit, into which it is brought if need be."""
    if source is None:
        return None
    if client_utils.is_http_url_like(str(source)):
        refuse_address()
    path, folder = Path(utils.abspath(str(source))), Path(block.GRADIO_CACHE)
    if path.is_relative_to(folder):
        return str(path)
    name = client_utils.strip_invalid_filename_characters(path.name)
    target = folder / secrets.token_hex(16) / name
    target.parent.mkdir(parents=True)
    root = Path(utils.get_upload_folder())
    if path.is_relative_to(root):
        os.link(path, target)  # the same bytes under another name: nothing is copied
        if path.is_relative_to(root / visits.UPLOADS):
            visits.own(path)
    else:
        shutil.copyfile(path, target)  # with the time of now, from which on it is kept
    return str(target)


async def place_async(block: blocks.Block, source: str | Path | None) -> str | None:
    """As `place`."""
    return place(block, source)


class FolderName:
    """In place of the hash of an upload, which names its folder: a name that nobody can guess."""

    def update(self, data: bytes) -> None:
        """What is uploaded says nothing."""

    def hexdigest(self) -> str:
        """A folder of its own."""
        return f"{visits.UPLOADS}/{secrets.token_hex(16)}"


class Upload(route_utils.GradioUploadFile):
    """An upload."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.sha = FolderName()


def keep_sessions_small() -> None:
    """Have a session hold what is the visitor's, and no copy of the rest."""

    def make(session: state_holder.SessionState, page: gr.Blocks) -> None:
        session.blocks_config = page.default_config.__copy__()
        session.config_values = Nothing()
        session.state_data, session._state_ttl = {}, {}
        session.is_closed, session.STATE_TTL_WHEN_CLOSED = False, HOUR

    state_holder.SessionState.__init__ = make
    state_holder.SessionState._update_config = lambda *_: None
    state_holder.SessionState._update_value_in_config = lambda *_: None


class Nothing(dict):
    """Takes everything, and keeps nothing."""

    def __setitem__(self, key: Any, value: Any) -> None:
        """It is gone."""
