# Labels and who may what: apps and data roles that they name against E3's policy, and
# SQL roles that have the one right and lack the other.
# Release build only: it is about PostgreSQL's side.
use strict;
use warnings;

use EvcryptTest;
use Test::More;

my $e3 = start_e3(stopped => 1);
$e3->ctl('app', 'add', $_) for qw(shop bank);
my $policy = "$e3->{dir}/policy";
spit($policy, <<"END");
[rule write]
identity = uid:$>
operations = encrypt
apps = *
roles = *
[rule read]
identity = uid:$>
operations = decrypt
apps = default, shop
roles = (none), public
END
spit($e3->{config}, slurp($e3->{config}) . "[access]\npolicy = $policy\n");
$e3->start;
my $node = new_node('roles', $e3);
my $session = session($node);

sub refused
{
	my ($sql, $sqlstate, $pattern, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $out = $session->query($sql);
	is($session->sqlstate, $sqlstate, $name) or diag($session->{error});
	like($session->{error}, $pattern, "$name: says why");
	unlike($out . $session->{error}, qr/canary/, "$name: shows nothing");
	return;
}

# Each column has an app and a role of its own, whatever the session's are.
$session->query(<<'END');
SET evcrypt.role = 'secret';
CREATE TABLE t (id int, plain encrypted, public encrypted, secret encrypted, bank encrypted);
SECURITY LABEL FOR evcrypt ON COLUMN t.plain IS 'app=shop, role=public';
SECURITY LABEL FOR evcrypt ON COLUMN t.public IS 'app=shop, role=public, context=column(id)';
SECURITY LABEL FOR evcrypt ON COLUMN t.secret IS 'app=shop, context=column(id)';
SECURITY LABEL FOR evcrypt ON COLUMN t.bank IS 'app=bank, role=public';
COPY t FROM PROGRAM 'printf "1,canary a,canary b,canary c,canary d\n2,canary e,canary f,canary g,canary h\n"' (FORMAT csv, ENCRYPT *);
END
is($session->sqlstate, '00000', 'loaded') or diag($session->{error});
$session->is('COPY t (id, plain, public) TO STDOUT (FORMAT csv, DECRYPT *)', "1,canary a,canary b\n2,canary e,canary f",
	'what the policy lets be read');
refused('COPY t (secret) TO STDOUT (DECRYPT *)', '42501', qr/role/, "the session's role, where the label names none");
refused('COPY t (bank) TO STDOUT (DECRYPT *)', '42501', qr/policy|not allow/, 'the app that the label names');
refused(q{SELECT decrypt(plain) FROM t}, 'EV011', qr/names a key/, 'the function, which is for the app of the session');
like(slurp($e3->{log}), qr/status=ROLE_REFUSED/, "E3's log has the role");
unlike(slurp($e3->{log}) . slurp($node->logfile), qr/canary [a-h]\b(?!\\n|,)/, 'no log has a value');
$session->query('RESET evcrypt.role');

# Rights in SQL.
spit("$e3->{dir}/rows", "1,canary,2000-01-01\n");
$node->safe_psql('postgres', <<'END');
CREATE ROLE clerk;
CREATE TABLE r (id int, s encrypted, d encrypted);
SECURITY LABEL FOR evcrypt ON COLUMN r.s IS 'app=shop, role=public, context=column(id)';
SECURITY LABEL FOR evcrypt ON COLUMN r.d IS 'type=date, context=''r''';
GRANT INSERT (id, s, d), SELECT (s, d) ON r TO clerk;
GRANT pg_read_server_files TO clerk;
GRANT EXECUTE ON FUNCTION encrypt(text), encrypt(anyelement), decrypt(encrypted), decrypt_as(encrypted, anyelement) TO clerk;
END
$session->query('SET ROLE clerk');
refused(q{COPY r (id, s) FROM '/dev/null' (ENCRYPT *)}, '42501', qr/permission denied for function encrypt/, 'encrypt(text) is not encrypt(text, text)');
refused(q{COPY r (d) FROM '/dev/null' (ENCRYPT *)}, '42501', qr/permission denied for function encrypt/, 'nor for other types');
refused('COPY r (s) TO STDOUT (DECRYPT *)', '42501', qr/permission denied for function decrypt/, 'nor decrypt');
refused('COPY r (d) TO STDOUT (DECRYPT *)', '42501', qr/permission denied for function decrypt_as/, 'nor decrypt_as');
$node->safe_psql('postgres', <<'END');
GRANT EXECUTE ON FUNCTION encrypt(text, text), encrypt(anyelement, text), decrypt(encrypted, text),
	decrypt_as(encrypted, anyelement, text) TO clerk;
END
$session->query("COPY r FROM '$e3->{dir}/rows' (FORMAT csv, ENCRYPT *)");
is($session->sqlstate, '00000', "whoever may not set evcrypt.app loads for the label's") or diag($session->{error});
refused('SET evcrypt.app = shop', '42501', qr/permission denied/, 'though');
$session->is('COPY r (d) TO STDOUT (DECRYPT *)', '2000-01-01', 'a constant needs no column');
refused('COPY r (s) TO STDOUT (DECRYPT *)', '42501', qr/permission denied for table r/, 'a context that may not be read');
$node->safe_psql('postgres', 'GRANT SELECT (id) ON r TO clerk');
$session->is('COPY r (s) TO STDOUT (DECRYPT *)', 'canary', 'and when it may');
refused(q{SECURITY LABEL FOR evcrypt ON COLUMN r.s IS 'type=text'}, '42501', qr/must be owner/, 'labels are for the owner');
$node->safe_psql('postgres', 'ALTER TABLE r OWNER TO clerk');
refused(q{SECURITY LABEL FOR evcrypt ON COLUMN r.s IS 'app=bank'}, '42501', qr/permission denied to set "evcrypt.app"/, 'who needs a right for an app');
refused(q{SECURITY LABEL FOR evcrypt ON COLUMN r.s IS 'app=shop'}, '42501', qr/permission denied to set "evcrypt.app"/, 'also for the one that was there');
refused(q{SECURITY LABEL FOR evcrypt ON COLUMN r.s IS 'role=secret'}, '42501', qr/permission denied to set "evcrypt.role"/, 'and for a role');
$session->query(q{SECURITY LABEL FOR evcrypt ON COLUMN r.s IS 'context=column(id)'});
is($session->sqlstate, '00000', 'but none for the rest');
refused('COPY r (s) TO STDOUT (DECRYPT *)', 'EV011', qr/names a key/, 'which is for another app now');

# Row security decides about rows; the context's column comes with them.
$node->safe_psql('postgres', <<'END');
ALTER TABLE r OWNER TO CURRENT_USER;
SECURITY LABEL FOR evcrypt ON COLUMN r.s IS 'app=shop, context=column(id)';
TRUNCATE r;
COPY r (id, s) FROM PROGRAM 'printf "1,one\n2,two\n3,three\n"' (FORMAT csv, ENCRYPT *);
ALTER TABLE r ENABLE ROW LEVEL SECURITY;
CREATE POLICY odd ON r USING (id % 2 = 1);
GRANT SELECT ON r TO clerk;
END
$session->is('COPY r (s) TO STDOUT (DECRYPT *)', "one\nthree", 'row security');

$session->close;
$node->stop;
done_testing();
