/*
 * label/guard.h
 *	  ALTER TABLE leaves what labels name as it is.
 *
 * A label holds names, since it is dumped as text.  A column that has got another
 * name, or another text form, would be another context: what was encrypted before
 * would not open any more, or what is encrypted from now on.  So that is refused
 * until the label is changed, by every session that has loaded the library; in the
 * others it comes out when the label is used.
 */
#ifndef EVC_LABEL_GUARD_H
#define EVC_LABEL_GUARD_H

/* For evc_label_init. */
extern void evc_label_guard_init(void);

#endif /* EVC_LABEL_GUARD_H */
