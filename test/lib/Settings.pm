# Settings whose names or values depend on PostgreSQL's version.
package Settings;

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw($FORCE_PARALLEL);

# Runs whatever it can in a parallel worker, until the transaction ends; the
# setting has another name since PostgreSQL 16.
our $FORCE_PARALLEL = q{SELECT set_config(name, 'on', true) FROM pg_settings
	WHERE name IN ('force_parallel_mode', 'debug_parallel_query')};

1;
