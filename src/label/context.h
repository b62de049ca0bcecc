/*
 * label/context.h
 *	  The context that a label gives a row's value.
 */
#ifndef EVC_LABEL_CONTEXT_H
#define EVC_LABEL_CONTEXT_H

#include "postgres.h"

#include "access/tupdesc.h"

#include "label/label.h"

typedef struct EvcLabelContext EvcLabelContext;

/*
 * In the current memory context; NULL if the label has no context.  "desc" is that of
 * the relation whose label it is.
 */
extern EvcLabelContext *evc_label_context_new(const EvcColumnLabel *label,
											  TupleDesc desc);

/*
 * The context as text: the constant, and after it the value of the context's column,
 * if it has one, cast to text under the settings of value/settings.h.  In the current
 * memory context; NULL if that value is.
 */
extern NullableDatum evc_label_context(EvcLabelContext *context, NullableDatum value);

#endif /* EVC_LABEL_CONTEXT_H */
