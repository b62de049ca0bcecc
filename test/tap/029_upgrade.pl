# Versions of the extension: the oldest that is kept, brought up to date by all update
# scripts, is in the catalog what the newest is when it is created; so is what comes out of
# a dump.  As long as there is but one version, a next one is made up here, and one for
# each kind of thing that an update script may forget, which must be noticed.
# Release build only: it is about scripts.
use strict;
use warnings;

use EvcryptTest;
use File::Basename qw(basename);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# All that the extension has in the catalog, a line each, without OIDs.
my $CATALOG = <<'END';
WITH member AS (
	SELECT classid, objid, (pg_identify_object(classid, objid, 0)).*
	FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
		AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'evcrypt')),
acl AS (
	SELECT 'pg_proc'::regclass AS class, oid, proacl AS acl, acldefault('f', proowner) AS usual FROM pg_proc
	UNION ALL SELECT 'pg_type'::regclass, oid, typacl, acldefault('T', typowner) FROM pg_type
	UNION ALL SELECT 'pg_class'::regclass, oid, relacl, acldefault('r', relowner) FROM pg_class)
SELECT 'member', type, identity, obj_description(objid, classid::regclass::text) FROM member
UNION ALL SELECT 'right', identity, array_agg(r::text ORDER BY r::text)::text, NULL
	FROM member JOIN acl ON class = classid AND oid = objid,
		LATERAL (SELECT grantee::regrole, privilege_type, is_grantable FROM aclexplode(coalesce(acl, usual))) r GROUP BY identity
UNION ALL SELECT 'first right', identity, privtype::text, array(SELECT x::text FROM unnest(initprivs) x ORDER BY 1)::text
	FROM member JOIN pg_init_privs p ON p.classoid = classid AND p.objoid = objid
UNION ALL SELECT 'function', identity, pg_get_functiondef(objid), concat_ws(' ', provolatile, proparallel, procost, prorows, proisstrict,
		prosecdef, proleakproof, prosupport, probin)
	FROM member JOIN pg_proc p ON p.oid = objid WHERE classid = 'pg_proc'::regclass AND prokind <> 'a'
UNION ALL SELECT 'type', identity, concat_ws(' ', typlen, typbyval, typtype, typcategory, typispreferred, typdelim, typalign, typstorage, typcollation),
		concat_ws(' ', typinput, typoutput, typreceive, typsend, typmodin, typmodout, typanalyze)
	FROM member JOIN pg_type t ON t.oid = objid WHERE classid = 'pg_type'::regclass
UNION ALL SELECT 'cast', identity, castfunc::regprocedure::text, concat_ws(' ', castcontext, castmethod)
	FROM member JOIN pg_cast c ON c.oid = objid WHERE classid = 'pg_cast'::regclass
UNION ALL SELECT 'operator', identity, oprcode::text, concat_ws(' ', oprcom::regoper, oprnegate::regoper, oprrest, oprjoin)
	FROM member JOIN pg_operator o ON o.oid = objid WHERE classid = 'pg_operator'::regclass
UNION ALL SELECT 'relation', identity, concat_ws(' ', relkind, relpersistence, relrowsecurity, relforcerowsecurity, reloptions),
		CASE relkind WHEN 'v' THEN pg_get_viewdef(objid) END
	FROM member JOIN pg_class c ON c.oid = objid WHERE classid = 'pg_class'::regclass
UNION ALL SELECT 'column', identity || '.' || attname, format_type(atttypid, atttypmod),
		concat_ws(' ', attnum, attnotnull, attidentity, attgenerated, pg_get_expr(adbin, adrelid))
	FROM member JOIN pg_attribute a ON attrelid = objid AND attnum > 0 AND NOT attisdropped LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
	WHERE classid = 'pg_class'::regclass
UNION ALL SELECT 'constraint', identity, conname, pg_get_constraintdef(c.oid)
	FROM member JOIN pg_constraint c ON conrelid = objid WHERE classid = 'pg_class'::regclass
UNION ALL SELECT 'index', identity, pg_get_indexdef(indexrelid), NULL
	FROM member JOIN pg_index ON indrelid = objid WHERE classid = 'pg_class'::regclass
UNION ALL SELECT 'policy', identity, polname, concat_ws(' ', polcmd, polpermissive, polroles::regrole[], pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
	FROM member JOIN pg_policy ON polrelid = objid WHERE classid = 'pg_class'::regclass
UNION ALL SELECT 'trigger', identity, tgname, pg_get_triggerdef(t.oid)
	FROM member JOIN pg_trigger t ON tgrelid = objid AND NOT tgisinternal WHERE classid = 'pg_class'::regclass
UNION ALL SELECT 'extension', extversion, concat_ws(' ', extrelocatable, extnamespace::regnamespace),
		concat_ws(' ', extconfig::regclass[], extcondition)
	FROM pg_extension WHERE extname = 'evcrypt'
ORDER BY 1, 2, 3, 4
END

# --- a PostgreSQL whose extensions we may write ------------------------------
# Its programs find the folder of extensions from where they lie themselves.
my %real = map { my ($what) = $_; my $out = `$ENV{PG_CONFIG} --$what`; chomp $out; ($what => $out) } qw(bindir sharedir pkglibdir);
my ($common) = "$real{bindir}\0$real{sharedir}" =~ m{^(/.*/)[^\0]*\0\1} or die 'no folder in common';
my $tree = "$PostgreSQL::Test::Utils::tmp_check/tree";
my %here = map { $_ => "$tree/" . substr $real{$_}, length $common } keys %real;
my $extension = "$here{sharedir}/extension";

system('mkdir', '-p', $here{bindir}, $extension) == 0 or die;
system('cp', (map { "$real{bindir}/$_" } qw(initdb postgres pg_ctl psql pg_dump pg_config)), $here{bindir}) == 0 or die;
symlink $real{pkglibdir}, $here{pkglibdir} or die;
for my $from (glob "$real{sharedir}/*")
{
	symlink $from, "$here{sharedir}/" . basename($from) or die unless basename($from) eq 'extension';
}
system("cp $real{sharedir}/extension/plpgsql* $real{sharedir}/extension/evcrypt* $extension/") == 0 or die;

my $control = slurp("$extension/evcrypt.control");
my ($newest) = $control =~ /^default_version = '(.*)'/m or die;
my ($oldest) = sort { $a <=> $b } map { m{/evcrypt--([0-9.]+)\.sql$} } glob "$extension/evcrypt--*.sql";
my $script = slurp("$extension/evcrypt--$oldest.sql");

my $node = PostgreSQL::Test::Cluster->new('upgrade', install_path => "$tree/" . ($here{bindir} =~ s{^\Q$tree/\E}{}r =~ s{/bin$}{}r));
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'evcrypt'");
$node->start;

my $count = 0;

# What is in the catalog after these statements.
sub catalog_after
{
	my (@sql) = @_;
	my $name = 'version' . ++$count;

	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name, join ';', @sql);
	return ($node->safe_psql($name, $CATALOG), $name);
}

# --- the versions that there are -----------------------------------------------

my ($created, $database) = catalog_after('CREATE EXTENSION evcrypt');
my ($updated) = catalog_after("CREATE EXTENSION evcrypt VERSION '$oldest'", 'ALTER EXTENSION evcrypt UPDATE');
cmp_ok(scalar(() = $created =~ /^function\|/mg), '>', 20, 'the catalog has the functions');
is($updated, $created, "$oldest and its updates are what $newest is");

# A dump says CREATE EXTENSION, and what has been granted since; nothing else is lost.
$node->safe_psql($database, 'CREATE ROLE reader; GRANT EXECUTE ON FUNCTION decrypt(encrypted) TO reader; GRANT SELECT ON evcrypt_stat TO reader;'
	  . 'REVOKE EXECUTE ON FUNCTION encrypted_info(encrypted) FROM PUBLIC');
my $granted = $node->safe_psql($database, $CATALOG);
isnt($granted, $created, 'rights are seen');
my $dump = "$PostgreSQL::Test::Utils::tmp_check/upgrade.sql";
$node->command_ok([ 'pg_dump', '-d', $node->connstr($database), '-f', $dump ], 'it is dumped');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr('restored') ], 'and restored');
is($node->safe_psql('restored', $CATALOG), $granted, 'with all that it is, and the rights that were given and taken');

# --- a next version, as it should be and with something forgotten ----------------

my $next = <<'END';
CREATE FUNCTION @extschema@.evcrypt_next(pg_catalog.int4) RETURNS pg_catalog.int4 LANGUAGE sql STABLE PARALLEL SAFE RETURN $1;
COMMENT ON FUNCTION @extschema@.evcrypt_next(pg_catalog.int4) IS 'made up';
ALTER FUNCTION @extschema@.evcrypt_health() COST 7;
END
my $revoked = 'REVOKE ALL ON FUNCTION @extschema@.evcrypt_next(pg_catalog.int4) FROM PUBLIC;';
my $minor = 0;

# Puts a version into the folder: what creates it has more than the oldest, and what updates
# to it; the catalog after either.
sub both_ways
{
	my ($created_by, $updated_by) = @_;
	my $version = "$newest." . ++$minor;

	spit("$extension/evcrypt--$version.sql", "$script\n$created_by");
	spit("$extension/evcrypt--$oldest--$version.sql", $updated_by);
	my ($by_create) = catalog_after("CREATE EXTENSION evcrypt VERSION '$version'");
	my ($by_update) = catalog_after("CREATE EXTENSION evcrypt VERSION '$oldest'", "ALTER EXTENSION evcrypt UPDATE TO '$version'");
	return ($by_create, $by_update);
}

my ($by_create, $by_update) = both_ways($next . $revoked, $next . $revoked);
is($by_update, $by_create, 'a next version: by either way the same');

for my $case (
	[ 'a right', $next . $revoked, $next ],
	[ 'a volatility', $next . $revoked, ($next =~ s/STABLE/VOLATILE/r) . $revoked ],
	[ 'a cost', $next . $revoked, ($next =~ s/COST 7/COST 8/r) . $revoked ],
	[ 'a comment', $next . $revoked, ($next =~ s/^COMMENT.*\n//mr) . $revoked ],
	[ 'a function', $next . $revoked, '' ],
	[ 'a body', $next . $revoked, ($next =~ s/RETURN \$1/RETURN \$1 + 1/r) . $revoked ],
	[ 'a function that is to go', 'DROP FUNCTION @extschema@.evcrypt_stat_reset();', '' ],
	[ 'a cast', 'CREATE CAST (@extschema@.encrypted AS pg_catalog.json) WITH INOUT;', '' ],
	[ 'an operator', $next . 'CREATE OPERATOR @extschema@.### (FUNCTION = @extschema@.evcrypt_next, RIGHTARG = pg_catalog.int4);', $next ],
	[ 'a column', 'ALTER TABLE @extschema@.evcrypt_job ADD made_up pg_catalog.int4;', '' ],
	[ 'a policy', 'DROP POLICY own ON @extschema@.evcrypt_job;', '' ],
	[ 'storage of the type', 'ALTER TYPE @extschema@.encrypted SET (STORAGE = main);', '' ],
	[ 'a table that is to be dumped', q{SELECT pg_catalog.pg_extension_config_dump('@extschema@.evcrypt_job', '');}, '' ])
{
	my ($what, @scripts) = @$case;
	my @seen = both_ways(@scripts);

	isnt($seen[1], $seen[0], "an update script that forgets $what is noticed");
}
$node->stop;
done_testing();
