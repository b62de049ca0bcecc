"""A key service that SQL asks for each value, over HTTP; see ../c/service.c."""

from measure import Ratio, Statement

# The session's connection stays.  What HTTP::Tiny would do takes several times as long.
FUNCTION = r"""
CREATE FUNCTION bench_service(verb text, value text) RETURNS text LANGUAGE plperlu STRICT AS $perl$
    use IO::Socket::INET; use Socket qw(IPPROTO_TCP TCP_NODELAY);
    my ($verb, $value) = @_;
    my $service = $_SHARED{service} //= do {
        my $new = IO::Socket::INET->new("127.0.0.1:%s") or die "no service";
        setsockopt($new, IPPROTO_TCP, TCP_NODELAY, 1); $new; };
    syswrite($service, "POST /$verb HTTP/1.1\r\nHost: localhost\r\nContent-Length: " . length($value) . "\r\n\r\n$value");
    my ($reply, $head, $wanted) = ("", -1);
    until ($head >= 0 and length($reply) >= $wanted) {
        sysread($service, $reply, 65536, length($reply)) or die "the service has gone";
        next if $head >= 0 or ($head = index($reply, "\r\n\r\n")) < 0;
        $reply =~ m{^HTTP/1.1 200 .*\r\nContent-Length: ([0-9]+)\r\n}s or die "the service refuses";
        $wanted = $head + 4 + $1; }
    return substr($reply, $head + 4);
$perl$
"""


def need(bench):
    """The function, made when it is first asked for."""
    if bench.main.sql("SELECT to_regproc('bench_service') IS NULL") == "t":
        bench.main.sql("CREATE EXTENSION plperlu", FUNCTION % bench.service())


class Service(Statement):
    def prepare(self, bench):
        need(bench)
        super().prepare(bench)


def probes(bench):
    return [
        Service("service_encrypt", "a key service by HTTP for each value, from PL/Perl",
                "SELECT count(bench_service('encrypt', v)) FROM {plain}", share=100),
        Service("service_decrypt", "the same, decrypt", "SELECT count(bench_service('decrypt', c)) FROM {service}", share=100),
    ]


def ratios(bench):
    return [
        Ratio("service", "a key service for each value ÷ encrypt", "service_encrypt", "encrypt"),
        Ratio("service_decrypt", "the same, decrypt", "service_decrypt", "decrypt"),
    ]
