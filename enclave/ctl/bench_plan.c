/*
 * ctl/bench_plan.c
 *	  The options of e3ctl bench: from words to a plan, every one checked.
 */
#include "ctl/bench.h"

#include "base/parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SECONDS_MAX 86400

/* What a value has beside its bytes in a frame, at most: envelope, metadata, length. */
#define VALUE_OVERHEAD (EVW_ENVELOPE_MIN + 64 + 4)

typedef struct Parser
{
	const E3BenchWords *words;
	E3BenchPlan *plan;
	char *cause;
} Parser;

typedef struct Name
{
	const char *name;
	uint32_t value;
} Name;

static const Name verbs[] = {
	{"encrypt", EVW_VERB_ENCRYPT},
	{"decrypt", EVW_VERB_DECRYPT},
	{"echo", EVW_VERB_ECHO},
	{"health", EVW_VERB_HEALTH},
};

static const Name curves[] = {
	{"p256", EVW_CURVE_P256},
	{"secp256k1", EVW_CURVE_SECP256K1},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

__attribute__((format(printf, 2, 3))) static bool
fail(Parser *parser, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void) vsnprintf(parser->cause, E3_BENCH_CAUSE_MAX, format, args);
	va_end(args);
	return false;
}

const char *
e3_bench_verb_name(EvwVerb verb)
{
	for (size_t i = 0; i < COUNT(verbs); i++)
		if (verbs[i].value == (uint32_t) verb)
			return verbs[i].name;
	return "?";
}

/* A number within bounds at *at, which is moved behind it. */
static bool
take_number(const char **at, uint32_t min, uint32_t max, uint32_t *number)
{
	uint64_t wide;

	if (!e3_parse_digits(*at, 10, &wide, at) || wide < min || wide > max)
		return false;
	*number = (uint32_t) wide;
	return true;
}

static bool
read_number(Parser *parser, const char *name, const char *word, uint32_t min,
			uint32_t max, uint32_t *number)
{
	const char *at = word;

	if (word == NULL || (take_number(&at, min, max, number) && *at == '\0'))
		return true;
	return fail(parser, "%s: must be a whole number from %u to %u", name, min, max);
}

static bool
read_name(Parser *parser, const char *option, const char *word, const Name *names,
		  size_t n_names, uint32_t *value)
{
	for (size_t i = 0; word != NULL && i < n_names; i++)
		if (strcmp(word, names[i].name) == 0)
		{
			*value = names[i].value;
			return true;
		}
	return word == NULL ||
		   fail(parser, "%s: %s is none of those there are", option, word);
}

/* "80:30,18:150,2:2000": share:values, share:values, ... */
static bool
read_mix(Parser *parser)
{
	E3BenchPlan *plan = parser->plan;
	const char *at = parser->words->mix;

	if (at == NULL)
		return true;
	plan->n_classes = 0;
	for (;;)
	{
		E3BenchClass *class = &plan->classes[plan->n_classes];

		if (plan->n_classes == E3_BENCH_CLASSES_MAX)
			return fail(parser, "--mix: at most %d sizes", E3_BENCH_CLASSES_MAX);
		if (!take_number(&at, 1, 1000000, &class->share) || *at++ != ':' ||
			!take_number(&at, 1, EVW_VALUES_MAX, &class->values))
			return fail(parser,
						"--mix: must be like 80:30,18:150,2:2000, which is share "
						"and values of requests; at most %d values",
						EVW_VALUES_MAX);
		plan->n_classes++;
		if (*at == '\0')
			return true;
		if (*at++ != ',')
			return fail(parser, "--mix: sizes are separated by commas");
	}
}

/* "200", or "2-200" for a rate that changes. */
static bool
read_rate(Parser *parser)
{
	E3BenchPlan *plan = parser->plan;
	const char *at = parser->words->rate;

	if (at == NULL)
		return true;
	if (!take_number(&at, 1, E3_BENCH_RATE_MAX, &plan->rate_from))
		return fail(parser, "--rate: must be requests a second, 1 to %d, or FROM-TO",
					E3_BENCH_RATE_MAX);
	plan->rate_to = plan->rate_from;
	if (*at == '-')
	{
		at++;
		if (!take_number(&at, 1, E3_BENCH_RATE_MAX, &plan->rate_to))
			return fail(parser, "--rate: the second must be 1 to %d", E3_BENCH_RATE_MAX);
	}
	return *at == '\0' || fail(parser, "--rate: something follows the number");
}

static bool
read_app(Parser *parser)
{
	const char *word = parser->words->app;

	if (word == NULL)
		word = "default";
	parser->plan->header.app = (EvwBytes){(const uint8_t *) word, strlen(word)};
	return evw_app_name_valid(parser->plan->header.app) ||
		   fail(parser, "--app: must be 1 to %d of a-z, 0-9, '_' and '-'", EVW_APP_MAX);
}

static bool
read_names(Parser *parser)
{
	uint32_t verb = parser->plan->verb;
	uint32_t curve = parser->plan->header.curve;

	if (!read_name(parser, "--verb", parser->words->verb, verbs, COUNT(verbs), &verb) ||
		!read_name(parser, "--curve", parser->words->curve, curves, COUNT(curves),
				   &curve))
		return false;
	parser->plan->verb = (EvwVerb) verb;
	parser->plan->header.curve = (EvwCurve) curve;
	return true;
}

static bool
read_numbers(Parser *parser)
{
	const E3BenchWords *words = parser->words;
	E3BenchPlan *plan = parser->plan;
	uint32_t seed = 1;
	bool good = read_number(parser, "--connections", words->connections, 1,
							E3_BENCH_CONNECTIONS_MAX, &plan->connections) &&
				read_number(parser, "--in-flight", words->in_flight, 1, EVW_INFLIGHT_MAX,
							&plan->in_flight) &&
				read_number(parser, "--value-bytes", words->value_bytes, 0,
							EVW_PLAINTEXT_MAX, &plan->value_bytes) &&
				read_number(parser, "--per-key", words->per_key, 0, EVW_VALUES_MAX,
							&plan->header.values_per_key) &&
				read_number(parser, "--duration", words->duration, 1, SECONDS_MAX,
							&plan->seconds) &&
				read_number(parser, "--seed", words->seed, 0, UINT32_MAX, &seed);

	plan->seed = seed;
	return good;
}

/* Both the request and its reply are to fit a frame. */
static bool
check_sizes(Parser *parser)
{
	E3BenchPlan *plan = parser->plan;

	for (uint32_t i = 0; i < plan->n_classes; i++)
	{
		uint64_t bytes =
			(uint64_t) plan->classes[i].values * (plan->value_bytes + VALUE_OVERHEAD);

		if (bytes > EVW_FRAME_MAX)
			return fail(parser, "--mix: %u values of %u bytes do not fit a frame",
						plan->classes[i].values, plan->value_bytes);
	}
	return true;
}

/* HEALTH has no values, so its requests have but one size. */
static bool
settle_verb(Parser *parser)
{
	E3BenchPlan *plan = parser->plan;

	if (plan->verb == EVW_VERB_HEALTH)
	{
		if (parser->words->mix != NULL)
			return fail(parser, "--mix: health has no values");
		plan->classes[0] = (E3BenchClass){.share = 1};
	}
	/* What arrives by the clock waits in E3, not here. */
	if (plan->rate_from > 0 && parser->words->in_flight == NULL)
		plan->in_flight = EVW_INFLIGHT_MAX;
	return true;
}

static bool
read_path(Parser *parser, const char *option, const char *word, char path[PATH_MAX])
{
	if (word == NULL)
		return fail(parser, "%s: is missing, and --endpoint needs it", option);
	if (strlen(word) >= PATH_MAX)
		return fail(parser, "%s: is too long", option);
	(void) snprintf(path, PATH_MAX, "%s", word);
	return true;
}

/* All of them, or none. */
static bool
read_endpoint(Parser *parser)
{
	const E3BenchWords *words = parser->words;
	E3BenchPlan *plan = parser->plan;

	if (words->endpoint == NULL)
		return (words->cert == NULL && words->key == NULL && words->ca == NULL) ||
			   fail(parser, "--cert, --key, --ca: are for --endpoint");
	if (words->socket != NULL)
		return fail(parser, "--socket: not with --endpoint");
	if (evw_endpoint_parse(&plan->endpoint, words->endpoint, strlen(words->endpoint)) !=
			NULL ||
		plan->endpoint.kind != EVW_ENDPOINT_TLS)
		return fail(parser, "--endpoint: must be tls://host:port");
	return read_path(parser, "--cert", words->cert, plan->files.certificate) &&
		   read_path(parser, "--key", words->key, plan->files.key) &&
		   read_path(parser, "--ca", words->ca, plan->files.client_ca);
}

bool
e3_bench_plan(const E3BenchWords *words, E3BenchPlan *plan,
			  char cause[E3_BENCH_CAUSE_MAX])
{
	Parser parser = {words, plan, cause};

	*plan = (E3BenchPlan){.socket = words->socket,
						  .connections = 1,
						  .n_classes = 1,
						  .classes = {{.share = 1, .values = 1}},
						  .in_flight = 1,
						  .verb = EVW_VERB_ENCRYPT,
						  .value_bytes = 32,
						  .seconds = 10,
						  .json = words->json != NULL};
	return read_numbers(&parser) && read_names(&parser) && read_app(&parser) &&
		   read_mix(&parser) && read_endpoint(&parser) && read_rate(&parser) &&
		   check_sizes(&parser) && settle_verb(&parser);
}
