"""armfa: a differentiable 2-joint, 6-muscle arm, and controllers that learn to move it without weight transport.

Its parts are imported when first asked for, so that `import armfa`, which registers the environments, stays quick.
"""

from typing import TYPE_CHECKING, Any

from armfa.envs.registration import register_environments

if TYPE_CHECKING:
    from armfa.controllers import Policy

__version__ = "1.0.0"

register_environments()


def load_controller(name: str = "") -> "Policy":
    """A trained controller that comes with the package.

    What it can do and how it was made is told by `armfa.controllers.shipped.score_card(name)`.

    Parameters
    ----------
    name : str
        Such as "li_todorov/feedback-alignment"; ARM/backprop and ARM/feedback-alignment for each arm, and
        li_todorov/center-out.

    Returns
    -------
    Policy
        Takes observations in SI units, returns excitations.

    Raises
    ------
    ValueError
        Without a name, or with an unknown one: it tells which there are.
    """
    from armfa.controllers.shipped import load_controller

    return load_controller(name)


def __getattr__(name: str) -> Any:
    if name in _parts():
        from importlib import import_module

        return import_module(f"armfa.{name}")
    raise AttributeError(f"module 'armfa' has no attribute {name!r}; its parts are {', '.join(_parts())}")


def __dir__() -> list[str]:
    return [*_parts(), "__version__", "load_controller", "register_environments"]


def _parts() -> list[str]:
    """The package's folders and files."""
    from pkgutil import iter_modules

    return [module.name for module in iter_modules(__path__) if module.name[0] != "_"]
