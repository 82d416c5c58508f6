/* SPDX-License-Identifier: Apache-2.0 */
/* The API's description, docs/openapi.json, as the server sends it. tools/embed_openapi.py builds
 * it in, with the version of the build. */
#ifndef LS_SERVER_API_OPENAPI_H
#define LS_SERVER_API_OPENAPI_H

#include <stddef.h>

extern const char api_openapi_text[]; /* JSON, ends with NUL */
extern const size_t api_openapi_len;
extern const char api_openapi_etag[]; /* in quotes */

#endif
