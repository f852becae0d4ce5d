#!/usr/bin/env python3
"""A cable between two network namespaces with delay and loss, for kernels without netem.

wire.py SPACE1 DEVICE1 SPACE2 DEVICE2 DELAY_MS LOSS    (each direction; prints "ready")
"""
import fcntl, heapq, os, random, select, struct, subprocess, sys, time

TUNSETIFF, IFF_TAP_NO_PI = 0x400454ca, 0x1002


def tap(space, device):
    end = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
    name = 'w%x' % random.getrandbits(40)
    fcntl.ioctl(end, TUNSETIFF, struct.pack('16sH22x', name.encode(), IFF_TAP_NO_PI))
    for line in (f'ip link set {name} txqueuelen 2000 netns {space}', f'ip -n {space} link set {name} name {device}', f'ip -n {space} link set {device} up'):
        subprocess.run(line.split(), check=True)
    return end


ends = [tap(sys.argv[1], sys.argv[2]), tap(sys.argv[3], sys.argv[4])]
delay, loss = float(sys.argv[5]) / 1000, float(sys.argv[6])
print('ready', flush=True)
on_the_way, count = [], 0
while True:
    now = time.monotonic()
    while on_the_way and on_the_way[0][0] <= now:
        _, _, end, packet = heapq.heappop(on_the_way)
        try:
            os.write(end, packet)
        except OSError:
            pass  # the device is down: so is the packet
    wait = max(0, on_the_way[0][0] - time.monotonic()) if on_the_way else None
    for end in select.select(ends, [], [], wait)[0]:
        other = ends[1 - ends.index(end)]
        for _ in range(64):
            try:
                packet = os.read(end, 65536)
            except OSError:
                break
            if random.random() < loss:
                continue
            count += 1
            heapq.heappush(on_the_way, (time.monotonic() + delay, count, other, packet))
