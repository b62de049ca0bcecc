/*
 * cli/options.h
 *	  The command line.
 */
#ifndef EVC_CLI_OPTIONS_H
#define EVC_CLI_OPTIONS_H

#include <stddef.h>

#include "cli/cli.h"

typedef enum EvcOptionsResult
{
	EVC_OPTIONS_RUN,
	EVC_OPTIONS_HELP,
	EVC_OPTIONS_WRONG /* the trouble is in "trouble" */
} EvcOptionsResult;

/*
 * Reads options and words, of which the first is the command.  Texts are the
 * caller's argv, and what they have to fit together is checked.
 */
extern EvcOptionsResult evc_read_options(EvcCli *cli, const char **command, char *trouble,
										 size_t trouble_size, int argc, char **argv);

#endif /* EVC_CLI_OPTIONS_H */
