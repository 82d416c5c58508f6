#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Usage: tls_front.py CERTIFICATE KEY PORT TARGET_PORT   TLS before a plain server on this host.

Logs `ready`, then for each connection `handshake` with what was agreed, or `refused`, and at its
end `bytes=N` that came through the tunnel. With TARGET_PORT 0 every connection is closed after the
client's first message, without an answer, and `cut` logged."""
import asyncio
import ssl
import sys


async def pump(reader, writer):
    moved = 0
    try:
        while data := await reader.read(65536):
            moved += len(data)
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
    return moved


async def serve(reader, writer, context, target):
    try:
        await writer.start_tls(context)
    except OSError as error:
        print(f"refused {error}", flush=True)
        return
    inside = writer.get_extra_info("ssl_object")
    print(f"handshake version={inside.version()} resumed={inside.session_reused} "
          f"sni={getattr(inside, 'sni', None)}", flush=True)
    from_server, to_server = await asyncio.open_connection("127.0.0.1", target)
    moved, _ = await asyncio.gather(pump(reader, to_server), pump(from_server, writer))
    print(f"bytes={moved}", flush=True)


async def cut(reader, writer):
    await reader.read(16)
    print("cut", flush=True)
    writer.close()


def remember_name(inside, name, _context):
    inside.sni = name


async def main():
    certificate, key, port, target = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.sni_callback = remember_name
    server = await asyncio.start_server(
        cut if target == "0" else lambda r, w: serve(r, w, context, int(target)), None, int(port))
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main())
