/*
 * crypto/aead_ipsec_mb.c
 *	  AES-256-GCM through intel-ipsec-mb's direct calls: no jobs, no queues.
 *
 * The library's manager is made once a process, picks the code for this CPU,
 * and serves as a table of functions from then on; key schedules and the state
 * of a message are ours, in the locked arena.
 */
#include "crypto/aead_backend.h"

#include "base/secret.h"

#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

typedef struct Context
{
	struct gcm_key_data key; /* wants its 64-byte alignment */
	struct gcm_context_data message;
	E3AeadDirection direction;
} Context;

/* Of the processor's cache. */
#define WHOLE_LINES(bytes) (((bytes) + 63) / 64 * 64)

static IMB_MGR *manager; /* NULL: this CPU can't, or the library's own tests fail */
static IMB_ARCH arch;

static void
make_manager(void)
{
	const uint64_t needed = IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ;
	IMB_MGR *made = alloc_mb_mgr(0);

	if (made == NULL)
		return;
	init_mb_mgr_auto(made, &arch);
	/* Without AES instructions it would look up tables by secret bytes. */
	if (imb_get_errno(made) == 0 && (made->features & needed) == needed)
		manager = made;
	else
		free_mb_mgr(made);
}

static bool
usable(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void) pthread_once(&once, make_manager);
	return manager != NULL;
}

/* Versions differ in what else there is between the oldest and the newest. */
static const char *
arch_name(void)
{
	switch (arch)
	{
		case IMB_ARCH_SSE:
			return "sse";
		case IMB_ARCH_AVX2:
			return "avx2";
		case IMB_ARCH_AVX512:
			return "avx512";
		default:
			return "avx";
	}
}

static bool
describe(char *out, size_t size)
{
	if (!usable())
		return false;
	(void) snprintf(out, size, "ipsec-mb %s (%s%s)", imb_get_version_str(), arch_name(),
					manager->features & IMB_FEATURE_VAES ? " vaes" : "");
	return true;
}

static void *
open_context(void)
{
	return usable() ? e3_secret_alloc(sizeof(Context)) : NULL;
}

static void
close_context(void *context)
{
	e3_secret_free(context, sizeof(Context));
}

static void
expand(const uint8_t *key, void *schedule)
{
	IMB_AES256_GCM_PRE(manager, key, schedule);
}

static bool
set_key(void *context, const uint8_t *key)
{
	expand(key, &((Context *) context)->key);
	return true;
}

static void
lay_out(EvwBytes head, const E3AeadItem *item)
{
	if (head.len > 0)
		memcpy(item->out, head.data, head.len);
	if (item->in.len > 0)
		memcpy(item->out + head.len, item->in.data, item->in.len);
}

/*
 * Copied first and sealed in place: two pieces through the library's update
 * cost twice as much as one through its direct call.
 */
static bool
seal(void *context, EvwBytes aad, EvwBytes head, const E3AeadItem *items, size_t n)
{
	Context *gcm = context;

	for (size_t i = 0; i < n; i++)
		lay_out(head, &items[i]);
	for (size_t i = 0; i < n; i++)
	{
		uint8_t *out = items[i].out;
		size_t len = head.len + items[i].in.len;

		IMB_AES256_GCM_ENC(manager, &gcm->key, &gcm->message, out, out, len, items[i].iv,
						   aad.data, aad.len, out + len, EVW_TAG_LEN);
	}
	return true;
}

static EvwStatus
compare(const uint8_t *is, const uint8_t *shall)
{
	return CRYPTO_memcmp(is, shall, EVW_TAG_LEN) == 0 ? EVW_OK : EVW_DOES_NOT_OPEN;
}

static void
unseal_under(void *context, const void *schedule, EvwBytes aad, E3AeadItem *item)
{
	Context *gcm = context;
	size_t len = item->in.len - EVW_TAG_LEN;
	uint8_t tag[EVW_TAG_LEN];

	IMB_AES256_GCM_DEC(manager, schedule, &gcm->message, item->out, item->in.data, len,
					   item->iv, aad.data, aad.len, tag, EVW_TAG_LEN);
	item->status = compare(tag, item->in.data + len);
}

static void
unseal(void *context, EvwBytes aad, E3AeadItem *items, size_t n)
{
	const Context *gcm = context;

	for (size_t i = 0; i < n; i++)
		unseal_under(context, &gcm->key, aad, &items[i]);
}

static bool
begin(void *context, const uint8_t *iv, EvwBytes aad, E3AeadDirection direction)
{
	Context *gcm = context;

	gcm->direction = direction;
	IMB_AES256_GCM_INIT(manager, &gcm->key, &gcm->message, iv, aad.data, aad.len);
	return true;
}

static bool
update(void *context, uint8_t *out, EvwBytes in)
{
	Context *gcm = context;

	if (gcm->direction == E3_AEAD_SEAL)
		IMB_AES256_GCM_ENC_UPDATE(manager, &gcm->key, &gcm->message, out, in.data,
								  in.len);
	else
		IMB_AES256_GCM_DEC_UPDATE(manager, &gcm->key, &gcm->message, out, in.data,
								  in.len);
	return true;
}

static bool
make_tag(void *context, uint8_t *tag)
{
	Context *gcm = context;

	IMB_AES256_GCM_ENC_FINALIZE(manager, &gcm->key, &gcm->message, tag, EVW_TAG_LEN);
	return true;
}

static EvwStatus
check_tag(void *context, const uint8_t *tag)
{
	Context *gcm = context;
	uint8_t made[EVW_TAG_LEN];

	IMB_AES256_GCM_DEC_FINALIZE(manager, &gcm->key, &gcm->message, made, EVW_TAG_LEN);
	return compare(made, tag);
}

const E3AeadBackend e3_aead_ipsec_mb = {.name = "ipsec-mb",
										.describe = describe,
										.open = open_context,
										.close = close_context,
										.set_key = set_key,
										.seal = seal,
										.unseal = unseal,
										.schedule_len =
											WHOLE_LINES(sizeof(struct gcm_key_data)),
										.expand = expand,
										.unseal_under = unseal_under,
										.begin = begin,
										.update = update,
										.make_tag = make_tag,
										.check_tag = check_tag};
