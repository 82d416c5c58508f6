# SPDX-License-Identifier: Apache-2.0
"""Certificates for tests: an authority of its own, and what it issues."""
import datetime
import hashlib
import ipaddress
import os
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


_SIGNS = x509.KeyUsage(
    digital_signature=True, content_commitment=False, key_encipherment=False,
    data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
    encipher_only=False, decipher_only=False)


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_name(text):
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


class Certificate:
    """A certificate and its key as PEM files."""

    def __init__(self, path, certificate, key):
        self.certificate = certificate
        self.key = key
        self.path = path
        self.key_path = path + ".key"
        with open(path, "wb") as file:
            file.write(certificate.public_bytes(serialization.Encoding.PEM))
        with open(os.open(self.key_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                  "wb") as file:
            file.write(key.private_bytes(serialization.Encoding.PEM,
                                         serialization.PrivateFormat.PKCS8,
                                         serialization.NoEncryption()))

    @property
    def pin(self):
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        return hashlib.sha256(der).hexdigest()


class Authority:
    """Issues certificates into a directory; `directory/roots` is one for SSL_CERT_DIR."""

    def __init__(self, directory, name="Test Authority"):
        self.directory = str(directory)
        self._count = 0
        os.makedirs(os.path.join(self.directory, "roots"), exist_ok=True)
        self.key = new_key()
        self.root = self._make("roots/root.pem", name, name, self.key, self.key,
                               authority=True, days=(-3000, 3000))
        subprocess.run(["openssl", "rehash", self.roots], check=True, capture_output=True)

    @property
    def roots(self):
        return os.path.join(self.directory, "roots")

    @property
    def trusted(self):
        """The environment in which the authority is a known one."""
        return {"SSL_CERT_DIR": self.roots}

    def _make(self, path, subject, issuer, key, issuer_key, authority=False, days=(-1, 90),
              names=()):
        builder = (x509.CertificateBuilder()
                   .subject_name(_name(subject)).issuer_name(_name(issuer))
                   .public_key(key.public_key())
                   .serial_number(x509.random_serial_number())
                   .not_valid_before(NOW + datetime.timedelta(days=days[0]))
                   .not_valid_after(NOW + datetime.timedelta(days=days[1]))
                   .add_extension(x509.BasicConstraints(authority, None), critical=True)
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
                                  critical=False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
                       issuer_key.public_key()), critical=False))
        if authority:
            builder = builder.add_extension(_SIGNS, critical=True)
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general_name(name) for name in names]),
                critical=False)
        certificate = builder.sign(issuer_key, hashes.SHA256())
        return Certificate(os.path.join(self.directory, path), certificate, key)

    def issue(self, *names, days=(-1, 90), key=None):
        self._count += 1
        return self._make(f"{self._count}.pem", names[0][:60],
                          self.root.certificate.subject.rfc4514_string().removeprefix("CN="),
                          key or new_key(), self.key, days=days, names=names)

    def self_signed(self, *names, days=(-1, 90), key=None):
        self._count += 1
        key = key or new_key()
        return self._make(f"{self._count}.pem", names[0][:60], names[0][:60], key, key, days=days,
                          names=names)
