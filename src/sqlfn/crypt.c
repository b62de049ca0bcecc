/*
 * sqlfn/crypt.c
 *	  encrypt, decrypt and their kin of one value: a batch of one.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/lsyscache.h"

#include "batch/marker.h"

PG_FUNCTION_INFO_V1(evc_encrypt);
PG_FUNCTION_INFO_V1(evc_decrypt);
PG_FUNCTION_INFO_V1(evc_decrypt_as);
PG_FUNCTION_INFO_V1(evc_try_decrypt);
PG_FUNCTION_INFO_V1(evc_reencrypt);
PG_FUNCTION_INFO_V1(evc_blind_index);
PG_FUNCTION_INFO_V1(evc_blind_index_all);
PG_FUNCTION_INFO_V1(evc_encrypt_fields);
PG_FUNCTION_INFO_V1(evc_decrypt_fields);

/* As the function was declared: an expression may be missing, a declaration not. */
static Oid
declared_type(FunctionCallInfo fcinfo, int argument)
{
	Oid *types;
	int n_types;

	(void) get_func_signature(fcinfo->flinfo->fn_oid, &types, &n_types);
	Assert(argument < n_types);
	return types[argument];
}

static Oid
argument_type(FunctionCallInfo fcinfo, int argument)
{
	Oid type = get_fn_expr_argtype(fcinfo->flinfo, argument);

	return OidIsValid(type) ? type : declared_type(fcinfo, argument);
}

/* Made once a query. */
static EvcMarker *
marker_of(FunctionCallInfo fcinfo, EvcMarkerKind kind)
{
	FmgrInfo *function = fcinfo->flinfo;

	if (function->fn_extra != NULL)
		return function->fn_extra;
	if (kind == EVC_MARKER_ENCRYPT)
		function->fn_extra =
			evc_marker_new(function->fn_mcxt, kind, argument_type(fcinfo, 0),
						   get_func_rettype(function->fn_oid), PG_NARGS());
	else
		function->fn_extra =
			evc_marker_new(function->fn_mcxt, kind,
						   kind == EVC_MARKER_DECRYPT_AS ? argument_type(fcinfo, 1)
														 : InvalidOid,
						   declared_type(fcinfo, 0), PG_NARGS());
	return function->fn_extra;
}

static Datum
call_batch(FunctionCallInfo fcinfo, EvcMarker *marker)
{
	EvcBatch *batch = evc_batch_new(CurrentMemoryContext, marker->batches);
	EvcTicket ticket;
	Datum result;

	(void) evc_marker_add(marker, batch, fcinfo->args, &ticket);
	evc_batch_run(batch);
	result = evc_marker_take(marker, batch, ticket, &fcinfo->isnull);
	evc_batch_free(batch);
	return result;
}

static Datum
call_one(FunctionCallInfo fcinfo, EvcMarkerKind kind)
{
	switch (evc_marker_outcome(evc_marker_info(kind), fcinfo->args, PG_NARGS()))
	{
		case EVC_CALLED:
			return call_batch(fcinfo, marker_of(fcinfo, kind));
		case EVC_CONTEXT_NULL:
			evc_marker_refuse_null();
		default:
			/* A type that can't be read is refused whatever the value. */
			evc_marker_check_null(marker_of(fcinfo, kind));
			PG_RETURN_NULL();
	}
}

Datum
evc_encrypt(PG_FUNCTION_ARGS)
{
	return call_one(fcinfo, EVC_MARKER_ENCRYPT);
}

Datum
evc_decrypt(PG_FUNCTION_ARGS)
{
	return call_one(fcinfo, EVC_MARKER_DECRYPT);
}

Datum
evc_try_decrypt(PG_FUNCTION_ARGS)
{
	return call_one(fcinfo, EVC_MARKER_TRY_DECRYPT);
}

Datum
evc_decrypt_as(PG_FUNCTION_ARGS)
{
	return call_one(fcinfo, EVC_MARKER_DECRYPT_AS);
}

Datum
evc_reencrypt(PG_FUNCTION_ARGS)
{
	return call_one(fcinfo, EVC_MARKER_REENCRYPT);
}

Datum
evc_blind_index(PG_FUNCTION_ARGS)
{
	return call_one(fcinfo, EVC_MARKER_BLIND_INDEX);
}

Datum
evc_blind_index_all(PG_FUNCTION_ARGS)
{
	return call_one(fcinfo, EVC_MARKER_BLIND_INDEX_ALL);
}

Datum
evc_encrypt_fields(PG_FUNCTION_ARGS)
{
	return call_one(fcinfo, EVC_MARKER_ENCRYPT_FIELDS);
}

Datum
evc_decrypt_fields(PG_FUNCTION_ARGS)
{
	return call_one(fcinfo, EVC_MARKER_DECRYPT_FIELDS);
}
