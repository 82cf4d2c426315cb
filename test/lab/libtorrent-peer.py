"""A libtorrent peer for the tests: libtorrent-peer.py seed|leech TORRENT FOLDER LISTEN

The file in FOLDER has the torrent's name. Prints one line of JSON when it is whole ({"whole": true, …bytes}), and goes on
seeding until it is ended. Finds others by the torrent's trackers only.
"""

import json
import sys
import time

import libtorrent as lt

role, torrent, folder, listen = sys.argv[1:]
session = lt.session(
    {
        "listen_interfaces": listen,
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "enable_outgoing_utp": False,
        "enable_incoming_utp": False,
        "out_enc_policy": 2,
        "in_enc_policy": 2,
        "min_announce_interval": 1,
        "alert_mask": lt.alert.category_t.error_notification | lt.alert.category_t.tracker_notification,
    }
)
flags = lt.torrent_flags.seed_mode if role == "seed" else lt.torrent_flags.update_subscribe
handle = session.add_torrent({"ti": lt.torrent_info(torrent), "save_path": folder, "flags": flags})
told = False
had = -1
while True:
    for alert in session.pop_alerts():
        print(alert.message(), file=sys.stderr, flush=True)
    status = handle.status()
    if status.num_pieces != had:
        had = status.num_pieces
        print(f"{had} pieces, {status.num_peers} peers", file=sys.stderr, flush=True)
    if status.is_seeding and not told:
        told = True
        bytes_ = {"downloaded": status.total_payload_download, "failed": status.total_failed_bytes}
        print(json.dumps({"whole": True, **bytes_}), flush=True)
    time.sleep(0.05)
