"""Results that go to a client, which takes them one at a time, in binary and as text."""

from measure import Processor, Ratio, Statement


def probes(bench):
    return [
        Statement("to_client_copy", "copy(v) to a client", "SELECT bench_copy(v) FROM {plain}", verb="stream"),
        Statement("to_client_encrypt", "encrypt(v) to a client", "SELECT encrypt(v) FROM {plain}", verb="stream"),
        Statement("to_client_copy_back", "copy_back(c) to a client", "SELECT bench_copy_back(c) FROM {copied}",
                  verb="stream"),
        Statement("to_client_decrypt", "decrypt(c) to a client", "SELECT decrypt(c) FROM {cipher}", verb="stream"),
        Statement("to_client_text_copy", "copy(v) to a client, as text", "SELECT bench_copy(v) FROM {plain}", verb="text"),
        Statement("to_client_text_encrypt", "encrypt(v) to a client, as text", "SELECT encrypt(v) FROM {plain}", verb="text"),
        Statement("to_client_text_copy_back", "copy_back(c) to a client, as text", "SELECT bench_copy_back(c) FROM {copied}",
                  verb="text"),
        Statement("to_client_text_decrypt", "decrypt(c) to a client, as text", "SELECT decrypt(c) FROM {cipher}", verb="text"),
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
        Processor("to_client_cpu", "to_client, the backend's processor time", "to_client_encrypt", "to_client_copy"),
        Processor("to_client_decrypt_cpu", "to_client_decrypt, the same", "to_client_decrypt", "to_client_copy_back"),
    ]
