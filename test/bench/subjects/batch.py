"""Whole tables through encrypt() and decrypt(), against functions that only copy."""

from measure import Processor, Ratio, Statement


def probes(bench):
    off = {"evcrypt.batch": "off"}
    one = {"evcrypt.batch_depth": "1"}
    return [
        Statement("count", "count(v): the scan alone", "SELECT count(v) FROM {plain}"),
        Statement("copy", "count(copy(v)): copies 32 bytes into 97", "SELECT count(bench_copy(v)) FROM {plain}"),
        Statement("copy_back", "count(copy_back(c)): 97 into 32", "SELECT count(bench_copy_back(c)) FROM {copied}"),
        Statement("encrypt", "count(encrypt(v))", "SELECT count(encrypt(v)) FROM {plain}"),
        Statement("decrypt", "count(decrypt(c))", "SELECT count(decrypt(c)) FROM {cipher}"),
        Statement("encrypt_1", "count(encrypt(v)), one batch in flight", "SELECT count(encrypt(v)) FROM {plain}",
                  settings=one),
        Statement("decrypt_1", "count(decrypt(c)), one batch in flight", "SELECT count(decrypt(c)) FROM {cipher}",
                  settings=one),
        Statement("encrypt_off", "count(encrypt(v)), batching off", "SELECT count(encrypt(v)) FROM {plain}",
                  share=100, settings=off),
        Statement("decrypt_off", "count(decrypt(c)), batching off", "SELECT count(decrypt(c)) FROM {cipher}",
                  share=100, settings=off),
    ]


def ratios(bench):
    return [
        Ratio("encrypt", "encrypt ÷ copy function", "encrypt", "copy", 3.0, 1.6),
        Ratio("decrypt", "decrypt ÷ copy function back", "decrypt", "copy_back", 2.5, 1.4),
        Processor("encrypt_cpu", "encrypt, the backend's processor time", "encrypt", "copy"),
        Processor("decrypt_cpu", "decrypt, the same", "decrypt", "copy_back"),
        Ratio("batching", "encrypt, batching off ÷ on", "encrypt_off", "encrypt", 20, 60, "higher"),
        Ratio("batching_decrypt", "decrypt, batching off ÷ on", "decrypt_off", "decrypt"),
        Ratio("depth", "encrypt, one batch in flight ÷ two", "encrypt_1", "encrypt"),
        Ratio("depth_decrypt", "decrypt, one batch in flight ÷ two", "decrypt_1", "decrypt"),
    ]
