"""A connection to PostgreSQL, held by the program of c/client.c, which takes the times."""

import os
import subprocess

CLIENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "c", "client")


class Answer:
    """What a command took and said."""

    def __init__(self, words):
        self.ns = int(words[0])
        self.instructions = int(words[1]) if int(words[1]) >= 0 else None
        self.text = words[2]


class Session:
    def __init__(self, conninfo, socket):
        self.process = subprocess.Popen(
            [CLIENT, conninfo, socket], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.backend = int(self.words("connection")[0])

    def words(self, what):
        """The next answer's."""
        line = self.process.stdout.readline().rstrip("\n")
        state, *words = line.split("\t")
        if state != "ok":
            raise RuntimeError(f"{what}: {' '.join(words) or 'the client ended'}")
        return words

    def send(self, *words):
        self.process.stdin.write("\t".join(" ".join(str(word).split()) for word in words) + "\n")

    def command(self, *words):
        self.send(*words)
        return Answer(self.words(words[-1]))

    def sql(self, *statements):
        """Runs them without an interest in their times; the last one's text."""
        for statement in statements:
            answer = self.command("run", statement)
        return answer.text

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
