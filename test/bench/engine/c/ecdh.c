/*
 * engine/c/ecdh.c
 *	  What it costs to come by a key from somebody else's ephemeral key: OpenSSL's own
 *	  decompression of the point and ECDH, and nothing else.
 *
 * usage: ecdh SECONDS
 *
 * A thousand points by turns.  Prints nanoseconds a point, for each curve.
 */
#include "loop.h"

#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#define POINTS 1000
#define POINT_LEN 33

typedef struct Ecdh
{
	EC_KEY *own;
	EC_POINT *point;
	unsigned char points[POINTS][POINT_LEN];
	int next;
} Ecdh;

static void
agree(void *state)
{
	Ecdh *ecdh = state;
	const EC_GROUP *group = EC_KEY_get0_group(ecdh->own);
	unsigned char z[32];

	loop_need(EC_POINT_oct2point(group, ecdh->point, ecdh->points[ecdh->next], POINT_LEN,
								 NULL) == 1,
			  "point");
	loop_need(ECDH_compute_key(z, sizeof(z), ecdh->point, ecdh->own, NULL) == sizeof(z),
			  "ECDH");
	ecdh->next = (ecdh->next + 1) % POINTS;
}

static void
measure(const char *name, int curve, double seconds)
{
	static Ecdh ecdh;

	ecdh.own = EC_KEY_new_by_curve_name(curve);
	loop_need(ecdh.own != NULL && EC_KEY_generate_key(ecdh.own) == 1, "key");
	ecdh.point = EC_POINT_new(EC_KEY_get0_group(ecdh.own));
	for (int i = 0; i < POINTS; i++)
	{
		EC_KEY *other = EC_KEY_new_by_curve_name(curve);

		loop_need(other != NULL && EC_KEY_generate_key(other) == 1, "key");
		loop_need(EC_POINT_point2oct(EC_KEY_get0_group(other),
									 EC_KEY_get0_public_key(other),
									 POINT_CONVERSION_COMPRESSED, ecdh.points[i],
									 POINT_LEN, NULL) == POINT_LEN,
				  "point");
		EC_KEY_free(other);
	}
	loop_run(name, seconds, 1, agree, &ecdh);
	EC_POINT_free(ecdh.point);
	EC_KEY_free(ecdh.own);
}

int
main(int argc, char **argv)
{
	loop_need(argc == 2, "usage: ecdh SECONDS");
	measure("p256", NID_X9_62_prime256v1, strtod(argv[1], NULL));
	measure("secp256k1", NID_secp256k1, strtod(argv[1], NULL));
	return 0;
}
