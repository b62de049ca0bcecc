/*
 * value/settings.c
 *	  Fixed settings around a type's text form.
 */
#include "postgres.h"

#include "utils/guc.h"

#include "value/settings.h"

#define NOTHING_CHANGED 0

typedef struct FixedSetting
{
	const char *name;
	const char *value;
} FixedSetting;

static const FixedSetting fixed_settings[] = {
	{"array_nulls", "on"},
	{"bytea_output", "hex"},
	{"DateStyle", "ISO, YMD"},
	{"extra_float_digits", "3"},
	{"IntervalStyle", "postgres"},
	{"lc_monetary", "C"},
	{"quote_all_identifiers", "off"},
	{"search_path", "pg_catalog, pg_temp"},
	{"TimeZone", "UTC"},
	{"xmlbinary", "base64"},
	{"xmloption", "content"},
};

static void
set_locally(const FixedSetting *setting)
{
	(void) set_config_option(setting->name, setting->value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

int
evc_settings_enter(void)
{
	int nest_level = NOTHING_CHANGED;

	/* Only what differs: setting search_path, say, has a price. */
	for (size_t i = 0; i < lengthof(fixed_settings); i++)
	{
		const FixedSetting *setting = &fixed_settings[i];

		if (strcmp(GetConfigOption(setting->name, false, false), setting->value) == 0)
			continue;
		if (nest_level == NOTHING_CHANGED)
			nest_level = NewGUCNestLevel();
		set_locally(setting);
	}
	return nest_level;
}

void
evc_settings_leave(int nest_level)
{
	if (nest_level != NOTHING_CHANGED)
		AtEOXact_GUC(true, nest_level);
}
