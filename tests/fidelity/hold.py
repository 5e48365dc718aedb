"""Holds recorded traffic against the descriptions of Graph, with openapi-core as the judge.

    python3 tests/fidelity/hold.py traffic.jsonl

A line of the traffic is one request with its answer, as tests/scenarios/fidelity/recorder.rs writes it.
"""

import importlib.util
import json
import multiprocessing
import os
import re
import sys
import time
from collections import Counter
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from jsonschema.exceptions import best_match
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

import breaks
from describe import describe

HERE = Path(__file__).parent
HOST = "https://graph.microsoft.com"
VERSIONS = ("v1.0", "beta")

# What may differ between two exchanges that are judged alike: ids, and the port of the tenant.
VARYING = re.compile(r"\b[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}\b|127\.0\.0\.1:\d+")

UNIMPORTANT = {"authorization", "client-request-id", "content-length", "date", "host", "request-id"}

# With fewer, a part was not recorded.
LEAST_EXCHANGES = 2000
LEAST_KINDS = 200
STATUSES = {200, 204, 400, 401, 403, 404, 409, 423, 429, 500, 502, 503, 504}


class Request:
    """A recorded request, as openapi-core wants to see one."""

    def __init__(self, exchange):
        url = urlsplit(exchange["url"])
        self.host_url = HOST
        self.path = with_key_as_segment(url.path)
        self.method = exchange["verb"].lower()
        self.body = exchange["body"].encode() or None
        headers = Headers(exchange["headers"])
        self.content_type = headers.get("content-type", "application/json" if self.body else "").lower()
        self.query = parse_qsl(url.query, keep_blank_values=True)
        self.parameters = RequestParameters(query=ImmutableMultiDict(self.query), header=headers)


class Answer:
    """A recorded answer, likewise."""

    def __init__(self, exchange):
        self.status_code = exchange["status"]
        self.headers = Headers(exchange["answerHeaders"])
        self.content_type = self.headers.get("content-type", "").lower()
        self.data = exchange["answer"].encode() or None


def with_key_as_segment(path):
    """`users('name')` means `users/name`, and only the latter is a path of the SDKs: see "Key-as-Segment Convention"
    in https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html"""
    version, _, rest = path.lstrip("/").partition("/")
    collection, bracket, key = unquote(rest).partition("('")
    if bracket and collection.isalpha():
        key, end, below = key.rpartition("')")
        if end:
            rest = f"{collection}/{key}{below}"
    return f"/{version}/{rest}"


class Judge:
    def __init__(self):
        # That the descriptions are good OpenAPI is for the test of the judge to say: it takes seconds.
        config = Config(spec_validator_cls=None)
        self.judged = {}
        self.texts = {version: json.loads((HERE / f"{version}.openapi.json").read_text()) for version in VERSIONS}
        self.descriptions = {version: OpenAPI.from_dict(text, config=config) for version, text in self.texts.items()}

    def of_request(self, exchange):
        """What is wrong with the request."""
        return self._once(self._of_request, exchange, "verb", "url", "headers", "body")

    def of_answer(self, exchange):
        """What is wrong with the answer."""
        return self._once(self._of_answer, exchange, "verb", "url", "status", "answerHeaders", "answer")

    def _once(self, judge, exchange, *parts):
        """Judges what was judged before no second time: openapi-core takes its time."""
        seen = {part: exchange[part] for part in parts}
        for part in seen.keys() & {"headers", "answerHeaders"}:
            seen[part] = sorted(one for one in seen[part].items() if one[0] not in UNIMPORTANT)
        # Whose token it is does not matter.
        has_token = "authorization" in exchange["headers"]
        key = VARYING.sub("x", json.dumps([judge.__name__, has_token, seen]))
        if key not in self.judged:
            request = Request(exchange)
            version = request.path.split("/")[1]
            known = version in self.descriptions
            self.judged[key] = judge(version, request, exchange) if known else [f"there is no version {version!r}"]
        return self.judged[key]

    def _of_request(self, version, request, _):
        try:
            self.descriptions[version].validate_request(request)
        except OpenAPIError as error:
            return reasons(error)
        # OpenAPI has no word for "no other options".
        operation = self._operation(version, request)
        known = {option["name"] for option in operation.get("parameters", [])}
        wrong = [f"there is no query option {name}" for name, _ in request.query if name not in known]
        body = operation.get("requestBody", {})
        if request.body and not body.get("content"):
            wrong.append("this request has no body")
        return wrong

    def _operation(self, version, request):
        paths = self.texts[version]["paths"]
        segments = request.path.split("/")[2:]
        for template in sorted(paths, key=lambda template: template.count("{")):
            parts = template.split("/")[1:]
            if len(parts) == len(segments) and all(
                part.startswith("{") or part == segment for part, segment in zip(parts, segments)
            ):
                return paths[template][request.method]
        raise KeyError(request.path)

    def _of_answer(self, version, request, exchange):
        try:
            self.descriptions[version].validate_response(request, Answer(exchange))
        except OpenAPIError as error:
            return reasons(error)
        return []


def reasons(error):
    """Every reason that openapi-core and, below it, jsonschema give."""
    found = []
    while error is not None:
        for detail in getattr(error, "schema_errors", []):
            detail = best_match([detail])
            where = "/".join(str(part) for part in detail.absolute_path)
            found.append(f"{where or 'the whole'}: {detail.message[:300]}")
        last, error = error, error.__cause__
    return found or [f"{type(last).__name__}: {last}"]


def kind(exchange):
    """Exchanges that differ in nothing but whom they are about."""
    path, _, query = exchange["url"].partition("?")
    path = re.sub(r"(?<=/users/)[^/]+|(?<=Methods/)[^/]+|(?<=methods/)[^/]+", "{}", path)
    return exchange["verb"], path, tuple(sorted(name for name, _ in parse_qsl(query)))


def of_each_kind(exchanges):
    """One exchange for each kind, status and type of object in the answer. Errors are the same for all paths."""
    chosen = {}
    for exchange in exchanges:
        for odata_type in set(re.findall(r'"@odata.type":"([^"]+)"', exchange["answer"])) or {None}:
            # The longest answer has most to be broken.
            what = kind(exchange) if exchange["status"] < 400 else exchange["verb"]
            other = chosen.get(key := (what, exchange["status"], odata_type))
            if not other or len(other["answer"]) < len(exchange["answer"]):
                chosen[key] = exchange
    return list({id(exchange): exchange for exchange in chosen.values()}.values())


def hold(judge, exchanges):
    """The violations in what was recorded, each in a line."""
    found = []
    for number, exchange in enumerate(exchanges, start=1):
        call = f"{exchange['verb']} {exchange['url']} ({exchange['status']})"
        found += [f"line {number}, request of {call}: {one}" for one in judge.of_request(exchange)]
        found += [f"line {number}, answer of {call}: {one}" for one in judge.of_answer(exchange)]
    return found


def prove(judge, exchanges):
    """Breaks one of each kind in every way, and looks at one in EVERY of these.

    Gives how many broken ones there were, and those that were not found.
    """
    requests = {kind(exchange): exchange for exchange in exchanges}.values()
    broken = [("request", *one) for exchange in requests for one in breaks.of_request(exchange)]
    broken += [("answer", *one) for exchange in of_each_kind(exchanges) for one in breaks.of_answer(exchange)]
    broken = broken[:: int(os.environ.get("EVERY", "4"))]
    # Each process has a judge of its own, a copy of this one.
    context = multiprocessing.get_context("fork")
    with context.Pool(initializer=set_judge, initargs=(judge,)) as pool:
        found = pool.map(is_found, broken, chunksize=50)
    missed = [
        f"not found: {what} in the {of} of {exchange['verb']} {exchange['url']}"
        for (of, what, exchange), is_one in zip(broken, found)
        if not is_one
    ]
    return Counter(of for of, _, _ in broken), missed


def set_judge(judge):
    globals()["the_judge"] = judge


def is_found(broken):
    of, _, exchange = broken
    return bool(the_judge.of_request(exchange) if of == "request" else the_judge.of_answer(exchange))


def is_outdated():
    """Whether the description of v1.0 is not what the SDK says that tests/microsoft uses."""
    installed = Path(importlib.util.find_spec("msgraph").origin).parents[1]
    made, _ = describe("v1.0", installed)
    return made != (HERE / "v1.0.openapi.json").read_text()


def main(file):
    start = time.monotonic()
    judge = Judge()
    exchanges = [json.loads(line) for line in Path(file).read_text().splitlines()]
    statuses = Counter(exchange["status"] for exchange in exchanges)
    kinds = {(kind(exchange), exchange["status"]) for exchange in exchanges}
    wrong = hold(judge, exchanges)
    by_status = ", ".join(f"{count} with {status}" for status, count in sorted(statuses.items()))
    print(f"fidelity: {len(exchanges)} requests and answers, of {len(kinds)} kinds: {by_status}")
    print(f"fidelity: {len(wrong)} violations")
    broken, missed = prove(judge, exchanges)
    requests, answers = broken["request"], broken["answer"]
    print(f"fidelity: {requests} broken requests and {answers} broken answers, {len(missed)} not found")
    print(f"fidelity: {time.monotonic() - start:.0f} s")
    wrong += missed
    if len(exchanges) < LEAST_EXCHANGES or len(kinds) < LEAST_KINDS:
        wrong.append(f"too little was recorded: it is at least {LEAST_EXCHANGES} exchanges of {LEAST_KINDS} kinds")
    if STATUSES - statuses.keys():
        wrong.append(f"no answer with {sorted(STATUSES - statuses.keys())} was recorded")
    if is_outdated():
        wrong.append("v1.0.openapi.json is not what describe.py makes of the installed msgraph-sdk: run it")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
