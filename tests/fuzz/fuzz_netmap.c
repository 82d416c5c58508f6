/* SPDX-License-Identifier: Apache-2.0 */
/* Netmap texts: one that decodes is encoded to a text that decodes to the same, and either makes a
 * plan or is refused with a reason. No plan goes beyond the network's prefixes. */
#include <string.h>

#include "apply/kind.h"
#include "plan/plan.h"
#include "proto/limits.h"
#include "proto/netmap.h"
#include "tests/fuzz/fuzz.h"
#include "json/json.h"

static void check_plan(const struct netmap *map)
{
	static const struct plan_options options = {.interface = "ls-fuzz"};
	static const struct plan_facts facts;
	static const struct apply_context ctx;
	static const struct apply_actual nothing;
	struct ls_fail fail = {0};
	struct plan_steps steps;
	struct ls_buf text = {0};
	struct plan *plan;

	if (plan_make(map, &options, &facts, &plan, &fail) < 0) {
		FUZZ_CHECK(fail.text[0] != '\0');
		return;
	}
	for (size_t i = 0; i < plan->route_count; i++) {
		const struct ls_prefix *prefix = &plan->routes[i].prefix;

		FUZZ_CHECK(ls_prefix_contains(&map->network.overlay_v4, &prefix->ip) ||
		           ls_prefix_contains(&map->network.overlay_v6, &prefix->ip));
	}
	FUZZ_CHECK(plan->peer_count <= map->peer_count);
	FUZZ_CHECK(plan->peer_count == 0 || proto_node_is_active(&map->node));
	FUZZ_CHECK(apply_diff(&ctx, &nothing, plan, &steps) == 0);
	FUZZ_CHECK(steps.counts[PLAN_STEP_PEER_ADD] == plan->peer_count);
	for (size_t i = 0; i < steps.count; i++)
		plan_step_describe(&steps.items[i], &text);
	FUZZ_CHECK(ls_buf_text(&text));
	ls_buf_done(&text);
	plan_steps_done(&steps);
	plan_free(plan);
}

static void check_round_trip(const struct netmap *map)
{
	json_t *once = proto_netmap_encode(map), *twice;
	struct netmap *again;

	FUZZ_CHECK(once);
	FUZZ_CHECK(proto_netmap_decode(once, &again, NULL) == 0);
	twice = proto_netmap_encode(again);
	FUZZ_CHECK(json_equal(once, twice));
	json_decref(once);
	json_decref(twice);
	proto_netmap_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ls_fail fail = {0};
	json_t *json = NULL;
	struct netmap *map = NULL;

	if (json_parse((const char *)data, size, LIMIT_NETMAP_BYTES, "netmap", &json, &fail) < 0) {
		FUZZ_CHECK(fail.text[0] != '\0');
		return 0;
	}
	if (proto_netmap_decode(json, &map, &fail) < 0) {
		FUZZ_CHECK(strncmp(fail.text, "netmap", strlen("netmap")) == 0);
	} else {
		check_round_trip(map);
		check_plan(map);
	}
	json_decref(json);
	proto_netmap_free(map);
	return 0;
}
