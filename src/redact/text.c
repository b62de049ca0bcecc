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

#define PREFIX "evcrypt"
#define SETTING PREFIX ".credential"

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

static bool
is_word_at(const char *at, const char *word, size_t len, const char *text)
{
	return pg_strncasecmp(at, word, len) == 0 && !evc_is_name_byte(at[len]) &&
		   (at == text || !evc_is_name_byte(at[-1]));
}

static bool
has_word(const char *word, const char *text)
{
	size_t len = strlen(word);
	char first[] = {pg_tolower((unsigned char) *word), pg_toupper((unsigned char) *word),
					'\0'};

	for (const char *at = strpbrk(text, first); at != NULL; at = strpbrk(at + 1, first))
		if (is_word_at(at, word, len, text))
			return true;
	return false;
}

/*
 * Texts may be long, and are looked at whenever a statement is parsed: so for the
 * dot, which is rarer than letters, and found by one instruction.
 */
bool
evc_text_has_credential(const char *text)
{
	const size_t before = strlen(PREFIX);

	for (const char *at = strchr(text, '.'); at != NULL; at = strchr(at + 1, '.'))
		if ((size_t) (at - text) >= before &&
			is_word_at(at - before, SETTING, strlen(SETTING), text))
			return true;
	return false;
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

/* In whatever case: it may be quoted by mistake. */
static bool
is_shipped(const char *name)
{
	for (size_t i = 0; i < lengthof(shipped); i++)
		if (pg_strcasecmp(shipped[i], name) == 0)
			return true;
	return false;
}

/* Does one of these functions take the call, one of ours or else somebody else's? */
static bool
is_taken(const CatCList *list, bool by_ours, const EvcName *name, const char *arguments)
{
	for (int i = 0; i < list->n_members; i++)
	{
		Form_pg_proc function = (Form_pg_proc) GETSTRUCT(&list->members[i]->tuple);

		if (evc_object_calls(EVC_OBJECT_FUNCTION, function->oid) == by_ours &&
			may_be_called(function, name, arguments))
			return true;
	}
	return false;
}

/*
 * What nobody else's function takes may be meant for ours of that name: it has a
 * wrong number of arguments, say, or is sent to the wrong schema or database.
 */
static bool
name_calls(const EvcName *name, const char *arguments)
{
	CatCList *list = SearchSysCacheList1(PROCNAMEARGSNSP, PointerGetDatum(name->name));
	bool calls = false;

	if (is_shipped(name->name) || is_taken(list, true, name, NULL))
		calls = is_taken(list, true, name, arguments) ||
				!is_taken(list, false, name, arguments);
	ReleaseSysCacheList(list);
	return calls;
}

static const char *const writing[] = {"insert", "update", "delete", "merge", "copy"};

/* A word that names nothing; long lists are full of them. */
static bool
is_reserved(const EvcToken *token, const char *name)
{
	int keyword =
		token->kind == EVC_TOKEN_WORD ? ScanKeywordLookup(name, &ScanKeywords) : -1;

	return keyword >= 0 && ScanKeywordCategories[keyword] == RESERVED_KEYWORD;
}

/* --- bodies ----------------------------------------------------------------- */

/* What a body may do with a relation that it names. */
typedef enum Access
{
	ACCESS_NONE, /* it is none, but a text */
	ACCESS_READ,
	ACCESS_WRITE
} Access;

/* A comment may stand before the parenthesis; it is not looked behind. */
static bool
is_called(const char *after)
{
	while (*after == '"' || isspace((unsigned char) *after))
		after++;
	return *after == '(' || strncmp(after, "/*", 2) == 0 || strncmp(after, "--", 2) == 0;
}

static bool
body_name_calls(const EvcName *name, const char *after, Access access)
{
	return (access != ACCESS_NONE &&
			evc_relation_name_calls(name->name, access == ACCESS_WRITE)) ||
		   (is_called(after) && name_calls(name, NULL));
}

static bool
body_word_calls(const char *start, const char *end, Access access)
{
	EvcName name = {.schema = ""};
	EvcToken word = {EVC_TOKEN_WORD, start, end - start};

	return read_name(&word, name.name) && !is_reserved(&word, name.name) &&
		   body_name_calls(&name, end, access);
}

/* A name in quotes as it is; in single ones it may be for format() or the like. */
static bool
quoted_name_calls(const char *quote, Access access)
{
	EvcName name = {.schema = ""};
	size_t len = strnlen(quote + 1, NAMEDATALEN);
	const char *end = memchr(quote + 1, *quote, len);

	if (end == NULL || end == quote + 1)
		return false;
	memcpy(name.name, quote + 1, end - quote - 1);
	return body_name_calls(&name, end + 1, access);
}

static bool
names_writing(const char *body)
{
	for (size_t i = 0; i < lengthof(writing); i++)
		if (has_word(writing[i], body))
			return true;
	return false;
}

/*
 * Not token by token: a statement may be in a string, in one that is in another, or
 * in the middle of one.  So every word counts, wherever it stands.
 */
static bool
names_call(const char *body, Access access)
{
	const char *at = body;

	while (*at != '\0')
	{
		const char *start = at;

		while (evc_is_name_byte(*at))
			at++;
		if (at > start && body_word_calls(start, at, access))
			return true;
		if (at == start && (*at == '"' || *at == '\'') && quoted_name_calls(at, access))
			return true;
		if (at == start)
			at++;
	}
	return false;
}

bool
evc_body_calls(const char *body)
{
	return has_escaped_name(body) ||
		   names_call(body, names_writing(body) ? ACCESS_WRITE : ACCESS_READ);
}

/* --- texts ------------------------------------------------------------------ */

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
	bool begun;		/* a statement, with a token before */
	bool code;		/* it is one that has code in strings of any kind */
	bool closed;	/* a closing parenthesis was the token before */
	bool selects;	/* one, and a dot: what follows may be a function of it */
} Reading;

static bool
starts_writing(const EvcToken *token)
{
	for (size_t i = 0; i < lengthof(writing); i++)
		if (evc_token_is(token, writing[i]))
			return true;
	return false;
}

bool
evc_is_credential(const char *setting)
{
	return pg_strcasecmp(setting, SETTING) == 0;
}

/* Settings are written as names are, in one part or in two, in any case. */
static bool
is_credential(const EvcName *name)
{
	return evc_is_credential(name->name) ||
		   (pg_strcasecmp(name->schema, PREFIX) == 0 &&
			pg_strcasecmp(name->name, "credential") == 0);
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

static void
read_start(Reading *reading, const EvcToken *token)
{
	if (!reading->begun)
		reading->code = evc_token_is(token, "do") || evc_token_is(token, "create");
	reading->begun = !evc_token_is_sign(token, ';');
}

/* In dollar quotes there may be a statement for another session as well. */
static bool
string_calls(const Reading *reading, const EvcToken *token)
{
	char *body;
	bool calls;

	if (token->kind != EVC_TOKEN_BODY &&
		(token->kind != EVC_TOKEN_STRING || !reading->code))
		return false;
	body = pnstrdup(token->text, token->len);
	calls = reading->code ? evc_body_calls(body) : names_call(body, ACCESS_NONE);
	pfree(body);
	return calls;
}

static bool
token_calls(Reading *reading, const EvcToken *token, const char *after)
{
	read_start(reading, token);
	if (string_calls(reading, token))
		return true;
	if (token->kind == EVC_TOKEN_WORD || token->kind == EVC_TOKEN_QUOTED)
	{
		bool calls = read_one_name(reading, token);

		reading->closed = reading->selects = false;
		return calls;
	}
	if (reading->has_name && evc_token_is_sign(token, '(') &&
		name_calls(&reading->name, reading->code ? NULL : after))
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
	do
	{
		token = evc_next_token(&text);
		if (token_calls(&reading, &token, text))
			return true;
	} while (token.kind != EVC_TOKEN_END);
	return false;
}
