"""An E3 of one's own, configured at will, with the keys of test/stack's; and load on it."""

import configparser
import json
import os
import pwd
import subprocess
import time

DEADLINE = 60


class E3:
    def __init__(self, name, settings):
        """settings: "section.key" to value, added to the configuration of test/stack."""
        folder = os.environ["EVCRYPT_STACK"]
        self.socket = os.path.join(folder, f"{name}.sock")
        self.config = os.path.join(folder, f"{name}.conf")
        self.log = os.path.join(folder, f"e3-{name}.log")
        self.write_config({**settings, "e3.socket": self.socket})
        self.process = self.start(os.path.join(folder, "bin", "e3"))
        self.pid = self.process.pid
        self.wait()

    def write_config(self, settings):
        config = configparser.ConfigParser(delimiters="=", strict=False)
        config.read(os.environ["E3_CONFIG"])
        for name, value in settings.items():
            section, key = name.split(".")
            if not config.has_section(section):
                config.add_section(section)
            config.set(section, key, str(value))
        with open(self.config, "w", encoding="utf-8") as file:
            config.write(file)

    def start(self, program):
        """As the user that test/stack's E3 runs as."""
        owner = pwd.getpwnam(os.environ["EVCRYPT_STACK_USER"])
        who = {} if os.getuid() == owner.pw_uid else {
            "user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        with open(self.log, "w", encoding="utf-8") as log:
            return subprocess.Popen([program, "--config", self.config], stdin=subprocess.DEVNULL,
                                    stdout=log, stderr=log, start_new_session=True, **who)

    def wait(self):
        deadline = time.monotonic() + DEADLINE
        while subprocess.run(["e3ctl", "--config", self.config, "health"], capture_output=True,
                             check=False).returncode != 0:
            if self.process.poll() is not None:
                with open(self.log, encoding="utf-8") as log:
                    text = log.read()
                raise RuntimeError(f"E3 did not start: {text}")
            if time.monotonic() > deadline:
                raise RuntimeError("E3 does not answer")
            time.sleep(0.02)

    def health(self):
        found = subprocess.run(["e3ctl", "--config", self.config, "health"], capture_output=True,
                               text=True, check=True).stdout
        return dict(line.split(": ", 1) for line in found.splitlines())

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Load:
    """One run of e3ctl bench; options are those of its command line."""

    def __init__(self, e3, cpus=None, **options):
        words = ["e3ctl", "bench", "--json"] + ([] if "endpoint" in options else ["--socket", e3.socket])
        for name, value in options.items():
            words += [f"--{name.replace('_', '-')}", str(value)]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True,
                                        preexec_fn=(lambda: os.sched_setaffinity(0, cpus)) if cpus else None)

    def stop(self):
        """Ends it before its time; what it did until then."""
        self.process.send_signal(2)
        return self.result()

    def result(self):
        text = self.process.communicate()[0]
        if self.process.returncode != 0:
            raise RuntimeError(f"e3ctl bench failed: {text}")
        found = json.loads(text)
        if found["errors"]:
            raise RuntimeError(f"E3 refused requests: {found['errors']}")
        return found
