/*
 * value/number.h
 *	  Numbers as other writers of the format spell them.
 */
#ifndef EVC_NUMBER_H
#define EVC_NUMBER_H

#include "postgres.h"

#include "value/plain.h"

/*
 * "1.0" and "1e+21", which an SDK may write for an integer, become the digits that
 * the input functions of integers take; what is no whole number stays as it is.
 * "text" is palloc'd and terminated by NUL.  Raises what numeric's input function
 * does, which shows the text.
 */
extern void evc_number_spell_integer(EvcPlain *text);

#endif /* EVC_NUMBER_H */
