/*
 * label/provider.h
 *	  SECURITY LABEL FOR evcrypt ON COLUMN: what may be said there.
 */
#ifndef EVC_LABEL_PROVIDER_H
#define EVC_LABEL_PROVIDER_H

/* Labels can be given from now on, and columns that they name stay.  For _PG_init. */
extern void evc_label_init(void);

#endif /* EVC_LABEL_PROVIDER_H */
