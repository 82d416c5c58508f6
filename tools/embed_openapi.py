#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the C source that holds the API's description: embed_openapi.py INPUT OUTPUT VERSION.

The document is written without blanks; its version becomes that of the build, its ETag a hash of
the bytes that are served."""
import hashlib
import json
import sys

LINE = 90  # bytes of text in one line of C


def c_string(data):
    """`data` in printable ASCII; "??" would start a trigraph."""
    return data.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?")


def main():
    source, output, version = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        document = json.load(file)
    document["info"]["version"] = version
    text = json.dumps(document, separators=(",", ":"))
    etag = hashlib.sha256(text.encode()).hexdigest()[:32]
    with open(output, "w", encoding="ascii") as file:
        file.write('/* Made by tools/embed_openapi.py. */\n#include "server/api/openapi.h"\n\n')
        file.write(f'const char api_openapi_etag[] = "\\"{etag}\\"";\n')
        file.write(f"const size_t api_openapi_len = {len(text)};\nconst char api_openapi_text[] =\n")
        for start in range(0, len(text), LINE):
            file.write(f'        "{c_string(text[start:start + LINE])}"\n')
        file.write("        ;\n")


if __name__ == "__main__":
    main()
