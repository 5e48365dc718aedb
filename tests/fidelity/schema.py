"""Reads a part of Graph's own schema, in the XML of OData (CSDL)."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

# How the SDK reads a type of OData's.
PRIMITIVES = {
    "Edm.String": "string",
    "Edm.Boolean": "boolean",
    "Edm.Int32": "integer",
    "Edm.Int64": "integer",
    "Edm.DateTimeOffset": "date-time",
    "Edm.Guid": "uuid",
}


@dataclass
class Declared:
    of: str
    is_collection: bool
    is_nullable: bool

    def agrees_with(self, prop):
        """Whether a property of the SDK has this type."""
        name = PRIMITIVES.get(self.of) or self.of.removeprefix("graph.")
        return prop.is_collection == self.is_collection and prop.of.lower() == name.lower()


@dataclass
class Type:
    properties: dict[str, Declared]

    def is_nullable(self, name):
        return name not in self.properties or self.properties[name].is_nullable


class Schema:
    def __init__(self, file):
        root = ElementTree.fromstring(f"<Schema>{Path(file).read_text()}</Schema>")
        self.elements = {element.get("Name").lower(): element for element in root.iter("EntityType")}
        self.enums = {
            f"graph.{element.get('Name')}": [member.get("Name") for member in element]
            for element in root.iter("EnumType")
        }

    def type_of(self, model):
        """The type with the properties that it inherits; None if this part of the schema does not have it."""
        element = self.elements.get(model.lower())
        if element is None:
            return None
        base = element.get("BaseType")
        inherited = self.type_of(base.removeprefix("graph.")).properties if base else {}
        own = {}
        for child in element:
            if child.tag in ("Property", "NavigationProperty"):
                collection = re.fullmatch(r"Collection\((.*)\)", child.get("Type"))
                of = collection[1] if collection else child.get("Type")
                is_nullable = child.get("Nullable") != "false"
                own[child.get("Name")] = Declared(of, bool(collection), is_nullable)
        return Type({**inherited, **own})
