"""
A line between two network namespaces with delay and pace, for kernels without netem: two TUN devices, and what goes in here comes out there.

    wire.py SPACE1 DEVICE1 SPACE2 DEVICE2     one line on standard input: DELAY_MS JITTER_MS BYTES_PER_SECOND (0: any); "ready" for each

Order is kept. When standard input ends, so does the wire, and the devices with it.
"""
import collections, fcntl, os, random, select, struct, subprocess, sys, time

# linux/if_tun.h: TUNSETIFF; IFF_TUN | IFF_NO_PI.
TUNSETIFF, TUN_NO_PI = 0x400454ca, 0x1001
# As netem's default limit: what is too much for the line is lost, as at a router.
PACKETS_MAX = 1000


class End:
    """One direction: what is to be written here, and when."""

    def __init__(self, descriptor):
        self.descriptor, self.queue, self.free_at, self.last_at = descriptor, collections.deque(), 0.0, 0.0

    def take(self, packet):
        if len(self.queue) >= PACKETS_MAX:
            return
        now = time.monotonic()
        self.free_at = max(now, self.free_at) + len(packet) / pace if pace else now
        self.last_at = max(self.last_at, self.free_at + max(0, delay + random.uniform(-jitter, jitter)))
        self.queue.append((self.last_at, packet))

    def give(self):
        """How long until there is more to do; None: nothing waits."""
        while self.queue:
            wait = self.queue[0][0] - time.monotonic()
            if wait > 0:
                return wait
            try:
                os.write(self.descriptor, self.queue.popleft()[1])
            except OSError:
                pass  # the device is down: so is the packet
        return None


def device(space, name):
    descriptor = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
    draft = 'w%x' % random.getrandbits(40)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack('16sH22x', draft.encode(), TUN_NO_PI))
    for line in (f'ip link set {draft} txqueuelen {PACKETS_MAX} netns {space}', f'ip -n {space} link set {draft} name {name}'):
        subprocess.run(line.split(), check=True)
    return descriptor


ends = [End(device(sys.argv[1], sys.argv[2])), End(device(sys.argv[3], sys.argv[4]))]
delay = jitter = pace = 0.0
while True:
    waits = [wait for wait in (end.give() for end in ends) if wait is not None]
    for readable in select.select([0, *(end.descriptor for end in ends)], [], [], min(waits) if waits else None)[0]:
        if readable == 0:
            words = os.read(0, 4096).decode().split('\n')[-2:-1]
            if not words:
                sys.exit()
            delay, jitter, pace = (float(word) for word in words[0].split())
            delay, jitter = delay / 1000, jitter / 1000
            print('ready', flush=True)
            continue
        other = ends[1] if readable == ends[0].descriptor else ends[0]
        for _ in range(64):
            try:
                other.take(os.read(readable, 65536))
            except OSError:
                break
