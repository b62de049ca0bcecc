/*
 * value/settings.h
 *	  The settings under which types are written as text and read back.
 *
 * They are the same in every session, so that a value reads back equal however
 * the reader has set DateStyle and the like.
 */
#ifndef EVC_SETTINGS_H
#define EVC_SETTINGS_H

/*
 * Puts the settings in place and returns a nest level for evc_settings_leave.
 * After an error the end of the (sub)transaction puts them back.
 */
extern int evc_settings_enter(void);
extern void evc_settings_leave(int nest_level);

#endif /* EVC_SETTINGS_H */
