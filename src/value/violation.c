/*
 * value/violation.c
 *	  Which domain a value is not one of, and why, without the value.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "value/violation.h"

static Oid
find_type(const ErrorData *error)
{
	Oid space = error->schema_name != NULL ? get_namespace_oid(error->schema_name, true)
										   : InvalidOid;

	if (error->datatype_name == NULL || !OidIsValid(space))
		return InvalidOid;
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
						   CStringGetDatum(error->datatype_name),
						   ObjectIdGetDatum(space));
}

/* Does the domain itself have this constraint?  NULL: that of NOT NULL. */
static bool
has_constraint(Oid domain, Form_pg_type form, const char *constraint)
{
	return constraint != NULL
			   ? OidIsValid(get_domain_constraint_oid(domain, constraint, true))
			   : form->typnotnull;
}

/* Of a domain and those below it the one that has the constraint; or InvalidOid. */
static Oid
find_owner(Oid type, const char *constraint)
{
	Oid domain = type;

	while (OidIsValid(domain))
	{
		HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(domain));
		Form_pg_type form;
		bool found;
		Oid below;

		if (!HeapTupleIsValid(tuple))
			return InvalidOid;
		form = (Form_pg_type) GETSTRUCT(tuple);
		found =
			form->typtype == TYPTYPE_DOMAIN && has_constraint(domain, form, constraint);
		below = form->typbasetype;
		ReleaseSysCache(tuple);
		if (found)
			return domain;
		domain = below;
	}
	return InvalidOid;
}

static EvcViolation
confirm(const ErrorData *error)
{
	EvcViolation violation = {InvalidOid, NULL};

	if (error->sqlerrcode == ERRCODE_NOT_NULL_VIOLATION)
		violation.domain = find_owner(find_type(error), NULL);
	else if (error->sqlerrcode == ERRCODE_CHECK_VIOLATION &&
			 error->constraint_name != NULL)
	{
		violation.domain = find_owner(find_type(error), error->constraint_name);
		violation.constraint = pstrdup(error->constraint_name);
	}
	return violation;
}

EvcViolation
evc_violation_of_error(void)
{
	ErrorData *error = CopyErrorData();
	EvcViolation violation = confirm(error);

	FreeErrorData(error);
	return violation;
}

int
evc_violation_detail(const EvcViolation *violation)
{
	const char *domain;

	if (!OidIsValid(violation->domain))
		return 0;
	domain = format_type_be(violation->domain);
	if (violation->constraint == NULL)
	{
		errdetail("Domain %s does not allow null values.", domain);
		return errdatatype(violation->domain);
	}
	errdetail("It violates check constraint \"%s\" of domain %s.", violation->constraint,
			  domain);
	return errdomainconstraint(violation->domain, violation->constraint);
}
