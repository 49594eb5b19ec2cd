"""What the Python subjects share: running programs, the report."""
import ctypes
import json
import os
import platform
import statistics
import sys

SYS_BPF = 280 if platform.machine() == "aarch64" else 321
BPF_PROG_TEST_RUN = 10


class TestRun(ctypes.Structure):
    """The part of union bpf_attr that BPF_PROG_TEST_RUN reads."""
    _fields_ = [
        ("prog_fd", ctypes.c_uint32),
        ("retval", ctypes.c_uint32),
        ("data_size_in", ctypes.c_uint32),
        ("data_size_out", ctypes.c_uint32),
        ("data_in", ctypes.c_uint64),
        ("data_out", ctypes.c_uint64),
        ("repeat", ctypes.c_uint32),
        ("duration", ctypes.c_uint32),
        ("ctx_size_in", ctypes.c_uint32),
        ("ctx_size_out", ctypes.c_uint32),
        ("ctx_in", ctypes.c_uint64),
        ("ctx_out", ctypes.c_uint64),
        ("flags", ctypes.c_uint32),
        ("cpu", ctypes.c_uint32),
        ("batch_size", ctypes.c_uint32),
    ]


def run(program, argument):
    """Runs a program of a raw tracepoint with one argument."""
    value = ctypes.c_uint64(argument)
    attr = TestRun(prog_fd=program, ctx_size_in=8, ctx_in=ctypes.addressof(value))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(SYS_BPF, BPF_PROG_TEST_RUN, ctypes.byref(attr), ctypes.sizeof(attr)) < 0:
        raise OSError(ctypes.get_errno(), "test run")


def source(name):
    """A file beside this one."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), name)


def compiled(name):
    """Compiles the program of that name."""
    from bcc import BPF
    return BPF(src_file=source(name + ".bcc.c").encode(), cflags=["-I" + source("")])


def report(figure, rates):
    """Says what was measured, in JSON, and waits until standard input ends."""
    print(json.dumps({figure: statistics.median(rates)}), flush=True)
    sys.stdin.read()
    # Without destructors: bcc 0.26 prints an error when it frees a table that is still referred to.
    os._exit(0)
