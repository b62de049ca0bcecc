/*
 * policy/parse.c
 *	  The policy file: sections [rule NAME], [issuer NAME] and [quota NAME].
 *
 * One table says which keys a section has.  A list may be given in several lines.
 */
#include "policy/parse.h"

#include "base/parse.h"

#include <stdlib.h>
#include <string.h>

/* Of rules, and of the other sections; a key that may be given once sets a bit. */
enum
{
	SEEN_RIGHTS = 1,
	SEEN_ISSUER = 2,
	SEEN_AUDIENCE = 4,
	SEEN_LIFETIME = 8,
	SEEN_SKEW = 16,
	SEEN_PER_SECOND = 32,
	SEEN_BURST = 64,
	SEEN_PER_DAY = 128
};

/* What a quota may count. */
#define QUOTA_RIGHTS                                                                     \
	(1u << E3_RIGHT_DECRYPT | 1u << E3_RIGHT_REENCRYPT | 1u << E3_RIGHT_BLIND_INDEX)

static bool
once(E3PolicyParser *parser, unsigned bit, const char *key)
{
	if (parser->seen & bit)
		return e3_ini_fail(&parser->ini, "%s: is given twice", key);
	parser->seen |= bit;
	return true;
}

static bool
read_number(E3PolicyParser *parser, const char *key, const char *text, uint32_t min,
			uint32_t max, uint32_t *number)
{
	uint64_t wide;
	const char *end;

	if (!e3_parse_digits(text, 10, &wide, &end) || *end != '\0' || wide < min ||
		wide > max)
		return e3_ini_fail(&parser->ini, "%s: must be a whole number from %u to %u", key,
						   min, max);
	*number = (uint32_t) wide;
	return true;
}

/* Takes the next word of a comma-separated list, trimmed; NULL at its end. */
static char *
next_word(char **list)
{
	char *word = strsep(list, ",");
	char *end;

	if (word == NULL)
		return NULL;
	word += strspn(word, " \t");
	end = word + strlen(word);
	while (end > word && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	return word;
}

static void *
grow(E3PolicyParser *parser, void *list, uint32_t count, uint32_t max, size_t size,
	 const char *what)
{
	void *more;

	if (count == max)
	{
		(void) e3_ini_fail(&parser->ini, "more than %u %s", max, what);
		return NULL;
	}
	more = realloc(list, (count + 1) * size);
	if (more == NULL)
	{
		parser->no_memory = true;
		(void) e3_ini_fail(&parser->ini, "out of memory");
		return NULL;
	}
	memset((char *) more + count * size, 0, size);
	return more;
}

static bool
read_peer(E3PolicyParser *parser, E3Peers *peers, const char *word)
{
	E3Identity peer;
	E3Identity *list;

	if (strcmp(word, "any") == 0)
	{
		peers->any = true;
		return true;
	}
	if (strncmp(word, "user:", 5) == 0)
	{
		uid_t uid;

		if (!e3_parse_user(word + 5, &uid))
			return e3_ini_fail(&parser->ini,
							   "identity: names a user that does not exist");
		peer = e3_identity_uid(uid);
	}
	else if (!e3_identity_parse(&peer, word))
		return e3_ini_fail(&parser->ini, "identity: must be any, or begin with uid:, "
										 "user:, dns:, uri: or vsock:");
	list = grow(parser, peers->list, peers->count, E3_POLICY_WORDS_MAX, sizeof(*list),
				"identities");
	if (list == NULL)
		return false;
	peers->list = list;
	list[peers->count++] = peer;
	return true;
}

static bool
read_peers(E3PolicyParser *parser, E3Peers *peers, char *list)
{
	char *word;

	while ((word = next_word(&list)) != NULL)
		if (!read_peer(parser, peers, word))
			return false;
	return true;
}

static bool
add_word(E3PolicyParser *parser, E3Words *words, const char *word, const char *key)
{
	char(*list)[EVW_APP_MAX + 1] =
		grow(parser, words->list, words->count, E3_POLICY_WORDS_MAX, sizeof(*list), key);

	if (list == NULL)
		return false;
	words->list = list;
	memcpy(list[words->count++], word, strlen(word) + 1);
	return true;
}

static bool
read_apps(E3PolicyParser *parser, E3Words *apps, char *list)
{
	char *word;

	while ((word = next_word(&list)) != NULL)
	{
		if (strcmp(word, "*") == 0)
			apps->any = true;
		else if (!evw_app_name_valid((EvwBytes){(uint8_t *) word, strlen(word)}))
			return e3_ini_fail(&parser->ini, "apps: must be names of apps, or *");
		else if (!add_word(parser, apps, word, "apps"))
			return false;
	}
	return true;
}

static bool
read_roles(E3PolicyParser *parser, E3Words *roles, char *list)
{
	char *word;

	while ((word = next_word(&list)) != NULL)
	{
		if (strcmp(word, "*") == 0)
			roles->any = true;
		else if (strcmp(word, "(none)") == 0)
			roles->none = true;
		else if (!evw_role_valid((EvwBytes){(uint8_t *) word, strlen(word)}))
			return e3_ini_fail(&parser->ini, "roles: must be data roles, (none), or * "
											 "for all and none");
		else if (!add_word(parser, roles, word, "roles"))
			return false;
	}
	return true;
}

static bool
is_section_name(const char *name)
{
	return evw_app_name_valid((EvwBytes){(const uint8_t *) name, strlen(name)});
}

static bool
read_credentials(E3PolicyParser *parser, E3Words *issuers, char *list)
{
	char *word;

	while ((word = next_word(&list)) != NULL)
	{
		if (!is_section_name(word))
			return e3_ini_fail(&parser->ini, "credential: must be names of issuers");
		if (!add_word(parser, issuers, word, "issuers"))
			return false;
	}
	return true;
}

static bool
read_rights(E3PolicyParser *parser, unsigned *rights, char *list)
{
	char *word;

	while ((word = next_word(&list)) != NULL)
	{
		E3Right right = e3_right_named(word);

		if (right == E3_RIGHTS)
			return e3_ini_fail(&parser->ini,
							   "operations: must be of encrypt, decrypt, blind_index, "
							   "reencrypt, administer");
		*rights |= 1u << right;
	}
	return true;
}

static bool
take_rule_pair(E3PolicyParser *parser, const char *key, char *value)
{
	E3Rule *rule = &parser->policy->rules[parser->policy->n_rules - 1];

	if (strcmp(key, "identity") == 0)
		return read_peers(parser, &rule->peers, value);
	if (strcmp(key, "operations") == 0)
		return once(parser, SEEN_RIGHTS, key) &&
			   read_rights(parser, &rule->rights, value);
	if (strcmp(key, "apps") == 0)
		return read_apps(parser, &rule->apps, value);
	if (strcmp(key, "roles") == 0)
		return read_roles(parser, &rule->roles, value);
	if (strcmp(key, "credential") == 0)
		return read_credentials(parser, &rule->credentials, value);
	return e3_ini_fail(&parser->ini, "a rule has no key of this name");
}

static bool
read_text(E3PolicyParser *parser, const char *key, const char *value, char *out)
{
	size_t len = strlen(value);

	if (len == 0 || len > E3_TOKEN_ISSUER_MAX)
		return e3_ini_fail(&parser->ini, "%s: must have from 1 to %d bytes", key,
						   E3_TOKEN_ISSUER_MAX);
	memcpy(out, value, len + 1);
	return true;
}

static bool
read_key_file(E3PolicyParser *parser, E3Issuer *issuer, const char *value)
{
	if (issuer->n_keys == E3_TOKEN_KEYS_MAX)
		return e3_ini_fail(&parser->ini, "more than %d keys", E3_TOKEN_KEYS_MAX);
	if (value[0] != '/')
		return e3_ini_fail(&parser->ini, "key: must be an absolute path");
	memcpy(issuer->key_files[issuer->n_keys++], value, strlen(value) + 1);
	return true;
}

static bool
take_issuer_pair(E3PolicyParser *parser, const char *key, char *value)
{
	E3Issuer *issuer = &parser->policy->issuers[parser->policy->n_issuers - 1];

	if (strcmp(key, "issuer") == 0)
		return once(parser, SEEN_ISSUER, key) &&
			   read_text(parser, key, value, issuer->issuer);
	if (strcmp(key, "audience") == 0)
		return once(parser, SEEN_AUDIENCE, key) &&
			   read_text(parser, key, value, issuer->audience);
	if (strcmp(key, "key") == 0)
		return read_key_file(parser, issuer, value);
	if (strcmp(key, "max_lifetime_s") == 0)
		return once(parser, SEEN_LIFETIME, key) &&
			   read_number(parser, key, value, 1, E3_TOKEN_LIFETIME_MAX_S,
						   &issuer->lifetime_s);
	if (strcmp(key, "skew_s") == 0)
		return once(parser, SEEN_SKEW, key) &&
			   read_number(parser, key, value, 0, E3_TOKEN_SKEW_MAX_S, &issuer->skew_s);
	return e3_ini_fail(&parser->ini, "an issuer has no key of this name");
}

static bool
read_quota_rights(E3PolicyParser *parser, E3Quota *quota, char *value)
{
	quota->rights = 0;
	if (!read_rights(parser, &quota->rights, value))
		return false;
	if (quota->rights & ~QUOTA_RIGHTS)
		return e3_ini_fail(&parser->ini, "operations: a quota counts decrypt, "
										 "reencrypt and blind_index");
	return true;
}

static bool
take_quota_pair(E3PolicyParser *parser, const char *key, char *value)
{
	E3Quota *quota = &parser->policy->quotas[parser->policy->n_quotas - 1];

	if (strcmp(key, "identity") == 0)
		return read_peers(parser, &quota->peers, value);
	if (strcmp(key, "operations") == 0)
		return once(parser, SEEN_RIGHTS, key) && read_quota_rights(parser, quota, value);
	if (strcmp(key, "values_per_second") == 0)
		return once(parser, SEEN_PER_SECOND, key) &&
			   read_number(parser, key, value, 1, E3_QUOTA_MAX, &quota->per_second);
	if (strcmp(key, "burst") == 0)
		return once(parser, SEEN_BURST, key) &&
			   read_number(parser, key, value, 1, E3_QUOTA_MAX, &quota->burst);
	if (strcmp(key, "values_per_day") == 0)
		return once(parser, SEEN_PER_DAY, key) &&
			   read_number(parser, key, value, 1, E3_QUOTA_MAX, &quota->per_day);
	return e3_ini_fail(&parser->ini, "a quota has no key of this name");
}

static bool
take_pair(E3Ini *ini, const char *section, const char *key, const char *value)
{
	E3PolicyParser *parser = ini->user;
	char copy[E3_INI_LINE_MAX + 1];

	(void) section;
	memcpy(copy, value, strlen(value) + 1);
	return parser->take(parser, key, copy);
}

/* Sections are kept in one list a kind; in each of them the name comes first. */
static bool
is_taken(const void *list, uint32_t count, size_t size, const char *name)
{
	for (uint32_t i = 0; i < count; i++)
		if (strcmp((const char *) list + i * size, name) == 0)
			return true;
	return false;
}

/* One more section of a kind, with its name; NULL after an error. */
static void *
begin_section(E3PolicyParser *parser, void **list, uint32_t *count, uint32_t max,
			  size_t size, const char *name)
{
	void *more;
	char *section;

	if (is_taken(*list, *count, size, name))
	{
		(void) e3_ini_fail(&parser->ini,
						   "a section of this kind and name is there already");
		return NULL;
	}
	more = grow(parser, *list, *count, max, size, "sections of a kind");
	if (more == NULL)
		return NULL;
	*list = more;
	section = (char *) more + (*count)++ * size;
	memcpy(section, name, strlen(name) + 1);
	return section;
}

static bool
begin_rule(E3PolicyParser *parser, const char *name)
{
	E3Policy *policy = parser->policy;
	E3Rule *rule = begin_section(parser, (void **) &policy->rules, &policy->n_rules,
								 E3_POLICY_RULES_MAX, sizeof(E3Rule), name);

	if (rule == NULL)
		return false;
	rule->line = parser->ini.line;
	parser->take = take_rule_pair;
	return true;
}

static bool
begin_issuer(E3PolicyParser *parser, const char *name)
{
	E3Policy *policy = parser->policy;
	E3Issuer *issuer =
		begin_section(parser, (void **) &policy->issuers, &policy->n_issuers,
					  E3_POLICY_ISSUERS_MAX, sizeof(E3Issuer), name);

	if (issuer == NULL)
		return false;
	issuer->line = parser->ini.line;
	issuer->lifetime_s = E3_TOKEN_LIFETIME_DEFAULT_S;
	issuer->skew_s = E3_TOKEN_SKEW_DEFAULT_S;
	parser->take = take_issuer_pair;
	return true;
}

static bool
begin_quota(E3PolicyParser *parser, const char *name)
{
	E3Policy *policy = parser->policy;
	E3Quota *quota = begin_section(parser, (void **) &policy->quotas, &policy->n_quotas,
								   E3_POLICY_QUOTAS_MAX, sizeof(E3Quota), name);

	if (quota == NULL)
		return false;
	quota->line = parser->ini.line;
	quota->rights = 1u << E3_RIGHT_DECRYPT;
	parser->take = take_quota_pair;
	return true;
}

/* "kind NAME", with one space. */
static bool
take_section(E3Ini *ini, const char *heading)
{
	static const struct
	{
		const char *kind;
		bool (*begin)(E3PolicyParser *parser, const char *name);
	} kinds[] = {{"rule ", begin_rule},
				 {"issuer ", begin_issuer},
				 {"quota ", begin_quota}};
	E3PolicyParser *parser = ini->user;

	parser->seen = 0;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
	{
		size_t len = strlen(kinds[i].kind);

		if (strncmp(heading, kinds[i].kind, len) != 0)
			continue;
		if (!is_section_name(heading + len))
			return e3_ini_fail(ini, "a name is 1 to 63 of a-z, 0-9, '_' and '-'");
		return kinds[i].begin(parser, heading + len);
	}
	return e3_ini_fail(ini, "a section is [rule NAME], [issuer NAME] or [quota NAME]");
}

EvwStatus
e3_policy_parse(const char *text, size_t len, const char *name, E3Policy **policy,
				E3PolicyError *error)
{
	E3PolicyParser parser = {.policy = e3_policy_new()};

	*policy = NULL;
	if (parser.policy == NULL)
		return EVW_OUT_OF_MEMORY;
	parser.ini = (E3Ini){.name = name,
						 .max = E3_POLICY_FILE_MAX,
						 .error = error->text,
						 .error_size = sizeof(error->text),
						 .section = take_section,
						 .pair = take_pair,
						 .user = &parser};
	if (e3_ini_parse(&parser.ini, text, len) && e3_policy_check(&parser))
	{
		*policy = parser.policy;
		return EVW_OK;
	}
	e3_policy_release(parser.policy);
	return parser.no_memory ? EVW_OUT_OF_MEMORY : EVW_CONFIG;
}
