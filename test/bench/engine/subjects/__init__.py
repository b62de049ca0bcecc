"""The engine's subjects, in the order in which they are measured; see ../../measure.py."""

from subjects import agreement, bulk, cancel, fairness, fortress, ladder, single, slices, tls, workers

SUBJECTS = {
    "bulk": bulk,
    "single": single,
    "ladder": ladder,
    "agreement": agreement,
    "fairness": fairness,
    "slices": slices,
    "workers": workers,
    "cancel": cancel,
    "tls": tls,
    "fortress": fortress,
}
