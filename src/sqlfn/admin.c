/*
 * sqlfn/admin.c
 *	  evcrypt_health(), evcrypt_stat and evcrypt_stat_reset().
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "client/health.h"
#include "client/report.h"
#include "client/stat.h"
#include "guc.h"

PG_FUNCTION_INFO_V1(evc_health);
PG_FUNCTION_INFO_V1(evc_stat);
PG_FUNCTION_INFO_V1(evc_stat_reset_all);

/* Columns of evcrypt_health(). */
enum
{
	HEALTH_ENDPOINT,
	HEALTH_REACHABLE,
	HEALTH_LATENCY_MS,
	HEALTH_VERSION,
	HEALTH_KEY_VERSIONS,
	HEALTH_INDEX_VERSIONS,
	HEALTH_CRYPTO_BACKEND,
	HEALTH_ATTESTED, /* NULL: no evidence is asked for */
	HEALTH_CLOCK_OFFSET_MS,
	HEALTH_ERROR,
	HEALTH_ISOLATION_MISSING, /* NULL: E3 does not say */
	N_HEALTH
};

/* Columns of evcrypt_stat. */
enum
{
	STAT_OPERATION,
	STAT_CURVE,
	STAT_REQUESTS,
	STAT_VALUES,
	STAT_BYTES_SENT,
	STAT_BYTES_RECEIVED,
	STAT_CANCELS,
	STAT_ERRORS,
	STAT_RETRIES,
	STAT_E3_MS,
	STAT_WAIT_MS,
	STAT_CACHE_HITS,
	STAT_CLASS_REQUESTS, /* one for each class, as below */
	STAT_CLASS_LATENCY = STAT_CLASS_REQUESTS + EVC_STAT_CLASSES, /* ms; NULL: none */
	N_STAT = STAT_CLASS_LATENCY + EVC_STAT_CLASSES
};

static void
put_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* The library may be newer than the script that declared the function. */
static void
check_columns(FunctionCallInfo fcinfo, int expected)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	if (rsinfo->setDesc->natts != expected)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
						errmsg("function is declared with the wrong number of columns"),
						errhint("Run ALTER EXTENSION evcrypt UPDATE.")));
}

/* At most EVW_KEY_VERSIONS_MAX. */
static Datum
array_of(const uint32 *numbers, uint32 count)
{
	Datum versions[EVW_KEY_VERSIONS_MAX];

	for (uint32 i = 0; i < count; i++)
		versions[i] = Int32GetDatum((int32) numbers[i]);
	return PointerGetDatum(construct_array(versions, (int) count, INT4OID, sizeof(int32),
										   true, TYPALIGN_INT));
}

static void
put(Datum *values, bool *nulls, int column, Datum value)
{
	values[column] = value;
	nulls[column] = false;
}

static void
put_health(Datum *values, bool *nulls, const EvcHealth *health)
{
	put(values, nulls, HEALTH_LATENCY_MS, Float8GetDatum(health->latency_ms));
	put(values, nulls, HEALTH_VERSION, CStringGetTextDatum(health->version));
	put(values, nulls, HEALTH_KEY_VERSIONS,
		array_of(health->key_versions, health->n_key_versions));
	put(values, nulls, HEALTH_INDEX_VERSIONS,
		array_of(health->index_versions, health->n_index_versions));
	put(values, nulls, HEALTH_CRYPTO_BACKEND, CStringGetTextDatum(health->backend));
	put(values, nulls, HEALTH_CLOCK_OFFSET_MS, Float8GetDatum(health->clock_offset_ms));
	if (health->tells_isolation)
		put(values, nulls, HEALTH_ISOLATION_MISSING,
			CStringGetTextDatum(health->isolation_missing));
}

static void
put_endpoint(FunctionCallInfo fcinfo, const EvcEndpoint *endpoint)
{
	Datum values[N_HEALTH] = {0};
	bool nulls[N_HEALTH];
	EvcHealth health;
	EvcTrouble trouble = {0};
	bool done = evc_health_ask(endpoint, &health, &trouble);

	memset(nulls, true, sizeof(nulls));
	put(values, nulls, HEALTH_ENDPOINT, CStringGetTextDatum(endpoint->text));
	put(values, nulls, HEALTH_REACHABLE, BoolGetDatum(health.reachable));
	if (done)
		put_health(values, nulls, &health);
	else
		put(values, nulls, HEALTH_ERROR,
			CStringGetTextDatum(evc_trouble_cause(&trouble)));
	put_row(fcinfo, values, nulls);
}

Datum
evc_health(PG_FUNCTION_ARGS)
{
	EvcEndpoint endpoints[EVC_ENDPOINTS_MAX];
	int count = evc_guc_endpoints(endpoints);

	evc_guc_require_app();
	InitMaterializedSRF(fcinfo, 0);
	check_columns(fcinfo, N_HEALTH);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		put_endpoint(fcinfo, &endpoints[i]);
	}
	return (Datum) 0;
}

static void
put_classes(Datum *values, bool *nulls, const EvcStat *stat)
{
	for (int i = 0; i < EVC_STAT_CLASSES; i++)
	{
		int64 requests = stat->class_requests[i];

		put(values, nulls, STAT_CLASS_REQUESTS + i, Int64GetDatum(requests));
		if (requests > 0)
			put(values, nulls, STAT_CLASS_LATENCY + i,
				Float8GetDatum((double) stat->class_us[i] / 1e3 / (double) requests));
	}
}

static void
put_stat(FunctionCallInfo fcinfo, int operation, EvwCurve curve, const EvcStat *stat)
{
	bool nulls[N_STAT] = {false};
	Datum values[N_STAT] = {
		[STAT_OPERATION] = CStringGetTextDatum(evc_stat_operation_name(operation)),
		[STAT_CURVE] = CStringGetTextDatum(evw_curve_name(curve)),
		[STAT_REQUESTS] = Int64GetDatum(stat->requests),
		[STAT_VALUES] = Int64GetDatum(stat->values),
		[STAT_BYTES_SENT] = Int64GetDatum(stat->bytes_sent),
		[STAT_BYTES_RECEIVED] = Int64GetDatum(stat->bytes_received),
		[STAT_CANCELS] = Int64GetDatum(stat->cancels),
		[STAT_ERRORS] = Int64GetDatum(stat->errors),
		[STAT_RETRIES] = Int64GetDatum(stat->retries),
		[STAT_E3_MS] = Float8GetDatum((double) stat->e3_ns / 1e6),
		[STAT_WAIT_MS] = Float8GetDatum((double) stat->wait_us / 1e3),
		[STAT_CACHE_HITS] = Int64GetDatum(stat->cache_hits),
	};

	memset(nulls + STAT_CLASS_LATENCY, true, EVC_STAT_CLASSES * sizeof(bool));
	nulls[STAT_CURVE] = !evc_stat_has_curve(operation);
	put_classes(values, nulls, stat);
	put_row(fcinfo, values, nulls);
}

Datum
evc_stat(PG_FUNCTION_ARGS)
{
	EvcStat stat;

	InitMaterializedSRF(fcinfo, 0);
	check_columns(fcinfo, N_STAT);
	for (int operation = 0; operation < EVC_STAT_OPERATIONS; operation++)
		for (int curve = 0; curve < EVC_STAT_CURVES; curve++)
		{
			evc_stat_read(operation, (EvwCurve) curve, &stat);
			if (stat.requests > 0)
				put_stat(fcinfo, operation, (EvwCurve) curve, &stat);
		}
	return (Datum) 0;
}

Datum
evc_stat_reset_all(PG_FUNCTION_ARGS)
{
	evc_stat_reset();
	PG_RETURN_VOID();
}
