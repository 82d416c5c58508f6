/* SPDX-License-Identifier: Apache-2.0 */
/* What a control server may decide about this host without being asked: addresses out of private
 * ranges that this host does not use, and names below a domain that nobody else can have. For all
 * else the user has to say so. Without I/O. */
#ifndef LS_PLAN_ALLOW_H
#define LS_PLAN_ALLOW_H

#include "base/str.h"
#include "plan/facts.h"

/* Appends to `why` the reason for which the network's prefix is not used; nothing when it is. */
void plan_allow_prefix(const struct ls_prefix *prefix, const struct plan_allow *allow,
                       const struct plan_facts *facts, struct ls_buf *why);
/* The same for the network's domain. */
void plan_allow_domain(const char *domain, const struct plan_allow *allow,
                       const struct plan_facts *facts, struct ls_buf *why);

/* True for a host name that equals `domain` or lies below it. */
bool plan_allow_is_below(const char *name, const char *domain);

#endif
