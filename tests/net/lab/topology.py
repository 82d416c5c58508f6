# SPDX-License-Identifier: Apache-2.0
"""Hosts on a small internet, some of them behind home routers.

              server                                    node c
          198.51.100.2                              198.51.100.3
         2001:db8:0::2                             2001:db8:0::3
               |                                         |
    ===========+============ internet (bridge) ==========+===========
                    |                              |
                 router a                       router b
        wan 198.51.100.4                 wan 198.51.100.5
           2001:db8:0::4                    2001:db8:0::5
     masquerade (v4), stateful filter: nothing unsolicited comes in
        lan 192.168.1.1                  lan 192.168.1.1
           2001:db8:1::1                    2001:db8:2::1
                    |                              |
                 node a                         node b
            192.168.1.2                    192.168.1.2
           2001:db8:1::2                  2001:db8:2::2

Each host is a namespace; the addresses follow the order of creation. As in real homes both LANs
use the same private IPv4 range, and IPv6 is routed and filtered but not translated.
"""
from .netns import ip

WAN_V4 = "198.51.100."
WAN_V6 = "2001:db8:0::"
LAN_V4 = "192.168.1."

HOME_ROUTER_RULES = """
table inet home {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		iifname { "lo", "lan" } accept
		meta l4proto ipv6-icmp accept
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		iifname "lan" accept
	}
}
table ip home_nat {
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "wan" masquerade
	}
}
"""


def link(left, left_name, right, right_name):
    """A virtual cable between two namespaces."""
    ip("link", "add", left_name, "netns", left.name, "type", "veth",
       "peer", "name", right_name, "netns", right.name)
    left.ip("link", "set", left_name, "up")
    right.ip("link", "set", right_name, "up")


class Host:
    """A namespace with one underlay address of each family, on interface `wan`, `lan` or `eth0`."""

    def __init__(self, name, ns, interface, ipv4, ipv6):
        self.name = name
        self.ns = ns
        self.interface = interface
        self.ipv4 = ipv4
        self.ipv6 = ipv6

    def __repr__(self):
        return f"<Host {self.name} {self.ipv4} {self.ipv6}>"

    def assign(self, gateway_v4=None, gateway_v6=None):
        ns, dev = self.ns, self.interface
        ns.ip("addr", "add", f"{self.ipv4}/24", "dev", dev)
        ns.ip("addr", "add", f"{self.ipv6}/64", "dev", dev, "nodad")
        if gateway_v4:
            ns.ip("route", "add", "default", "via", gateway_v4)
        if gateway_v6:
            ns.ip("-6", "route", "add", "default", "via", gateway_v6)

    def cut(self):
        """Pulls the cable."""
        self.ns.ip("link", "set", self.interface, "down")

    def mend(self, gateway_v4=None, gateway_v6=None):
        """Plugs it in again; a link that goes down loses its IPv6 addresses and its routes."""
        ns, dev = self.ns, self.interface
        ns.ip("link", "set", dev, "up")
        ns.ip("addr", "replace", f"{self.ipv6}/64", "dev", dev, "nodad")
        if gateway_v4:
            ns.ip("route", "replace", "default", "via", gateway_v4)
        if gateway_v6:
            ns.ip("-6", "route", "replace", "default", "via", gateway_v6)


class Router:
    """A home router: its public side is `wan`, its nodes sit behind `lan`."""

    def __init__(self, lab, wan, number, nat=True):
        self.lab = lab
        self.wan = wan
        self.ns = wan.ns
        self.name = wan.name
        self.lan_v6 = f"2001:db8:{number:x}::"
        self._hosts = 1
        ns = self.ns
        ns.sysctl("net.ipv4.ip_forward", 1)
        ns.sysctl("net.ipv6.conf.all.forwarding", 1)
        ns.ip("link", "add", "lan", "type", "bridge")
        ns.ip("link", "set", "lan", "up")
        ns.ip("addr", "add", f"{LAN_V4}1/24", "dev", "lan")
        ns.ip("addr", "add", f"{self.lan_v6}1/64", "dev", "lan", "nodad")
        if nat:
            ns.nft(HOME_ROUTER_RULES)

    @property
    def ipv4(self):
        return self.wan.ipv4

    @property
    def ipv6(self):
        return self.wan.ipv6

    def node(self, name):
        """A host on this router's LAN."""
        self._hosts += 1
        ns = self.lab.namespace(name)
        port = f"lan{self._hosts}"
        link(ns, "eth0", self.ns, port)
        self.ns.ip("link", "set", port, "master", "lan")
        host = Host(name, ns, "eth0", f"{LAN_V4}{self._hosts}", f"{self.lan_v6}{self._hosts:x}")
        host.assign(f"{LAN_V4}1", f"{self.lan_v6}1")
        return host


class Internet:
    """The bridge that joins them all. IPv6 LANs are routed by every host on it."""

    def __init__(self, lab):
        self.lab = lab
        self.ns = lab.namespace("internet")
        self.ns.ip("link", "add", "br0", "type", "bridge")
        self.ns.ip("link", "set", "br0", "up")
        # The provider's router: default gateway of all, knows the way to each LAN.
        self.ns.sysctl("net.ipv4.ip_forward", 1)
        self.ns.sysctl("net.ipv6.conf.all.forwarding", 1)
        self.ns.ip("addr", "add", f"{WAN_V4}1/24", "dev", "br0")
        self.ns.ip("addr", "add", f"{WAN_V6}1/64", "dev", "br0", "nodad")
        self._hosts = 1
        self._routers = 0

    def host(self, name, interface="wan"):
        """A host with public addresses and no filter."""
        self._hosts += 1
        ns = self.lab.namespace(name)
        port = f"p{self._hosts}"
        link(ns, interface, self.ns, port)
        self.ns.ip("link", "set", port, "master", "br0")
        host = Host(name, ns, interface, f"{WAN_V4}{self._hosts}", f"{WAN_V6}{self._hosts:x}")
        host.assign(f"{WAN_V4}1", f"{WAN_V6}1")
        return host

    def router(self, name, nat=True):
        """A router named `r-<name>`; nat=False gives a plain one without filter."""
        self._routers += 1
        wan = self.host(f"r-{name}")
        router = Router(self.lab, wan, self._routers, nat)
        self.ns.ip("-6", "route", "add", f"{router.lan_v6}/64", "via", wan.ipv6)
        return router
