/*
 * value/number.c
 *	  Numbers as other writers of the format spell them.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "value/number.h"

/* The digits alone, or NULL if there is a fraction. */
static char *
integer_digits(const char *text)
{
	Datum number = DirectFunctionCall3(numeric_in, CStringGetDatum(text),
									   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	Datum whole = DirectFunctionCall2(numeric_trunc, number, Int32GetDatum(0));

	if (!DatumGetBool(DirectFunctionCall2(numeric_eq, number, whole)))
		return NULL;
	return DatumGetCString(DirectFunctionCall1(numeric_out, whole));
}

void
evc_number_spell_integer(EvcPlain *text)
{
	char *digits;

	if (strpbrk(text->made, ".eE") == NULL)
		return;
	digits = integer_digits(text->made);
	if (digits != NULL)
		evc_plain_set(text, digits, digits, strlen(digits));
}
