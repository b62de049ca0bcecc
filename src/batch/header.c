/*
 * batch/header.c
 *	  The header of a batch's request: whose it is, and what it is to make.
 */
#include "postgres.h"

#include "batch/header.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "guc.h"
#include "guc_credential.h"

StaticAssertDecl(NAMEDATALEN <= EVW_LABEL_MAX + 1, "a role name fits the label");

static EvwBytes
text_of(const char *text)
{
	return (EvwBytes){(const uint8_t *) text, strlen(text)};
}

/*
 * Name of the current role for E3's audit, UTF-8 whatever the database has:
 * where the name is not valid as it is, all but its ASCII is masked.
 */
static void
set_label(EvcHeaderTexts *texts)
{
	char *name = GetUserNameFromId(GetUserId(), true);

	strlcpy(texts->label, name != NULL ? name : "", sizeof(texts->label));
	if (name != NULL)
		pfree(name);
	if (!pg_verify_mbstr(PG_UTF8, texts->label, (int) strlen(texts->label), true))
		for (char *at = texts->label; *at != '\0'; at++)
			if (IS_HIGHBIT_SET(*at))
				*at = '?';
}

static void
set_format(EvcHeaderTexts *texts, EvcBatchKind kind, EvwRequestHeader *header)
{
	const EvwTagInfo *info = evc_guc_format(kind.bound);

	header->curve = info->curve;
	header->format = text_of(info->name);
	header->values_per_key = (uint32) evc_max_values_per_key;
	strlcpy(texts->role, evc_guc_role(info, kind.role), sizeof(texts->role));
	header->role = text_of(texts->role);
}

/* As the verb wants it. */
static void
set_output(EvcHeaderTexts *texts, EvcBatchKind kind, EvwRequestHeader *header)
{
	header->all = kind.all;
	if (kind.verb == EVW_VERB_ENCRYPT)
		set_format(texts, kind, header);
	if (kind.verb != EVW_VERB_REENCRYPT)
		return;
	/* What is bound has one format a curve; E3 chooses that, or the other's default. */
	header->curve = evc_guc_format(true)->curve;
	header->values_per_key = (uint32) evc_max_values_per_key;
}

/* The one at hand is kept as long as it is the session's. */
static void
set_credential(EvcHeaderTexts *texts, MemoryContext context, EvwRequestHeader *header)
{
	if (texts->credential != NULL && strcmp(texts->credential, evc_credential) != 0)
	{
		explicit_bzero(texts->credential, strlen(texts->credential));
		pfree(texts->credential);
		texts->credential = NULL;
	}
	if (*evc_credential == '\0')
		return;
	if (texts->credential == NULL)
		texts->credential = MemoryContextStrdup(context, evc_credential);
	header->credential = text_of(texts->credential);
}

void
evc_header_fill(EvcHeaderTexts *texts, MemoryContext context, EvcBatchKind kind,
				EvwCurve curve, EvwRequestHeader *header)
{
	set_label(texts);
	/* Settings may change before the request is repeated. */
	strlcpy(texts->app, kind.app != NULL ? kind.app : evc_app, sizeof(texts->app));
	header->app = text_of(texts->app);
	header->curve = curve;
	set_output(texts, kind, header);
	set_credential(texts, context, header);
	header->label = text_of(texts->label);
}

void
evc_header_wipe(EvcHeaderTexts *texts)
{
	if (texts->credential != NULL)
		explicit_bzero(texts->credential, strlen(texts->credential));
}
