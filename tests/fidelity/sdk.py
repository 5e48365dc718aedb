"""Reads Microsoft's Python SDKs of Graph as text: the calls that they have, and the properties and types of what is
sent. Nothing of theirs is imported, so a wheel will do."""

import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

# What the SDK reads a property with, and the type of the property.
PRIMITIVES = {
    "str": "string",
    "bool": "boolean",
    "int": "integer",
    "float": "number",
    "datetime": "date-time",
    "date": "date",
    "time": "time",
    "timedelta": "duration",
    "uuid": "uuid",
    "UUID": "uuid",
    "bytes": "base64",
    "datetime.datetime": "date-time",
    "datetime.date": "date",
}

# Each Python class has a module of its own, named after it.
CAPITALS = re.compile(r"(?<!^)(?<![A-Z0-9])(?=[A-Z])|(?<=[A-Z0-9])(?=[A-Z][a-z])")

# A line such as `"id": lambda n : setattr(self, 'id', n.get_str_value()),`.
READS = re.compile(r'^ +"([^"]+)": lambda n : setattr\(self, \'\w+\', n\.get_(\w+)\((.*?)\)\),$', re.M)


@dataclass
class Property:
    """A property of a model. `of` is a primitive's type, or the name of a model or an enum."""

    of: str
    form: str  # primitive, enum, object
    is_collection: bool


@dataclass
class Model:
    name: str
    base: str | None
    # Graph's name, as in `#microsoft.graph.user`; empty where the SDK gives none.
    odata_type: str | None
    properties: dict[str, Property]
    # The types that derive from it, by `@odata.type`.
    derived: dict[str, str]


@dataclass
class Operation:
    verb: str
    options: list[str]
    answer: str | None
    body: str | None


@dataclass
class Calls:
    template: str
    operations: dict[str, Operation] = field(default_factory=dict)


class Sdk:
    """An SDK: the wheel, or the folder into which one was installed."""

    def __init__(self, source, package):
        self.prefix = f"{package}/generated/"
        if Path(source).is_dir():
            root = Path(source)
            self.names = [str(path.relative_to(root)) for path in (root / self.prefix).rglob("*.py")]
            self.read = lambda name: (root / name).read_text(encoding="utf-8")
        else:
            wheel = zipfile.ZipFile(source)
            self.names = wheel.namelist()
            self.read = lambda name: wheel.read(name).decode()
        # Looked up without underscores: where those go in `e_i_d_certificate` no rule tells. Of two models with the
        # same name it is the one of Graph's main namespace.
        models = [name for name in self.names if name.startswith(f"{self.prefix}models/")]
        self.files = {
            name.rsplit("/", 1)[1].removesuffix(".py").replace("_", ""): name
            for name in sorted(models, key=lambda name: name.count("/"), reverse=True)
        }
        self.models = {}
        self.enums = {}

    def paths(self, folders):
        """The calls in these folders and below them, or in these files."""
        found = {}
        for name in self.names:
            below = name.removeprefix(self.prefix)
            if below.endswith("_request_builder.py") and any(below.startswith(folder) for folder in folders):
                path = self._path(name)
                if path:
                    found[path.template] = path
        return found

    def _path(self, name):
        text = self.read(name)
        template = re.search(r'super\(\).__init__\(request_adapter, "\{\+baseurl\}([^"]*)"', text)
        if not template:
            return None
        path, _, _ = template[1].partition("{?")
        made = Calls(path.replace("%2D", "-"))
        for sent in re.finditer(r"RequestInformation\(Method\.(\w+), (self\.url_template|'[^']*')", text):
            verb = sent[1]
            options = []
            if verb == "GET":
                url = template[1] if sent[2].startswith("self") else sent[2]
                optional = re.search(r"\{\?([^}]*)\}", url)
                options = optional[1].replace("%24", "$").split(",") if optional else []
            start = text.index(f"async def {verb.lower()}(")
            block = text[start : text.index("\n    \n", start)]
            body = re.match(r"async def \w+\(self,body: (\w+),", block)
            answer = re.search(r"send_(?:collection_)?async\(request_info, (\w+), ", block)
            # The answer of a call that has no model of its own is a file beside it.
            for model in (body, answer):
                beside = name.rsplit("/", 1)[0] + "/" + CAPITALS.sub("_", model[1]).lower() + ".py" if model else None
                if beside in self.names:
                    self.files[model[1].lower()] = beside
            made.operations[verb] = Operation(verb, options, answer and answer[1], body and body[1])
        return made

    def model(self, name):
        if name not in self.models:
            self.models[name] = self._model(name)
        return self.models[name]

    def _model(self, name):
        text = self.read(self.files[name.lower()])
        base = re.search(rf"class {name}\((\w+),", text)
        properties = {}
        for line in READS.finditer(text):
            properties[line[1]] = self._property(line[2], line[3])
        odata_type = re.search(r'odata_type: Optional\[str\] = "(#[^"]+)"', text)
        derived = re.findall(r'== "(#[^"]+)"\.casefold\(\):\s+from \.\w+ import \w+\s+return (\w+)\(\)', text)
        is_model = base and base[1] not in ("Parsable", "AdditionalDataHolder", "BackedModel", "APIError")
        return Model(name, base[1] if is_model else None, odata_type and odata_type[1], properties, dict(derived))

    @staticmethod
    def _property(reader, argument):
        collection = re.fullmatch(r"collection_of_(object|enum|primitive)_values", reader)
        if collection and collection[1] == "primitive":
            return Property(PRIMITIVES[argument], "primitive", True)
        if collection:
            return Property(argument, collection[1], True)
        form = reader.removesuffix("_value")
        if form in ("object", "enum"):
            return Property(argument, form, False)
        return Property(PRIMITIVES[form], "primitive", False)

    def enum(self, name):
        if name not in self.enums:
            text = self.read(self.files[name.lower()])
            self.enums[name] = re.findall(r'^ +\w+ = "([^"]*)",?$', text, re.M)
        return self.enums[name]

    def all_properties(self, name):
        """The properties of a model with those that it inherits."""
        model = self.model(name)
        inherited = self.all_properties(model.base) if model.base else {}
        return {**inherited, **model.properties}

    def ancestors(self, name):
        base = self.model(name).base
        return [name, *(self.ancestors(base) if base else [])]

    def is_entity(self, name):
        return "Entity" in self.ancestors(name)
