"""
Keeps file systems in files mounted, one for each node, and breaks them: takes their power, so that whatever was not synced is gone and everything
after it is answered with EIO, and fills them up.

    disk.py IMAGES FOLDERS        words on standard input, a line each, with a line back:
        mount NAME | cut NAME | back NAME | fill NAME BYTES_LEFT | free NAME

When standard input ends, the testnet is gone, however it ended: nothing stays mounted. The kernel frees a loop device with its mount.
"""
import errno, fcntl, os, signal, struct, subprocess, sys, time

# linux/fs.h: FS_IOC_SHUTDOWN is _IOR('X', 125, __u32); FS_SHUTDOWN_FLAGS_NOLOGFLUSH is 2.
SHUTDOWN, NOLOGFLUSH = 0x8004587D, 2
# No help from the file system: a rename is not followed by a flush of its own, and the journal is not written every five seconds.
OPTIONS = 'loop,noauto_da_alloc,commit=300'
# Sparse: it takes what is written to it. A relay wants 256 MiB free before it makes a mailbox.
IMAGE_BYTES = 1024 * 1024 * 1024
# Nothing is kept back for root, whose processes the nodes are: full is full.
MAKE = ('mkfs.ext4', '-q', '-F', '-m', '0', '-J', 'size=16', '-E', 'lazy_itable_init=1,nodiscard')
FILLING = '.full'
BUSY_S_MAX = 10


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(done.returncode, done.stderr.strip() or command[0])


def make(image):
    """As a whole or not at all."""
    draft = image + '.new'
    with open(draft, 'wb') as file:
        file.truncate(IMAGE_BYTES)
    run(*MAKE, draft)
    os.rename(draft, image)


def mount(image, folder):
    if not os.path.exists(image):
        make(image)
    os.makedirs(folder, 0o700, exist_ok=True)
    run('mount', '-o', OPTIONS, image, folder)
    # A file system that somebody else still holds comes back as dead as it was.
    probe = os.path.join(folder, '.probe')
    os.close(os.open(probe, os.O_CREAT | os.O_WRONLY))
    os.remove(probe)
    os.chmod(folder, 0o700)
    # A home begins as an empty folder.
    found = os.path.join(folder, 'lost+found')
    if os.path.isdir(found) and not os.listdir(found):
        os.rmdir(found)
    free(folder)


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


def fill(folder, left):
    """Whole pieces first, smaller and smaller ones then, until nothing more fits; then gives back what is to be left."""
    with open(os.path.join(folder, FILLING), 'ab') as file:
        end, piece = os.fstat(file.fileno()).st_size, 256 * 1024 * 1024
        while piece >= 4096:
            try:
                os.posix_fallocate(file.fileno(), end, piece)
                end += piece
            except OSError as fault:
                if fault.errno != errno.ENOSPC:
                    raise
                piece //= 2
        file.truncate(max(0, end - left))
        os.fsync(file.fileno())


def free(folder):
    path = os.path.join(folder, FILLING)
    if os.path.exists(path):
        os.remove(path)


def obey(images, folders, words):
    verb, name = words[0], words[1]
    image, folder = os.path.join(images, name + '.ext4'), os.path.join(folders, name)
    if verb == 'mount':
        mount(image, folder)
        mounted.append(folder)
    elif verb == 'cut':
        cut(folder)
    elif verb == 'back':
        unmount(folder)
        mount(image, folder)
    elif verb == 'fill':
        fill(folder, int(words[2]))
    elif verb == 'free':
        free(folder)
    else:
        raise OSError(errno.EINVAL, verb)


def share(parent):
    """Whoever makes a mount namespace meanwhile gets copies of our mounts, and would keep a dead file system alive: what is unmounted here has to
    be unmounted there."""
    run('mount', '--bind', parent, parent)
    run('mount', '--make-shared', parent)


def release(folders):
    """What somebody has left mounted who was killed together with his keeper."""
    top = os.path.realpath(folders)
    with open('/proc/self/mountinfo') as lines:
        places = [line.split(' ')[4].encode().decode('unicode_escape') for line in lines]
    for place in reversed([place for place in places if place == top or place.startswith(top + '/')]):
        subprocess.run(['umount', '-l', place], capture_output=True)


def leave(folders):
    """In order where its users have ended, as they do when the testnet is gone; whoever has not meets a disk without power."""
    for folder in mounted:
        try:
            unmount(folder)
        except OSError:
            try:
                cut(folder)
            except OSError:
                pass
            subprocess.run(['umount', '-l', folder], capture_output=True)
    subprocess.run(['umount', '-l', folders], capture_output=True)


def say(line):
    sys.stdout.write(line + '\n')
    sys.stdout.flush()


def main(images, folders):
    # A Ctrl-C goes to all processes of a terminal; this one has to tidy up behind the others.
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    # One that is not done with the testnet before this one is waited for.
    lock = os.open(images, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    release(folders)
    share(folders)
    try:
        say('done')
        for line in sys.stdin:
            try:
                obey(images, folders, line.split())
                say('done')
            except OSError as fault:
                say('failed: ' + str(fault).replace('\n', ' '))
    finally:
        leave(folders)


mounted = []
try:
    main(sys.argv[1], sys.argv[2])
except OSError as fault:
    say('failed: ' + str(fault).replace('\n', ' '))
    sys.exit(1)
