# SPDX-License-Identifier: Apache-2.0
"""Certificates made on the spot with the openssl program."""
import os
import subprocess


def self_signed(directory, name="server", host="localhost", days=30):
    """Returns the paths of a certificate and its key, for `host` and 127.0.0.1."""
    cert, key = (os.path.join(str(directory), name + end) for end in (".pem", ".key"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert,
                    "-days", str(days), "-subj", "/CN=" + host,
                    "-addext", f"subjectAltName=DNS:{host},IP:127.0.0.1"],
                   check=True, capture_output=True)
    os.chmod(key, 0o600)
    return cert, key
