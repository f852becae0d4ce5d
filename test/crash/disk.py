"""
Keeps a file system in a file mounted, and takes the power from it: FS_IOC_SHUTDOWN without flushing the journal, so that whatever was not
synced is gone and everything after it is answered with EIO. One word a line on standard input, one line back.

    disk.py IMAGE FOLDER        ext4 on IMAGE at FOLDER:  cut | back

When standard input ends, the tests are gone, however they ended: nothing stays mounted and nothing stays there. The kernel frees the loop
device with the mount.
"""
import errno
import fcntl
import os
import signal
import struct
import subprocess
import sys
import time

# linux/fs.h: FS_IOC_SHUTDOWN is _IOR('X', 125, __u32); FS_SHUTDOWN_FLAGS_NOLOGFLUSH is 2.
SHUTDOWN = 0x8004587D
NOLOGFLUSH = 2
# No help from the file system: a rename is not followed by a flush of its own, and the journal is not written every five seconds.
OPTIONS = 'loop,noauto_da_alloc,commit=300'
BUSY_S_MAX = 10


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(done.returncode, done.stderr.strip() or command[0])


def share(parent):
    """Whoever makes a mount namespace meanwhile (ip netns exec does) gets a copy of our mount, and would keep the dead file system alive: what
    is unmounted here has to be unmounted there."""
    run('mount', '--bind', parent, parent)
    run('mount', '--make-shared', parent)


def mount(image, folder):
    run('mount', '-o', OPTIONS, image, folder)
    # A file system that somebody else still holds comes back as dead as it was.
    probe = os.path.join(folder, 'probe')
    os.close(os.open(probe, os.O_CREAT | os.O_WRONLY))
    os.remove(probe)


def cut(folder):
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.ioctl(descriptor, SHUTDOWN, struct.pack('I', NOLOGFLUSH))
    finally:
        os.close(descriptor)


def unmount(folder):
    """Who has just died may still hold a file for a moment."""
    until = time.monotonic() + BUSY_S_MAX
    while True:
        try:
            return run('umount', folder)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)


def answer(word):
    sys.stdout.write(word + '\n')
    sys.stdout.flush()


def main(image, folder):
    # A Ctrl-C goes to all processes of a terminal; this one has to tidy up behind the others.
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    parent = os.path.dirname(folder)
    share(parent)
    try:
        mount(image, folder)
        answer('mounted')
        for line in sys.stdin:
            word = line.strip()
            try:
                if word == 'cut':
                    cut(folder)
                elif word == 'back':
                    unmount(folder)
                    mount(image, folder)
                else:
                    raise OSError(errno.EINVAL, word)
                answer('done')
            except OSError as fault:
                answer(f'failed: {fault}')
    finally:
        # What a failed test has left running meets a disk that is gone, and ends by it; lazily, for it must not keep the mount here.
        try:
            cut(folder)
        except OSError:
            pass
        subprocess.run(['umount', '-l', folder], capture_output=True)
        subprocess.run(['umount', '-l', parent], capture_output=True)
        os.rmdir(folder)
        os.remove(image)
        os.rmdir(parent)


try:
    main(sys.argv[1], sys.argv[2])
except OSError as fault:
    answer(f'failed: {fault}')
    sys.exit(1)
