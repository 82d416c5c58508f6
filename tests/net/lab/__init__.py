# SPDX-License-Identifier: Apache-2.0
"""Network namespaces, processes and topologies for the end-to-end tests.

A test asks for the `lab` fixture, builds a topology from it and runs the real programs inside:

    net = lab.internet()
    server = lab.server(net.host("server"))
    network = server.create_network("home")
    a = lab.client(net.router("a").node("a"))
    a.register(server.create_token(network))
    a.agent()

Everything a lab makes is removed with it, also when the test fails or is interrupted. Names carry
the process id, so that several runs on one machine do not meet.
"""
from .build import build_directory, has_data_plane
from .lab import Lab
from .lightscale import Client, Server
from .netns import Namespace, sweep_stale
from .process import Process
from .topology import Host, Internet, Router
from .traffic import ping, tcp_transfer
from .wait import WaitTimeout, wait_for

__all__ = ["Client", "Host", "Internet", "Lab", "Namespace", "Process", "Router", "Server",
           "WaitTimeout", "build_directory", "has_data_plane", "ping", "sweep_stale",
           "tcp_transfer", "wait_for"]
