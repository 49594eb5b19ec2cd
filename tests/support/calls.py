# Python call stacks that end in getppid(2), which nothing else here calls: through C and back, in a
# class, a generator and a thread, with non-ASCII names and a high line number.
#
# It prints its pid, and goes on when it reads a line.
import os
import sys
import threading


def inner():
    os.getppid()


class Some:
    def method(self, left):
        if left:
            return self.method(left - 1)
        inner()


def key(value):
    Some().method(2)
    return value


def generate():
    yield inner()


def größe():
    (lambda:
        inner())()


print("pid", os.getpid(), flush=True)
sys.stdin.readline()
for _ in range(2):
    sorted([1], key=key)
for _ in range(3):
    list(generate())
for _ in range(5):
    größe()
for _ in range(7):
    exec("\n\n\ninner()")
for _ in range(11):
    thread = threading.Thread(target=inner)
    thread.start()
    thread.join()
