"""Fields of JSON documents, twenty of them each, against a call of encrypt() or decrypt() for every field."""

from measure import Ratio, Statement

FIELDS = 20
PATHS = "'{{\"{{*}}\"}}'"


class Documents(Statement):
    """In nanoseconds a field; tables have so many fields, in a twentieth as many rows."""

    def size(self, bench):
        return max(super().size(bench) // FIELDS, 1) * FIELDS


def each(call, table):
    """A call for every field; says how many fields."""
    calls = " + ".join(f"count({call.format(field=f'doc ->> {chr(39)}f{i}{chr(39)}')})" for i in range(FIELDS))
    return f"SELECT {calls} FROM {{{table}}}"


def probes(bench):
    off = {"evcrypt.batch": "off"}
    encrypt = each("encrypt({field})", "documents")
    decrypt = each("decrypt(({field})::encrypted)", "sealed")
    return [
        Documents("json_encrypt", "encrypt_fields(doc, paths)",
                  f"SELECT {FIELDS} * count(encrypt_fields(doc, {PATHS})) FROM {{documents}}"),
        Documents("json_decrypt", "decrypt_fields(doc)",
                  f"SELECT {FIELDS} * count(decrypt_fields(doc)) FROM {{sealed}}"),
        Documents("json_encrypt_each", "encrypt(doc ->> 'f') for each field", encrypt),
        Documents("json_decrypt_each", "decrypt((doc ->> 'f')::encrypted) for each field", decrypt),
        Documents("json_encrypt_each_off", "the same, batching off", encrypt, share=100, settings=off),
        Documents("json_decrypt_each_off", "the same, batching off", decrypt, share=100, settings=off),
    ]


def ratios(bench):
    return [
        Ratio("json_encrypt", "encrypt for each field, batching off ÷ encrypt_fields",
              "json_encrypt_each_off", "json_encrypt", 20, 60, "higher"),
        Ratio("json_decrypt", "decrypt for each field, batching off ÷ decrypt_fields",
              "json_decrypt_each_off", "json_decrypt", 20, 60, "higher"),
        Ratio("json_encrypt_each", "encrypt for each field, in batches ÷ encrypt_fields",
              "json_encrypt_each", "json_encrypt"),
        Ratio("json_decrypt_each", "decrypt for each field, in batches ÷ decrypt_fields",
              "json_decrypt_each", "json_decrypt"),
    ]
