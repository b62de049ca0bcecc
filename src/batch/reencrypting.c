/*
 * batch/reencrypting.c
 *	  REENCRYPT: an envelope goes in, another comes out.
 */
#include "postgres.h"

#include "batch/marker_private.h"

const EvcMarkerWork evc_reencrypting = {.add = evc_ciphertext_add,
										.fails = evc_ciphertext_fails,
										.take = evc_ciphertext_take};
