"""The sections that there are, as rows of data: in the order of the source list, each with the way to make it.

A section is made when it is first shown, so that none delays the window.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from app.desktop.section import Section
from app.desktop.services import Services


@dataclass(frozen=True)
class SectionRow:
    """`maker` is "module:Class", whose call takes the services; `shortcut` is the digit after Cmd or Ctrl."""

    name: str
    title: str
    icon: str
    shortcut: int
    maker: str

    def make(self, services: Services) -> Section:
        module, _, kind = self.maker.partition(":")
        make: Callable[[Services], Section] = getattr(import_module(module), kind)
        return make(services)


SECTIONS = (
    SectionRow("chat", "Chat", "chat", 1, "app.desktop.chat.section:ChatSection"),
    SectionRow("live", "Live", "live", 2, "app.desktop.live.section:LiveSection"),
    SectionRow("folder", "Folder", "folder", 3, "app.desktop.folder.section:FolderSection"),
    SectionRow("models", "Models", "models", 4, "app.desktop.models.section:ModelsSection"),
)
