/*
 * redact/text.c
 *	  Does the text of a statement, or of a function's body, name one of our
 *	  functions?
 */
#include "postgres.h"

#include <ctype.h>

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "commands/prepare.h"
#include "common/keywords.h"
#include "parser/scansup.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "redact/lexer.h"
#include "redact/match.h"

#define SETTING "evcrypt.credential"

/* As the script calls them; those of later versions as well. */
static const char *const shipped[] = {
	"evcrypt",		  "encrypt",		"decrypt",	   "decrypt_as",	  "try_decrypt",
	"encrypt_fields", "decrypt_fields", "blind_index", "blind_index_all", "reencrypt",
};

/* A name as the catalogs have it; the schema is empty if there was none. */
typedef struct EvcName
{
	char schema[NAMEDATALEN];
	char name[NAMEDATALEN];
} EvcName;

/* --- names alone ------------------------------------------------------------ */

/* Texts may be long, and are looked at whenever a statement is parsed. */
static bool
has_word(const char *word, const char *text)
{
	size_t len = strlen(word);
	char first[] = {pg_tolower((unsigned char) *word), pg_toupper((unsigned char) *word),
					'\0'};

	for (const char *at = strpbrk(text, first); at != NULL; at = strpbrk(at + 1, first))
		if (pg_strncasecmp(at, word, len) == 0 && !evc_is_name_byte(at[len]) &&
			(at == text || !evc_is_name_byte(at[-1])))
			return true;
	return false;
}

bool
evc_text_has_credential(const char *text)
{
	return has_word(SETTING, text);
}

/* A name written with escapes can be any. */
static bool
has_escaped_name(const char *text)
{
	for (; *text != '\0'; text++)
		if ((*text == 'u' || *text == 'U') && text[1] == '&' && text[2] == '"')
			return true;
	return false;
}

bool
evc_text_mentions(const char *text)
{
	for (size_t i = 0; i < lengthof(shipped); i++)
		if (has_word(shipped[i], text))
			return true;
	return evc_text_has_credential(text) || has_escaped_name(text) ||
		   evc_known_callers(has_word, text);
}

/* --- names and catalogs ----------------------------------------------------- */

/* A token as a name; false if it is none. */
static bool
read_name(const EvcToken *token, char name[NAMEDATALEN])
{
	char *folded;

	if (token->kind == EVC_TOKEN_QUOTED && *token->text == '"' && token->len > 2)
	{
		strlcpy(name, token->text + 1, Min(NAMEDATALEN, token->len - 1));
		return true;
	}
	if (token->kind != EVC_TOKEN_WORD)
		return false;
	folded = downcase_truncate_identifier(token->text, token->len, false);
	strlcpy(name, folded, NAMEDATALEN);
	pfree(folded);
	return true;
}

/* Commas of the outer level, from behind the opening parenthesis. */
static int
count_arguments(const char *at)
{
	int level = 0;
	int commas = 0;
	EvcToken token = evc_next_token(&at);

	if (evc_token_is_sign(&token, ')'))
		return 0;
	for (; token.kind != EVC_TOKEN_END && level >= 0; token = evc_next_token(&at))
	{
		if (evc_token_is_sign(&token, '(') || evc_token_is_sign(&token, '['))
			level++;
		else if (evc_token_is_sign(&token, ')') || evc_token_is_sign(&token, ']'))
			level--;
		else if (level == 0 && evc_token_is_sign(&token, ','))
			commas++;
	}
	return commas + 1;
}

static bool
takes_arguments(Form_pg_proc function, const char *arguments)
{
	int count = count_arguments(arguments);

	/* Those that a procedure gives out are in the call, but not counted here. */
	return count >= function->pronargs - function->pronargdefaults &&
		   (count <= function->pronargs || OidIsValid(function->provariadic) ||
			function->prokind == PROKIND_PROCEDURE);
}

static bool
in_search_path(Oid schema)
{
	List *path = fetch_search_path(true);
	bool found = list_member_oid(path, schema);

	list_free(path);
	return found;
}

/* "arguments" is NULL where any function of the name will do, in any schema. */
static bool
may_be_called(Form_pg_proc function, const EvcName *name, const char *arguments)
{
	if (arguments == NULL)
		return true;
	if (name->schema[0] != '\0'
			? function->pronamespace != get_namespace_oid(name->schema, true)
			: !in_search_path(function->pronamespace))
		return false;
	return takes_arguments(function, arguments);
}

static bool
name_calls(const EvcName *name, const char *arguments)
{
	CatCList *list = SearchSysCacheList1(PROCNAMEARGSNSP, PointerGetDatum(name->name));
	bool calls = false;

	for (int i = 0; i < list->n_members && !calls; i++)
	{
		Form_pg_proc function = (Form_pg_proc) GETSTRUCT(&list->members[i]->tuple);

		calls = evc_object_calls(EVC_OBJECT_FUNCTION, function->oid) &&
				may_be_called(function, name, arguments);
	}
	ReleaseSysCacheList(list);
	return calls;
}

/* Who reads and who writes cannot be told here; a word decides for all. */
static bool
relation_calls(const EvcName *name, bool may_write)
{
	Oid schema =
		name->schema[0] != '\0' ? get_namespace_oid(name->schema, true) : InvalidOid;
	Oid relation;

	if (name->schema[0] != '\0' && !OidIsValid(schema))
		return false;
	relation = OidIsValid(schema) ? get_relname_relid(name->name, schema)
								  : RelnameGetRelid(name->name);
	return OidIsValid(relation) &&
		   (evc_object_calls(EVC_OBJECT_READ, relation) ||
			(may_write && evc_object_calls(EVC_OBJECT_WRITE, relation)));
}

/* The statement behind EXECUTE name; one that has to be parsed anew is judged by names.
 */
static bool
prepared_calls(const EvcName *name)
{
	PreparedStatement *prepared = FetchPreparedStatement(name->name, false);

	if (prepared == NULL)
		return false;
	if (prepared->plansource->query_list == NIL)
		return evc_text_mentions(prepared->plansource->query_string);
	return evc_query_calls((Node *) prepared->plansource->query_list);
}

typedef struct Reading
{
	EvcName name;	/* the one before the token, if there is one */
	bool has_name;	/* a name, and nothing since */
	bool qualifies; /* a name and a dot */
	bool may_write; /* a word of a statement that writes has come */
	bool executes;	/* the word EXECUTE was the one before */
	bool closed;	/* a closing parenthesis was the token before */
	bool selects;	/* one, and a dot: what follows may be a function of it */
} Reading;

static bool
starts_writing(const EvcToken *token)
{
	static const char *const words[] = {"insert", "update", "delete", "merge", "copy"};

	for (size_t i = 0; i < lengthof(words); i++)
		if (evc_token_is(token, words[i]))
			return true;
	return false;
}

/* Settings are written as names are, in one part or in two, in any case. */
static bool
is_credential(const EvcName *name)
{
	return pg_strcasecmp(name->name, SETTING) == 0 ||
		   (pg_strcasecmp(name->schema, "evcrypt") == 0 &&
			pg_strcasecmp(name->name, "credential") == 0);
}

/* A word that names nothing; long lists are full of them. */
static bool
is_reserved(const EvcToken *token, const char *name)
{
	int keyword =
		token->kind == EVC_TOKEN_WORD ? ScanKeywordLookup(name, &ScanKeywords) : -1;

	return keyword >= 0 && ScanKeywordCategories[keyword] == RESERVED_KEYWORD;
}

/* A name that ends here: the last part of a qualified one, or a single one. */
static bool
read_one_name(Reading *reading, const EvcToken *token)
{
	char name[NAMEDATALEN];

	if (!read_name(token, name))
		return false;
	if (reading->qualifies)
		memcpy(reading->name.schema, reading->name.name, NAMEDATALEN);
	else
		reading->name.schema[0] = '\0';
	strlcpy(reading->name.name, name, NAMEDATALEN);
	if (is_credential(&reading->name))
		return true;
	reading->qualifies = false;
	reading->has_name = true;
	reading->may_write |= starts_writing(token);
	if (reading->selects && name_calls(&reading->name, NULL))
		return true;
	if (reading->executes && prepared_calls(&reading->name))
		return true;
	reading->executes = evc_token_is(token, "execute");
	return !is_reserved(token, name) &&
		   relation_calls(&reading->name, reading->may_write);
}

/* DO and CREATE have code in strings of any kind. */
static bool
is_code(const char *text)
{
	EvcToken token = evc_next_token(&text);

	return evc_token_is(&token, "do") || evc_token_is(&token, "create");
}

static bool
token_calls(Reading *reading, const EvcToken *token, const char *after)
{
	if (token->kind == EVC_TOKEN_BODY)
	{
		char *body = pnstrdup(token->text, token->len);
		bool calls = evc_body_calls(body);

		pfree(body);
		return calls;
	}
	if (token->kind == EVC_TOKEN_WORD || token->kind == EVC_TOKEN_QUOTED)
	{
		bool calls = read_one_name(reading, token);

		reading->closed = reading->selects = false;
		return calls;
	}
	if (reading->has_name && evc_token_is_sign(token, '(') &&
		name_calls(&reading->name, after))
		return true;
	reading->qualifies = reading->has_name && evc_token_is_sign(token, '.');
	reading->has_name = false;
	reading->selects = reading->closed && evc_token_is_sign(token, '.');
	reading->closed = evc_token_is_sign(token, ')');
	return false;
}

bool
evc_text_calls(const char *text)
{
	Reading reading = {.has_name = false};
	EvcToken token;

	if (evc_text_has_credential(text) || has_escaped_name(text))
		return true;
	if (is_code(text) && evc_body_calls(text))
		return true;
	do
	{
		token = evc_next_token(&text);
		if (token_calls(&reading, &token, text))
			return true;
	} while (token.kind != EVC_TOKEN_END);
	return false;
}

/* The last byte of a name that a parenthesis follows; NULL if there is no more. */
static const char *
find_called_name(const char *body, const char *at, const char **end)
{
	while ((at = strchr(at, '(')) != NULL)
	{
		const char *last = at;

		while (last > body && isspace((unsigned char) last[-1]))
			last--;
		*end = at + 1;
		if (last > body && last[-1] == '"')
			last--;
		if (last > body && evc_is_name_byte(last[-1]))
			return last;
		at++;
	}
	return NULL;
}

bool
evc_body_calls(const char *body)
{
	const char *at = body;
	const char *last;

	while ((last = find_called_name(body, at, &at)) != NULL)
	{
		EvcName name = {.schema = ""};
		const char *first = last;
		EvcToken token = {.kind = EVC_TOKEN_WORD};

		while (first > body && evc_is_name_byte(first[-1]))
			first--;
		token.text = first;
		token.len = last - first;
		if (*last == '"')
			strlcpy(name.name, first, Min(NAMEDATALEN, token.len + 1));
		else
			(void) read_name(&token, name.name);
		if (name_calls(&name, NULL))
			return true;
	}
	return false;
}
