# SPDX-License-Identifier: Apache-2.0
"""What OpenAPI 3.1 asks of a document, as far as ours uses it; and what we ask beyond: no misspelt
member, nothing unused, everything described."""
import re

import jsonschema

from openapi_contract import METHODS, resolve

# Kind of object: its members, those that must be there in capitals.
MEMBERS = {
    "document": "OPENAPI INFO SERVERS TAGS PATHS COMPONENTS",
    "info": "TITLE VERSION SUMMARY DESCRIPTION LICENSE",
    "operation": "OPERATIONID TAGS SUMMARY SECURITY RESPONSES description parameters requestBody",
    "parameter": "NAME IN REQUIRED DESCRIPTION SCHEMA",
    "header": "DESCRIPTION SCHEMA required",
    "body": "REQUIRED CONTENT X-MAX-BYTES",
    "media": "SCHEMA",
    "response": "DESCRIPTION headers content",
    "scheme": "TYPE SCHEME DESCRIPTION",
    "components": "SECURITYSCHEMES PARAMETERS HEADERS RESPONSES SCHEMAS",
}
# A keyword that JSON Schema does not know is no error there: it does nothing.
KEYWORDS = {"$ref", "type", "format", "enum", "const", "pattern", "minLength", "maxLength",
            "minimum", "maximum", "items", "minItems", "maxItems", "properties", "required",
            "additionalProperties", "allOf", "anyOf", "oneOf", "default", "description", "examples"}
FORMATS = {"uuid", "ipv4", "ipv6", "int64", "uint64"}
STATUSES = {"200", "204", "304", "400", "401", "404", "409", "413", "429", "500", "503"}


class Rules:
    def __init__(self, document):
        self.document = document
        self.found = []
        self.used = set()
        self.operation_ids = []

    def fault(self, where, text):
        self.found.append(f"{where}: {text}")

    def members(self, kind, item, where):
        words = MEMBERS[kind].split()
        allowed = {word.lower() for word in words}
        for name in item:
            if name.lower() not in allowed:
                self.fault(where, f"{name} is no member of a {kind}")
        present = {name.lower() for name in item}
        for word in words:
            if word.isupper() and word.lower() not in present:
                self.fault(where, f"{word.lower()} is missing")
        for name in ("description", "summary", "title"):
            if name in item and not str(item[name]).strip():
                self.fault(where, f"{name} is empty")

    def follow(self, item, kind, where):
        """What stands behind a reference to a component of that kind, or the item itself."""
        if "$ref" not in item:
            return item
        if set(item) != {"$ref"} or not item["$ref"].startswith(f"#/components/{kind}/"):
            self.fault(where, f"no reference to one of {kind}: {item}")
            return {}
        self.used.add(item["$ref"])
        try:
            return resolve(self.document, item["$ref"])
        except KeyError:
            self.fault(where, f"{item['$ref']} leads nowhere")
            return {}

    def schema(self, item, where):
        """One schema and those inside."""
        try:
            jsonschema.Draft202012Validator.check_schema(item)
        except jsonschema.SchemaError as error:
            self.fault(where, f"no schema: {error.message}")
            return
        self.schema_parts(item, where)

    def schema_parts(self, item, where):
        if not isinstance(item, dict):
            return
        for name in set(item) - KEYWORDS:
            self.fault(where, f"{name} is no keyword that is in use here")
        if "$ref" in item:
            self.follow(item, "schemas", where)
        if item.get("format", "int64") not in FORMATS:
            self.fault(where, f"format {item['format']} is not checked by anything")
        if "pattern" in item:
            re.compile(item["pattern"])
        for name, inner in item.get("properties", {}).items():
            self.schema_parts(inner, f"{where}.{name}")
        if "properties" in item:
            for name in set(item.get("required", [])) - set(item["properties"]):
                self.fault(where, f"{name} is required and not described")
        for word in ("allOf", "anyOf", "oneOf"):
            for index, inner in enumerate(item.get(word, [])):
                self.schema_parts(inner, f"{where}.{word}[{index}]")
        if "items" in item:
            self.schema_parts(item["items"], f"{where}[]")
        elif "array" in item.get("type", ""):
            self.fault(where, "an array of what?")

    def content(self, content, where):
        for media, item in content.items():
            self.members("media", item, f"{where} {media}")
            self.schema(item["schema"], f"{where} {media}")

    def parameters(self, items, path, where):
        """Returns the (place, name) of them."""
        names = []
        for item in items:
            item = self.follow(item, "parameters", where)
            self.members("parameter", item, where)
            self.schema(item.get("schema", {}), where)
            if item.get("in") not in ("path", "query", "header"):
                self.fault(where, f"a parameter in {item.get('in')}")
            if item.get("in") == "path" and (not item["required"]
                                             or f"{{{item['name']}}}" not in path):
                self.fault(where, f"path parameter {item['name']}")
            names.append((item.get("in"), item.get("name")))
        if len(set(names)) != len(names):
            self.fault(where, "a parameter occurs twice")
        return names

    def response(self, item, where):
        self.members("response", item, where)
        for name, header in item.get("headers", {}).items():
            header = self.follow(header, "headers", f"{where} {name}")
            self.members("header", header, f"{where} {name}")
            self.schema(header.get("schema", {}), f"{where} {name}")
        self.content(item.get("content", {}), where)

    def operation(self, item, path, shared, where):
        self.members("operation", item, where)
        self.operation_ids.append(item.get("operationId"))
        names = shared + self.parameters(item.get("parameters", []), path, where)
        for name in re.findall(r"\{(\w+)\}", path):
            if ("path", name) not in names:
                self.fault(where, f"path parameter {name} is not described")
        for alternative in item.get("security", []):
            for name in alternative:
                self.follow({"$ref": f"#/components/securitySchemes/{name}"}, "securitySchemes",
                            where)
        for tag in item.get("tags", []):
            if tag not in [it["name"] for it in self.document["tags"]]:
                self.fault(where, f"tag {tag} is not described")
            self.used.add(tag)
        if "requestBody" in item:
            self.members("body", item["requestBody"], where)
            self.content(item["requestBody"]["content"], where)
        for status, response in item["responses"].items():
            if status not in STATUSES:
                self.fault(where, f"status {status} is none of the protocol's")
            self.response(self.follow(response, "responses", where), f"{where} {status}")

    def path(self, path, item):
        shared = self.parameters(item.get("parameters", []), path, path)
        for name, operation in item.items():
            if name in METHODS:
                self.operation(operation, path, shared, f"{name.upper()} {path}")
            elif name != "parameters":
                self.fault(path, f"{name} is no method")

    def components(self):
        parts = self.document["components"]
        self.members("components", parts, "components")
        for name, scheme in parts["securitySchemes"].items():
            self.members("scheme", scheme, name)
        for name, item in parts["responses"].items():
            self.response(item, name)
        for name, item in parts["schemas"].items():
            self.schema(item, name)
        for kind, items in parts.items():
            for name in items:
                if f"#/components/{kind}/{name}" not in self.used:
                    self.fault(name, f"one of {kind} that nothing uses")

    def check(self):
        """All that is wrong with the document."""
        document = self.document
        self.members("document", document, "document")
        self.members("info", document["info"], "info")
        if not re.fullmatch(r"3\.1\.\d+", document["openapi"]):
            self.fault("openapi", document["openapi"])
        for path, item in document["paths"].items():
            self.path(path, item)
        self.components()
        for tag in document["tags"]:
            if tag["name"] not in self.used or not tag.get("description"):
                self.fault(tag["name"], "a tag that is unused or not described")
        for name in self.operation_ids:
            if self.operation_ids.count(name) != 1:
                self.fault(name, "an operationId that is not unique")
        shapes = [re.sub(r"\{\w+\}", "{}", path) for path in document["paths"]]
        if len(set(shapes)) != len(shapes):
            self.fault("paths", "two of them match the same requests")
        return self.found
