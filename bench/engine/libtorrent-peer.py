"""A libtorrent peer for the benchmark: libtorrent-peer.py seed|fetch TORRENT FOLDER [PEER'S PORT]

TCP only, no encryption, no limits; queues and buffers as large as libtorrent's documentation on tuning asks for. A
fetching one begins when it gets SIGUSR2.
"""

import signal
import sys
import time

import libtorrent as lt

role, torrent, folder = sys.argv[1:4]
# Waits in sigwait below, where the session's threads, which inherit this, must not take the signal.
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
session = lt.session(
    {
        "listen_interfaces": "127.0.0.1:0",
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "enable_outgoing_utp": False,
        "enable_incoming_utp": False,
        "in_enc_policy": 2,
        "out_enc_policy": 2,
        "allow_multiple_connections_per_ip": True,
        "unchoke_slots_limit": -1,
        "max_out_request_queue": 2000,
        "max_allowed_in_request_queue": 2000,
        "request_queue_time": 10,
        "send_buffer_watermark": 8 * 1024 * 1024,
        "send_buffer_low_watermark": 1024 * 1024,
        "send_buffer_watermark_factor": 150,
        "send_socket_buffer_size": 1024 * 1024,
        "recv_socket_buffer_size": 1024 * 1024,
        "max_queued_disk_bytes": 64 * 1024 * 1024,
        "aio_threads": 4,
        "hashing_threads": 2,
        "alert_mask": lt.alert.category_t.error_notification,
    }
)
while session.listen_port() == 0:
    time.sleep(0.01)
info = lt.torrent_info(torrent)
if role == "seed":
    session.add_torrent({"ti": info, "save_path": folder, "flags": lt.torrent_flags.seed_mode})
print(f"ready at {session.listen_port()}", flush=True)

if role == "fetch":
    signal.sigwait({signal.SIGUSR2})
    began = time.monotonic()
    handle = session.add_torrent({"ti": info, "save_path": folder})
    handle.connect_peer(("127.0.0.1", int(sys.argv[4])))
    while not handle.status().is_seeding:
        time.sleep(0.005)
    print(f"whole after {time.monotonic() - began:.4f} s", flush=True)
while True:
    for alert in session.pop_alerts():
        print(alert.message(), file=sys.stderr, flush=True)
    time.sleep(1)
