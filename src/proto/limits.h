/* SPDX-License-Identifier: Apache-2.0 */
/* Limits on lengths (in bytes, without NUL), counts and numbers, both for requests to our server
 * and for what our client reads. docs/protocol.md, "Limits". */
#ifndef LS_PROTO_LIMITS_H
#define LS_PROTO_LIMITS_H

enum limit_length {
	LIMIT_ID_LEN = 64,        /* ids are UUIDs here; relays carry ids of up to 64 bytes */
	LIMIT_NODE_NAME_LEN = 63, /* a DNS label (RFC 1035 2.3.4) */
	LIMIT_NETWORK_NAME_LEN = 128,
	LIMIT_DNS_NAME_LEN = 253,
	LIMIT_DNS_DOMAIN_LEN = LIMIT_DNS_NAME_LEN - LIMIT_NODE_NAME_LEN - 1,
	LIMIT_TAG_LEN = 64,
	LIMIT_OWNER_LEN = 254, /* an e-mail address (RFC 5321 4.5.3.1.3) or a user id */
	LIMIT_TOKEN_LEN = 128, /* tokens and approval secrets; our server makes 43 bytes */
	LIMIT_HOST_PORT_LEN = LIMIT_DNS_NAME_LEN + 8,
	LIMIT_URL_LEN = 2048,
	LIMIT_TEXT_LEN = 4096, /* audit details, error texts, paths */
	LIMIT_PROFILE_LEN = 64,
	LIMIT_INTERFACE_LEN = 15,
	LIMIT_READ_LEN = 1024, /* for a client: names, tags, servers, from any server */
};

enum limit_count {
	LIMIT_TAGS = 64,      /* per node or token */
	LIMIT_ENDPOINTS = 32, /* per node */
	LIMIT_ROUTES = 128,   /* per node */
	LIMIT_SERVERS = 32,   /* per kind of server */
	LIMIT_ACL_RULES = 4096,
	LIMIT_ACL_SELECTOR = 4096, /* entries of one list of a selector */
	LIMIT_CONTROL_URLS = 16,
	LIMIT_PROFILES = 256,
	LIMIT_AGENT_ARGS = 256,
	LIMIT_PROBES = 4096,
	LIMIT_READ = 4096,      /* for a client: endpoints, tags, routes, from any server */
	LIMIT_LISTED = 1 << 20, /* nodes, tokens, keys, audit entries in one answer */
};

enum limit_number {
	LIMIT_TOKEN_USES = 1000000,
	LIMIT_TTL_SECONDS = 10 * 366 * 24 * 3600,
	LIMIT_APPROVAL_TTL_SECONDS = 7 * 24 * 3600, /* short, because anyone may ask to join */
	LIMIT_LONGPOLL_SECONDS = 300,
};

enum limit_bytes {
	LIMIT_CONFIG_BYTES = 1 << 20,
	LIMIT_NETMAP_BYTES = 256 << 20, /* text of one answer that a client reads */
	LIMIT_STATE_BYTES = LIMIT_NETMAP_BYTES + (1 << 20),
	LIMIT_REQUEST_ARENA = 4 << 20, /* memory of one decoded request */
};

#endif
