"""Writes the OpenAPI descriptions of Graph, one a version, from Microsoft's SDKs and from its schema.

    pip download --no-deps msgraph-sdk==1.65.0 msgraph-beta-sdk==1.66.0
    .tools/venv/bin/python tests/fidelity/describe.py msgraph_sdk-1.65.0-*.whl msgraph_beta_sdk-1.66.0-*.whl

A folder into which a wheel was installed will do, too. The calls, their query options and the types of what is sent
come from the SDKs. Microsoft's schema of v1.0 has a part of the types; for those it says what may not be null, and
both must say the same of names and types. Everything is closed: a property or an enum value that is not in the
description is a violation. OData's annotations are allowed everywhere.
"""

import json
import re
import sys
from importlib.metadata import distributions
from pathlib import Path

from schema import Schema
from sdk import Property, Sdk

HERE = Path(__file__).parent
CALLS = HERE.parents[1] / "simulated" / "data" / "graph_sdk_paths.tsv"

LICENCE = "https://github.com/microsoftgraph/msgraph-sdk-python/blob/main/LICENSE"

# The calls beside those about authentication methods, which graph_sdk_paths.tsv lists.
PATHS = [
    "/groups",
    "/groups/{group-id}",
    "/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances",
    "/identityGovernance/privilegedAccess/group/eligibilitySchedules",
    "/roleManagement/directory/roleAssignmentScheduleInstances",
    "/roleManagement/directory/roleAssignmentSchedules",
    "/roleManagement/directory/roleAssignments",
    "/roleManagement/directory/roleEligibilityScheduleInstances",
    "/roleManagement/directory/roleEligibilitySchedules",
    "/users/{user-id}",
    "/users/{user-id}/checkMemberGroups",
    "/users/{user-id}/manager",
    "/users/{user-id}/ownedObjects",
    "/users/{user-id}/revokeSignInSessions",
    "/users/{user-id}/transitiveMemberOf",
]
FOLDERS = [
    "groups/groups_request_builder.py",
    "groups/item/group_item_request_builder.py",
    "identity_governance/privileged_access/group/eligibility_schedule_instances/",
    "identity_governance/privileged_access/group/eligibility_schedules/",
    "role_management/directory/",
    "users/item/user_item_request_builder.py",
    "users/item/authentication/",
    "users/item/check_member_groups/",
    "users/item/manager/",
    "users/item/owned_objects/",
    "users/item/revoke_sign_in_sessions/",
    "users/item/transitive_member_of/",
]

# Types that no object has: what comes is of a derived one, and says which.
ABSTRACT = {"AuthenticationMethod", "DirectoryObject", "Entity"}

# What a person can be in or own. The SDKs know forty more, among them agents.
OBJECTS = {"User", "Group", "DirectoryRole", "AdministrativeUnit", "Application", "ServicePrincipal", "Device"}

# An entity inside another one comes only with $expand, which is not used here, but for this one: see the answer in
# https://learn.microsoft.com/graph/api/authentication-list-hardwareoathmethods?view=graph-rest-beta
CONTAINED = {("HardwareOathAuthenticationMethod", "device")}

# Properties that Microsoft's pages have and the SDK has not. The state of a pass, in beta:
# https://learn.microsoft.com/graph/api/resources/temporaryaccesspassauthenticationmethod?view=graph-rest-beta
DOCUMENTED = {
    "TemporaryAccessPassAuthenticationMethod": {
        "isUsable": Property("boolean", "primitive", False),
        "methodUsabilityReason": Property("string", "primitive", False),
    },
}

DATE_TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,12})?)?(Z|[+-]\d\d:\d\d)$"
# The date of an error has no offset, whatever the SDK says: see the error in
# https://learn.microsoft.com/graph/errors
ERROR_DATE = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$"

FORMS = {
    "string": {"type": "string"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    "number": {"type": "number"},
    "date-time": {"$ref": "#/components/schemas/Edm.DateTimeOffset"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "pattern": r"^\d\d:\d\d(:\d\d(\.\d{1,12})?)?$"},
    "duration": {"type": "string", "pattern": r"^-?P(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$"},
    "uuid": {"type": "string", "format": "uuid"},
    "base64": {"type": "string", "pattern": "^[A-Za-z0-9_+/=-]*$"},
}

# OData's annotations, of an object or of one of its properties, and Graph's own of an answer.
ANNOTATIONS = r"^[A-Za-z]*@(odata\.[A-Za-z.]+|microsoft\.graph\.[A-Za-z.]+)$"

OPTIONS = {
    "$count": {"type": "boolean"},
    "$filter": {"type": "string", "minLength": 1},
    "$search": {"type": "string", "minLength": 1},
    "$skip": {"type": "integer", "minimum": 0},
    "$top": {"type": "integer", "minimum": 1, "maximum": 999},
}


class Description:
    def __init__(self, version, sdk, source, schema=None):
        self.version = version
        self.sdk = sdk
        self.source = source
        self.schema = schema
        self.schemas = {"Edm.DateTimeOffset": {"type": "string", "format": "date-time", "pattern": DATE_TIME}}
        self.disagreements = []

    def made(self, wanted):
        found = self.sdk.paths(FOLDERS)
        missing = wanted.keys() - found.keys()
        if missing:
            raise SystemExit(f"{self.source} has no {sorted(missing)}")
        paths = {}
        for template in sorted(wanted):
            calls = found[template].operations
            if wanted[template] and wanted[template] != calls.keys():
                raise SystemExit(f"{self.source}: {template} has {sorted(calls)}, not {sorted(wanted[template])}")
            names = re.findall(r"\{([^}]+)\}", template)
            paths[template] = {
                "parameters": [
                    {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
                    for name in names
                ],
                **{verb.lower(): self._operation(call) for verb, call in sorted(calls.items())},
            }
        self._error()
        return {
            "openapi": "3.1.0",
            "info": {
                "title": f"Microsoft Graph {self.version}, the calls that are about resetting MFA",
                "version": self.source.rsplit(" ", 1)[1],
                "license": {"name": "MIT", "url": LICENCE},
                "description": f"Written by describe.py from {self.source} of PyPI, of Microsoft. Do not edit it.",
            },
            "servers": [{"url": f"https://graph.microsoft.com/{self.version}"}],
            "security": [{"token": []}],
            "paths": paths,
            "components": {
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
                "schemas": dict(sorted(self.schemas.items())),
            },
        }

    def _operation(self, call):
        operation = {"responses": {"default": {"description": "An error", "content": as_json(reference("ODataError"))}}}
        if call.answer:
            operation["responses"]["2XX"] = {"description": "Success", "content": as_json(self._type(call.answer))}
        if not call.answer or call.verb == "PATCH":
            # A change may also be answered without a body: https://learn.microsoft.com/graph/api/authentication-update
            operation["responses"]["204"] = {"description": "Success"}
        if call.body:
            operation["requestBody"] = {"required": True, "content": as_json(self._type(call.body))}
        elif call.verb == "POST":
            # An empty body, without a type.
            operation["requestBody"] = {"required": False, "content": {}}
        if call.options:
            operation["parameters"] = [self._option(name, call.answer) for name in call.options]
            if "$top" in call.options:
                # Part of a link to the next page, which a client must use as it is:
                # https://learn.microsoft.com/graph/paging
                operation["parameters"].append(option("$skiptoken", {"type": "string", "minLength": 1}))
        return operation

    def _option(self, name, answer):
        if name in ("$select", "$expand", "$orderby"):
            of = {"enum": self._property_names(answer)} if name == "$select" else {"type": "string", "minLength": 1}
            return {**option(name, {"type": "array", "items": of, "minItems": 1}), "style": "form", "explode": False}
        if name == "$filter":
            return option(name, {"type": "string", "pattern": self._clauses(answer)})
        return option(name, OPTIONS[name])

    def _row(self, answer):
        """The model of which an answer holds one or a list."""
        value = self.sdk.all_properties(answer).get("value")
        return value.of if value and value.is_collection and value.form == "object" else answer

    def _property_names(self, answer):
        """What may be selected: what the model has, and what only its derived types have."""
        row = self._row(answer)
        names = set()
        for model in [row, *self._derived(row).values()]:
            names |= self._shown(model).keys()
        return sorted(names - {"@odata.type"})

    def _clauses(self, answer):
        """Comparisons of properties with a value of their type, joined by `and`."""
        kinds = {}
        for name, prop in self._shown(self._row(answer)).items():
            if not prop.is_collection and name[0] != "@":
                kinds.setdefault("string" if prop.form == "enum" else prop.of, []).append(name)
        literals = {"string": "'([^']|'')*'", "uuid": "'?[0-9a-f-]{36}'?", "boolean": "(true|false)"}
        one = "|".join(
            f"({'|'.join(sorted(kinds[kind]))}) (eq|ne) ({literal}|null)"
            for kind, literal in literals.items()
            if kind in kinds
        )
        return f"^({one})( and ({one}))*$"

    def _shown(self, name):
        """The properties that an answer has: not the entities that it would have with $expand."""
        return {
            wire: prop
            for wire, prop in {**self.sdk.all_properties(name), **DOCUMENTED.get(name, {})}.items()
            if prop.form != "object"
            or not self.sdk.is_entity(prop.of)
            or name.endswith("CollectionResponse")
            or (name, wire) in CONTAINED
        }

    def _derived(self, name):
        derived = self.sdk.model(name).derived
        if name == "AuthenticationMethod" or not self.sdk.is_entity(name):
            return derived
        return {graph: model for graph, model in derived.items() if model in OBJECTS}

    def _type(self, name):
        if name not in self.schemas:
            self.schemas[name] = {}
            self.schemas[name] = self._schema(name)
        return reference(name)

    def _schema(self, name):
        derived = self._derived(name)
        if not derived:
            return self._closed(name)
        # The type says which of the derived ones it is. What does not say it is of the declared type.
        schema = {
            "type": "object",
            "properties": {"@odata.type": {"enum": sorted(derived)}},
            "allOf": [{"if": of_type(graph), "then": self._type(model)} for graph, model in sorted(derived.items())],
        }
        if name in ABSTRACT:
            return {**schema, "required": ["@odata.type"]}
        return {"if": {"not": {"required": ["@odata.type"]}}, "then": self._closed(name), "else": schema}

    def _closed(self, name):
        schema_type = self.schema and self.schema.type_of(name)
        properties = {
            wire: self._value(name, wire, prop, schema_type) for wire, prop in sorted(self._shown(name).items())
        }
        graph = self.sdk.model(name).odata_type
        properties["@odata.type"] = {"const": graph} if graph else {"type": "string"}
        if schema_type:
            self._compare(name, schema_type)
        closed = {
            "type": "object",
            "properties": properties,
            "patternProperties": {ANNOTATIONS: {}},
            "additionalProperties": False,
        }
        if name.endswith("CollectionResponse"):
            closed["required"] = ["value"]
        elif name.endswith("AuthenticationMethod"):
            # Lists of methods take no $select.
            closed["required"] = ["id"]
        return closed

    def _value(self, model, wire, prop, schema_type):
        if prop.form == "primitive":
            one = dict(FORMS[prop.of])
        elif prop.form == "enum":
            one = {"type": "string", "enum": list(self.sdk.enum(prop.of))}
        else:
            one = self._type(prop.of)
        if prop.is_collection:
            one = {"type": "array", "items": one}
        required = wire in ("value", "id") or (schema_type and not schema_type.is_nullable(wire))
        return one if required else or_null(one)

    def _compare(self, name, schema_type):
        """Two descriptions of Microsoft's of the same type must say the same."""
        sdk = {wire: prop for wire, prop in self.sdk.all_properties(name).items() if wire[0] != "@"}
        for wire in sorted(sdk.keys() ^ schema_type.properties.keys()):
            where = "SDK" if wire in sdk else "schema"
            self.disagreements.append(f"{name}.{wire} is only in the {where}")
        for wire in sorted(sdk.keys() & schema_type.properties.keys()):
            prop, wanted = sdk[wire], schema_type.properties[wire]
            if not wanted.agrees_with(prop):
                self.disagreements.append(f"{name}.{wire} is {prop} in the SDK, {wanted} in the schema")
            members = self.schema.enums.get(wanted.of)
            if members and members != self.sdk.enum(prop.of):
                self.disagreements.append(f"the members of {prop.of} differ")

    def _error(self):
        self._type("ODataError")
        main, inner = self.schemas["MainError"], self.schemas["InnerError"]
        main["required"] = ["code", "message"]
        self.schemas["ODataError"]["required"] = ["error"]
        inner["properties"]["date"] = {"type": "string", "pattern": ERROR_DATE}
        # Errors about authentication methods have the message twice:
        # https://github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/1888
        inner["properties"]["message"] = {"type": "string"}


def reference(name):
    return {"$ref": f"#/components/schemas/{name}"}


def as_json(schema):
    return {"application/json": {"schema": schema}}


def option(name, schema):
    return {"name": name, "in": "query", "schema": schema}


def of_type(graph):
    return {"properties": {"@odata.type": {"const": graph}}, "required": ["@odata.type"]}


def or_null(schema):
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    if "enum" in schema:
        return {**schema, "type": ["string", "null"], "enum": [*schema["enum"], None]}
    return {**schema, "type": [schema["type"], "null"]}


def in_lines(value, depth=5, indent=""):
    """JSON with a property or an operation a line."""
    if depth == 0 or not isinstance(value, dict) or not value:
        return json.dumps(value, ensure_ascii=False)
    inner = indent + " "
    members = (f"{inner}{json.dumps(name)}: {in_lines(of, depth - 1, inner)}" for name, of in value.items())
    return "{\n" + ",\n".join(members) + f"\n{indent}}}"


def calls(version):
    """The calls to describe, each with the verbs that it must have, if that is known."""
    wanted = {path: None for path in PATHS}
    for line in CALLS.read_text().splitlines():
        if not line.startswith("#"):
            of, verbs, path = line.split("\t")
            if of == version and "(" not in path:
                wanted[path] = set(verbs.split(","))
    return wanted


PACKAGES = {"v1.0": ("msgraph-sdk", "msgraph"), "beta": ("msgraph-beta-sdk", "msgraph_beta")}


def release(source, name):
    """The version of an SDK."""
    if Path(source).is_dir():
        return next(iter(distributions(name=name, path=[str(source)]))).version
    return Path(source).name.split("-")[1]


def describe(version, source):
    """The description of a version of Graph, in JSON, and what Microsoft's two sources of it say differently."""
    name, package = PACKAGES[version]
    schema = Schema(HERE / "v1.0.csdl.xml") if version == "v1.0" else None
    description = Description(version, Sdk(source, package), f"{name} {release(source, name)}", schema)
    made = description.made(calls(version))
    return in_lines(made) + "\n", description.disagreements


def main(*sources):
    # Only here, since it takes a quarter of a minute.
    from openapi_spec_validator import validate

    for version, source in zip(PACKAGES, sources, strict=True):
        text, disagreements = describe(version, source)
        validate(json.loads(text))
        (HERE / f"{version}.openapi.json").write_text(text)
        for line in disagreements:
            print(f"{version}: {line}")


if __name__ == "__main__":
    main(*sys.argv[1:])
