# SPDX-License-Identifier: Apache-2.0
"""docs/openapi.json as a contract: every request of the server tests and its answer are held to it
(server_fixtures.py calls check).

The protocol lets readers ignore members that they do not know, so the document allows them. Our own
server sends none that the document does not name: answers are checked with schemas that allow no
other."""
import functools
import json
import os
import re
import threading
import urllib.parse

import jsonschema

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DOCUMENT = os.path.join(TOP, "docs", "openapi.json")
FORM = "application/x-www-form-urlencoded"
PAGE = "text/html; charset=utf-8"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

# What was found by other threads than the test's own, where an exception may get lost; conftest.py
# looks here.
violations = []

FORMATS = jsonschema.FormatChecker(formats=("uuid", "ipv4", "ipv6"))
FORMATS.checks("int64")(lambda n: not isinstance(n, int) or -2**63 <= n < 2**63)
FORMATS.checks("uint64")(lambda n: not isinstance(n, int) or 0 <= n < 2**64)


def resolve(document, ref):
    """What a $ref into the same document points at; KeyError when there is nothing."""
    if not ref.startswith("#/"):
        raise KeyError(ref)
    found = document
    for step in ref[2:].split("/"):
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found


def _items(validator, items, instance, schema):
    """The keyword "items". Netmaps repeat the same peers: objects that fitted once are skipped."""
    if not validator.is_type(instance, "array"):
        return
    fitted = _FITTED.setdefault(id(items), (items, set()))[1]
    for index, item in enumerate(instance):
        key = hash(repr(item)) if isinstance(item, dict) else None
        if key is not None and key in fitted:
            continue
        errors = list(validator.descend(item, items, path=index))
        if not errors and key is not None:
            fitted.add(key)
        yield from errors


_FITTED = {}  # id of a schema: the schema, which keeps its id taken, and what fitted it
Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"items": _items})


class Schemas:
    """Schemas of the document with every $ref replaced by what it points at."""

    def __init__(self, document, strict):
        self.document = document
        self.strict = strict
        self.by_ref = {}

    def expand(self, node):
        if isinstance(node, list):
            return [self.expand(item) for item in node]
        if not isinstance(node, dict):
            return node
        if set(node) == {"$ref"}:
            ref = node["$ref"]
            if ref not in self.by_ref:
                self.by_ref[ref] = self.expand(resolve(self.document, ref))
            return self.by_ref[ref]
        made = {key: self.expand(value) for key, value in node.items()}
        if self.strict and isinstance(node.get("properties"), dict):
            made.setdefault("additionalProperties", False)
        return made

    def validator(self, schema):
        return Validator(self.expand(schema), format_checker=FORMATS)


def faults(validator, value, what):
    for error in validator.iter_errors(value):
        best = jsonschema.exceptions.best_match([error])
        place = "".join(f"[{step!r}]" for step in best.absolute_path)
        yield f"{what}{place}: {best.message[:300]}"


class Parameter:
    def __init__(self, item, schemas):
        self.name = item["name"]
        self.place = item["in"]
        self.required = item.get("required", False)
        schema = schemas.expand(item["schema"])
        self.is_number = schema.get("type") == "integer"
        self.validator = schemas.validator(item["schema"])

    def faults(self, text, what):
        if text is None:
            if self.required:
                yield f"{what} {self.name} is missing"
            return
        if self.is_number and not re.fullmatch(r"-?[0-9]+", text):
            yield f"{what} {self.name}: {text!r} is no whole number"
            return
        yield from faults(self.validator, int(text) if self.is_number else text,
                          f"{what} {self.name}")


class Response:
    def __init__(self, item, schemas):
        self.content = {media: schemas.validator(it["schema"])
                        for media, it in item.get("content", {}).items()}
        self.headers = [Parameter({"name": name, "in": "header", **it}, schemas)
                        for name, it in item.get("headers", {}).items()]

    def faults(self, answer, has_body):
        for header in self.headers:
            yield from header.faults(answer.headers[header.name], "header")
        media = answer.headers["Content-Type"]
        if not self.content:
            if media is not None or answer.body:
                yield f"no content is documented: {media} {answer.body[:100]!r}"
        elif media not in self.content:
            yield f"content type {media!r} is not documented"
        elif has_body:
            text = answer.body.decode()
            yield from faults(self.content[media],
                              json.loads(text) if media == "application/json" else text, "answer")


class Operation:
    def __init__(self, contract, path, method, shared, item):
        self.id = item["operationId"]
        self.path = path
        self.method = method.upper()
        self.security = item["security"]
        self.parameters = [Parameter(contract.follow(it), contract.lenient)
                           for it in shared + item.get("parameters", [])]
        self.responses = {int(status): Response(contract.follow_headers(contract.follow(it)),
                                                contract.strict)
                          for status, it in item["responses"].items()}
        # Where browsers get a page, they get one of an error, too.
        self.has_pages = PAGE in self.responses.get(200, Response({}, contract.strict)).content
        self.body_max = item.get("requestBody", {}).get("x-max-bytes")
        self.body = None
        if "requestBody" in item:
            media, content = next(iter(item["requestBody"]["content"].items()))
            self.is_form = media == FORM
            self.body = contract.lenient.validator(content["schema"])

    def request_faults(self, target, query, headers, body):
        """What is wrong with a request that the server took."""
        names = re.findall(r"\{(\w+)\}", self.path)
        given = {("path", name): value for name, value in zip(names, _match(self.path, target))}
        for name, value in urllib.parse.parse_qsl(query, keep_blank_values=True):
            given["query", name] = value
        for name, value in headers.items():
            given["header", name] = value
        for parameter in self.parameters:
            text = given.pop((parameter.place, parameter.name), None)
            yield from parameter.faults(text, f"{parameter.place} parameter")
        for place, name in given:
            if place != "header":
                yield f"{place} parameter {name} is not documented"
        if self.security and not any(name.lower() == "authorization" for name in headers):
            yield "taken without the credential that is documented"
        if self.body is not None:
            text = (body or b"").decode()
            yield from faults(self.body, dict(urllib.parse.parse_qsl(text, strict_parsing=True))
                              if self.is_form else json.loads(text or "null"), "body")


def _match(template, target):
    """The values of a template's parameters in a path; None when it is another path."""
    segments = [urllib.parse.unquote(s) for s in target.split("/")]
    pattern = template.split("/")
    if len(segments) != len(pattern):
        return None
    values = []
    for part, segment in zip(pattern, segments):
        if part.startswith("{"):
            if segment == "":
                return None
            values.append(segment)
        elif part != segment:
            return None
    return values


class Contract:
    def __init__(self, document):
        self.document = document
        self.lenient = Schemas(document, strict=False)
        self.strict = Schemas(document, strict=True)
        self.error = Response({"content": {"application/json": {
            "schema": {"$ref": "#/components/schemas/Error"}}}}, self.strict)
        self.seen = set()  # (operation id, status)
        self.operations = []
        for path, item in document["paths"].items():
            for method in METHODS:
                if method in item:
                    self.operations.append(Operation(self, path, method,
                                                     item.get("parameters", []), item[method]))

    def follow(self, item):
        return resolve(self.document, item["$ref"]) if "$ref" in item else item

    def follow_headers(self, item):
        headers = {name: self.follow(it) for name, it in item.get("headers", {}).items()}
        return {**item, "headers": headers}

    def operation(self, name):
        return next(it for it in self.operations if it.id == name)

    def check(self, method, path, headers, body, answer):
        """Raises AssertionError when a request and its answer are not what the document says."""
        found = [f"{method} {path[:100]}: {answer!r}: {text}"
                 for text in self._faults(method, path, headers, body, answer)]
        if threading.current_thread() is not threading.main_thread():
            violations.extend(found)
        assert not found, "\n".join(found)

    def _faults(self, method, path, headers, body, answer):
        target, _, query = path.partition("?")
        there = {it.method: it for it in self.operations if _match(it.path, target) is not None}
        # HEAD is answered where GET is; the text of the document says where it is not.
        operation = there.get("GET" if method == "HEAD" and answer.status != 405 else method)
        if operation is None:
            yield from self._refusal_faults(method, set(there), answer)
            return
        self.seen.add((operation.id, answer.status))
        response = operation.responses.get(answer.status)
        if response is None:
            yield f"this status of {operation.id} is not documented"
            return
        if answer.status >= 400 and operation.has_pages and answer.headers["Content-Type"] == PAGE:
            return
        yield from response.faults(answer, method != "HEAD")
        if answer.status < 300:
            yield from operation.request_faults(target, query, headers, body)

    def _refusal_faults(self, method, methods, answer):
        if answer.status != (405 if methods else 404):
            yield f"no documented operation, {405 if methods else 404} was expected"
        allowed = set((answer.headers["Allow"] or "").replace(" ", "").split(",")) - {"", "HEAD"}
        if allowed != methods:
            yield f"Allow has {sorted(allowed)}, the document {sorted(methods)}"
        yield from self.error.faults(answer, method != "HEAD")


@functools.lru_cache(maxsize=None)
def contract():
    with open(DOCUMENT, encoding="utf-8") as file:
        return Contract(json.load(file))
