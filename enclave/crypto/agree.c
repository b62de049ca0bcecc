/*
 * crypto/agree.c
 *	  Key agreement for everybody: sorts by curve, hands on in blocks, wipes.
 */
#include "crypto/agree.h"

#include "base/secret.h"
#include "crypto/agree_backend.h"
#include "crypto/key_pair_private.h"
#include "crypto/scratch_private.h"

#include <string.h>

/* What goes to a backend at once: a multiple of the widest, which takes eight. */
#define BLOCK 32

/* Compressed from uncompressed: the sign is Y's lowest bit (SEC 1, 2.3.3). */
static void
compress(const uint8_t point[E3_POINT_LEN], uint8_t epk[EVW_POINT_LEN])
{
	epk[0] = 2 | (point[E3_POINT_LEN - 1] & 1);
	memcpy(epk + 1, point + 1, EVW_POINT_LEN - 1);
}

EvwStatus
e3_agree_ephemeral_many(E3Scratch *scratch, const E3KeyPair *app, size_t n,
						uint8_t epks[][EVW_POINT_LEN], E3Agreement agreements[])
{
	const E3AgreeBackend *backend = scratch->agree[app->curve];

	bool good = backend->ephemeral(scratch->agree_states[app->curve], app, n, agreements);

	e3_secret_wipe_stack();
	if (!good)
	{
		e3_wipe(agreements, n * sizeof(agreements[0]));
		return EVW_CRYPTO_FAILED;
	}
	for (size_t i = 0; i < n; i++)
		compress(agreements[i].point, epks[i]);
	return EVW_OK;
}

static void
agree_on_curve(E3Scratch *scratch, EvwCurve curve, size_t n, const E3AgreeItem items[])
{
	scratch->agree[curve]->with(scratch->agree_states[curve], n, items);
	e3_secret_wipe_stack();
	for (size_t i = 0; i < n; i++)
		if (*items[i].status != EVW_OK)
			e3_wipe(items[i].agreement, sizeof(*items[i].agreement));
}

void
e3_agree_with_many(E3Scratch *scratch, size_t n, const E3KeyPair *const pairs[],
				   const uint8_t *const epks[], E3Agreement agreements[],
				   EvwStatus statuses[])
{
	E3AgreeItem items[BLOCK];

	for (int curve = 0; curve < E3_CURVES; curve++)
	{
		size_t gathered = 0;

		for (size_t i = 0; i < n; i++)
		{
			if (pairs[i]->curve != (EvwCurve) curve)
				continue;
			items[gathered++] =
				(E3AgreeItem){pairs[i], epks[i], &agreements[i], &statuses[i]};
			if (gathered < BLOCK)
				continue;
			agree_on_curve(scratch, (EvwCurve) curve, gathered, items);
			gathered = 0;
		}
		if (gathered > 0)
			agree_on_curve(scratch, (EvwCurve) curve, gathered, items);
	}
}

EvwStatus
e3_agree_ephemeral(E3Scratch *scratch, const E3KeyPair *app, uint8_t epk[EVW_POINT_LEN],
				   E3Agreement *agreement)
{
	uint8_t epks[1][EVW_POINT_LEN];
	EvwStatus status = e3_agree_ephemeral_many(scratch, app, 1, epks, agreement);

	if (status == EVW_OK)
		memcpy(epk, epks[0], EVW_POINT_LEN);
	return status;
}

EvwStatus
e3_agree_with(E3Scratch *scratch, const E3KeyPair *app, const uint8_t epk[EVW_POINT_LEN],
			  E3Agreement *agreement)
{
	EvwStatus status;

	e3_agree_with_many(scratch, 1, &app, &epk, agreement, &status);
	return status;
}

size_t
e3_agree_at_once(const E3Scratch *scratch, const E3KeyPair *app)
{
	return scratch->agree[app->curve]->at_once;
}
