"""Results that go to a client, which takes them one at a time, in binary and as text."""

from measure import Processor, Ratio, Statement

COPY, ENCRYPT = "SELECT bench_copy(v) FROM {plain}", "SELECT encrypt(v) FROM {plain}"
COPY_BACK, DECRYPT = "SELECT bench_copy_back(c) FROM {copied}", "SELECT decrypt(c) FROM {cipher}"


class Apart(Statement):
    """E3 has a processor to itself, as an enclave has: of two, the client is beside the backend."""

    def run(self, bench):
        with bench.client_beside_backend():
            return super().run(bench)


def probes(bench):
    return [
        Statement("to_client_copy", "copy(v) to a client", COPY, verb="stream"),
        Statement("to_client_encrypt", "encrypt(v) to a client", ENCRYPT, verb="stream"),
        Statement("to_client_copy_back", "copy_back(c) to a client", COPY_BACK, verb="stream"),
        Statement("to_client_decrypt", "decrypt(c) to a client", DECRYPT, verb="stream"),
        Statement("to_client_text_copy", "copy(v) to a client, as text", COPY, verb="text"),
        Statement("to_client_text_encrypt", "encrypt(v) to a client, as text", ENCRYPT, verb="text"),
        Statement("to_client_text_copy_back", "copy_back(c) to a client, as text", COPY_BACK, verb="text"),
        Statement("to_client_text_decrypt", "decrypt(c) to a client, as text", DECRYPT, verb="text"),
        Apart("to_client_apart_copy", "copy(v) to a client that is not on E3's processor", COPY, verb="stream"),
        Apart("to_client_apart_encrypt", "encrypt(v) to such a client", ENCRYPT, verb="stream"),
    ]


def ratios(bench):
    return [
        Ratio("to_client", "encrypt(v) to a client ÷ copy function", "to_client_encrypt", "to_client_copy", 1.4, 1.05),
        Ratio("to_client_decrypt", "decrypt(c) to a client ÷ copy function back", "to_client_decrypt",
              "to_client_copy_back"),
        Ratio("to_client_text", "encrypt(v) to a client, as text ÷ copy function", "to_client_text_encrypt",
              "to_client_text_copy"),
        Ratio("to_client_text_decrypt", "decrypt(c) to a client, as text ÷ copy function back", "to_client_text_decrypt",
              "to_client_text_copy_back"),
        Ratio("to_client_apart", "to_client, the client not on E3's processor", "to_client_apart_encrypt",
              "to_client_apart_copy"),
        Processor("to_client_cpu", "to_client, the backend's processor time", "to_client_encrypt", "to_client_copy"),
        Processor("to_client_decrypt_cpu", "to_client_decrypt, the same", "to_client_decrypt", "to_client_copy_back"),
    ]
