#!/usr/bin/perl
# What README.md and docs/*.md tell readers to type: extracts it, and runs it.
#
# usage: perl test/lib/docs.pl [--run] [--tally FILE] DOCUMENT...
# Without --run it only looks whether every block says what it is; a lint does that.
# Nothing but perl-base, since it runs on machines that have nothing.
#
# A block of code is fenced and names its language:
#   sh         run by one bash for each document; no command may fail
#   console    commands after "$ ", and what they print: compared but for numbers, and "..."
#   sql        run by one psql for each document, as its environment says.  After a
#              statement "-- ERROR" says that it fails, "-- → x | y" what it gives
#   python     run by python3
#   ini        put at the end of the file that the comment before it names
#   synopsis   programs with their arguments: command and options must be in their --help
#   others     are no commands: text, output, pictures, other languages that are marked
# A comment in the line before a block, or in lines of its own:
#   <!-- not run: REASON -->    listed at the end; the text around must say so, too
#   <!-- into FILE -->          of ini
#   <!-- run after REASON -->   of sql: it waits for the next block of SQL
#   <!-- prepared, LANGUAGE:    run, and not shown: what the text takes for granted
#   ... -->
use strict;
use warnings;

my %COMMANDS = map { $_ => 1 } qw(sh console sql python ini synopsis java);
my %NO_COMMANDS = map { $_ => 1 } qw(text output json);
my $RUNS_AFTER = qr/^\s*(?:sudo |make|test\/|e3ctl |evcrypt |psql |docker |podman |apt-get )/;

my ($run, $tally, @documents);
while (@ARGV)
{
	my $word = shift @ARGV;
	if ($word eq '--run') { $run = 1; }
	elsif ($word eq '--tally') { $tally = shift @ARGV; }
	else { push @documents, $word; }
}
$| = 1;
$ENV{PATH} = "/usr/local/sbin:/usr/local/bin:$ENV{PATH}";

my ($done, $bad, @left) = (0, 0);

sub complain { my ($where, @what) = @_; print "$where: ", @what, "\n"; $bad++; return; }

# --- extract --------------------------------------------------------------------

# The blocks of a document in their order: language, text, line, what the comment says.
sub blocks_of
{
	my ($document) = @_;
	my (@blocks, $block, $comment, $fence);
	my $blank = 1;

	open my $in, '<', $document or die "$document: $!";
	while (my $line = <$in>)
	{
		my $where = "$document:$.";
		if ($block)
		{
			if ($line =~ $block->{end}) { push @blocks, $block; undef $block; }
			else { $block->{text} .= substr($line, 0, $block->{margin}) =~ /\S/ ? $line : substr $line, $block->{margin}; }
			next;
		}
		if ($line =~ /^<!-- prepared, (\w+):\s*$/)
		{
			$block = { language => $1, text => '', where => $where, hidden => 1, end => qr/^-->/, margin => 0 };
		}
		elsif ($line =~ /^( *)```(\w*)\s*$/)
		{
			my ($margin, $language) = ($1, $2);
			$block = { language => $language, text => '', where => $where, comment => $comment, end => qr/^ *```\s*$/,
				margin => length $margin };
			undef $comment;
		}
		elsif ($line =~ /^\s*<!-- (not run|into|run after):? (.*?) -->\s*$/) { $comment = [ $1, $2 ]; next; }
		elsif ($line =~ /^    \S/ && $blank && !$fence) { complain($where, 'a block without a fence and a language'); }
		complain($where, 'a comment that is for no block') if $comment;
		undef $comment;
		$fence = 0 if $line =~ /^\S/;
		$fence = 1 if $line =~ /^(?:\d+\.|[-*]) /;
		$blank = $line =~ /^\s*$/;
	}
	complain($document, 'a block without an end') if $block;
	return @blocks;
}

# Lines that are one command each: with what goes on after a backslash or in a document.
sub count_commands
{
	my ($block) = @_;
	my ($language, $text) = @$block{qw(language text)};

	return 1 if $language =~ /^(?:ini|python|java)$/;
	return scalar grep { /\S/ } split /\n/, $text if $language eq 'synopsis';
	return scalar(() = $text =~ /^\$ /mg) if $language eq 'console';
	return scalar statements($text) if $language eq 'sql';
	$text =~ s/\\\n//g;
	$text =~ s/^(.*<<-?'?(\w+)'?.*)\n.*?^\t*\2$/$1/msg;
	return scalar grep { !/^\s*(?:#|$)/ } split /\n/, $text;
}

# Statements of a block of SQL, with what is said to come of them.  A line that ends in a
# semicolon ends one, but within dollar quotes; what follows COPY FROM STDIN goes with it.
sub statements
{
	my ($text) = @_;
	my (@statements, $sql);
	my ($quoted, $copying) = (0, 0);

	for my $line (split /\n/, $text)
	{
		if ($copying)
		{
			$statements[-1]{sql} .= "$line\n";
			$copying = 0 if $line eq '\.';
			next;
		}
		next if !defined $sql && $line =~ /^\s*(?:--.*)?$/;
		$sql .= "$line\n";
		$quoted ^= 1 for $line =~ /\$\w*\$/g;
		next if $quoted or $line !~ /;\s*(?:--\s*(.*?))?\s*$/ and $line !~ /^\\/;
		my $says = $1 // '';
		push @statements, { sql => $sql, fails => scalar($says =~ /^ERROR/), gives => $says =~ /^→ (.*)/ ? $1 : undef };
		$copying = $sql =~ /^COPY.*FROM STDIN/s;
		undef $sql;
	}
	push @statements, { sql => $sql } if defined $sql;
	return @statements;
}

# --- run ------------------------------------------------------------------------

my ($to_bash, $bash_number, $to_psql);
my $scratch = "/tmp/docs-commands.$$";

sub slurp { my ($path) = @_; local (@ARGV, $/) = $path; return <> // ''; }
sub spit { my ($path, $text) = @_; open my $out, '>', $path or die "$path: $!"; print {$out} $text; close $out; return; }

# Waits for a file that the other side makes when it is done; undef if that has ended.
sub wait_for
{
	my ($path, $pid) = @_;

	until (-e $path)
	{
		return undef if waitpid($pid, 1) != 0;
		select undef, undef, undef, 0.02;
	}
	my $text = slurp($path);
	unlink $path;
	return $text;
}

# In the document's shell; what was printed, and what failed.
my $bash_pid;
sub shell
{
	my ($text) = @_;

	$bash_pid //= open $to_bash, '|-', 'bash', '--norc' or die "bash: $!";
	$to_bash->autoflush(1);
	spit("$scratch/block", $text);
	print {$to_bash} "set -E; trap 'echo \"\$BASH_COMMAND\" >>$scratch/failed' ERR\n",
	  ". $scratch/block </dev/null >$scratch/out 2>&1\n",
	  "trap - ERR; set +E; touch $scratch/done\n";
	my $ended = !defined wait_for("$scratch/done", $bash_pid);
	my $failed = -e "$scratch/failed" ? slurp("$scratch/failed") : '';
	unlink "$scratch/failed";
	undef $bash_pid if $ended;
	return (slurp("$scratch/out"), $failed . ($ended ? 'the shell has ended' : ''));
}

# In the document's psql, by the shell's environment.
my $psql_pid;
sub psql
{
	my ($sql) = @_;

	unless ($psql_pid)
	{
		shell("env -0 >$scratch/environment");
		my %environment = map { split /=/, $_, 2 } split /\0/, slurp("$scratch/environment");
		local %ENV = %environment;
		$psql_pid = open $to_psql, '|-', "exec psql -XqAt -F ' | ' -f - >$scratch/psql.out 2>&1" or die "psql: $!";
		$to_psql->autoflush(1);
	}
	my $before = -e "$scratch/psql.out" ? -s "$scratch/psql.out" : 0;
	local $SIG{PIPE} = 'IGNORE';
	print {$to_psql} "$sql\n\\! touch $scratch/done\n";
	unless (defined wait_for("$scratch/done", $psql_pid))
	{
		undef $psql_pid;
		return slurp("$scratch/psql.out") . 'ERROR: psql has ended';
	}
	my $out = substr slurp("$scratch/psql.out"), $before;
	chomp $out;
	return $out;
}

sub close_psql
{
	return unless $psql_pid;
	close $to_psql;
	undef $psql_pid;
	unlink "$scratch/psql.out";
	return;
}

# Is this what it was to be, but for numbers and what "..." stands for?
sub alike
{
	my ($seen, $expected) = @_;

	for ($seen, $expected)
	{
		s/[0-9]+(?:\.[0-9]+)?/0/g;
		s/[ \t]+/ /g;
		s/\s+$//mg;
	}
	my $pattern = join '.*', map { quotemeta } split /\.\.\.|…/, $expected, -1;
	return $seen =~ /^\s*$pattern\s*$/s;
}

my %run = (
	sh => sub {
		my ($block) = @_;
		close_psql();
		my ($out, $failed) = shell($block->{text});
		complain($block->{where}, "failed: $failed\n$out") if $failed ne '';
	},
	console => sub {
		my ($block) = @_;
		close_psql();
		for my $part (split /^(?=\$ )/m, $block->{text})
		{
			my ($command, $expected) = $part =~ /^\$ (.*)\n((?s:.*))/ or next;
			my ($out, $failed) = shell("$command\n");
			complain($block->{where}, "failed: $failed\n$out") if $failed ne '';
			complain($block->{where}, "$command printed:\n$out") unless $expected eq '' or alike($out, $expected);
		}
	},
	sql => sub {
		my ($block) = @_;
		for my $statement (statements($block->{text}))
		{
			my $out = psql($statement->{sql});
			my $failed = $out =~ /^(?:psql:.*?)?(?:ERROR|FATAL|invalid command|\\copy: )/m;
			complain($block->{where}, "$statement->{sql}$out") if !$failed != !$statement->{fails};
			my $gives = $statement->{gives} // next;
			my $pattern = join '.*', map { quotemeta } split /\.\.\./, $gives, -1;
			complain($block->{where}, "$statement->{sql}gave: $out") unless $out =~ /^$pattern$/s;
		}
	},
	python => sub {
		my ($block) = @_;
		our $before;
		if ($block->{hidden}) { $before = $block->{text}; return; }
		spit("$scratch/block.py", ($before // '') . $block->{text});
		undef $before;
		my ($out, $failed) = shell("python3 $scratch/block.py\n");
		complain($block->{where}, "failed: $out") if $failed ne '';
	},
	ini => sub {
		my ($block) = @_;
		my $file = $block->{comment}[1];
		open my $out, '>>', $file or return complain($block->{where}, "$file: $!");
		print {$out} $block->{text};
		close $out;
	},
	synopsis => sub {
		my ($block) = @_;
		for my $line (split /\n/, $block->{text})
		{
			my ($program, $words, $arguments) = $line =~ /^(e3ctl|evcrypt) ([a-z][a-z-]*(?: [a-z][a-z-]*(?!\w))*)(.*)/ or next;
			my ($help) = shell("$program --help\n");
			# What e3ctl says of one command; evcrypt has its options in groups.
			my ($entry) = $help =~ /^(  \Q$words\E\b.*\n(?:    .*\n)*)/m;
			$arguments =~ s/ {2,}.*//;
			my @options = $arguments =~ /(--[a-z-]+)/g;
			complain($block->{where}, "$program --help does not have: $words"), next unless defined $entry;
			$entry = $help if $program eq 'evcrypt';
			complain($block->{where}, "$program --help does not have: $_ of $words") for grep { $entry !~ /\Q$_\E(?![a-z-])/ } @options;
		}
	},
);

# --- documents ------------------------------------------------------------------

mkdir $scratch, 0755 if $run;
for my $document (@documents)
{
	my @waiting;
	print "=== $document\n" if $run;
	for my $block (blocks_of($document))
	{
		my ($language, $where, $comment) = @$block{qw(language where comment)};
		if ($comment && $comment->[0] eq 'not run')
		{
			my $count = count_commands($block);
			$count = 1 if $count == 0;
			push @left, map { "$where: $comment->[1]" } 1 .. $count;
			next;
		}
		if ($NO_COMMANDS{$language})
		{
			complain($where, 'text that is a command') if $block->{text} =~ $RUNS_AFTER;
			next;
		}
		unless ($COMMANDS{$language} && $run{$language})
		{
			complain($where, "a block that is not run and not marked: '$language'");
			next;
		}
		complain($where, 'ini that says not where it goes') if $language eq 'ini' and !$comment;
		next unless $run && !$bad;
		if ($comment && $comment->[0] eq 'run after') { push @waiting, $block; next; }
		if ($language eq 'sql' && @waiting)
		{
			$block = { %{ $block }, text => join '', map { $_->{text} } @waiting, $block };
			@waiting = ();
		}
		print "--- $where\n", $block->{text} =~ s/^/    /mgr unless $block->{hidden};
		my $before = $bad;
		$run{$language}->($block);
		$done += count_commands($block) unless $block->{hidden};
	}
	close_psql();
	if ($bash_pid) { close $to_bash; undef $bash_pid; }
}
system('rm', '-rf', $scratch) if $run;

my %reasons;
$reasons{$_}++ for @left;
if ($tally)
{
	open my $out, '>>', $tally or die "$tally: $!";
	print {$out} "run\t$done\n", map { "left\t$reasons{$_}\t$_\n" } sort keys %reasons;
	close $out;
}
exit($bad > 0);
