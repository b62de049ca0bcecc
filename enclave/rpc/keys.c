/*
 * rpc/keys.c
 *	  KEYS: the public keys of an app, and what there is of its index key, newest version
 *	  first.
 */
#include "rpc/operations.h"

#include "wire/report.h"

#include <string.h>

static EvwStatus
begin(E3RpcWorker *worker, E3Call *call)
{
	const E3App *app;
	EvwPublicKeys keys[EVW_KEY_VERSIONS_MAX];
	EvwIndexKey indexes[EVW_INDEX_VERSIONS_MAX];
	uint32_t count;

	(void) worker;
	if (call->request.header.app.len == 0)
		return EVW_BAD_HEADER;
	app = e3_keyring_find(call->keyring, call->request.header.app);
	if (app == NULL)
		return EVW_UNKNOWN_APP;
	count =
		app->n_versions < EVW_KEY_VERSIONS_MAX ? app->n_versions : EVW_KEY_VERSIONS_MAX;
	for (uint32_t i = 0; i < count; i++)
	{
		const E3KeyVersion *version = &app->versions[i];

		keys[i].version = version->version;
		memcpy(keys[i].p256, e3_key_pair_public(version->pairs[EVW_CURVE_P256]),
			   EVW_POINT_LEN);
		memcpy(keys[i].secp256k1, e3_key_pair_public(version->pairs[EVW_CURVE_SECP256K1]),
			   EVW_POINT_LEN);
	}
	for (uint32_t i = 0; i < app->n_indexes; i++)
		indexes[i] = (EvwIndexKey){app->indexes[i].version, app->indexes[i].bytes};
	evw_keys_encode(&call->reply, call->request.id, keys, count, indexes, app->n_indexes);
	return call->reply.status;
}

const E3Operation e3_rpc_keys = {.begin = begin};
