"""Certificates for E3s and loads over TLS, made once by e3ctl certs."""

import os
import pwd
import subprocess


def owned_folder(name):
    """A new one that belongs to E3's user, and so does what e3ctl makes in it."""
    folder = os.path.join(os.environ["EVCRYPT_STACK"], name)
    os.mkdir(folder)
    owner = pwd.getpwnam(os.environ["EVCRYPT_STACK_USER"])
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return folder


class Certs:
    made = None

    @classmethod
    def folder(cls):
        if cls.made is None:
            cls.made = owned_folder("certs")
            subprocess.run(["e3ctl", "certs", cls.made], check=True, stdout=subprocess.DEVNULL)
        return cls.made

    @classmethod
    def files(cls, name):
        return [os.path.join(cls.folder(), file) for file in (f"{name}.crt", f"{name}.key", "ca.crt")]

    @classmethod
    def settings(cls):
        """Of E3's configuration."""
        return dict(zip(("tls.certificate", "tls.key", "tls.client_ca"), cls.files("server")))

    @classmethod
    def options(cls, endpoint):
        """Of e3ctl bench."""
        return {"endpoint": endpoint, **dict(zip(("cert", "key", "ca"), cls.files("client")))}
