#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes noise_transcript.h: whole WireGuard exchanges derived from the paper (sections 5.4.2 to
5.4.7) with hashlib and the `cryptography` package, sharing nothing with the engine.

    tests/vectors/make_noise_transcript.py > tests/vectors/noise_transcript.h
"""

import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CONSTRUCTION = b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"
IDENTIFIER = b"WireGuard v1 zx2c4 Jason@zx2c4.com"


def blake(data):
    return hashlib.blake2s(data).digest()


def mac(key, data):
    return hashlib.blake2s(data, key=key, digest_size=16).digest()


def kdf(count, key, data):
    secret = hmac.new(key, data, hashlib.blake2s).digest()
    out, block = [], b""
    for i in range(1, count + 1):
        block = hmac.new(secret, block + bytes([i]), hashlib.blake2s).digest()
        out.append(block)
    return out


def seal(key, counter, plain, ad=b""):
    return ChaCha20Poly1305(key).encrypt(struct.pack("<IQ", 0, counter), plain, ad)


def public(private):
    key = X25519PrivateKey.from_private_bytes(private).public_key()
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def dh(private, other):
    return X25519PrivateKey.from_private_bytes(private).exchange(
        X25519PublicKey.from_public_bytes(other))


def hchacha20(key, nonce):
    """draft-irtf-cfrg-xchacha-03 section 2.2"""
    state = list(struct.unpack("<16I", b"expand 32-byte k" + key + nonce))

    def quarter(a, b, c, d):
        for x, y, z, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[x] = (state[x] + state[y]) & 0xFFFFFFFF
            mixed = state[z] ^ state[x]
            state[z] = ((mixed << bits) | (mixed >> (32 - bits))) & 0xFFFFFFFF

    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<8I", *(state[:4] + state[12:]))


def xseal(key, nonce, plain, ad):
    return ChaCha20Poly1305(hchacha20(key, nonce[:16])).encrypt(bytes(4) + nonce[16:], plain, ad)


def fixed(label):
    """32 bytes that anyone can make again."""
    return blake(b"lightscale test vector: " + label)


def tai64n(seconds, nanoseconds):
    return struct.pack(">QI", (1 << 62) + 10 + seconds, nanoseconds & ~((1 << 24) - 1))


def inner_packet(src, dst, payload):
    return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, 17, 0,
                       bytes(src), bytes(dst)) + payload


def add_macs(msg, responder_public, cookie=None):
    mac1 = mac(blake(b"mac1----" + responder_public), msg)
    mac2 = mac(cookie, msg + mac1) if cookie else bytes(16)
    return msg + mac1 + mac2


def data_message(key, receiver, counter, plain):
    padded = plain + bytes(-len(plain) % 16)
    return struct.pack("<IIQ", 4, receiver, counter) + seal(key, counter, padded)


def transcript(name, psk):
    """One exchange; the names are those of the paper."""
    seconds, nanoseconds = 1750000000, 123456789
    s_i, s_r = fixed(b"static initiator"), fixed(b"static responder")
    e_i, e_r = fixed(name + b" ephemeral initiator"), fixed(name + b" ephemeral responder")
    index_i, index_r = 0x1A2B3C4D, 0xFEDCBA98
    pub_i, pub_r, epub_i, epub_r = public(s_i), public(s_r), public(e_i), public(e_r)

    # 5.4.2, first message
    c = blake(CONSTRUCTION)
    h = blake(blake(c + IDENTIFIER) + pub_r)
    c, = kdf(1, c, epub_i)
    h = blake(h + epub_i)
    c, k = kdf(2, c, dh(e_i, pub_r))
    sealed_static = seal(k, 0, pub_i, h)
    h = blake(h + sealed_static)
    c, k = kdf(2, c, dh(s_i, pub_r))
    sealed_timestamp = seal(k, 0, tai64n(seconds, nanoseconds), h)
    h = blake(h + sealed_timestamp)
    bare = struct.pack("<II", 1, index_i) + epub_i + sealed_static + sealed_timestamp
    initiation = add_macs(bare, pub_r)

    # 5.4.7, a cookie for the initiation, and the initiation that carries its proof
    secret, nonce = fixed(b"cookie secret"), fixed(b"cookie nonce")[:24]
    source_ip, source_port = bytes([192, 0, 2, 1]), 51820
    cookie = mac(secret, source_ip + struct.pack(">H", source_port))
    cookie_reply = struct.pack("<II", 3, index_i) + nonce + xseal(
        blake(b"cookie--" + pub_r), nonce, cookie, initiation[-32:-16])
    initiation_mac2 = add_macs(bare, pub_r, cookie)

    # 5.4.3, second message
    c, = kdf(1, c, epub_r)
    h = blake(h + epub_r)
    c, = kdf(1, c, dh(e_r, epub_i))
    c, = kdf(1, c, dh(e_r, pub_i))
    c, tau, k = kdf(3, c, psk)
    h = blake(h + tau)
    nothing = seal(k, 0, b"", h)
    response = add_macs(struct.pack("<III", 2, index_r, index_i) + epub_r + nothing, pub_i)

    # 5.4.5 and 5.4.6
    to_responder, to_initiator = kdf(2, c, b"")
    packet_i = inner_packet([10, 0, 0, 1], [10, 0, 0, 2], b"from the initiator")
    packet_r = inner_packet([10, 0, 0, 2], [10, 0, 0, 1], b"an answer, longer than the question")
    return {
        "static_initiator": s_i, "static_responder": s_r, "psk": psk,
        "ephemeral_initiator": e_i, "ephemeral_responder": e_r,
        "index_initiator": struct.pack("<I", index_i),
        "index_responder": struct.pack("<I", index_r),
        "initiation": initiation, "response": response,
        "packet_initiator": packet_i, "packet_responder": packet_r,
        "data_initiator": data_message(to_responder, index_r, 0, packet_i),
        "data_responder": data_message(to_initiator, index_i, 0, packet_r),
        "keepalive_initiator": data_message(to_responder, index_r, 1, b""),
        "cookie_secret": secret, "cookie_nonce": nonce,
        "cookie_reply": cookie_reply, "initiation_mac2": initiation_mac2,
    }


def main():
    rows = [transcript(b"plain", bytes(32)), transcript(b"psk", fixed(b"psk"))]
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print("/* Made by make_noise_transcript.py. Do not edit. */")
    print("/* clang-format off */")
    print("#ifndef LS_TESTS_NOISE_TRANSCRIPT_H\n#define LS_TESTS_NOISE_TRANSCRIPT_H\n")
    print("#include <stdint.h>\n")
    print("struct noise_vector {")
    for key, value in rows[0].items():
        print(f"\tuint8_t {key}[{len(value)}];")
    print("};\n")
    print("static const struct noise_vector noise_vectors[] = {")
    for row in rows:
        print("\t{")
        for key, value in row.items():
            print(f"\t\t.{key} = {{")
            for at in range(0, len(value), 16):
                print("\t\t\t" + " ".join(f"0x{b:02x}," for b in value[at:at + 16]))
            print("\t\t},")
        print("\t},")
    print("};\n\n#endif")


main()
