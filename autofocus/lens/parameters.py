"""Functions that take the lens's fields one by one: options of commands, parameters of the API."""

import inspect
from collections.abc import Callable, Sequence
from functools import wraps


def spread(
    function: Callable, parameters: Sequence[inspect.Parameter], gather: Callable[[dict], object]
) -> Callable:
    """Let a function take these parameters in place of the one that is called `lens`.

    Typer and Gradio read a function's signature to know what to ask for.

    Args:
        function: it is called with keywords.
        parameters: what stands in the signature where `lens` stood.
        gather: from the parameters' values, by name, to the function's `lens`.

    """
    signature = inspect.signature(function)
    names = [one.name for one in parameters]

    @wraps(function)
    def spread_out(*values: object, **given: object) -> object:
        bound = spread_out.__signature__.bind(*values, **given)
        bound.apply_defaults()
        chosen = {name: bound.arguments.pop(name) for name in names}
        return function(**bound.arguments, lens=gather(chosen))

    before = signature.parameters.values()
    spread_parameters = [p for one in before for p in (parameters if one.name == "lens" else [one])]
    spread_out.__signature__ = signature.replace(parameters=spread_parameters)
    spread_out.__annotations__ = {each.name: each.annotation for each in spread_parameters}
    return spread_out
