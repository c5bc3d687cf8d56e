"""Starts the server of the page, sooner than importing it would.

- Gradio writes no type stubs. At every start it would parse the source of each of its components
  and write a stub for editors beside it, into a folder that may be read-only or another server's.
- Nothing looks for garbage until the page is served: what is imported and laid out stays.
"""

import gc
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

WRITER = "gradio.component_meta"


def main() -> int:
    """Serve the page → the exit status."""
    gc.disable()
    sys.meta_path.insert(0, WithoutStubs())
    from autofocus.page import server

    return server.main()


class WithoutStubs(MetaPathFinder):
    """Finds the module that writes the stubs, and has it write none."""

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> Any:
        """The module's spec; None for any other module."""
        return writes_none(PathFinder.find_spec(name, path, target)) if name == WRITER else None


def writes_none(spec: ModuleSpec) -> ModuleSpec:
    """The same module, whose function for stubs does nothing."""
    execute = spec.loader.exec_module

    def exec_module(module: ModuleType) -> None:
        execute(module)
        module.create_or_modify_pyi  # noqa: B018 - AttributeError: look for what writes them now
        module.create_or_modify_pyi = lambda *_: None

    spec.loader.exec_module = exec_module
    return spec
