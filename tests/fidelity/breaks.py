"""Broken copies of recorded traffic. Every one of them must be found: a judge that passes everything holds nothing."""

import copy
import json
import re

DATE_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")

# Properties whose values are the members of an enum, in one of the types that are sent.
ENUMS = {
    "accessId",
    "attestationLevel",
    "hashFunction",
    "keyStrength",
    "passkeyType",
    "phoneType",
    "platform",
    "smsSignInState",
    "status",
    "userPreferredMethodForSecondaryAuthentication",
}


def of_answer(exchange):
    """The answer with one thing wrong, each with what that is."""
    if not exchange["answer"]:
        yield "a body where there is none", changed(exchange, answer='{"value": []}', answerHeaders=AS_JSON, status=200)
        return
    answer = json.loads(exchange["answer"])
    for path, value in objects(answer):
        yield f"an unknown property in {spell(path)}", with_answer(exchange, path + ["noSuchProperty"], "x")
        for name, old in value.items():
            if name.startswith("@"):
                continue
            at = path + [name]
            yield f"a wrong type of {spell(at)}", with_answer(exchange, at, {"wrong": "type"})
            # The status of a schedule is any text.
            is_text = name == "status" and "Schedules?" in exchange["url"]
            if name in ENUMS and not is_text and old is not None and not isinstance(old, dict):
                yield f"no member of the enum in {spell(at)}", with_answer(exchange, at, "noSuchMember")
            if isinstance(old, str) and DATE_TIME.match(old):
                yield f"no date in {spell(at)}", with_answer(exchange, at, old.replace("T", " "))
            if isinstance(old, bool):
                yield f"a boolean as a text in {spell(at)}", with_answer(exchange, at, str(old).lower())
        if "@odata.type" in value:
            odd = "#microsoft.graph.noSuchAuthenticationMethod"
            yield f"an unknown type in {spell(path)}", with_answer(exchange, path + ["@odata.type"], odd)
    if "error" in answer:
        yield "an error without a code", changed(exchange, answer='{"error": {"message": "x"}}')
        yield "an error of another shape", changed(exchange, answer='{"Message": "x"}')


def of_request(exchange):
    """The request with one thing wrong, each with what that is."""
    path, mark, query = exchange["url"].partition("?")
    yield "a path that is none", changed(exchange, url=f"{path}/noSuchPath/noSuchPath{mark}{query}")
    segments = path.split("/")
    for at in range(2, len(segments)):
        if segments[at].isalpha():
            misspelt = "/".join([*segments[:at], segments[at] + "x", *segments[at + 1 :]])
            # What follows `users` may be any name, and what follows `hardwareOathMethods` any id.
            if "/".join(segments[:at]).rsplit("/", 1)[-1] not in ("users", "hardwareOathMethods"):
                yield f"a misspelt {segments[at]}", changed(exchange, url=misspelt + mark + query)
    yield "a version that is none", changed(exchange, url=re.sub("^/[^/]+", "/v2.0", exchange["url"]))
    yield "a verb that is none", changed(exchange, verb="PUT")
    yield "an unknown option", changed(exchange, url=f"{path}?{query}{mark and '&'}$noSuchOption=1")
    bare = {name: value for name, value in exchange["headers"].items() if name != "authorization"}
    yield "no token", changed(exchange, headers=bare)
    if exchange["verb"] == "GET":
        yield "a body", changed(exchange, body="{}")
        yield "an unknown property in $select", changed(exchange, url=f"{path}?$select=id,noSuchProperty")
    if "filter=" in query:
        yield "an unknown property in $filter", changed(exchange, url=f"{path}?$filter=noSuchProperty eq 'x'")
    if "top=" in query:
        yield "no number in $top", changed(exchange, url=f"{path}?$top=many")
    if exchange["body"]:
        for name, value in json.loads(exchange["body"]).items():
            more = {name: value, "noSuchProperty": 1}
            yield "an unknown property in the body", changed(exchange, body=json.dumps(more))
            yield "no member of the enum in the body", changed(exchange, body=json.dumps({name: "noSuchMember"}))
            yield "a wrong type in the body", changed(exchange, body=json.dumps({name: 1}))


AS_JSON = {"content-type": "application/json"}


def changed(exchange, **changes):
    return {**exchange, **changes}


def with_answer(exchange, path, value):
    answer = copy.deepcopy(json.loads(exchange["answer"]))
    inner = answer
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return changed(exchange, answer=json.dumps(answer))


def objects(value, path=()):
    """Every object in an answer; of a list, one object of each type."""
    path = list(path)
    if isinstance(value, dict):
        yield path, value
        for name, inner in value.items():
            yield from objects(inner, path + [name])
    elif isinstance(value, list):
        seen = set()
        for number, inner in enumerate(value):
            kind = isinstance(inner, dict) and inner.get("@odata.type")
            if kind not in seen:
                seen.add(kind)
                yield from objects(inner, path + [number])


def spell(path):
    return "/".join(str(part) for part in path) or "the answer"
