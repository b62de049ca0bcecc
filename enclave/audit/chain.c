/*
 * audit/chain.c
 *	  The audit log's lines, written and read side by side.
 */
#include "audit/chain.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#define HEX_LEN (2 * E3_AUDIT_MAC_LEN)
#define ID_HEX_LEN (2 * E3_AUDIT_ID_LEN)
#define MAC_FIELD " mac="
#define MAC_FIELD_LEN (sizeof(MAC_FIELD) - 1)

/* A first line cannot be taken for a head, nor either for a record. */
#define FIRST_WORDS "evcrypt-audit 1"
#define HEAD_WORDS "evcrypt-audit-head 1"

static void
to_hex(const uint8_t *bytes, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
		(void) snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static int
nibble(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
from_hex(const uint8_t *text, size_t len, uint8_t *out)
{
	for (size_t i = 0; i < len; i++)
	{
		int high = nibble(text[2 * i]);
		int low = nibble(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t) (high << 4 | low);
	}
	return true;
}

/* Of what came before and of a line. */
static bool
make_mac(const E3AuditKey *key, const uint8_t *before, EvwBytes line,
		 uint8_t out[E3_AUDIT_MAC_LEN])
{
	uint8_t text[E3_AUDIT_MAC_LEN + E3_AUDIT_LINE_MAX];

	if (line.len > E3_AUDIT_LINE_MAX)
		return false;
	memcpy(text, before, E3_AUDIT_MAC_LEN);
	memcpy(text + E3_AUDIT_MAC_LEN, line.data, line.len);
	return HMAC(EVP_sha256(), key->mac, sizeof(key->mac), text,
				E3_AUDIT_MAC_LEN + line.len, out, NULL) != NULL;
}

static void
append_mac(EvwBuf *out, const uint8_t *mac)
{
	char hex[HEX_LEN + 1];

	to_hex(mac, E3_AUDIT_MAC_LEN, hex);
	evw_buf_append(out, MAC_FIELD, MAC_FIELD_LEN);
	evw_buf_append(out, hex, HEX_LEN);
	evw_buf_append(out, "\n", 1);
}

/* ---- first lines and heads ---- */

static const uint8_t nothing[E3_AUDIT_MAC_LEN];

static void
write_fixed(const E3AuditKey *key, const char *words, const char *name, uint64_t number,
			const uint8_t *chain, EvwBuf *out)
{
	char line[E3_AUDIT_FIXED_MAX];
	char id[ID_HEX_LEN + 1];
	char hex[HEX_LEN + 1];
	uint8_t mac[E3_AUDIT_MAC_LEN];
	int len;

	to_hex(key->id, sizeof(key->id), id);
	to_hex(chain, E3_AUDIT_MAC_LEN, hex);
	len = snprintf(line, sizeof(line), "%s key=%s %s=%llu chain=%s", words, id, name,
				   (unsigned long long) number, hex);
	if (!make_mac(key, nothing, (EvwBytes){(uint8_t *) line, (size_t) len}, mac))
	{
		out->status = EVW_CRYPTO_FAILED;
		return;
	}
	evw_buf_append(out, line, (size_t) len);
	append_mac(out, mac);
}

void
e3_chain_write_first(const E3AuditKey *key, const E3AuditChain *chain, EvwBuf *out)
{
	write_fixed(key, FIRST_WORDS, "first", chain->last + 1, chain->mac, out);
}

void
e3_chain_write_head(const E3AuditKey *key, const E3AuditChain *chain, EvwBuf *out)
{
	write_fixed(key, HEAD_WORDS, "last", chain->last, chain->mac, out);
}

/* ---- reading ---- */

/* Takes these words from the front. */
static bool
skip(EvwBytes *line, const char *words)
{
	size_t len = strlen(words);

	if (line->len < len || memcmp(line->data, words, len) != 0)
		return false;
	line->data += len;
	line->len -= len;
	return true;
}

/* Takes a number without leading zeros. */
static bool
take_number(EvwBytes *line, uint64_t *number)
{
	size_t len = 0;

	*number = 0;
	for (; len < line->len && line->data[len] >= '0' && line->data[len] <= '9'; len++)
	{
		if (*number > (UINT64_MAX - 9) / 10 || (len > 0 && *number == 0))
			return false;
		*number = *number * 10 + (uint64_t) (line->data[len] - '0');
	}
	line->data += len;
	line->len -= len;
	return len > 0;
}

static bool
take_hex(EvwBytes *line, uint8_t *out, size_t len)
{
	if (line->len < 2 * len || !from_hex(line->data, len, out))
		return false;
	line->data += 2 * len;
	line->len -= 2 * len;
	return true;
}

/* Parts a line from its MAC. */
static bool
take_mac(EvwBytes *line, uint8_t mac[E3_AUDIT_MAC_LEN])
{
	EvwBytes end;

	if (line->len < MAC_FIELD_LEN + HEX_LEN || line->len >= E3_AUDIT_LINE_MAX)
		return false;
	line->len -= MAC_FIELD_LEN + HEX_LEN;
	end = (EvwBytes){line->data + line->len, MAC_FIELD_LEN + HEX_LEN};
	return skip(&end, MAC_FIELD) && take_hex(&end, mac, E3_AUDIT_MAC_LEN);
}

static bool
mac_fits(const E3AuditKey *key, const uint8_t *before, EvwBytes line,
		 const uint8_t mac[E3_AUDIT_MAC_LEN])
{
	uint8_t own[E3_AUDIT_MAC_LEN];

	return make_mac(key, before, line, own) &&
		   CRYPTO_memcmp(own, mac, E3_AUDIT_MAC_LEN) == 0;
}

static const char *
read_fixed(const E3AuditKey *key, const char *words, const char *name, EvwBytes line,
		   E3AuditChain *chain)
{
	uint8_t id[E3_AUDIT_ID_LEN];
	uint8_t mac[E3_AUDIT_MAC_LEN];
	EvwBytes rest;

	if (!take_mac(&line, mac))
		return "is not of an audit log";
	rest = line;
	if (!skip(&rest, words) || !skip(&rest, " key=") ||
		!take_hex(&rest, id, sizeof(id)) || !skip(&rest, name) ||
		!take_number(&rest, &chain->last) || !skip(&rest, " chain=") ||
		!take_hex(&rest, chain->mac, sizeof(chain->mac)) || rest.len != 0)
		return "is not of an audit log";
	if (CRYPTO_memcmp(id, key->id, sizeof(id)) != 0)
		return "is of another keyring";
	return mac_fits(key, nothing, line, mac) ? NULL : "has been changed";
}

const char *
e3_chain_read_first(const E3AuditKey *key, EvwBytes line, E3AuditChain *chain)
{
	const char *cause = read_fixed(key, FIRST_WORDS, " first=", line, chain);

	if (cause == NULL && chain->last-- == 0)
		return "is not of an audit log";
	return cause;
}

const char *
e3_chain_read_head(const E3AuditKey *key, EvwBytes line, E3AuditChain *chain)
{
	return read_fixed(key, HEAD_WORDS, " last=", line, chain);
}

/* ---- records ---- */

bool
e3_chain_write_record(const E3AuditKey *key, E3AuditChain *chain, EvwBytes body,
					  EvwBuf *out)
{
	uint8_t line[E3_AUDIT_LINE_MAX];
	uint8_t mac[E3_AUDIT_MAC_LEN];
	int len = snprintf((char *) line, sizeof(line), "seq=%llu ",
					   (unsigned long long) chain->last + 1);

	if ((size_t) len + body.len + MAC_FIELD_LEN + HEX_LEN + 1 > sizeof(line))
		return false;
	memcpy(line + len, body.data, body.len);
	if (!make_mac(key, chain->mac, (EvwBytes){line, (size_t) len + body.len}, mac))
		return false;
	evw_buf_append(out, line, (size_t) len + body.len);
	append_mac(out, mac);
	if (out->status != EVW_OK)
		return false;
	chain->last++;
	memcpy(chain->mac, mac, sizeof(mac));
	return true;
}

const char *
e3_chain_read_record(const E3AuditKey *key, EvwBytes line, E3AuditChain *chain)
{
	uint8_t mac[E3_AUDIT_MAC_LEN];
	EvwBytes rest;
	uint64_t number;

	if (!take_mac(&line, mac))
		return "is not a record";
	rest = line;
	if (!skip(&rest, "seq=") || !take_number(&rest, &number) || !skip(&rest, " "))
		return "is not a record";
	if (number != chain->last + 1)
		return "has another number than is next";
	if (!mac_fits(key, chain->mac, line, mac))
		return "does not follow from what stands before, or has been changed";
	chain->last = number;
	memcpy(chain->mac, mac, sizeof(mac));
	return NULL;
}

bool
e3_chain_equal(const E3AuditChain *a, const E3AuditChain *b)
{
	return a->last == b->last && memcmp(a->mac, b->mac, E3_AUDIT_MAC_LEN) == 0;
}
