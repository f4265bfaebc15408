"""The models on this machine and those that can be had: what `--model` names, downloads, checks, removal.

    from app.shelf import find_model
    folder = find_model("500m").folder

Knows no terminal and no Qt: what takes long reports numbers. Its start imports neither MLX nor the hub's library.
"""

from app.shelf.catalogue import Known, catalogue, is_hub_id
from app.shelf.finding import (
    EMBEDDED,
    Installed,
    converted_folder,
    default_name,
    find_model,
    hub_id_of,
    list_converted,
    models_folder,
    set_default,
)

__all__ = [
    "EMBEDDED",
    "Installed",
    "Known",
    "catalogue",
    "converted_folder",
    "default_name",
    "find_model",
    "hub_id_of",
    "is_hub_id",
    "list_converted",
    "models_folder",
    "set_default",
]
