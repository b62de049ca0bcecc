/*
 * fuzz/kms_envelope_fuzz.c
 *	  e3_kms_envelope_open: envelopes for a key pair that is always the same.  One that
 *	  opens holds a key; of any other nothing is written.
 */
#include "fuzz.h"

#include "base/secret.h"
#include "custody/kms_private.h"

#include <openssl/pem.h>
#include <string.h>

/* Known to all: envelopes of the corpus are encrypted to it. */
static const char known[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQDaWCONtyy4PNTL\n"
	"KNGTdnrc3bLdj8n7TlsPb6m+eSdzApQQDM3CnStGQVhBOIhG5pLEYk6LjD72RsJa\n"
	"3DP6uyWsnZpV/fD96iBoXgoQOal/o90pbpP2F+4Zl41fLCsIE16JsPooY21lW3ra\n"
	"qngWK+Mv8Ln4BIOcwqDnTaXp30XfmxnNaO4Wx77JEUyvBWWwmSszdLTpPbN/sJg3\n"
	"fyI6ErNk/Rojuu5z+fffDsnA2w7pqgrGnpBpK1hXsA1KjRJx3oMcByZ8mlbPqm8C\n"
	"B1aF1GTZYgICzhkCjke51pxKDNanRJANu/RUSsejrjW26natx3fqk05RrmYL6rcJ\n"
	"qbMKJTkLAgMBAAECggEATsf3iBYcGhvE0crYF4Nr4E5Tz9KmV7kVbRPmpLW1MK+w\n"
	"+buM8FfiOdaw/9NkhGSEdzxbR8miHB062irSzHiDJu20tqtKLWuxJscrjWAo0seu\n"
	"sFjYJTbML8q5dSoMGr1WYosLL9B0M9qWkNhqPOG39t++Ugla7ZBiGyMuppxrazqx\n"
	"wAXOhC5aR8Omt7xQ85/7wYJAxKqXJYGaZ3I7Tcz+0PUgm9uSTgntV9KeKbq+y7vV\n"
	"jK9rkq8BOtq5r4zMFL8C/qE43/vLQj/jqeJf7sDT3I6Ww0+2jSaOr9efJxVdyLPd\n"
	"TwQjGHDlOhuXEHuIH2SXRWWutCozS1UBzxBGOhDTvQKBgQD98SZtH5QazElH37E+\n"
	"tWj/JuTy9LOX59CkMSPbp4pJrw+YWsBH1DACaf1f/udSy0TX5NMB70+z1heM/tBI\n"
	"QOXA4AgzInNc35SWFlvnE0ILC3jsgr8beHVzjChQUrWGkGETxkgfWbAvTSqGJ91S\n"
	"OV63zVuIuB6XgS4cQ7KnDi7SVQKBgQDcHSJ9kPz/Ab7vlMDrmx+Mwknv29+pzH4U\n"
	"ofFYQEiWE54fqaKxN2J3vdo86BlUCr/5BuhNcqASoZDUlchukFwV+RECLoVo9ZP3\n"
	"nXd7lQ40svQ3FuCpVdaNk7KP8lVyYABSG3NEjVjCc5hpGJ4tywbWUZLRiY0KijxH\n"
	"7lcVDYb93wKBgCHueBj6sDqIc35EGJXtfZMialNAeULh+dIGsujl0SeZWbcc4TZ3\n"
	"1tZrvSx3jgdVG+TRMZS/mmHISKtRXRlaepi0FsRmZQ3S3jLT2AHfY+K/7K+FpO2R\n"
	"wffnkXdyJclOP3p58yclP9KCOB1m9D7JZaufqAxztbq+yx+BuDx0O7NlAoGAGesg\n"
	"VZLOB6UH+6QTd2rDs0ppdGH6mz7mFb3f8llXcryKoQXTj3SLFrh3Sza1TM0bP9KN\n"
	"Zhk6OhdmO3ILsOE0xq2WUCB0OyC3tK+JEzdA/fmYgigiei4OXotmukZ5w0cEoqZy\n"
	"0z6llfgQmUd50MCYZIIkfKHqxrPyVzH8dRErtRcCgYBcyM+eWn0sgJcroI7W/h7G\n"
	"330aaNWpLmrRKrxGz2KugT/jQQ5RD2yn9VyxwRR5TZPEhwNhV7ttBIBiispbK/vH\n"
	"vWsYZk9dhIe+KKkIGXuLux/P66ghT0Y0aGp96N9a/nsV37Bi0+h2FA0WUu2RXvN8\n"
	"prE1uFqwAnZ1ba0ZmOxg4Q==\n"
	"-----END PRIVATE KEY-----\n";

static E3KmsPair *
read_pair(void)
{
	BIO *bio = BIO_new_mem_buf(known, -1);
	E3KmsPair *pair = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	BIO_free(bio);
	return pair;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t zeros[E3_CUSTODY_KEY_LEN];
	static E3KmsPair *pair;
	uint8_t key[E3_CUSTODY_KEY_LEN] = {0};
	E3CustodyCause cause = {""};
	EvwStatus status;

	if (pair == NULL)
	{
		FUZZ_CHECK(e3_secret_init(1 << 20) == EVW_OK);
		pair = read_pair();
		FUZZ_CHECK(pair != NULL);
	}
	status = e3_kms_envelope_open(pair, (EvwBytes){data, size}, key, &cause);
	FUZZ_CHECK(status == EVW_OK || status == EVW_CUSTODY_REFUSED);
	if (status != EVW_OK)
		FUZZ_CHECK(memcmp(key, zeros, sizeof(key)) == 0 && cause.text[0] != '\0');
	return 0;
}
